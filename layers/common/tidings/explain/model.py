"""What is told: a story of chapters, one a workflow, each with its lines in time order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from tidings.people.compact import moment

_WIDTH: Final = 12
"""Of the word that says what happened."""


def when(at: int, zone: ZoneInfo) -> str:
    """`Tue 10 Mar 2026 13:00 (12:00 UTC)`; where it is another day in UTC, the date too."""
    local, universal = moment(at).astimezone(zone), moment(at)
    other = universal.date() != local.date()
    return f"{local:%a %d %b %Y %H:%M} ({universal:{'%d %b ' if other else ''}%H:%M} UTC)"


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened, or was decided, at an epoch second of shop time: `what` in a word or two, `text` for
    people, `told` for machines."""

    at: int
    what: str
    text: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A workflow."""

    workflow: str
    name: str
    class_: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A person. `person` is what they and their mailbox said, `now` what holds at this moment, `silent` are the
    workflows in which nothing happened."""

    customer: str
    merged: tuple[str, ...]
    address: str
    zone: str
    person: tuple[Line, ...]
    now: tuple[Line, ...]
    chapters: tuple[Chapter, ...]
    silent: tuple[str, ...]

    def text(self) -> str:
        """For people."""
        return "\n".join(self._lines()) + "\n"

    def data(self) -> dict[str, Any]:
        """For machines."""
        told: dict[str, Any] = {"customer": self.customer, "merged": list(self.merged), "timezone": self.zone}
        told |= {"address": self.address} if self.address else {}
        return told | {
            "person": [self._told(line) for line in self.person],
            "now": [self._told(line) for line in self.now],
            "workflows": [
                {
                    "workflow": chapter.workflow,
                    "name": chapter.name,
                    "class": chapter.class_,
                    "lines": [self._told(line) for line in chapter.lines],
                }
                for chapter in self.chapters
            ],
            "nothing_happened_in": list(self.silent),
        }

    def _lines(self) -> Iterator[str]:
        yield f"Customer {self.customer}" + (f", {self.address}" if self.address else "")
        if self.merged:
            yield f"with whom were merged: {', '.join(self.merged)}"
        yield f"Times are the recipient's ({self.zone}), in brackets UTC."
        yield from self._part("Consent and suppressions", self.person)
        for line in self.now:
            yield f"  now  {line.text}"
        for chapter in self.chapters:
            yield from self._part(f"{chapter.name} ({chapter.workflow}, {chapter.class_})", chapter.lines)
        if self.silent:
            yield ""
            yield f"Nothing happened in: {', '.join(self.silent)}"

    def _part(self, title: str, lines: tuple[Line, ...]) -> Iterator[str]:
        yield ""
        yield title
        for line in lines:
            yield f"  {when(line.at, ZoneInfo(self.zone))}  {line.what:{_WIDTH}} {line.text}".rstrip()

    def _told(self, line: Line) -> dict[str, Any]:
        at = moment(line.at).isoformat().replace("+00:00", "Z")
        return {
            "at": at,
            "local": self._local(line.at).isoformat(),
            "what": line.what,
            "text": line.text,
            **line.told,
        }

    def _local(self, at: int) -> datetime:
        return moment(at).astimezone(ZoneInfo(self.zone))
