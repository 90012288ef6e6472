"""The fold's way through the tables: who is it, fold once, begin and end journeys, exactly once in effect.

The customer is one item with a version. Its write commits the fold together with what must follow (`pending`);
each delivery carries out what is pending, every act idempotent, and the next write drops it. So a crash anywhere
loses nothing, and a repeated delivery repeats nothing.
"""

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tidings import ports, schedule, triggers
from tidings.clock import Clock
from tidings.customer import (
    Customer,
    OpenJourney,
    apply,
    epoch,
    is_seen,
    merge,
    moment,
    names_of,
    new_customer,
    refold,
    remember,
)
from tidings.errors import Conflict, Unavailable
from tidings.events import CHECKOUT_TYPES, PRODUCT_TYPES, Event, customer_identity
from tidings.workflow.model import Each, Workflow
from tidings.workflow.path import first_wait, shortest

log = logging.getLogger(__name__)

ATTEMPTS = 12
"""How often one fold is redone on a moved version before the delivery is given back."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an event concerns: the customer before it, aliases to claim, and a customer to be merged in.

    `tokens` are unclaimed; they are claimed when it is worth a write. `more` customers wait to be merged in.
    """

    customer: Customer
    claims: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()
    absorbed: Customer | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The workflows in force, and what the fold needs of each."""

    workflows: Mapping[str, Workflow]
    revs: Mapping[str, str]
    zone: ZoneInfo
    where: triggers.Condition


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

    def redrive(self, identity: str, event_id: str) -> None:
        """Fold a parked event again and forget that it was parked; raises what it raises."""
        event = self.events.get(identity, event_id)
        if event is not None:
            self.track(event)
        self.parked.remove(identity, event_id)

    def rebuild(self, customer_id: str) -> None:
        """Fold a customer again from all their events. Starts nothing."""
        for _ in range(ATTEMPTS):
            customer = self.customers.get(customer_id)
            if customer is None:
                raise LookupError(f"no customer {customer_id}")
            self._carry_out(customer)
            try:
                self._write(customer, self._refold(customer), Subject(customer), [])
                return
            except Conflict:
                continue
        raise Unavailable("the customer is being written to without end; try again")

    def track(self, event: Event) -> None:
        """Fold one event and carry out what follows. Raises `Unavailable` on an outage."""
        if event.type in PRODUCT_TYPES:
            self.products.put(event.identity, event.properties, epoch(event.at))
            return
        for _ in range(ATTEMPTS):
            subject = self._resolve(event)
            if subject is None:
                return
            try:
                self._fold(subject, event)
            except Conflict:
                continue
            if not subject.more:
                return
        raise Unavailable("a customer or alias is being written to without end")

    def _resolve(self, event: Event) -> Subject | None:
        """Whom the event concerns; None while nobody is named."""
        if event.identity.startswith(customer_identity("")):
            customer = self.customers.get(event.identity.removeprefix(customer_identity("")))
            return Subject(customer) if customer else None
        people, tokens = names_of(event)
        claimed = self.customers.resolve(people | tokens)
        found = {alias: self._load(claimed[alias]) for alias in claimed}
        unclaimed = frozenset(tokens - found.keys())
        persons = {found[alias].id: found[alias] for alias in sorted(people & found.keys())}
        guests = [found[alias] for alias in sorted(tokens & found.keys())]
        if not persons and guests and not event.names_customer and not guests[0].has_account:
            persons = {
                guests[0].id: guests[0]
            }  # a guest who corrects the address, or a token already somebody's
        elif not persons and not people:
            persons = {guest.id: guest for guest in guests[:1]}
        if not persons and not people:
            return None
        if not persons:
            customer = new_customer(self.new_id(), event)
            return Subject(customer, frozenset(people), unclaimed)
        oldest, *others = sorted(persons.values(), key=lambda c: (c.created_at, c.id))
        return Subject(
            customer=oldest,
            claims=frozenset(people - found.keys()),
            tokens=unclaimed,
            absorbed=others[0] if others else None,
            more=len(others) > 1,
        )

    def _load(self, customer_id: str) -> Customer:
        customer = self.customers.get(customer_id)
        if customer is None:
            raise Conflict(f"alias without customer {customer_id}")
        return customer

    def _fold(self, subject: Subject, event: Event) -> None:
        before = subject.customer
        self._carry_out(before)
        if subject.absorbed:
            self._carry_out(subject.absorbed)
        if is_seen(before, event) and not subject.claims and subject.absorbed is None:
            return
        base = merge(before, subject.absorbed) if subject.absorbed else before
        after = remember(apply(base, event), [event], self.clock.machine_now())
        if subject.absorbed:
            after = self._refold(after, event)
        after = self._forget_finished(after)
        happened = triggers.occurrences(event, base, after)
        workflows = dict(self.catalogue.workflows)
        ended = triggers.exits(happened, after, workflows)
        begun = triggers.entries(event, happened, after, workflows, self.catalogue.where)
        begun += triggers.due_entries(event, after, workflows, self.catalogue.zone)
        follow = [_start(entry, after.id, self.catalogue.revs) for entry in begun]
        follow += [_stop(exit_, after, event.at) for exit_ in ended]
        follow += self._stop_doubles(after, event.at)
        closed = {act["journey"] for act in follow if act["do"] != "start"}
        follow += _done(base, after, closed, self.clock.now())
        after = replace(
            after,
            journeys={k: v for k, v in after.journeys.items() if k not in closed}
            | {entry.journey: self._open(entry) for entry in begun},
            entries=dict(after.entries)
            | {entry.workflow: (entry.occurrence, epoch(entry.entered_at)) for entry in begun},
        )
        if subject.claims or begun or (event.type in CHECKOUT_TYPES and not before.has_account):
            subject = replace(subject, claims=subject.claims | subject.tokens)
            after = self._adopt(after, subject.tokens)
        after = self._write(before, self._with_due(after, event), subject, follow)
        self._carry_out(after)

    def _refold(self, customer: Customer, *also: Event) -> Customer:
        partitions = customer.partitions | {customer_identity(customer.id)}
        events = [event for partition in sorted(partitions) for event in self.events.query(partition)]
        return refold(customer, [*events, *also])

    def _adopt(self, customer: Customer, tokens: Iterable[str]) -> Customer:
        """Fold what happened under a token while nobody was named."""
        for token in sorted(tokens):
            waiting = [event for event in self.events.query(token) if not is_seen(customer, event)]
            for event in waiting:
                customer = apply(customer, event)
            customer = remember(customer, waiting, self.clock.machine_now())
        return customer

    def _open(self, entry: triggers.Entry) -> OpenJourney:
        length = shortest(self.catalogue.workflows[entry.workflow])
        return OpenJourney(entry.workflow, epoch(entry.entered_at), epoch(entry.since + length))

    def _forget_finished(self, customer: Customer) -> Customer:
        """Drop open journeys whose last step has ended; only those old enough are looked up."""
        now = epoch(self.clock.now())
        kept = {
            key: open_
            for key, open_ in customer.journeys.items()
            if now < open_.ends_after or not self.sends.is_final(key)
        }
        return customer if len(kept) == len(customer.journeys) else replace(customer, journeys=kept)

    def _stop_doubles(self, customer: Customer, at: datetime) -> list[dict[str, Any]]:
        """After a merge: of two open journeys of a workflow that allows one, the later ends."""
        stops = []
        first: dict[str, str] = {}
        for key, open_ in sorted(customer.journeys.items(), key=lambda item: (item[1].entered_at, item[0])):
            workflow = self.catalogue.workflows.get(open_.workflow)
            if workflow is None or isinstance(workflow.reentry, Each):
                continue
            if open_.workflow in first:
                stops.append(_stop(triggers.Exit(key, "merged"), customer, at))
            first.setdefault(open_.workflow, key)
        return stops

    def _with_due(self, customer: Customer, event: Event) -> Customer:
        """An earlier date moves the entry forward, a later one leaves it; a due event writes the next."""
        after = schedule.due_horizon(event.received_at) if event.type == "due" else self.clock.now()
        view = triggers.DueView(customer, self.catalogue.zone)
        moment_ = schedule.next_due(self.catalogue.workflows.values(), view, after)
        due_on = schedule.due_on(moment_) if moment_ else None
        if event.type != "due" and customer.due_on:
            due_on = min(due_on or customer.due_on, customer.due_on)
        return replace(customer, due_on=due_on)

    def _write(
        self, before: Customer, after: Customer, subject: Subject, follow: list[dict[str, Any]]
    ) -> Customer:
        absorbed = None
        if subject.absorbed is not None:
            absorbed = replace(
                subject.absorbed, merged_into=after.id, version=subject.absorbed.version + 1, due_on=None
            )
        after = replace(after, version=before.version + 1, pending=tuple(follow))
        self.customers.commit(ports.Commit(after, subject.claims, absorbed))
        return after

    def _carry_out(self, customer: Customer) -> None:
        """Do what is pending. Each act looks first and may be done again at any time."""
        for act in customer.pending:
            match act["do"]:
                case "start":
                    self._start(act, customer)
                case "stop":
                    self._close(act, "exited", customer)
                case "done":
                    self._close(act, "done", customer)

    def _start(self, act: Mapping[str, Any], customer: Customer) -> None:
        record = self.journeys.get(act["journey"])
        if record is None:
            names = ("workflow", "event", "occurrence", "rev", "entered_at")
            record = ports.Journey(
                id=act["journey"], customer=customer.id, **{name: act[name] for name in names}
            )
            self.journeys.open(record)
        if record.state != "open":
            return
        workflow = self.catalogue.workflows.get(act["workflow"])
        if workflow is not None:
            since = moment(act["since"])
            zone = customer.zone(self.catalogue.zone)
            wait = first_wait(workflow, since, self.clock.now(), zone)
            self.machines.start(act["workflow"], act["journey"], wait)
            ended = self.journeys.get(act["journey"])
            if (
                ended is not None and ended.state != "open"
            ):  # an exit closed it before it was there to be stopped
                self.machines.stop(act["workflow"], act["journey"])

    def _close(self, act: Mapping[str, Any], state: str, customer: Customer) -> None:
        record = self.journeys.get(act["journey"])
        if record is not None and record.state == "open":
            self.journeys.close(act["journey"], state, act["reason"], act["at"])
        if state == "exited":
            self.machines.stop(act["workflow"], act["journey"])


def _start(entry: triggers.Entry, customer: str, revs: Mapping[str, str]) -> dict[str, Any]:
    act = asdict(entry)
    act.update(
        do="start",
        entered_at=epoch(entry.entered_at),
        since=epoch(entry.since),
        rev=revs[entry.workflow],
    )
    return act


def _stop(exit_: triggers.Exit, customer: Customer, at: datetime) -> dict[str, Any]:
    workflow = customer.journeys[exit_.journey].workflow
    return {
        "do": "stop",
        "journey": exit_.journey,
        "workflow": workflow,
        "reason": exit_.reason,
        "at": epoch(at),
    }


def _done(before: Customer, after: Customer, closed: set[str], now: datetime) -> list[dict[str, Any]]:
    return [
        {"do": "done", "journey": key, "workflow": open_.workflow, "reason": "completed", "at": epoch(now)}
        for key, open_ in before.journeys.items()
        if key not in after.journeys and key not in closed
    ]
