"""A step with all that was looked up for it, and what its expressions may name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import ceil
from typing import Any

from tidings import ports
from tidings.customer import Customer, apply, epoch, moment
from tidings.errors import JourneyExited
from tidings.events import Event, customer_identity
from tidings.expressions.context import conditions
from tidings.expressions.views import journey_view
from tidings.goods.recommend import Lookup
from tidings.goods.rfm import Bounds
from tidings.pacing.pace import QUIET
from tidings.people.orders import checkout_key
from tidings.shop import Shop
from tidings.timing import Timing
from tidings.workflow.graph import NEXT, Node, graph, node
from tidings.workflow.model import WaitForStep
from tidings.workflow.package import Package

ENDED = frozenset({"sent", "skipped", "dropped", "rejected", "decided", "set", "arrived", "timed_out"})
"""States of a ledger entry after which its step is not done again."""


KNOWN = "known"
"""What the entry of a step before a `wait_for` tells of the event that is waited for."""

UNANSWERED = "unanswered"
"""What a mail's entry tells of attempts that SES gave no answer to and that were made again: when."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the machine's Task passes. `rev` names the package that the journey started with; `token` answers a
    Task that waits for an event, `outcome` tells how that ended."""

    journey: str
    workflow: str
    step: str
    rev: str
    token: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class Scene:
    """One step of one journey, now. `entries` are the journey's ledger entries so far, `bounds` those of RFM;
    `look_up` asks the catalogue for what an expression recommends."""

    request: Request
    package: Package
    record: ports.Journey
    customer: Customer
    entries: Sequence[ports.Send]
    events: ports.Events
    now: datetime
    bounds: Bounds | None = None
    look_up: Lookup | None = None
    in_force: Shop | None = None

    @cached_property
    def node(self) -> Node:
        """The step in its workflow."""
        return node(self.package.workflow, self.request.step)

    @cached_property
    def entry(self) -> ports.Send | None:
        """This step's ledger entry."""
        return next((each for each in self.entries if each.step == self.request.step), None)

    @cached_property
    def since(self) -> datetime:
        """When the step before this one ended; for the first, the moment that the journey counts from."""
        ended = [each.at for each in self.entries if each.state in ENDED and each.step != self.request.step]
        return moment(max(ended, default=self.record.since))

    def new_since(self, event_type: str) -> int:
        """The epoch second from which an event is new to this step: since the step before ended, and before that what
        that step did not know of, since webhooks and the fold come late. Nothing from before the journey is.
        """
        since = epoch(self.since)
        ended = [each for each in self.entries if each.state in ENDED and each.step != self.request.step]
        known = [each.told.get(KNOWN, {}).get(event_type) for each in ended if each.at == since]
        seen = max((at for at in known if at is not None), default=since)
        return min(since, max(seen + 1, self.record.since))

    @cached_property
    def person(self) -> Customer:
        """The customer as the journey sees them: with what it has set itself, folded already or not."""
        person = self.customer
        for each in self.entries:
            if each.state == "set":
                person = apply(person, set_event(each))
        return person

    @cached_property
    def event(self) -> Event:
        """The event that the journey began with; of a checkout or cart the latest: what is left."""
        event = self._by_key(self.record.event)
        if event.type == "cart_updated":
            return self._cart_now(event)
        latest = self.customer.checkouts.get(checkout_key(event) or "")
        if latest and latest.event not in ("", event.key):
            return self._by_key(latest.event)
        return event

    @cached_property
    def arrived(self) -> Event | None:
        """The event that the latest `wait_for` of this journey met."""
        met = [each for each in self.entries if each.told.get("arrived")]
        return self._by_key(max(met, key=lambda each: each.at).told["arrived"]) if met else None

    @cached_property
    def names(self) -> Mapping[str, Any]:
        """What an expression may name here."""
        return self.names_with(self.arrived)

    def names_with(self, arrived: Event | None) -> Mapping[str, Any]:
        """What an expression may name, where `arrived` is this event."""
        return conditions(
            customer=self.person,
            shop=self.package.shop,
            now=self.now,
            event=self.event,
            arrived=arrived,
            journey=journey_view(self.record),
            bounds=self.bounds,
            look_up=self.look_up,
        )

    @property
    def slot(self) -> str:
        """The name of its slot in the customer's pace."""
        return f"{self.request.journey}#{self.request.step}"

    @property
    def shop(self) -> Shop:
        """The shop in force: its terms of consent, caps and quiet hours count for journeys, too, that began under
        others."""
        return self.in_force or self.package.shop

    @property
    def is_marketing(self) -> bool:
        """Whether consent, caps and quiet hours hold for it."""
        return self.package.workflow.is_marketing

    @cached_property
    def deferrals(self) -> list[list[Any]]:
        """When, why and until when this mail was put off so far. That its moment lay in quiet hours, which the wait
        before it lasted out, nobody had to note."""
        told = [list(each) for each in self.entry.told.get("deferred", ())] if self.entry else []
        if told or not self.is_marketing or self.shop.quiet_hours is None:
            return told
        due = self.due()
        awake = self.timing.awake(due, self.since)
        return [[epoch(due), QUIET, epoch(awake)]] if awake > due else []

    @property
    def noted(self) -> dict[str, Any]:
        """What a mail's entry tells of the attempts and deferrals so far."""
        told = {
            "deferred": self.deferrals,
            UNANSWERED: self.entry.told.get(UNANSWERED) if self.entry else None,
        }
        return {name: value for name, value in told.items() if value}

    @property
    def known(self) -> dict[str, Any]:
        """What its entry tells for a step behind it that waits: when what that waits for last happened, as far as this
        one knows; 0 when never."""
        nodes = graph(self.package.workflow)
        following = (nodes[each].step for each in self.node.branches.values() if each)
        awaited = {step.wait_for.event for step in following if isinstance(step, WaitForStep)}
        return {KNOWN: {name: self.customer.last.get(name, 0) for name in awaited}} if awaited else {}

    @cached_property
    def timing(self) -> Timing:
        """When this journey's steps come."""
        return Timing(self.package.workflow, self.shop, self.customer, lambda: self.names)

    def due(self) -> datetime:
        """When this step was to be done, by the waits before it."""
        return self.timing.due(self.node.waits, self.since)

    def still_to_wait(self) -> int:
        """Seconds that a wait which starts again with each event has left; 0 when it is over."""
        return max(0, ceil((self.due() - self.now).total_seconds()))

    def next_wait(self, ended: ports.Send) -> int:
        """Seconds from now to the step after this one, counted from when this one ended; 0 after the last."""
        following = self.node.branches.get(ended.branch)
        if following is None:
            return 0
        return self.timing.seconds(node(self.package.workflow, following), moment(ended.at), self.now)

    def plan(self) -> ports.Plan | None:
        """The plan of the mail after this one, should this one go now."""
        return self.timing.plan(self.node.branches[NEXT], self.now)

    def _cart_now(self, event: Event) -> Event:
        """The cart as last told, which is read only where the customer's memory knows of a later change."""
        if self.customer.last.get(event.type, 0) <= epoch(event.at):
            return event
        cart = event.properties.get("cart")
        told = (each for each in self.events.query(event.identity) if each.type == event.type)
        same = [each for each in told if each.properties.get("cart") == cart]
        return max(same, key=lambda each: (each.at, each.id), default=event)

    def _by_key(self, key: str) -> Event:
        identity, _, event_id = key.partition("|")
        event = self.events.get(identity, event_id)
        if event is None:
            raise JourneyExited("its event was erased")
        return event


def set_event(entry: ports.Send) -> Event:
    """The event by which a `set` step tells what it set."""
    at = moment(entry.at)
    return Event(
        id=f"journey:set:{entry.journey}:{entry.step}",
        type="profile_updated",
        at=at,
        received_at=at,
        source="journey",
        identity=customer_identity(entry.customer),
        properties=dict(entry.told["set"]),
    )
