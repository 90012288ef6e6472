"""Small forms, so that an item stays small: whole epoch seconds, short hashes, and the latest few of many."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime


def epoch(moment: datetime) -> int:
    """Whole epoch seconds."""
    return int(moment.timestamp())


def moment(seconds: int) -> datetime:
    """The UTC time of epoch seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def short(text: str, length: int = 12) -> str:
    """A short hash for use as a map key."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def later(old: Mapping[str, int], new: Mapping[str, int]) -> dict[str, int]:
    """Both maps' names, each with its latest time."""
    return {**old, **{name: max(at, old.get(name, at)) for name, at in new.items()}}


def latest(times: Mapping[str, int], keep: int) -> dict[str, int]:
    """The `keep` latest names. Folding and forgetting in any order keeps the same ones."""
    if len(times) <= keep:
        return dict(times)
    kept = sorted(times, key=lambda name: (times[name], name))[-keep:]
    return {name: times[name] for name in kept}


def latest_times(times: Iterable[int], keep: int) -> tuple[int, ...]:
    """The `keep` latest moments, each once, oldest first."""
    return tuple(sorted(set(times))[-keep:])
