"""Steps that send nothing: `if`, `split`, `set` and `wait_for`. Each leaves one entry in the ledger."""

from dataclasses import dataclass, replace
from typing import Any

from tidings import ports
from tidings.clock import Clock
from tidings.customer import epoch
from tidings.events import Event
from tidings.expressions import ExpressionError, evaluate, holds
from tidings.lookback import Lookback
from tidings.steps.scene import Scene, set_event
from tidings.workflow.chance import side_of
from tidings.workflow.graph import NEXT
from tidings.workflow.model import IfStep, SetField, SetStep, SetTag, SplitStep, WaitForStep


@dataclass(frozen=True, slots=True)
class Decider:
    """Does them. `machines` answers a Task that waits, when its event has come before the token was stored."""

    customers: ports.CustomerReader
    events: ports.Events
    sends: ports.Sends
    machines: ports.Answers
    clock: Clock

    def do(self, scene: Scene, entry: ports.Send) -> ports.Send:
        """Do the step; `entry` is its ledger entry to be. Raises Conflict when another attempt was faster."""
        match scene.node.step:
            case IfStep() as step:
                ended = replace(entry, state="decided", branch="then" if _holds(step, scene) else "else")
            case SplitStep() as step:
                ended = replace(entry, state="decided", branch=self._side(scene, step))
            case SetStep() as step:
                ended = replace(
                    entry, state="set", branch=NEXT, told={**entry.told, "set": _setting(step, scene)}
                )
                self.events.put(set_event(ended))
            case WaitForStep() as step:
                return self._wait_for(scene, step, entry)
            case other:
                raise TypeError(f"{type(other).__name__} is not decided here")
        return self._written(scene, ended)

    def _side(self, scene: Scene, step: SplitStep) -> str:
        if scene.node.is_pause:
            return NEXT
        return side_of(step, scene.customer.id, scene.package.workflow.id, scene.node.id)

    def _written(self, scene: Scene, ended: ports.Send) -> ports.Send:
        ended = replace(ended, final=scene.node.branches[ended.branch] is None)
        self.sends.claim(ended, scene.entry)
        return ended

    def _wait_for(self, scene: Scene, step: WaitForStep, entry: ports.Send) -> ports.Send:
        """With a token: store it, then look whether the event has come. With an outcome: write it down."""
        if scene.request.outcome:
            met = self._met(scene, step) if scene.request.outcome == "arrived" else None
            branch = scene.request.outcome
            told = {**entry.told, "arrived": met.key} if met else entry.told
            return self._written(scene, replace(entry, state=branch, branch=branch, told=told))
        until = epoch(self.clock.now() + step.wait_for.at_most)
        told = {
            "token": scene.request.token,
            "event": step.wait_for.event,
            "since": scene.new_since(step.wait_for.event),
            "until": until,
        }
        waiting = replace(entry, state="waiting", told=told, branch="")
        self.sends.claim(waiting, scene.entry)
        # Read after the token is stored: whoever folds the event later finds the token.
        customer = self.customers.get(scene.customer.id) or scene.customer
        if self._met(replace(scene, customer=customer), step) is not None:
            self.machines.answer(scene.request.token, scene.request.journey)
        return waiting

    def _met(self, scene: Scene, step: WaitForStep) -> Event | None:
        """The event that was waited for, if it has come: since the step before, or unknown to that."""
        waited = scene.entry.told.get("since") if scene.entry else None
        since = waited if waited is not None else scene.new_since(step.wait_for.event)
        condition = step.wait_for.where
        return Lookback(self.events).first(
            scene.customer,
            step.wait_for.event,
            since,
            lambda event: condition is None or meets(condition, scene, event),
        )


def meets(condition: str, scene: Scene, arrived: Event) -> bool:
    """Whether an event that arrived meets a condition of this journey."""
    try:
        return holds(condition, scene.names_with(arrived))
    except ExpressionError:
        return False


def _holds(step: IfStep, scene: Scene) -> bool:
    """What can't be told does not hold."""
    try:
        return holds(step.if_, scene.names)
    except ExpressionError:
        return False


def _setting(step: SetStep, scene: Scene) -> dict[str, Any]:
    """The properties of the event that sets it."""
    match step.set:
        case SetTag(tag=tag):
            return {"tags_added": [tag]}
        case SetField(field=name, to=to):
            return {"fields": {name: _value(to, scene)}}
        case removed:
            return {"tags_removed": [removed.untag]}


def _value(to: str | bool | int | float, scene: Scene) -> Any:
    if not isinstance(to, str):
        return to
    try:
        found = evaluate(to, scene.names)
    except ExpressionError:
        return None
    return found if found is None or isinstance(found, str | bool | int | float) else str(found)
