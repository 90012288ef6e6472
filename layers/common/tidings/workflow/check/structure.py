"""The steps among themselves: names, order, what can be reached, how long it may take."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

from tidings.schedule import wait_most
from tidings.workflow.compile import MAX_BYTES, compile_workflow, size
from tidings.workflow.graph import Node, graph, step_ids
from tidings.workflow.load import Source
from tidings.workflow.model import (
    ExitStep,
    Place,
    SendStep,
    SplitStep,
    Step,
    WaitForStep,
    WaitStep,
    branches_of,
    every_step,
    format_percent,
)

LONGEST: Final = timedelta(days=330)
"""Step Functions ends an execution after a year; the rest is for deferrals and the daily rule's foresight."""


def problems(source: Source) -> Iterator[str]:
    """What is wrong with the steps of one workflow."""
    workflow = source.workflow
    yield from _ids(source)
    yield from _shares(source)
    yield from (source.problem(place, message) for place, message in _order(workflow.steps, ("steps",)))
    if not graph(workflow):
        yield source.problem(("steps",), "nothing happens here: it needs a step that sends, sets or asks")
        return
    yield from _length(source)
    length = size(compile_workflow(workflow, "0" * 16))
    if length > MAX_BYTES:
        yield source.problem(
            ("steps",),
            f"the state machine would have {length:,} bytes; Step Functions takes {MAX_BYTES:,}: make two workflows",
        )


def _ids(source: Source) -> Iterator[str]:
    seen: set[str] = set()
    for place, name in step_ids(source.workflow).items():
        if name in seen:
            message = f'two steps are called "{name}": give one of them an `id` of its own'
            yield source.problem(place, message)
        seen.add(name)


def _shares(source: Source) -> Iterator[str]:
    for place, step in every_step(source.workflow.steps):
        if not isinstance(step, SplitStep):
            continue
        whole = sum((share.share for share in step.split), Decimal(0))
        if whole != 1:
            message = f"the shares sum to {format_percent(whole)}, not to 100%"
            yield source.problem((*place, "split"), message)
        names = [share.name for share in step.split]
        for at, name in enumerate(names):
            if name in names[:at]:
                yield source.problem((*place, "split", at, "name"), f'two sides are called "{name}"')


def _order(steps: tuple[Step, ...], place: Place, *, follows: bool = False) -> Iterator[tuple[Place, str]]:
    """Waits that nothing follows and steps that no way leads to; `follows` tells whether something comes after."""
    open_ = True
    for at, step in enumerate(steps):
        here = (*place, at)
        if not open_:
            yield here, "no way leads to this step: every way before it ends with `exit`"
            return
        ahead = _acts(steps[at + 1 :], follows)
        if isinstance(step, ExitStep):
            open_ = False
        elif isinstance(step, WaitStep) and not ahead:
            yield here, "nothing follows this wait: it can be left out"
        for inner, nested in branches_of(step).values():
            yield from _order(nested, (*here, *inner), follows=ahead)
        open_ = open_ and not _ends(step)


def _acts(steps: tuple[Step, ...], follows: bool) -> bool:
    """Whether something is done after here, before the journey ends."""
    for step in steps:
        if not isinstance(step, WaitStep):
            return not isinstance(step, ExitStep)
    return follows


def _ends(step: Step) -> bool:
    """Whether every way through a step ends the journey."""
    if isinstance(step, ExitStep):
        return True
    inside = branches_of(step).values()
    if not inside or isinstance(step, SendStep):
        return False
    return all(any(_ends(each) for each in nested) for _, nested in inside)


def _length(source: Source) -> Iterator[str]:
    """Where a way may first take longer than a journey may."""
    nodes = graph(source.workflow)
    reached = dict.fromkeys(nodes, timedelta(0))
    # Steps only lead forward, so all ways to a node are known when its turn comes.
    for node in nodes.values():
        before = reached[node.id]
        after = before + wait_most(node.waits) + _longest(node)
        if before <= LONGEST < after:
            message = f"the way to here may take {after.days} days; a journey may take {LONGEST.days}"
            yield source.problem(_longest_place(node), message)
        for following in node.branches.values():
            if following:
                reached[following] = max(reached[following], after)


def _longest(node: Node) -> timedelta:
    match node.step:
        case WaitForStep(wait_for=awaited):
            return awaited.at_most
        case SendStep(expires=expires):
            return expires or timedelta(0)
    return timedelta(0)


def _longest_place(node: Node) -> Place:
    """What takes so long: the step itself, or the wait before it."""
    if not node.waits or node.is_pause or _longest(node) > wait_most(node.waits):
        return node.place
    *parents, at = node.place
    return (*parents, int(at) - 1)
