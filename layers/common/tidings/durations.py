"""Durations in the author's words: `1 hour`, `30 minutes`, `-7 days`, `1 week`.

A duration is an exact length of time: a day is 24 hours, also across a change of clocks. Only the offset of a
date trigger counts calendar days (`schedule.date_moments`).
"""

import re
from datetime import timedelta
from typing import Final

SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_PATTERN: Final = re.compile(r"\s*(-?\d{1,6})\s+([a-z]+?)s?\s*")
_ONE: Final = timedelta(seconds=1)


def parse_duration(text: str) -> timedelta:
    """`text` as a length of time. Raises ValueError that says how to write one."""
    match = _PATTERN.fullmatch(text)
    if match is None or match[2] not in SECONDS:
        raise ValueError(f'"{text}" is not a duration: write a whole number and its unit, such as "1 hour"')
    return timedelta(seconds=int(match[1]) * SECONDS[match[2]])


def format_duration(duration: timedelta) -> str:
    """A duration in words that `parse_duration` reads back, in the largest even unit up to days."""
    seconds = duration // _ONE
    for unit in ("day", "hour", "minute", "second"):
        if seconds % SECONDS[unit] == 0:
            break
    number = seconds // SECONDS[unit]
    return f"{number} {unit}{'' if abs(number) == 1 else 's'}"
