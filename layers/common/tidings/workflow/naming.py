"""What the states of a machine are called: in the author's words, each once, and within Step Functions' limits."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tidings.durations import format_duration
from tidings.workflow.graph import Node, graph
from tidings.workflow.model import (
    DateTrigger,
    IfStep,
    InactiveTrigger,
    SendStep,
    SetField,
    SetStep,
    SetTag,
    SetUntag,
    SplitStep,
    WaitFor,
    WaitForStep,
    WaitQuiet,
    WaitStep,
    WaitUntil,
    WaitWeekday,
    Workflow,
)

MAX_NAME: Final = 80
"""Step Functions' limit on the name of a state, in UTF-16 units; names stay under it."""

DONE: Final = "Done"
EXITED: Final = "Exited"


@dataclass(frozen=True, slots=True)
class Named:
    """A node with the names of its states; an empty name stands for a state that it does not have.

    `outcomes` are the Tasks after a wait for an event, by branch.
    """

    node: Node
    wait: str
    task: str
    choice: str
    outcomes: dict[str, str]

    @property
    def first(self) -> str:
        """The state that the node begins with."""
        return self.wait or self.task


def named(workflow: Workflow) -> dict[str, Named]:
    """The nodes with their states' names, by id."""
    taken = {DONE, EXITED}
    found: dict[str, Named] = {}
    for node in graph(workflow).values():
        lead = [] if found else _trigger_words(workflow)
        wait = _wait_words(node, lead)
        found[node.id] = Named(
            node=node,
            wait=_unique(wait, taken) if wait else "",
            task=_unique(_task_words(node), taken),
            choice=_unique(_choice_words(node), taken) if _choice_words(node) else "",
            outcomes=_outcomes(node, taken),
        )
    return found


def wait_words(step: WaitStep) -> str:
    """A wait as people say it: `1 day then until 10:00`, `until tuesday 10:00`; empty for no time at all."""
    match step.wait:
        case WaitFor(for_=length, then_at=at):
            parts = [format_duration(length) if length else "", f"until {at:%H:%M}" if at else ""]
            return " then ".join(part for part in parts if part)
        case WaitQuiet(for_=length, after_last=event):
            return f"{format_duration(length)} after the last {event}"
        case WaitWeekday(until=day, at=at):
            return f"until {day} {at:%H:%M}"
        case WaitUntil(until=expression, offset=offset, at=at):
            away = f" {format_duration(offset)}" if offset else ""
            return f"until {expression}{away}{f' at {at:%H:%M}' if at else ''}"


def _trigger_words(workflow: Workflow) -> list[str]:
    """What the first wait of a calendar's trigger also waits for: the daily rule begins journeys early."""
    match workflow.trigger:
        case DateTrigger(date=date, offset=offset, at=at):
            away = f" {format_duration(offset)}" if offset else ""
            return [f"until {date}{away} at {at:%H:%M}"]
        case InactiveTrigger(inactive=event, for_=length):
            return [f"for {format_duration(length)} without {event}"]
    return []


def _wait_words(node: Node, lead: list[str]) -> str:
    """`Wait 1 hour`; a mail that nothing waits before has a Wait all the same, to which a deferral goes back."""
    waits = [*lead, *(words for step in node.waits if (words := wait_words(step)))]
    if waits:
        return f"Wait {', then '.join(waits)}"
    return "At once" if node.waits or isinstance(node.step, SendStep) else ""


def _task_words(node: Node) -> str:
    if node.is_pause:
        return "Go on"
    match node.step:
        case SendStep(step_id=name):
            return f"Send {name}"
        case IfStep(if_=expression):
            return f"If {expression}"
        case SplitStep(split=shares):
            return f"Split {' / '.join(share.name for share in shares)}"
        case SetStep(set=setting):
            return _set_words(setting)
        case WaitForStep(wait_for=awaited):
            return f"Wait for {awaited.event}, {format_duration(awaited.at_most)} at most"


def _set_words(setting: SetTag | SetUntag | SetField) -> str:
    match setting:
        case SetTag(tag=tag):
            return f"Tag {tag}"
        case SetUntag(untag=tag):
            return f"Untag {tag}"
        case SetField(field=name):
            return f"Set {name}"


def _choice_words(node: Node) -> str:
    match node.step:
        case IfStep(if_=expression):
            return f"{expression} ?"
        case SplitStep(split=shares) if not node.is_pause:
            return f"{' or '.join(share.name for share in shares)} ?"
        case SendStep(step_id=name) if len(node.branches) > 1:
            return f"{name} sent ?"
    return ""


def _outcomes(node: Node, taken: set[str]) -> dict[str, str]:
    if not isinstance(node.step, WaitForStep):
        return {}
    event = node.step.wait_for.event
    return {name: _unique(f"{event} {name.replace('_', ' ')}", taken) for name in node.branches}


def _unique(name: str, taken: set[str]) -> str:
    """`name`, cut to length and numbered where it is taken; then it is taken too."""
    # A line of printable characters; `${` is CloudFormation's, whatever an expression means by it.
    line = " ".join(_printable(name)).replace("${", "{")
    number, found = 1, _cut(line, "")
    while found in taken:
        number += 1
        found = _cut(line, f" ({number})")
    taken.add(found)
    return found


def _printable(name: str) -> Iterable[str]:
    return "".join(each if each.isprintable() else " " for each in name).split()


def _cut(name: str, suffix: str) -> str:
    room = MAX_NAME - 1 - len(suffix)
    if _units(name) > room:
        while _units(name) > room - 1:
            name = name[:-1]
        name = name.rstrip() + "…"
    return name + suffix


def _units(text: str) -> int:
    """Its length as Java, and so Step Functions, counts it."""
    return len(text.encode("utf-16-le")) // 2
