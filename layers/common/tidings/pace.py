"""How often a customer may be mailed: a slot in their pace, before anything is claimed. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from tidings.ports import Pace
from tidings.shop import FrequencyCap

REMEMBERED = timedelta(days=31)
"""How long a send counts in the pace: longer than any cap."""


def slot(pace: Pace, send: str, caps: Sequence[FrequencyCap], now: int) -> Pace | int:
    """The pace with a slot taken for `send` at `now` (epoch seconds), or the seconds until one is free.

    A slot taken before is kept: asking again is safe.
    """
    if send in pace.sends:
        return pace
    wait = max((_wait(pace, cap, now) for cap in caps), default=0)
    if wait > 0:
        return wait
    recent = {key: at for key, at in pace.sends.items() if now - at < REMEMBERED.total_seconds()}
    return replace(pace, version=pace.version + 1, sends={**recent, send: now})


def give_back(pace: Pace, send: str) -> Pace:
    """The pace without that slot."""
    return replace(pace, version=pace.version + 1, sends={k: v for k, v in pace.sends.items() if k != send})


def _wait(pace: Pace, cap: FrequencyCap, now: int) -> int:
    """Seconds until one more send keeps a cap: until the oldest that must leave its window has left."""
    window = int(cap.within.total_seconds())
    inside = sorted(at for at in pace.sends.values() if now - at < window)
    too_many = len(inside) - cap.at_most
    return inside[too_many] + window - now if too_many >= 0 else 0
