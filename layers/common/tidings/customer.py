"""Customer: what is known of one person, and the pure fold that keeps it.

`apply(customer, event)` gives the same customer for the same set of events in any order and however often each
comes, because every field carries the time of its fact, consent and latest times are maxima, and sums count
orders. Times inside are whole epoch seconds, UTC, to keep the item small.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from tidings import zones
from tidings.events import CHECKOUT_TYPES, ORDER_TYPES, Event, is_token

PROFILE: Final = (
    "email",
    "first_name",
    "last_name",
    "locale",
    "country",
    "timezone",
    "birthday",
    "currency",
    "tags",
)
"""Properties of an event that describe the person."""

KEEP_CHECKOUTS: Final = 10
"""Checkouts remembered a customer: more than anyone has open at once."""

KEEP_CLOSED: Final = 12
"""Ended journeys remembered a customer."""

SEEN_DAYS: Final = 8
"""How long a folded event's id is remembered: over the day that a stream keeps a record, and a redrive's week."""

Stamped = tuple[Any, int]
"""A value and the epoch second of the fact that gave it."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order as last told. `total` is in the shop's currency; cancelled orders don't count in sums."""

    placed_at: int
    total: str = "0"
    told_at: int = 0
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Checkout:
    """One checkout. `event` is the key of the event that tells its latest state; `completed` never goes back."""

    updated_at: int = 0
    event: str = ""
    completed: bool = False


@dataclass(frozen=True, slots=True)
class OpenJourney:
    """A journey under way. `ends_after` is the epoch second before which its last step can't have run."""

    workflow: str
    entered_at: int
    ends_after: int


@dataclass(frozen=True, slots=True)
class ClosedJourney:
    """How a journey ended: `outcome` is exited or done, `at` an epoch second of shop time."""

    workflow: str
    outcome: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class Customer:
    """One person. `version` guards the item; `partitions` are the identities whose events were folded."""

    id: str
    created_at: int
    version: int = 0
    partitions: frozenset[str] = frozenset()
    profile: Mapping[str, Stamped] = field(default_factory=dict)
    consent: Mapping[str, Stamped] = field(default_factory=dict)
    orders: Mapping[str, Order] = field(default_factory=dict)
    checkouts: Mapping[str, Checkout] = field(default_factory=dict)
    last: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    journeys: Mapping[str, OpenJourney] = field(default_factory=dict)
    closed: Mapping[str, ClosedJourney] = field(default_factory=dict)
    entries: Mapping[str, Stamped] = field(default_factory=dict)
    pending: tuple[Mapping[str, Any], ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)
    due_on: str | None = None
    merged_into: str | None = None

    def get(self, name: str) -> Any:
        """A profile value, or None."""
        stamped = self.profile.get(name)
        return stamped[0] if stamped else None

    @property
    def email(self) -> str | None:
        """The address mail goes to."""
        value = self.get("email")
        return str(value) if value else None

    @property
    def birthday(self) -> str | None:
        """`YYYY-MM-DD` or `--MM-DD`."""
        value = self.get("birthday")
        return str(value) if value else None

    @property
    def accepts_marketing(self) -> bool:
        """Whether the latest explicit word on e-mail marketing is yes; without one, an order's ticked box."""
        return self.consented_at is not None

    @property
    def consented_at(self) -> int | None:
        """The epoch second of the consent that holds now, else None."""
        stamped = self.consent.get("email") or self.consent.get("order")
        return stamped[1] if stamped and stamped[0] == "subscribed" else None

    @property
    def has_account(self) -> bool:
        """Whether a customer object has named this person, rather than only a contact address."""
        return any(":customer:" in partition for partition in self.partitions)

    @property
    def placed_orders(self) -> list[Order]:
        """The orders that stand, oldest first."""
        return sorted((o for o in self.orders.values() if not o.cancelled), key=lambda o: o.placed_at)

    @property
    def orders_count(self) -> int:
        """How many orders stand."""
        return len(self.placed_orders)

    @property
    def total_spent(self) -> Decimal:
        """The sum of the standing orders' totals, in the shop's currency."""
        return sum((_money(order.total) for order in self.placed_orders), Decimal(0))

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """The customer's time zone: as told, else the only one of their country, else `default`."""
        return zones.zone_of(self.get("timezone"), self.get("country"), default)


