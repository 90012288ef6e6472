"""Mails that did not go, and mails that had to wait: what the send ledger keeps of them, by reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tidings.explain import words
from tidings.people.compact import moment

Ledger = Iterable[Mapping[str, Any]]

NEVER: Final = ("skipped", "dropped", "rejected")
"""States of a mail that did not go."""


@dataclass(frozen=True, slots=True)
class Held:
    """A mail that did not go, or had to wait until another moment: when that was decided, by which stored reason, and
    what it means."""

    workflow: str
    step: str
    customer: str
    at: str
    reason: str
    words: str
    until: str = ""
    state: str = ""


def never_went(ledger: Ledger) -> Iterator[Held]:
    """The mails that did not go, from the entries of the send ledger."""
    for entry in ledger:
        if entry["state"] in NEVER:
            reason = str(entry.get("reason", ""))
            told = (
                f"SES refused it to the last: {reason}"
                if entry["state"] == "rejected"
                else words.skip(reason)
            )
            yield _held(entry, entry["at"], reason, told)


def waited(ledger: Ledger) -> Iterator[Held]:
    """Each time that a mail had to wait; of each mail the ledger keeps the latest ten."""
    for entry in ledger:
        for at, reason, until in entry.get("told", {}).get("deferred", ()):
            yield _held(entry, at, str(reason), words.wait(str(reason)), until)


def grouped(held: Iterable[Held]) -> dict[str, list[Held]]:
    """By the first words of the reason, the most frequent first."""
    groups: dict[str, list[Held]] = {}
    for each in held:
        groups.setdefault(short(each.reason), []).append(each)
    return dict(sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])))


def short(reason: str) -> str:
    """The first words of a reason: of `unsubscribed: offers` the first."""
    return reason.partition(":")[0] or "no reason kept"


def stamp(at: int) -> str:
    """An epoch second as a time of JSON."""
    return moment(at).isoformat().replace("+00:00", "Z")


def _held(entry: Mapping[str, Any], at: int, reason: str, told: str, until: int = 0) -> Held:
    workflow = str(entry["journey"]).rpartition("-")[0]
    later = stamp(until) if until else ""
    return Held(workflow, entry["step"], entry["customer"], stamp(at), reason, told, later, entry["state"])
