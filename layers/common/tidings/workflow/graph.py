"""The way through a workflow: its nodes, each some waits and the step they lead to, and where each leads next.

One definition, read by the compiler, by the step that runs, by the walk and by the map. A node becomes a Wait
and a Task of the machine. Branches that end join the steps after the `if`, `split`, `wait_for` or `send`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from tidings.schedule import wait_least, wait_seconds
from tidings.workflow.model import (
    ExitStep,
    IfStep,
    Place,
    SendStep,
    SetStep,
    Share,
    SplitStep,
    Step,
    WaitForStep,
    WaitStep,
    Workflow,
    branches_of,
    every_step,
)

Action = SendStep | IfStep | SplitStep | SetStep | WaitForStep
"""A step that does something: all but `wait` and `exit`."""

NEXT: Final = "next"
"""The branch of a step that goes on in one way only."""

PAUSE: Final = "wait"
"""What the id of a pause begins with."""

_WORDS: Final[dict[type, str]] = {
    IfStep: "if",
    SplitStep: "split",
    SetStep: "set",
    WaitForStep: "wait-for",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A step with the waits before it.

    `branches` maps each way out to the id of the node it leads to, None when the journey is done there: `next` of
    a send and a set; `next` and `else` of a send with `else`; `then` and `else`; the names of the shares;
    `arrived` and `timed_out`. `place` is where the step stands in the author's document.
    """

    id: str
    waits: tuple[WaitStep, ...]
    step: Action
    branches: Mapping[str, str | None]
    place: Place

    @property
    def is_pause(self) -> bool:
        """Whether it only waits: the end of a branch that waits before it joins. It runs as a split of one side."""
        return isinstance(self.step, SplitStep) and set(self.branches) == {NEXT}


def graph(workflow: Workflow) -> dict[str, Node]:
    """All nodes that can be reached, by id, in the author's order; the first is the start.

    A wait that nothing follows is in no node, nor is a step that no way leads to; `check` refuses both.
    """
    nodes = {node.id: node for node in _Builder(workflow).build()}
    reached: set[str] = set()
    ahead = [next(iter(nodes))] if nodes else []
    while ahead:
        here = ahead.pop()
        reached.add(here)
        ahead += [each for each in nodes[here].branches.values() if each and each not in reached]
    return {name: node for name, node in nodes.items() if name in reached}


def node(workflow: Workflow, node_id: str) -> Node:
    """The node of this id. Raises KeyError when the workflow has none."""
    found = graph(workflow).get(node_id)
    if found is None:
        raise KeyError(f"{workflow.id} has no step {node_id}")
    return found


def start(workflow: Workflow) -> Node:
    """Where a journey begins."""
    return next(iter(graph(workflow).values()))


def step_ids(workflow: Workflow) -> dict[Place, str]:
    """The id of each step that does something, by its place: its mail or own `id`, else its word and number."""
    return _Builder(workflow).ids


def wait_before(
    workflow: Workflow,
    node_id: str | None,
    since: datetime,
    now: datetime,
    zone: ZoneInfo,
    names: Mapping[str, Any] | None = None,
    last: Mapping[str, datetime] | None = None,
) -> int:
    """Seconds from `now` until the waits before a node, counted from `since`, are over; 0 for the end (None).

    `names` is what `until` may name (`event`, `customer` …); `last` the time of the customer's latest event of each
    type, which a wait with `after_last` starts again from: pass it when the step wakes, and defer what is left.
    """
    if node_id is None:
        return 0
    return wait_seconds(node(workflow, node_id).waits, since, now, zone, names, last)


def first_wait(
    workflow: Workflow,
    since: datetime,
    now: datetime,
    zone: ZoneInfo,
    names: Mapping[str, Any] | None = None,
    last: Mapping[str, datetime] | None = None,
) -> int:
    """Seconds from `now` to a journey's first step; its waits count from `since`, the entry's moment."""
    return wait_seconds(start(workflow).waits, since, now, zone, names, last)


def shortest(workflow: Workflow) -> timedelta:
    """The least time a journey takes from its entry's moment to its end, whichever way it goes."""
    nodes = graph(workflow)
    known: dict[str | None, timedelta] = {None: timedelta(0)}
    # Steps only lead forward, so the last node's way is known first.
    for each in reversed(nodes.values()):
        ahead = min(known[following] for following in each.branches.values())
        known[each.id] = wait_least(each.waits) + ahead
    return known[next(iter(nodes))]


@dataclass(slots=True)
class _Builder:
    """Turns nested steps into nodes."""

    workflow: Workflow
    ids: dict[Place, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts: dict[type, int] = {}
        for place, step in every_step(self.workflow.steps):
            if isinstance(step, SendStep):
                self.ids[place] = step.step_id
            elif not isinstance(step, WaitStep | ExitStep):
                counts[type(step)] = counts.get(type(step), 0) + 1
                self.ids[place] = step.id or f"{_WORDS[type(step)]}-{counts[type(step)]}"

    def build(self) -> Iterator[Node]:
        return self._nodes(self.workflow.steps, ("steps",), None)

    def _nodes(self, steps: tuple[Step, ...], place: Place, following: str | None) -> Iterator[Node]:
        """The nodes of a list of steps after which `following` comes."""
        waits: list[WaitStep] = []
        for at, step in enumerate(steps):
            here = (*place, at)
            match step:
                case WaitStep():
                    waits.append(step)
                    continue
                case ExitStep():
                    return
            after = self._entry(steps[at + 1 :], place, following, at + 1)
            inside = branches_of(step)
            branches = {
                name: self._entry(nested, (*here, *inner), after) for name, (inner, nested) in inside.items()
            }
            if isinstance(step, SendStep | SetStep):
                branches = {NEXT: after, **branches}
            yield Node(self.ids[here], tuple(waits), step, branches, here)
            for inner, nested in inside.values():
                yield from self._nodes(nested, (*here, *inner), after)
            waits = []
        if waits and following is not None:
            yield _pause(self._pause_id(place), waits, following, (*place, len(steps) - 1))

    def _entry(
        self, steps: tuple[Step, ...], place: Place, following: str | None, first: int = 0
    ) -> str | None:
        """The node that these steps, the rest of a list, begin with."""
        for at, step in enumerate(steps, first):
            match step:
                case WaitStep():
                    continue
                case ExitStep():
                    return None
            return self.ids[*place, at]
        return self._pause_id(place) if steps and following is not None else following

    def _pause_id(self, place: Place) -> str:
        """A pause has no word of the author's; a list of steps has at most one, at its end."""
        return "-".join([PAUSE, *(str(part).replace("_", "-") for part in place[1:])])


def _pause(name: str, waits: list[WaitStep], following: str, place: Place) -> Node:
    side = Share.model_construct(name=NEXT, share=Decimal(1), steps=())
    return Node(
        name, tuple(waits), SplitStep.model_construct(split=(side,), id=name), {NEXT: following}, place
    )