def new_customer(customer_id: str, event: Event) -> Customer:
    """An empty customer, first heard of through `event`."""
    return Customer(id=customer_id, created_at=epoch(event.received_at))


def epoch(moment: datetime) -> int:
    """Whole epoch seconds."""
    return int(moment.timestamp())


def moment(seconds: int) -> datetime:
    """The UTC time of epoch seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def short(text: str, length: int = 12) -> str:
    """A short hash for use as a map key, so that an item stays small."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def apply(customer: Customer, event: Event) -> Customer:
    """The customer after one more event. Pure; the order of events does not matter.

    Whether the event was folded before is the caller's to know (`is_seen`): only `counts` depend on it.
    """
    at = epoch(event.at)
    changed = replace(
        customer,
        partitions=customer.partitions | {event.identity},
        profile=_fold_profile(customer.profile, event, at),
        consent=_fold_consent(customer.consent, event, at),
    )
    if event.type in ORDER_TYPES:
        changed = _fold_order(changed, event, at)
    elif event.type in CHECKOUT_TYPES:
        changed = _fold_checkout(changed, event, at)
    if event.type in ("mail_opened", "mail_clicked"):
        changed = replace(
            changed, counts={**changed.counts, event.type: changed.counts.get(event.type, 0) + 1}
        )
    return replace(changed, last=_later(changed.last, {event.type: at}))


def refold(customer: Customer, events: Iterable[Event]) -> Customer:
    """The customer as all its events tell it, from nothing; journeys, entries and memory are kept."""
    folded = replace(
        customer, profile={}, consent={}, orders={}, checkouts={}, last={}, counts={}, partitions=frozenset()
    )
    unique = {event.key: event for event in events}
    for event in sorted(unique.values(), key=lambda e: (e.at, e.id)):
        folded = apply(folded, event)
    return replace(folded, partitions=folded.partitions | customer.partitions)


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
        partitions=winner.partitions | loser.partitions,
        entries=entries,
        journeys={**loser.journeys, **winner.journeys},
        closed={**loser.closed, **winner.closed},
        seen={**loser.seen, **winner.seen},
        due_on=min((d for d in (winner.due_on, loser.due_on) if d), default=None),
        pending=(*winner.pending, *loser.pending),
    )


def _later(old: Mapping[str, int], new: Mapping[str, int]) -> dict[str, int]:
    return {**old, **{name: max(at, old.get(name, at)) for name, at in new.items()}}


def _newer(old: Stamped | None, value: Any, at: int) -> Stamped:
    """The later fact; of two of one second the larger text, so that the order of arrival does not matter."""
    if old is None or (at, _text(value)) > (old[1], _text(old[0])):
        return (value, at)
    return old


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _fold_profile(profile: Mapping[str, Stamped], event: Event, at: int) -> Mapping[str, Stamped]:
    told = {name: event.properties[name] for name in PROFILE if event.properties.get(name) not in (None, "")}
    if event.type == "customer_registered" or "registered_at" in event.properties:
        told["registered_at"] = event.properties.get("registered_at", event.at.isoformat())
    for name, value in (event.properties.get("fields") or {}).items():
        told[f"field.{name}"] = value
    if event.type in CHECKOUT_TYPES | ORDER_TYPES:
        told.pop("tags", None)  # an order's tags describe the order
        told.pop("currency", None)
    return {**profile, **{name: _newer(profile.get(name), value, at) for name, value in told.items()}}


