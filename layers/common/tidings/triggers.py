"""What an event sets off: which journeys begin, which end. Pure.

One event can make several things happen: an order's first webhook, whichever it is, also places the order; a
checkout's first word about somebody starts the checkout; a changed consent subscribes. `occurrences` names them,
`match` holds them against the workflows.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tidings import schedule
from tidings.customer import Customer, checkout_key, epoch, moment, order_key, short
from tidings.events import CHECKOUT_TYPES, ORDER_TYPES, Event, customer_identity, is_machine
from tidings.people.consent import Terms, overall
from tidings.people.orders import is_placed
from tidings.people.refusals import EXITED, Refusal
from tidings.workflow.model import (
    Each,
    EventTrigger,
    InactiveTrigger,
    SegmentLeftTrigger,
    SegmentTrigger,
    Trigger,
    Workflow,
)

MAX_AGE = timedelta(days=1)
"""A fact older than this when it is received starts nothing, unless the workflow names its own `max_age`."""


TERMS: Final = Terms()
"""Those of a shop that sets none."""

BACKFILL: Final = "backfill"
"""The source of events that let those who entered silently enter aloud."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened, and when; of `segment_entered` and `segment_left` also which segment."""

    type: str
    at: datetime
    segment: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A journey to begin. `since` is what its first wait counts from; `occurrence` enters once."""

    journey: str
    workflow: str
    occurrence: str
    entered_at: datetime
    since: datetime
    event: str


@dataclass(frozen=True, slots=True)
class Exit:
    """A journey to end, and the type of the event that ends it."""

    journey: str
    reason: str


Condition = Callable[[str, Event, Customer], bool]
"""Evaluates a `where` for an event and the customer after it."""


def occurrences(event: Event, before: Customer, after: Customer, terms: Terms = TERMS) -> list[Occurrence]:
    """All that happened with this event: its own type once, and what it newly made true under the shop's terms."""
    happened: dict[str, datetime] = {}
    if event.type in CHECKOUT_TYPES:
        key = checkout_key(event)
        if event.type == "checkout_updated":
            happened["checkout_updated"] = event.at
        known = after.checkouts.get(key or "")  # none when ten later ones are remembered
        if known and key not in before.checkouts and not known.completed:
            happened["checkout_started"] = event.at
    elif event.type in ORDER_TYPES:
        if event.type != "order_placed":
            happened[event.type] = event.at
        if is_placed(after.orders, event) and not is_placed(before.orders, event):
            happened["order_placed"] = moment(after.orders[order_key(event)].placed_at)
    elif event.type not in ("subscribed", "unsubscribed") and not is_machine(event):
        happened[event.type] = event.at
    happened |= _consented(event, before, after, terms)
    return [Occurrence(name, at) for name, at in happened.items()]


def _consented(event: Event, before: Customer, after: Customer, terms: Terms) -> dict[str, datetime]:
    """Subscribed: there is consent where there was none. A purchase that implies it is no subscription; whoever had
    only that and refuses unsubscribes all the same. A subscription to be confirmed is asked for once a word."""
    if before.consent == after.consent:
        return {}
    plain = replace(terms, implied_for=None)
    old, new = (overall(customer, plain, event.at) for customer in (before, after))
    since = moment(new.since or 0)
    if new.holds:
        return {} if old.holds else {"subscribed": since}
    if new.reason == "unconfirmed":
        asked = old.reason == "unconfirmed" and old.since == new.since
        return {} if asked else {"opt_in_requested": since}
    had = old.holds or overall(before, terms, event.at).holds
    return {"unsubscribed": event.at} if had and not overall(after, terms, event.at).holds else {}


Holds = Callable[[str, str], bool]
"""Whether the `where` of an exit (its text) holds for the event at hand in a journey (its id)."""


def exits(
    happened: Iterable[Occurrence],
    customer: Customer,
    workflows: dict[str, Workflow],
    holds: Holds = lambda where, journey: False,
) -> list[Exit]:
    """The open journeys that what happened ends, at or after their entry; also by what only a merge, or a
    token that found its owner, brought in."""
    told = {occurrence.type: epoch(occurrence.at) for occurrence in happened}
    ended = []
    for journey, open_ in customer.journeys.items():
        workflow = workflows.get(open_.workflow)
        if workflow is None:
            continue
        reasons = (
            rule.event
            for rule in workflow.exit
            if told.get(rule.event, -1) >= open_.entered_at
            and (rule.where is None or holds(rule.where, journey))
        )
        reason = next(reasons, None) or exited_by(workflow, customer, open_.entered_at)
        reason = reason or _broken_silence(workflow, customer, open_.entered_at)
        if reason:
            ended.append(Exit(journey, reason))
    return ended


