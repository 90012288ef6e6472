"""The way through a workflow: its legs, each some waits and the mail they lead to.

A leg is what becomes two states of the machine, and what a step asks for when it must say how long the next
wait is. One definition, read by the compiler, by the step that runs, and by the walk.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tidings.schedule import wait_seconds
from tidings.workflow.model import SendStep, WaitStep, Workflow


@dataclass(frozen=True, slots=True)
class Leg:
    """Waits, in order (maybe none), and the mail that follows them."""

    waits: tuple[WaitStep, ...]
    send: SendStep


def legs(workflow: Workflow) -> tuple[Leg, ...]:
    """All legs, in order. A wait that no mail follows is no leg; `check` refuses it."""
    found: list[Leg] = []
    waits: list[WaitStep] = []
    for step in workflow.steps:
        match step:
            case WaitStep():
                waits.append(step)
            case SendStep():
                found.append(Leg(tuple(waits), step))
                waits = []
    return tuple(found)


def leg_of(workflow: Workflow, step_id: str) -> Leg:
    """The leg that ends in this step. Raises KeyError when the workflow has no such step."""
    for leg in legs(workflow):
        if leg.send.step_id == step_id:
            return leg
    raise KeyError(f"{workflow.id} has no step {step_id}")


def leg_after(workflow: Workflow, step_id: str) -> Leg | None:
    """The leg after this step, or None when it is the last. Raises KeyError for an unknown step."""
    every = legs(workflow)
    at = every.index(leg_of(workflow, step_id))
    return every[at + 1] if at + 1 < len(every) else None


def first_wait(workflow: Workflow, since: datetime, now: datetime, zone: ZoneInfo) -> int:
    """Seconds from `now` to a journey's first mail; its wait counts from `since`, the entry's moment."""
    return wait_seconds(legs(workflow)[0].waits, since, now, zone)


def next_wait(workflow: Workflow, step_id: str, since: datetime, now: datetime, zone: ZoneInfo) -> int:
    """Seconds from `now` to the mail after step `step_id`, which ended at `since`; 0 after the last."""
    leg = leg_after(workflow, step_id)
    return wait_seconds(leg.waits, since, now, zone) if leg else 0


def shortest(workflow: Workflow) -> timedelta:
    """The least time a journey takes from its entry's moment to its last mail."""
    return sum((step.wait.for_ for leg in legs(workflow) for step in leg.waits), timedelta(0))
