"""The fold's way through the tables: who is it, fold once, begin and end journeys, exactly once in effect.

The customer is one item with a version. Its write commits the fold together with what must follow (`pending`);
each delivery carries out what is pending, every act idempotent, and the next write drops it. So a crash anywhere
loses nothing, and a repeated delivery repeats nothing. `knowledge` is what the fold knows besides the event, `acts`
what follows it.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tidings import ports, schedule, triggers
from tidings.clock import Clock
from tidings.customer import (
    SEEN_DAYS,
    ClosedJourney,
    Customer,
    apply,
    checkout_key,
    close,
    emptied,
    epoch,
    is_seen,
    merge,
    order_key,
    refold,
    remember,
    under,
)
from tidings.errors import Conflict, Unavailable
from tidings.events import (
    CHECKOUT_TYPES,
    ORDER_TYPES,
    PRODUCT_TYPES,
    Event,
    customer_identity,
    is_signed_page,
    kind_of,
    order_token,
)
from tidings.goods.restock import Restock
from tidings.people.identity import Register, Subject
from tidings.people.refusals import Refusal, note
from tidings.privacy.gate import OPEN, Gate
from tidings.segments import Bounded, Rules
from tidings.shop import Shop
from tidings.tracking.acts import Acts, answers, begin, stop
from tidings.tracking.knowledge import Knowledge
from tidings.triggers import remembered
from tidings.workflow.model import Each, Workflow

log = logging.getLogger(__name__)

ATTEMPTS = 12
"""How often one fold is redone on a moved version before the delivery is given back."""
LONGEST = timedelta(days=366)
"""No execution lives longer: a journey open for more failed on its way."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The workflows in force, and what the fold needs of each."""

    workflows: Mapping[str, Workflow]
    revs: Mapping[str, str]
    shop: Shop
    where: triggers.Condition
    rules: Rules = field(default_factory=Rules)
    bounds: Bounded = lambda: None

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return self.shop.zone


