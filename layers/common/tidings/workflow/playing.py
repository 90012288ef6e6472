"""One journey of a story, step by step: what `run_step` would do, with what it remembers kept in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from tidings import journey as journeys
from tidings import ports
from tidings.customer import Customer, OpenJourney, epoch, moment
from tidings.errors import JourneyExited, SendDeferred
from tidings.events import Event
from tidings.steps.deciding import Decider, meets
from tidings.steps.scene import Request, Scene
from tidings.steps.sending import coupon_of
from tidings.triggers import Occurrence
from tidings.workflow.graph import NEXT
from tidings.workflow.model import IfStep, SendStep, SetStep, WaitForStep, WaitQuiet
from tidings.workflow.package import Package
from tidings.workflow.walk import Outcome

_IF: Final = {"then": "holds", "else": "does not hold"}
_ENDLESS: Final = 2**40
"""An open journey's end that nobody has to know: it is being walked."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An event of the story, the customer after it, and all that happened with it."""

    event: Event
    customer: Customer
    happened: tuple[Occurrence, ...]


@dataclass(slots=True)
class Played:
    """A journey that began with the moment at `began`; `ledger` holds its steps' entries."""

    package: Package
    record: ports.Journey
    moments: Sequence[Moment]
    began: int
    suppressions: Sequence[ports.Suppression] = ()
    ledger: dict[str, ports.Send] = field(default_factory=dict)
    answered: bool = False

    def customer(self, now: datetime) -> Customer:
        """The customer as they are at a moment, with the journey open."""
        known = self.moments[self.began].customer
        for each in self.moments[self.began :]:
            if each.event.received_at <= now:
                known = each.customer
        open_ = OpenJourney(self.record.workflow, self.record.entered_at, _ENDLESS)
        return replace(known, journeys={self.record.id: open_})

    def task(self, payload: Mapping[str, Any], now: datetime) -> Outcome:
        """Do a Task of the machine. Raises what `run_step` would."""
        request = Request(
            journey=self.record.id,
            workflow=self.record.workflow,
            step=payload["step"],
            rev=self.record.rev,
            token=payload.get("token", ""),
            outcome=payload.get("outcome", ""),
        )
        customer = self.customer(now)
        told = _Told([each.event for each in self.moments if each.event.received_at <= now])
        scene = Scene(request, self.package, self.record, customer, tuple(self.ledger.values()), told, now)
        if reason := journeys.exit_of(
            self.package.workflow, self.record.id, customer, self.record.entered_at
        ):
            raise JourneyExited(reason)
        if any(isinstance(step.wait, WaitQuiet) for step in scene.node.waits) and (
            left := scene.still_to_wait()
        ):
            raise SendDeferred(left)
        self.answered = False
        entry, what = self._done(scene)
        answered_at = self._answered_at(scene, entry) if entry.state == "waiting" else None
        output = {"journey": self.record.id, "wait_seconds": scene.next_wait(entry)}
        branch = {"branch": entry.branch} if len(scene.node.branches) > 1 else {}
        return Outcome(output | branch, what, answered_at)

    def _done(self, scene: Scene) -> tuple[ports.Send, str]:
        """The step's ledger entry, and what it did in words."""
        begun = ports.Send(
            journey=self.record.id,
            step=scene.node.id,
            state="claimed",
            customer=self.record.customer,
            at=epoch(scene.now),
            branch=NEXT,
            final=scene.node.branches.get(NEXT, "") is None,
        )
        if isinstance(scene.node.step, SendStep):
            entry, what = self._sent(scene, scene.node.step, begun)
            self.ledger[entry.step] = entry
            return entry, what
        book = _Book(self)
        entry = Decider(_Same(scene.customer), scene.events, book, book, _Stopped(scene.now)).do(scene, begun)
        return entry, _words(scene, entry)

    def _sent(self, scene: Scene, step: SendStep, entry: ports.Send) -> tuple[ports.Send, str]:
        if step.coupon and coupon_of(scene, step) is None:
            if "else" in scene.node.branches:
                return replace(entry, state="decided", branch="else"), f"has no coupon left for {step.mail}"
            return replace(entry, state="skipped"), f"skips {step.mail}: no coupon left"
        suppressions = [each for each in self.suppressions if moment(each.at) <= scene.now]
        match journeys.decide_mail(self.package.workflow, scene.customer, suppressions):
            case journeys.Skip(reason):
                return replace(entry, state="skipped", reason=reason), f"skips {step.mail}: {reason}"
            case journeys.Send():
                return replace(entry, state="sent"), f"sends {step.mail}"

    def _answered_at(self, scene: Scene, entry: ports.Send) -> datetime | None:
        """When the Task that waits is answered: at once, or by a later event of the story."""
        step = scene.node.step
        if self.answered or not isinstance(step, WaitForStep):
            return scene.now
        for each in self.moments[self.began :]:
            if each.event.received_at > scene.now and self._is_met(scene, step, each):
                return each.event.received_at
        return None

    def _is_met(self, scene: Scene, step: WaitForStep, each: Moment) -> bool:
        if step.wait_for.event not in {occurrence.type for occurrence in each.happened}:
            return False
        later = replace(scene, customer=self.customer(each.event.received_at), now=each.event.received_at)
        return step.wait_for.where is None or meets(step.wait_for.where, later, each.event)


def _words(scene: Scene, entry: ports.Send) -> str:
    """What a step that sends nothing did."""
    match scene.node.step:
        case IfStep():
            return _IF[entry.branch]
        case SetStep():
            return "sets it"
        case WaitForStep() if entry.state == "waiting":
            return "waits for it"
    return "goes on" if entry.branch in (NEXT, "arrived", "timed_out") else f"falls to {entry.branch}"


@dataclass(frozen=True, slots=True)
class _Told:
    """The events of a story so far."""

    events: Sequence[Event]

    def get(self, identity: str, event_id: str) -> Event | None:
        return next((each for each in self.events if (each.identity, each.id) == (identity, event_id)), None)

    def query(self, identity: str) -> list[Event]:
        return [each for each in self.events if each.identity == identity]

    def naming(self, token: str) -> Event | None:
        return None

    def put(self, event: Event) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class _Book:
    """Where steps write: the journey's ledger. What they set is kept there and nowhere else."""

    played: Played

    def entries(self, journey_id: str) -> Sequence[ports.Send]:
        return tuple(self.played.ledger.values())

    def claim(self, send: ports.Send, was: ports.Send | None) -> None:
        self.played.ledger[send.step] = send

    def settle(self, send: ports.Send) -> None:
        self.played.ledger[send.step] = send

    def is_final(self, journey_id: str) -> bool:
        return any(each.final for each in self.played.ledger.values())

    def answer(self, token: str, journey_id: str) -> None:
        self.played.answered = True


@dataclass(frozen=True, slots=True)
class _Same:
    """The customer as they are."""

    customer: Customer

    def get(self, customer_id: str) -> Customer | None:
        return self.customer


@dataclass(frozen=True, slots=True)
class _Stopped:
    """A clock that stands still."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def machine_now(self) -> datetime:
        return self.at

    def shop_seconds(self, machine_seconds: float) -> int:
        return int(machine_seconds)