def exited_by(workflow: Workflow, customer: Customer, entered_at: int) -> str | None:
    """The exit of an entry (in epoch seconds) that is already folded, at or after it; None without one.

    A rule with `where` asks the event itself, when it is folded; memory has only its time.
    """
    names = (rule.event for rule in workflow.exit if rule.where is None)
    return next((name for name in names if customer.last.get(name, -1) >= entered_at), None)


def _broken_silence(workflow: Workflow, customer: Customer, entered_at: int) -> str | None:
    """The exit that came before the entry, but was told only after it: an order whose webhook was late."""
    occurrence, at = customer.entries.get(workflow.id, ("", 0))
    trigger = workflow.trigger
    if (
        not isinstance(trigger, InactiveTrigger)
        or at != entered_at
        or not workflow.exits_on(trigger.inactive)
    ):
        return None
    last = last_times(customer).get(trigger.inactive)
    return trigger.inactive if last and last > datetime.fromisoformat(occurrence) else None


def entries(
    event: Event,
    happened: Iterable[Occurrence],
    after: Customer,
    workflows: dict[str, Workflow],
    where: Condition,
) -> list[Entry | Refusal]:
    """The journeys that what happened begins, by event and segment triggers, and why others do not begin."""
    told = []
    for workflow in workflows.values():
        for occurrence in happened:
            if not meets(workflow.trigger, occurrence):
                continue
            reason = _unfit(workflow, event, occurrence.at, after, where)
            entry = _entry(
                after, workflow, _occurrence_key(workflow, event), occurrence.at, occurrence.at, event
            )
            told.append(_verdict(after, workflow, entry, event, reason))
    return [each for each in told if each is not None]


def _unfit(workflow: Workflow, event: Event, at: datetime, after: Customer, where: Condition) -> str | None:
    """Why what happened begins nobody's journey of this workflow, whoever's it is; None when it may."""
    trigger = workflow.trigger
    if workflow.retired:
        return "retired"
    if not event.dated:
        return "undated"
    if not is_fresh(event, at, workflow.max_age or MAX_AGE):
        return "too old"
    if isinstance(trigger, EventTrigger) and trigger.where and not where(trigger.where, event, after):
        return "condition"
    return None


def _verdict(
    customer: Customer, workflow: Workflow, entry: Entry, event: Event, reason: str | None = None
) -> Entry | Refusal | None:
    """The entry, or why it is refused; None for an occurrence that has entered before."""
    barred = refusal(customer, workflow, entry)
    if barred == AGAIN:
        return None
    reason = reason or barred
    return Refusal(epoch(event.received_at), workflow.id, reason) if reason else entry


def meets(trigger: Trigger, occurrence: Occurrence) -> bool:
    """Whether this is what a trigger waits for."""
    match trigger:
        case EventTrigger(event=event):
            return occurrence.type == event
        case SegmentTrigger(segment=segment):
            return (occurrence.type, occurrence.segment) == ("segment_entered", segment)
        case SegmentLeftTrigger(segment_left=segment):
            return (occurrence.type, occurrence.segment) == ("segment_left", segment)
    return False


def due_entries(
    event: Event, after: Customer, workflows: dict[str, Workflow], zone: schedule.Zone
) -> list[Entry | Refusal]:
    """The journeys that the calendar begins, and why others do not: a `due` event covers the days since its entry,
    a fresh one the time from now on.

    The daily rule looks until the end of tomorrow; so does a fact that changes a date rule inside that window.
    """
    if event.type == "due":
        start = datetime.fromisoformat(event.properties["since"])
    elif is_fresh(event, event.at, MAX_AGE):
        start = event.received_at
    else:
        return []
    told: dict[str, Entry | Refusal] = {}
    view = DueView(after, zone)
    for due in schedule.due_between(workflows.values(), view, start, schedule.due_horizon(event.received_at)):
        workflow = workflows[due.workflow]
        entry = _entry(after, workflow, due.occurrence, event.received_at, due.moment, event)
        verdict = _verdict(after, workflow, entry, event)
        if isinstance(verdict, Entry) or (verdict is not None and workflow.id not in told):
            told[workflow.id] = verdict
    return list(told.values())


