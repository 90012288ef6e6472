"""Why journeys did not begin: kept with the customer, in the write that their fold makes anyway.

Of each workflow and reason the latest, and the latest `KEEP` of all: a page looked at every day is refused for the
same reason every day, and must not push the others out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

KEEP: Final = 16
"""Refusals remembered a customer."""

EXITED: Final = "exited already: "
"""Before the type of the event that had ended the journey before it began."""

_CODES: Final = {
    "re-entry": "r",
    "open already": "o",
    "condition": "c",
    "too old": "a",
    "undated": "u",
    "retired": "x",
}
"""Short words for what is stored a thousand times."""
_REASONS: Final = {short: reason for reason, short in _CODES.items()}
_EXITED: Final = "e:"


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """A workflow whose trigger was met and which did not begin. `at` is an epoch second of shop time."""

    at: int
    workflow: str
    reason: str


def note(known: Iterable[Refusal], new: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """The refusals to remember, oldest first. In whatever order they are told, the same ones stay."""
    kept = {(each.workflow, each.reason): each for each in sorted((*known, *new))}
    return tuple(sorted(kept.values())[-KEEP:])


def pack(refusals: Iterable[Refusal]) -> str:
    """As one short text: `<hex second>/<reason>/<workflow>,<workflow>;…`."""

    def together(each: Refusal) -> tuple[int, str]:
        return each.at, each.reason

    groups = groupby(sorted(refusals, key=together), key=together)
    return ";".join(
        f"{at:x}/{_short(reason)}/{','.join(sorted(each.workflow for each in group))}"
        for (at, reason), group in groups
    )


def unpack(text: str) -> tuple[Refusal, ...]:
    """What `pack` made short."""
    told = (group.split("/", 2) for group in text.split(";") if group)
    found = (
        Refusal(int(at, 16), workflow, _long(reason))
        for at, reason, names in told
        for workflow in names.split(",")
    )
    return tuple(sorted(found))


def _short(reason: str) -> str:
    if reason.startswith(EXITED):
        return _EXITED + reason.removeprefix(EXITED)
    return _CODES.get(reason, reason)


def _long(code: str) -> str:
    if code.startswith(_EXITED):
        return EXITED + code.removeprefix(_EXITED)
    return _REASONS.get(code, code)
