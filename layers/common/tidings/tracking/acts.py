"""What follows a fold: journeys started and stopped, waiting Tasks answered. Each act may be done again at any time.

Acts are written with the customer as `pending`, so that a crash between the write and its consequences loses nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tidings import ports, triggers
from tidings.clock import Clock
from tidings.customer import Customer, OpenJourney, epoch, moment
from tidings.events import Event
from tidings.expressions import ExpressionError, holds
from tidings.expressions.context import conditions
from tidings.expressions.views import journey_view
from tidings.segments import Bounded
from tidings.shop import Shop
from tidings.timing import Timing
from tidings.workflow.chance import is_held_out
from tidings.workflow.graph import node, shortest, start
from tidings.workflow.model import WaitForStep, Workflow, every_step

Act = Mapping[str, Any]

NAMES_KEPT_DAYS = 80
"""Step Functions keeps an execution's name for 90 days, in which to start it again does nothing."""


@dataclass(frozen=True, slots=True)
class Acts:
    """Carries them out. `workflows` are those in force."""

    customers: ports.CustomerReader
    journeys: ports.Journeys
    events: ports.Events
    sends: ports.Sends
    machines: ports.Machines
    workflows: Mapping[str, Workflow]
    shop: Shop
    clock: Clock
    bounds: Bounded = lambda: None
    gone: Callable[[str], None] = lambda _: None

    def carry_out(self, customer: Customer) -> None:
        """Do what is pending."""
        for act in customer.pending:
            match act["do"]:
                case "start":
                    self._start(act, customer)
                case "hold out":
                    self._open(act, customer, held_out=True)
                case "stop":
                    self.machines.stop(act["workflow"], act["journey"])
                case "answer":
                    self._answer(act, customer)

    def meets(self, condition: str, journey: str, arrived: Event, customer: Customer) -> bool:
        """Whether an event meets a condition of a journey under way."""
        record = self.journeys.get(journey)
        event = self._by_key(record.event) if record else None
        if record is None or event is None:
            return False
        names = conditions(
            customer=customer,
            shop=self.shop,
            now=arrived.at,
            event=event,
            arrived=arrived,
            journey=journey_view(record),
            bounds=self.bounds() if "rfm" in condition else None,
        )
        try:
            return holds(condition, names)
        except ExpressionError:
            return False

    def opening(self, entry: triggers.Entry, customer: Customer, event: Event) -> OpenJourney:
        """What is kept with the customer of a journey that begins with this event."""
        workflow = self.workflows[entry.workflow]
        timing = self._timing(workflow, customer, lambda: event)
        plan = timing.plan(start(workflow).id, entry.since)
        return OpenJourney(
            workflow=workflow.id,
            entered_at=epoch(entry.entered_at),
            ends_after=epoch(entry.since + shortest(workflow)),
            next_at=max(plan.at, epoch(self.clock.now())) if plan else 0,
            priority=plan.priority if plan else 0,
        )

    def _start(self, act: Act, customer: Customer) -> None:
        journey, workflow = act["journey"], self.workflows.get(act["workflow"])
        if workflow is None or journey not in customer.journeys or self._is_stale(customer):
            return
        self._open(act, customer)
        timing = self._timing(workflow, customer, lambda: self._by_key(act["event"]))
        wait = timing.seconds(start(workflow), moment(act["since"]), self.clock.now())
        self.machines.start(workflow.id, journey, wait)
        latest = self.customers.get(customer.id)
        if latest is None:
            self.gone(customer.id)
        elif journey not in latest.journeys:
            # Somebody closed it meanwhile, when there was no execution to stop yet.
            self.machines.stop(workflow.id, journey)

    def _open(self, act: Act, customer: Customer, *, held_out: bool = False) -> None:
        if self.journeys.get(act["journey"]) is None:
            told = ("workflow", "event", "occurrence", "rev", "entered_at", "since")
            record = {name: act[name] for name in told}
            self.journeys.open(
                ports.Journey(id=act["journey"], customer=customer.id, held_out=held_out, **record)
            )

    def _timing(self, workflow: Workflow, customer: Customer, event: Callable[[], Event | None]) -> Timing:
        """When the first steps come; an `until` may name the event."""

        def names() -> Mapping[str, Any]:
            return conditions(customer=customer, shop=self.shop, now=self.clock.now(), event=event())

        return Timing(workflow, self.shop, customer, names)

    def _answer(self, act: Act, customer: Customer) -> None:
        """Answer the Tasks of a journey that wait for what has happened. The token is read after the write."""
        for entry in self.sends.entries(act["journey"]):
            told = entry.told
            waits = entry.state == "waiting" and told["event"] == act["type"] and act["at"] >= told["since"]
            if waits and self._is_met(act, entry.step, customer):
                self.machines.answer(told["token"], act["journey"])

    def _is_met(self, act: Act, step_id: str, customer: Customer) -> bool:
        workflow = self.workflows.get(act["workflow"])
        step = node(workflow, step_id).step if workflow else None
        condition = step.wait_for.where if isinstance(step, WaitForStep) else None
        if condition is None:
            return True
        arrived = self._by_key(act["event"])
        return arrived is not None and self.meets(condition, act["journey"], arrived, customer)

    def _by_key(self, key: str) -> Event | None:
        identity, _, event_id = key.partition("|")
        return self.events.get(identity, event_id)

    def _is_stale(self, customer: Customer) -> bool:
        """Whether what is pending dates from so long ago that Step Functions may have forgotten its names."""
        today = epoch(self.clock.machine_now()) // 86400
        return today - max(customer.seen.values(), default=today) > NAMES_KEPT_DAYS


def begin(entry: triggers.Entry, workflow: Workflow, customer: str, rev: str) -> dict[str, Any]:
    """The act that begins a journey, or notes that the customer is kept out of it."""
    act = asdict(entry) | {"do": "hold out" if is_held_out(workflow, customer) else "start", "rev": rev}
    return act | {"entered_at": epoch(entry.entered_at), "since": epoch(entry.since)}


def stop(journey: str, workflow: str) -> dict[str, Any]:
    """The act that stops a journey's execution."""
    return {"do": "stop", "journey": journey, "workflow": workflow}


def answers(
    customer: Customer, event: Event, happened: list[triggers.Occurrence], workflows: Mapping[str, Workflow]
) -> list[dict[str, Any]]:
    """The acts that answer the open journeys which may wait for what has happened."""
    acts = []
    for journey, open_ in customer.journeys.items():
        workflow = workflows.get(open_.workflow)
        awaited = awaits(workflow) if workflow else frozenset()
        for occurrence in happened:
            if occurrence.type in awaited:
                told = {"type": occurrence.type, "at": epoch(occurrence.at), "event": event.key}
                acts.append({"do": "answer", "journey": journey, "workflow": open_.workflow, **told})
    return acts


def awaits(workflow: Workflow) -> frozenset[str]:
    """The types of events that steps of a workflow wait for."""
    return frozenset(
        step.wait_for.event for _, step in every_step(workflow.steps) if isinstance(step, WaitForStep)
    )
