"""Orders and checkouts of one customer, folded from events in any order. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tidings.events import PLACING_TYPES, Event
from tidings.people.compact import short
from tidings.people.profile import placed_at

KEEP_CHECKOUTS: Final = 10
"""Checkouts remembered a customer: more than anyone has open at once."""

KEEP_ITEMS: Final = 20
"""Orders of which it is remembered what was bought: the latest."""

KEEP_LINES: Final = 8
"""Products remembered of one order: those bought most."""

FAVOURITES: Final = 5

_TELLING: Final = frozenset({"order_placed", "order_paid", "order_fulfilled", "order_cancelled"})
"""Events that tell the whole order; a refund's or delivery's total and items are its own."""

WHOLE: Final = "all"
"""In place of an amount: a refund that names none gave everything back."""

Bought = tuple[tuple[str, int], ...]
"""(`source:product id`, pieces) of one order."""

Refunds = tuple[tuple[str, str], ...]
"""(short id of the refund, amount in the shop's currency or `WHOLE`) of one order."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order as last told. `total` is in the shop's currency; orders that were cancelled or paid back whole don't
    count in sums. `placed_at` is 0 while only a refund or a parcel has been told of it.
    """

    placed_at: int
    total: str = "0"
    told_at: int = 0
    cancelled: bool = False
    items: Bought = ()
    refunds: Refunds = ()

    @property
    def amount(self) -> Decimal:
        """The total; nothing for what is no amount."""
        return _decimal(self.total)

    @property
    def refunded(self) -> Decimal:
        """What was paid back, never more than the total."""
        if any(amount == WHOLE for _, amount in self.refunds):
            return self.amount
        return min(sum((_decimal(amount) for _, amount in self.refunds), Decimal(0)), self.amount)

    @property
    def kept(self) -> Decimal:
        """What the order is still worth."""
        return self.amount - self.refunded

    @property
    def is_refunded(self) -> bool:
        """Whether everything was paid back."""
        whole = any(amount == WHOLE for _, amount in self.refunds)
        return whole or (self.amount > 0 and self.refunded == self.amount)

    @property
    def stands(self) -> bool:
        """Whether it counts: placed, not cancelled, not paid back whole."""
        return self.placed_at > 0 and not self.cancelled and not self.is_refunded


@dataclass(frozen=True, slots=True)
class Checkout:
    """One checkout. `event` is the key of the event that tells its latest state; `completed` never goes back."""

    updated_at: int = 0
    event: str = ""
    completed: bool = False


def order_key_of(source: str, number: object) -> str:
    """The map key of an order."""
    return short(f"{source}:{number}")


def order_key(event: Event) -> str:
    """The map key of the order an event is about."""
    return order_key_of(event.source, event.properties.get("order_id", event.id))


def checkout_key(event: Event) -> str | None:
    """The map key of the checkout that an order or checkout event is about, if it names one."""
    token = event.properties.get("checkout")
    return short(f"{event.source}:{token}") if token else None


def fold_order(orders: Mapping[str, Order], event: Event, at: int) -> Mapping[str, Order]:
    """The orders after one more word about one of them: of what was told the latest, of two words of one second
    the greater."""
    key = order_key(event)
    old = orders.get(key)
    cancelled = event.type == "order_cancelled" or bool(event.properties.get("cancelled_at"))
    told = Order(placed_at(event) if _places(event) else 0, cancelled=cancelled, refunds=_refunds(event))
    if event.type == "order_placed" or (event.type in _TELLING and "total" in event.properties):
        total, items = str(event.properties.get("total", "0")), bought(event)
        told = Order(told.placed_at, total, at, cancelled, items, told.refunds)
    if old is not None:
        last = max(old, told, key=lambda order: (order.told_at, order.total, order.items))
        told = replace(
            last,
            placed_at=min(filter(None, (told.placed_at, old.placed_at)), default=0),
            cancelled=cancelled or old.cancelled,
            refunds=tuple(sorted({*told.refunds, *old.refunds})),
        )
    return _forget_items({**orders, key: told})


def is_placed(orders: Mapping[str, Order], event: Event) -> bool:
    """Whether the order that an event is about was placed, as far as has been told."""
    order = orders.get(order_key(event))
    return order is not None and order.placed_at > 0


def _places(event: Event) -> bool:
    """Whether the event proves that the order was placed."""
    told = event.properties
    if told.get("proves_order") is False:
        return False
    return event.type in PLACING_TYPES or "placed_at" in told or (event.type in _TELLING and "total" in told)


def _refunds(event: Event) -> Refunds:
    """A refund with its amount; one in a currency whose rate nobody told is kept with nothing."""
    if event.type != "order_refunded":
        return ()
    foreign = "0" if "presentment_total" in event.properties else WHOLE
    return ((short(event.id, 8), str(event.properties.get("total", foreign))),)


def bought(event: Event) -> Bought:
    """What the event's lines say was bought, most first."""
    pieces: dict[str, int] = {}
    for line in event.properties.get("items") or ():
        number = line.get("product_id")
        if number and line.get("quantity") != 0:
            name = f"{event.source}:{number}"
            pieces[name] = pieces.get(name, 0) + _count(line.get("quantity"))
    most = sorted(pieces.items(), key=lambda item: (-item[1], item[0]))
    return tuple(most[:KEEP_LINES])


def favourites(orders: Iterable[Order]) -> tuple[str, ...]:
    """What was bought most often, then latest, of the orders whose items are remembered."""
    times: dict[str, tuple[int, int]] = {}
    for order in orders:
        for product, _ in order.items:
            often, last = times.get(product, (0, 0))
            times[product] = (often + 1, max(last, order.placed_at))
    ranked = sorted(times, key=lambda product: (-times[product][0], -times[product][1], product))
    return tuple(ranked[:FAVOURITES])


def fold_checkout(checkouts: Mapping[str, Checkout], event: Event, at: int) -> Mapping[str, Checkout]:
    """The checkouts after one more word about one of them."""
    key = checkout_key(event)
    if key is None:
        return checkouts
    completed = bool(event.properties.get("completed_at"))
    return note_checkout(checkouts, key, Checkout(at, event.key, completed))


def note_checkout(checkouts: Mapping[str, Checkout], key: str, told: Checkout) -> Mapping[str, Checkout]:
    """The checkouts with what was told of one; the latest are kept."""
    old = checkouts.get(key, Checkout())
    latest = max(old, told, key=lambda c: (c.updated_at, c.event))
    changed = {**checkouts, key: replace(latest, completed=old.completed or told.completed)}
    if len(changed) > KEEP_CHECKOUTS:
        kept = sorted(changed, key=lambda k: (changed[k].updated_at, k), reverse=True)[:KEEP_CHECKOUTS]
        changed = {k: changed[k] for k in kept}
    return changed


def _forget_items(orders: Mapping[str, Order]) -> Mapping[str, Order]:
    """Items are kept of the latest orders only."""
    if len(orders) <= KEEP_ITEMS:
        return orders
    ranked = sorted(orders, key=lambda key: (orders[key].placed_at, key), reverse=True)
    old = (key for key in ranked[KEEP_ITEMS:] if orders[key].items)
    return {**orders, **{key: replace(orders[key], items=()) for key in old}}


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 1