def _fold_consent(consent: Mapping[str, Stamped], event: Event, at: int) -> Mapping[str, Stamped]:
    """Two slots: `email`, the explicit word, and `order`, a box ticked at checkout, which never overrides it."""
    told = event.properties.get("consent") or {}
    if event.type in ("subscribed", "unsubscribed"):
        state: str | None = event.type
        since = epoch(datetime.fromisoformat(told["at"])) if told.get("at") else at
    elif told.get("state") and (told.get("at") or told["state"] in ("subscribed", "unsubscribed")):
        # A consent without a date was given before Shopify kept dates: it is as old as the account.
        dated = told.get("at") or event.properties.get("registered_at")
        state, since = told["state"], epoch(datetime.fromisoformat(dated)) if dated else 0
    else:
        state = None
    if state:
        return {**consent, "email": _newer_consent(consent.get("email"), state, since)}
    if event.type in ORDER_TYPES and event.properties.get("accepts_marketing"):
        return {**consent, "order": _newer(consent.get("order"), "subscribed", _placed_at(event))}
    return consent


def _newer_consent(old: Stamped | None, state: str, at: int) -> Stamped:
    """The later word; of two of one second, no."""
    if old is None or (at, state != "subscribed", state) > (old[1], old[0] != "subscribed", old[0]):
        return (state, at)
    return old


def _placed_at(event: Event) -> int:
    placed = event.properties.get("placed_at")
    return epoch(datetime.fromisoformat(placed)) if placed else epoch(event.at)


def order_key(event: Event) -> str:
    """The map key of the order an event is about."""
    return short(f"{event.source}:{event.properties.get('order_id', event.id)}")


def checkout_key(event: Event) -> str | None:
    """The map key of the checkout that an order or checkout event is about, if it names one."""
    token = event.properties.get("checkout")
    return short(f"{event.source}:{token}") if token else None


def _fold_order(customer: Customer, event: Event, at: int) -> Customer:
    key, placed = order_key(event), _placed_at(event)
    old = customer.orders.get(key)
    cancelled = event.type == "order_cancelled" or bool(event.properties.get("cancelled_at"))
    total = str(event.properties.get("total", old.total if old else "0"))
    if old is None:
        order = Order(placed, total, at, cancelled)
    else:
        told = (at, total) >= (old.told_at, old.total)
        order = Order(
            placed_at=min(placed, old.placed_at),
            total=total if told else old.total,
            told_at=max(at, old.told_at),
            cancelled=cancelled or old.cancelled,
        )
    changed = replace(
        customer,
        orders={**customer.orders, key: order},
        last=_later(customer.last, {"order_placed": placed}),
    )
    token = checkout_key(event)
    return changed if token is None else _note_checkout(changed, token, Checkout(completed=True))


def _fold_checkout(customer: Customer, event: Event, at: int) -> Customer:
    token = checkout_key(event)
    if token is None:
        return customer
    completed = bool(event.properties.get("completed_at"))
    return _note_checkout(customer, token, Checkout(at, event.key, completed))


def _note_checkout(customer: Customer, key: str, told: Checkout) -> Customer:
    old = customer.checkouts.get(key, Checkout())
    latest = max(old, told, key=lambda c: (c.updated_at, c.event))
    checkouts = {**customer.checkouts, key: replace(latest, completed=old.completed or told.completed)}
    if len(checkouts) > KEEP_CHECKOUTS:
        kept = sorted(checkouts, key=lambda k: (checkouts[k].updated_at, k), reverse=True)[:KEEP_CHECKOUTS]
        checkouts = {k: checkouts[k] for k in kept}
    return replace(customer, checkouts=checkouts)


def _money(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


def names_of(event: Event) -> tuple[set[str], set[str]]:
    """The aliases an event gives: those of a person (account, address), and those of checkouts, carts and orders."""
    given = {event.identity, *event.aliases}
    people = {
        alias for alias in given if alias.startswith("email:") or alias.split(":", 2)[1:2] == ["customer"]
    }
    people = {alias for alias in people if not alias.startswith("customer:")}
    return people, {alias for alias in given if is_token(alias)}