@dataclass(frozen=True, slots=True)
class Tracker:
    """Folds events. All ports are injected; `new_id` gives opaque customer ids."""

    events: ports.Events
    customers: ports.Customers
    journeys: ports.Journeys
    machines: ports.Machines
    sends: ports.Sends
    products: ports.Products
    parked: ports.Parked
    counters: ports.Counters
    catalogue: Catalogue
    clock: Clock
    new_id: Callable[[], str] = lambda: secrets.token_hex(10)
    gate: Gate = OPEN

    @property
    def _register(self) -> Register:
        return Register(self.events, self.customers, self.new_id)

    @property
    def _knowledge(self) -> Knowledge:
        catalogue = self.catalogue
        return Knowledge(catalogue.rules, catalogue.shop, self.products, catalogue.bounds)

    @property
    def _acts(self) -> Acts:
        return Acts(
            customers=self.customers,
            journeys=self.journeys,
            events=self.events,
            sends=self.sends,
            machines=self.machines,
            workflows=self.catalogue.workflows,
            shop=self.catalogue.shop,
            clock=self.clock,
            bounds=self.catalogue.bounds,
            gone=self.gate.gone,
        )

    def track_all(self, events: Iterable[Event]) -> None:
        """Fold each event. One that fails for its own sake is parked and passed; an outage is raised."""
        for event in events:
            try:
                self.track(event)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the shard goes on
                self.park(event.identity, event.id, error)

    def park(self, identity: str, event_id: str, error: Exception) -> None:
        """Set an event aside, by its key; the Events table keeps the body."""
        self.parked.put(identity, event_id, type(error).__name__, epoch(self.clock.now()))
        self.counters.count("EventsParked")
        log.error("event parked", extra={"event_id": event_id.split(":")[1:2], "error": type(error).__name__})

    def redrive(self, identity: str, event_id: str) -> bool:
        """Fold a parked event again and forget that it was parked. False when it fails once more, and stays parked."""
        try:
            event = self.events.get(identity, event_id)
            if event is not None:
                # As if received now: what has become too old meanwhile builds state and starts nothing.
                self.track(replace(event, received_at=max(event.received_at, self.clock.now())))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are replayed
            self.park(identity, event_id, error)
            return False
        self.parked.remove(identity, event_id)
        return True

    def rebuild(self, customer_id: str) -> None:
        """Fold a customer again from all their events. Starts nothing."""
        for _ in range(ATTEMPTS):
            customer = self.customers.get(customer_id)
            if customer is None:
                raise LookupError(f"no customer {customer_id}")
            self._acts.carry_out(customer)
            try:
                self._settle(customer)
                return
            except Conflict:
                continue
        raise Unavailable("the customer is being written to without end; try again")

    def backfill(self, customer_id: str) -> bool:
        """Bring a customer under the rules and dates in force, silently. Returns whether they entered a segment that
        way, which `triggers.backfill_event` makes known."""
        for _ in range(ATTEMPTS):
            customer = self.customers.get(customer_id)
            if customer is None:
                return False
            try:
                dated = self._with_due(customer, None)
                if self._knowledge.is_current(customer) and dated.due_on == customer.due_on:
                    return bool(customer.silent)
                return bool(self._settle(customer).silent)
            except Conflict:
                continue
        raise Unavailable("the customer is being written to without end; try again")

    def _settle(self, customer: Customer) -> Customer:
        self._acts.carry_out(customer)
        folded = self._knowledge.settle(self._refold(customer), self.clock.now())
        return self._write(customer, self._with_due(folded, None), Subject(customer), [])

    def track(self, event: Event) -> None:
        """Fold one event and carry out what follows. Raises `Unavailable` on an outage."""
        if event.type in PRODUCT_TYPES:
            Restock(self.events, self.products, self.clock).look(event)
            self.products.put(event.identity, event.properties, epoch(event.at))
            return
        if self.gate.is_request(event):
            return
        for _ in range(ATTEMPTS):
            try:
                subject = self._register.resolve(event)
                if subject is None and self.gate.is_nobodys(event):
                    return
                if subject is not None and self.gate.is_too_late(event, subject.customer):
                    return
                if subject is not None:
                    self._fold(subject, event)
            except Conflict:
                continue
            if subject is None or not subject.more:
                return
        raise Unavailable("a customer or alias is being written to without end")

    def _fold(self, subject: Subject, event: Event) -> None:
        before, absorbed = subject.customer, subject.absorbed
        for customer in filter(None, (before, absorbed)):
            self._acts.carry_out(customer)
        if is_seen(before, event) and not subject.claims and absorbed is None:
            return
        merged = merge(before, absorbed) if absorbed else before
        base = self._refold(merged) if absorbed or self._knowledge.needs_refold(before) else before
        after = remember(self._applied(base, event), [event], self.clock.machine_now())
        told, follow = self._journeys(*self._belonging(base, after, event))
        # Where an account is named, `checkout_started` points from its cart: only what points nowhere claims.
        begins = event.type == "checkout_updated" and any(act["do"] != "stop" for act in follow)
        is_guest = event.type in CHECKOUT_TYPES and not before.has_account
        worth = begins or is_guest or is_signed_page(event)
        if subject.claims or worth:
            subject = replace(subject, claims=subject.claims | subject.tokens)
        asked = (subject.claims & subject.tokens) | _owned(event, base, after)
        waiting, browsers = self._register.waiting(after, asked)
        if waiting:
            subject = replace(subject, claims=subject.claims | browsers)
            told, follow = self._adopt(base, after, event, waiting)
        self._acts.carry_out(self._write(before, self._with_due(told, event), subject, follow))

    def _adopt(
        self, base: Customer, after: Customer, event: Event, waiting: Iterable[Event]
    ) -> tuple[Customer, list[dict[str, Any]]]:
        """Fold what happened under a token while nobody was named, and begin and end journeys with all of it, as
        if it were received now: what is too old builds state and starts nothing."""
        now, steps = self.clock.now(), []
        for each in waiting:
            late = replace(each, received_at=max(each.received_at, now))
            grown = self._applied(after, late)
            steps.append((late, triggers.occurrences(late, after, grown, self.catalogue.shop.terms)))
            after = grown
        after = remember(after, [each for each, _ in steps], self.clock.machine_now())
        after, follow = self._journeys(*self._belonging(base, after, event))
        for late, happened in steps:
            after, acts = self._journeys(after, late, happened)
            follow += acts
        return after, follow

    def _applied(self, customer: Customer, event: Event) -> Customer:
        (told,) = self._knowledge.told([event])
        return under(apply(customer, told, self._knowledge.counted), self.catalogue.shop.terms, event.at)

    def _belonging(
        self, base: Customer, after: Customer, event: Event
    ) -> tuple[Customer, Event, list[triggers.Occurrence]]:
        """The customer where they belong after an event, and all that happened with it."""
        placed, moved = self._knowledge.belong(base, after, event, self.clock.now())
        happened = triggers.occurrences(event, base, after, self.catalogue.shop.terms)
        return placed, event, [*happened, *moved]

    def _journeys(
        self, after: Customer, event: Event, happened: list[triggers.Occurrence]
    ) -> tuple[Customer, list[dict[str, Any]]]:
        """The customer with journeys ended and begun by what happened with this event, and what must follow the
        write."""
        after = close(after, self._finished(after))
        workflows, acts = dict(self.catalogue.workflows), self._acts

        def holds(where: str, journey: str) -> bool:
            return acts.meets(where, journey, event, after)

        ended = {exit_.journey: exit_.reason for exit_ in triggers.exits(happened, after, workflows, holds)}
        ended |= dict.fromkeys(self._doubles(after), "merged")
        told = triggers.entries(event, happened, after, workflows, self.catalogue.where)
        told += triggers.due_entries(event, after, workflows, self.catalogue.zone)
        begun = [each for each in told if isinstance(each, triggers.Entry)]
        refused = note(after.refused, (each for each in told if isinstance(each, Refusal)))
        follow = [
            begin(entry, workflows[entry.workflow], after.id, self.catalogue.revs[entry.workflow])
            for entry in begun
        ]
        follow += [stop(journey, after.journeys[journey].workflow) for journey in ended]
        at = epoch(self.clock.now())
        after = close(
            after,
            {
                journey: ClosedJourney(after.journeys[journey].workflow, "exited", reason, at)
                for journey, reason in ended.items()
            },
        )
        entered = {each.workflow: (remembered(each.occurrence), epoch(each.entered_at)) for each in begun}
        started = {act["journey"] for act in follow if act["do"] == "start"}
        opened = {
            entry.journey: acts.opening(entry, after, event) for entry in begun if entry.journey in started
        }
        follow += answers(after, event, happened, workflows)
        after = replace(after, journeys={**after.journeys, **opened}, entries={**after.entries, **entered})
        return replace(after, refused=refused), follow

    def _refold(self, customer: Customer) -> Customer:
        """The customer from all events that were folded. One that was not yet comes with its own delivery, or is
        redriven: taken in here, it would start nothing."""
        partitions = customer.partitions | {customer_identity(customer.id)}
        events = [event for partition in sorted(partitions) for event in self.events.query(partition)]
        orders = {order_token(event) for event in events if event.type in ORDER_TYPES} - {None, *partitions}
        events += [event for token in sorted(filter(None, orders)) for event in self.events.query(token)]
        memory = self.clock.now() - timedelta(days=SEEN_DAYS)
        folded = [e for e in events if e.received_at < memory or is_seen(customer, e)]
        whole = refold(customer, self._knowledge.told(folded), self._knowledge.counted)
        return under(whole, self.catalogue.shop.terms, self.clock.now())

    def _finished(self, customer: Customer) -> dict[str, ClosedJourney]:
        """The open journeys whose last step has ended, or whose execution must be dead; only those old enough are
        looked up."""
        now = epoch(self.clock.now())
        ended = {}
        for journey, open_ in customer.journeys.items():
            if now >= open_.ends_after and self.sends.is_final(journey):
                ended[journey] = ClosedJourney(open_.workflow, "done", "completed", now)
            elif now - open_.entered_at > LONGEST.total_seconds():
                ended[journey] = ClosedJourney(open_.workflow, "exited", "lost", now)
        return ended

    def _doubles(self, customer: Customer) -> list[str]:
        """After a merge: of two open journeys of a workflow that allows one, the later."""
        first: set[str] = set()
        doubles = []
        for journey, open_ in sorted(
            customer.journeys.items(), key=lambda item: (item[1].entered_at, item[0])
        ):
            workflow = self.catalogue.workflows.get(open_.workflow)
            if workflow is None or isinstance(workflow.reentry, Each):
                continue
            if open_.workflow in first:
                doubles.append(journey)
            first.add(open_.workflow)
        return doubles

    def _with_due(self, customer: Customer, event: Event | None) -> Customer:
        """An earlier date moves the entry forward, a later one leaves it; a due event writes the next."""
        due = event if event is not None and event.type == "due" else None
        after = schedule.due_horizon(due.received_at) if due else self.clock.now()
        view = triggers.DueView(customer, self.catalogue.zone)
        moment_ = schedule.next_due(self.catalogue.workflows.values(), view, after)
        days = {
            schedule.due_on(moment_) if moment_ else None,
            self._knowledge.due_on(customer, self.clock.now()),
            customer.due_on if due is None else None,
        }
        return replace(customer, due_on=min(filter(None, days), default=None))

    def _write(
        self, before: Customer, after: Customer, subject: Subject, follow: list[dict[str, Any]]
    ) -> Customer:
        absorbed = None
        if subject.absorbed is not None:
            absorbed = emptied(subject.absorbed, after.id)
        after = replace(after, version=before.version + 1, pending=tuple(follow))
        self.customers.commit(ports.Commit(after, subject.claims, absorbed))
        return after


def _owned(event: Event, before: Customer, after: Customer) -> frozenset[str]:
    """The tokens that an order or checkout new to the customer makes theirs without a claim: what waits there is
    looked for, whether or not it is worth a write to claim them."""
    keys = {order_key(event)} - before.orders.keys() if event.type in ORDER_TYPES else set[str]()
    if (checkout := checkout_key(event)) and checkout in after.checkouts and checkout not in before.checkouts:
        keys.add(checkout)
    if not keys and event.type != "order_placed":
        return frozenset()
    order = order_token(event) if event.type in ORDER_TYPES else None
    carts = {alias for alias in event.aliases if kind_of(alias) == "cart"}
    return frozenset(filter(None, {order, *carts}))