def backfill_event(customer: str, now: datetime) -> Event:
    """The event that lets a customer enter aloud where they entered silently."""
    return Event(
        id=f"{BACKFILL}:{now:%Y-%m-%dT%H:%M:%S}",
        type="due",
        at=now,
        received_at=now,
        source=BACKFILL,
        identity=customer_identity(customer),
        properties={"since": now.isoformat()},
    )


@dataclass(frozen=True, slots=True)
class DueView:
    """What the schedule needs to know of a customer."""

    customer: Customer
    default_zone: schedule.Zone

    def date(self, name: str) -> str | None:
        """A date that a trigger names: `YYYY-MM-DD` or `--MM-DD`; of a moment the day on their own calendar."""
        told = self.customer.get(f"field.{name[7:]}" if name.startswith("fields.") else name)
        text = str(told) if told else ""
        try:
            at = datetime.fromisoformat(text) if len(text) > len("YYYY-MM-DD") else None
        except ValueError:
            return None
        if at is None:
            return text or None
        return str((at.astimezone(self.zone) if at.tzinfo else at).date())

    @property
    def zone(self) -> schedule.Zone:
        """Where their days begin."""
        return self.customer.zone(self.default_zone)

    @property
    def last(self) -> dict[str, datetime]:
        """The latest time of each type; a cancelled order is none."""
        return last_times(self.customer)


def last_times(customer: Customer) -> dict[str, datetime]:
    """The time of the customer's latest event of each type; a cancelled order is none."""
    last = {name: moment(at) for name, at in customer.last.items()}
    placed = customer.placed_orders
    last.pop("order_placed", None)
    return last | ({"order_placed": moment(placed[-1].placed_at)} if placed else {})


def is_fresh(event: Event, at: datetime, max_age: timedelta) -> bool:
    """Whether a fact was young enough when it was received, and dated, to start anything."""
    return event.dated and event.received_at - at <= max_age


AGAIN: Final = "again"
"""Each occurrence enters once: one that is told again is neither begun nor refused."""


def refusal(customer: Customer, workflow: Workflow, entry: Entry) -> str | None:
    """Why an entry may not begin: `AGAIN`, an exit that is folded already, an open journey or re-entry; None when it
    may."""
    known, rule = customer.entries.get(workflow.id), workflow.reentry
    if entry.journey in customer.journeys or entry.journey in customer.closed:
        return AGAIN
    if known and known[0] in (entry.occurrence, remembered(entry.occurrence)):
        return AGAIN
    if reason := exited_by(workflow, customer, epoch(entry.entered_at)):
        return EXITED + reason
    if isinstance(rule, Each):
        return None
    if any(open_.workflow == workflow.id for open_ in customer.journeys.values()):
        return "open already"
    if known is None or rule == "always":
        return None
    if isinstance(rule, timedelta) and abs(entry.entered_at - moment(known[1])) >= rule:
        return None
    return "re-entry"


def remembered(occurrence: str) -> str:
    """What a customer's item keeps of an occurrence. A long one is only ever compared: its hash will do."""
    return occurrence if len(occurrence) <= len("2026-03-10T12:00:00.000000+00:00") else short(occurrence)


def journey_id(workflow: str, customer: str, occurrence: str) -> str:
    """The same id for the same entry, so that starting it twice starts it once; also the execution's name."""
    digest = hashlib.sha256(
        f"{workflow}\n{customer}\n{occurrence}".encode("utf-8", "surrogatepass")
    ).hexdigest()
    return f"{workflow[:40]}-{digest[:24]}"


def _entry(
    customer: Customer, workflow: Workflow, occurrence: str, at: datetime, since: datetime, event: Event
) -> Entry:
    return Entry(
        journey=journey_id(workflow.id, customer.id, occurrence),
        workflow=workflow.id,
        occurrence=occurrence,
        entered_at=at,
        since=since,
        event=event.key,
    )


def _occurrence_key(workflow: Workflow, event: Event) -> str:
    """`each order|checkout|…` counts the thing, everything else the fact."""
    if isinstance(workflow.reentry, Each):
        key = _about(workflow.reentry.each, event)
        if key:
            return f"{workflow.reentry.each}:{key}"
    return event.id


def _about(thing: str, event: Event) -> str | None:
    """The order, checkout, cart or product that an event is about, as a short key."""
    match thing:
        case "order" if "order_id" in event.properties:
            return order_key(event)
        case "checkout":
            return checkout_key(event)
        case "cart" | "product":
            told = event.properties.get("cart" if thing == "cart" else "product_id")
            return short(f"{event.source}:{told}") if told else None
    return None
