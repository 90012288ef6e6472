"""Customer: what is known of one person, and the pure fold that keeps it.

`apply(customer, event)` gives the same customer for the same set of events in any order and however often each
comes, because every field carries the time of its fact, consent and latest times are maxima, and sums count
orders. Times inside are whole epoch seconds, UTC, to keep the item small.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from tidings.events import (
    CHECKOUT_TYPES,
    ORDER_TYPES,
    Event,
    customer_identity,
    is_machine,
    is_token,
    order_token,
)
from tidings.people import orders as purchases
from tidings.people import zones
from tidings.people.compact import epoch as epoch
from tidings.people.compact import later, latest, latest_times
from tidings.people.compact import moment as moment
from tidings.people.compact import short as short
from tidings.people.consent import Terms, Word, fold_consent, overall
from tidings.people.orders import Checkout as Checkout
from tidings.people.orders import Order as Order
from tidings.people.orders import checkout_key as checkout_key
from tidings.people.orders import order_key as order_key
from tidings.people.orders import order_key_of as order_key_of
from tidings.people.profile import Stamped, fold_profile, placed_at
from tidings.people.refusals import Refusal, note

KEEP_CLOSED: Final = 12
"""Ended journeys remembered a customer."""

SEEN_DAYS: Final = 8
"""How long a folded event's id is remembered: over the day that a stream keeps a record, and a redrive's week."""

KEEP_TIMES: Final = 50
"""Times remembered of each type of event that somebody counts: the latest."""

KEEP_TAGS, KEEP_CODES = 40, 12
"""Tags earned, and discount codes used, that are remembered: the latest."""

ALWAYS_COUNTED: Final = frozenset({"referral_succeeded"})
"""Types whose times are remembered whether a rule counts them or not."""


@dataclass(frozen=True, slots=True)
class OpenJourney:
    """A journey under way. `ends_after` is the epoch second before which its last step can't have run; `next_at` when
    its first marketing mail is planned (0 for none), with the workflow's `priority`."""

    workflow: str
    entered_at: int
    ends_after: int
    next_at: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class ClosedJourney:
    """How a journey ended: `outcome` is exited or done, `at` an epoch second of shop time."""

    workflow: str
    outcome: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class Customer:
    """One person. `version` guards the item; `partitions` are the identities whose events were folded.

    `times` are of events that somebody counts, `earned` are tags, `codes` the discount codes used. `segments` is
    derived from the facts under the rules that `known` names; of them, `silent` were entered because a rule changed.
    """

    id: str
    created_at: int
    version: int = 0
    partitions: frozenset[str] = frozenset()
    profile: Mapping[str, Stamped] = field(default_factory=dict)
    consent: Mapping[str, Word] = field(default_factory=dict)
    orders: Mapping[str, Order] = field(default_factory=dict)
    checkouts: Mapping[str, Checkout] = field(default_factory=dict)
    last: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    times: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    earned: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    segments: Mapping[str, int] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    known: str = ""
    journeys: Mapping[str, OpenJourney] = field(default_factory=dict)
    closed: Mapping[str, ClosedJourney] = field(default_factory=dict)
    entries: Mapping[str, Stamped] = field(default_factory=dict)
    pending: tuple[Mapping[str, Any], ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()
    due_on: str | None = None
    merged_into: str | None = None

    def get(self, name: str) -> Any:
        """A profile value, or None."""
        stamped = self.profile.get(name)
        return stamped[0] if stamped else None

    @property
    def email(self) -> str | None:
        """The address mail goes to; while nobody told the person's own, the contact beside a parcel of theirs."""
        value = self.get("email") or self.get("contact_email")
        return str(value) if value else None

    @property
    def birthday(self) -> str | None:
        """`YYYY-MM-DD` or `--MM-DD`."""
        value = self.get("birthday")
        return str(value) if value else None

    @property
    def accepts_marketing(self) -> bool:
        """Whether they have said yes to anything, whatever the shop's terms make of that (`consent.standing`)."""
        return overall(self, Terms(), moment(self.created_at)).holds

    @property
    def ids(self) -> tuple[str, ...]:
        """This customer's id, then those of the customers merged into them: journeys and mails keep the old ones."""
        told = (partition for partition in self.partitions if partition.startswith(customer_identity("")))
        return self.id, *sorted({each.removeprefix(customer_identity("")) for each in told} - {self.id})

    @property
    def has_account(self) -> bool:
        """Whether a customer object has named this person, rather than only a contact address."""
        return any(":customer:" in partition for partition in self.partitions)

    @property
    def placed_orders(self) -> list[Order]:
        """The orders that stand, oldest first."""
        return sorted((o for o in self.orders.values() if o.stands), key=lambda o: o.placed_at)

    @property
    def orders_count(self) -> int:
        """How many orders stand."""
        return len(self.placed_orders)

    @property
    def total_spent(self) -> Decimal:
        """What the standing orders are worth, less what was paid back, in the shop's currency."""
        return sum((order.kept for order in self.placed_orders), Decimal(0))

    @property
    def referrals_count(self) -> int:
        """How many referrals succeeded; at most `KEEP_TIMES` are counted."""
        return len(self.times.get("referral_succeeded", ()))

    @property
    def favourites(self) -> tuple[str, ...]:
        """What was bought most, then latest: `source:product id`."""
        return purchases.favourites(self.placed_orders)

    @property
    def bought(self) -> frozenset[str]:
        """All products bought in the latest orders: `source:product id`."""
        return frozenset(product for order in self.placed_orders for product, _ in order.items)

    def times_of(self, event_type: str) -> tuple[int, ...]:
        """When events of a counted type came, oldest first: the latest `KEEP_TIMES`, and of orders all that stand."""
        if event_type == "order_placed":
            return tuple(order.placed_at for order in self.placed_orders)
        return self.times.get(event_type, ())

    def last_of(self, event_type: str) -> int | None:
        """When the last event of a type came; a cancelled order is none."""
        if event_type == "order_placed":
            return max(self.times_of(event_type), default=None)
        return self.last.get(event_type)

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """The customer's time zone: as told, else that of their region or country, else `default`."""
        return zones.zone_of(self.get("timezone"), self.get("country"), self.get("region"), default)


def new_customer(customer_id: str, event: Event) -> Customer:
    """An empty customer, first heard of through `event`."""
    return Customer(id=customer_id, created_at=epoch(event.received_at))


def apply(customer: Customer, event: Event, counted: frozenset[str] | None = None) -> Customer:
    """The customer after one more event. Pure; the order of events does not matter.

    `counted` are the types whose times are remembered, all when it is None. Whether the event was folded before is
    the caller's to know (`is_seen`): only `counts` depend on it.
    """
    at = epoch(event.at)
    changed = replace(
        customer,
        partitions=_with_partition(customer, event),
        profile=fold_profile(customer.profile, event, at),
        consent=fold_consent(customer.consent, event, at),
        earned=_fold_tags(customer.earned, event, at),
    )
    if event.type in ORDER_TYPES:
        changed = _fold_order(changed, event, at)
    elif event.type in CHECKOUT_TYPES:
        changed = replace(changed, checkouts=purchases.fold_checkout(changed.checkouts, event, at))
    if event.type in ("mail_opened", "mail_clicked"):
        name = event.type.replace("mail", "machine") if is_machine(event) else event.type
        changed = replace(changed, counts={**changed.counts, name: changed.counts.get(name, 0) + 1})
    if is_machine(event):
        return changed
    if event.type in ALWAYS_COUNTED or counted is None or event.type in counted:
        times = latest_times((*changed.times.get(event.type, ()), at), KEEP_TIMES)
        changed = replace(changed, times={**changed.times, event.type: times})
    return replace(changed, last=later(changed.last, {event.type: at}))


def refold(customer: Customer, events: Iterable[Event], counted: frozenset[str] | None = None) -> Customer:
    """The customer as all its events tell it, from nothing; journeys, entries, refusals, segments and memory are
    kept.

    An event that fails for its own sake was parked when it came, and is passed here too.
    """
    folded = replace(
        customer,
        profile={},
        consent={},
        orders={},
        checkouts={},
        last={},
        counts={},
        times={},
        earned={},
        codes={},
        partitions=frozenset(),
    )
    unique = {event.key: event for event in events}
    for event in sorted(unique.values(), key=lambda e: (e.at, e.id)):
        with suppress(ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
            folded = apply(folded, event, counted)
    return replace(folded, partitions=folded.partitions | customer.partitions)


def under(customer: Customer, terms: Terms, now: datetime) -> Customer:
    """The customer as journeys remember them: with double opt-in nobody has subscribed who has not confirmed, so that
    what ends with a subscription does not end with the request for one.
    """
    if not terms.double_opt_in:
        return customer
    found = overall(customer, replace(terms, implied_for=None), now)
    last = {name: at for name, at in customer.last.items() if name != "subscribed"}
    if found.holds and found.since:
        last["subscribed"] = found.since
    return replace(customer, last=last)


def is_seen(customer: Customer, event: Event) -> bool:
    """Whether this event was folded in the last days."""
    return short(event.key) in customer.seen


def remember(customer: Customer, events: Iterable[Event], machine_now: datetime) -> Customer:
    """Note events as folded, on the machine's clock, and forget those of over `SEEN_DAYS` ago."""
    today = epoch(machine_now) // 86400
    kept = {key: day for key, day in customer.seen.items() if today - day <= SEEN_DAYS}
    return replace(customer, seen=kept | {short(event.key): today for event in events})


def close(customer: Customer, ended: Mapping[str, ClosedJourney]) -> Customer:
    """The customer with these open journeys ended. The write of this is what ends them."""
    closed = {**customer.closed, **ended}
    kept = sorted(closed, key=lambda key: (closed[key].at, key))[-KEEP_CLOSED:]
    return replace(
        customer,
        journeys={key: value for key, value in customer.journeys.items() if key not in ended},
        closed={key: closed[key] for key in kept},
    )


def merge(winner: Customer, loser: Customer) -> Customer:
    """Two customers become one: memory, journeys and entries of both. Its facts are then folded again from events."""
    entries = dict(winner.entries)
    for workflow, entry in loser.entries.items():
        entries[workflow] = max(entries.get(workflow, entry), entry, key=lambda e: e[1])
    return replace(
        winner,
        created_at=min(winner.created_at, loser.created_at),
        partitions=winner.partitions | loser.partitions | {customer_identity(loser.id)},
        entries=entries,
        journeys={**loser.journeys, **winner.journeys},
        closed={**loser.closed, **winner.closed},
        segments={**winner.segments, **loser.segments},
        seen={**loser.seen, **winner.seen},
        due_on=min((d for d in (winner.due_on, loser.due_on) if d), default=None),
        pending=(*winner.pending, *loser.pending),
        refused=note(winner.refused, loser.refused),
    )


def emptied(customer: Customer, merged_into: str) -> Customer:
    """What is left of a customer who was merged into another: where they are now, and nothing about a person."""
    return Customer(
        id=customer.id,
        created_at=customer.created_at,
        version=customer.version + 1,
        merged_into=merged_into,
    )


def _fold_order(customer: Customer, event: Event, at: int) -> Customer:
    placed = placed_at(event)
    codes = {code.casefold(): placed for code in event.properties.get("discount_codes") or ()}
    orders = purchases.fold_order(customer.orders, event, at)
    order = orders[order_key(event)]
    changed = replace(
        customer,
        orders=orders,
        last=later(customer.last, {"order_placed": order.placed_at} if order.placed_at else {}),
        codes=latest(later(customer.codes, codes), KEEP_CODES),
    )
    token = checkout_key(event)
    if token is None:
        return changed
    done = Checkout(completed=True)
    return replace(changed, checkouts=purchases.note_checkout(changed.checkouts, token, done))


def _with_partition(customer: Customer, event: Event) -> frozenset[str]:
    """The partitions with the event's. An order's own follows from the order, and is not kept beside it."""
    own = order_token(event)
    if own == event.identity and purchases.is_placed(customer.orders, event):
        return customer.partitions
    return customer.partitions | {event.identity}


def _fold_tags(earned: Mapping[str, int], event: Event, at: int) -> Mapping[str, int]:
    """Tags that a workflow or a tag rule gave; once earned, a tag stays."""
    told = event.properties.get("tags_added")
    if not isinstance(told, list):
        return earned
    return latest(later(earned, {str(tag): at for tag in told}), KEEP_TAGS)


def names_of(event: Event) -> tuple[set[str], set[str]]:
    """The aliases an event gives: those of a person (account, address), and those of checkouts, carts and orders."""
    given = {event.identity, *event.aliases}
    people = {
        alias for alias in given if alias.startswith("email:") or alias.split(":", 2)[1:2] == ["customer"]
    }
    people = {alias for alias in people if not alias.startswith("customer:")}
    return people, {alias for alias in given if is_token(alias)}
