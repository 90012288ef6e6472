"""What expressions and mails may call: `days_since`, `count`, `in_segment`, `order`, `coupon_used`, `in_stock`,
`recommend`.

A build checks each call against `SIGNATURES`. What depends on the clock tells `Moments`, when it is asked to, at
which moment its answer may change: that is how a segment knows when to look again, without anybody polling.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from tidings.customer import KEEP_TIMES, Customer, moment, order_key_of
from tidings.durations import parse_duration
from tidings.events import product_identity
from tidings.expressions import Missing
from tidings.expressions.changing import Count, Days, Moments
from tidings.goods.recommend import Lookup
from tidings.goods.wares import on_sale
from tidings.shop import Shop


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as the customer's history has it. `total` is in the shop's currency, and so is `kept`, what it is still
    worth after refunds; `refunded` tells whether anything was paid back."""

    placed_at: datetime
    total: Decimal
    cancelled: bool
    product_ids: tuple[str, ...]
    refunded: bool = False
    kept: Decimal = Decimal(0)


_UTC: Final = ZoneInfo("UTC")

Recommend = Callable[..., Any]
"""Answers `recommend(n, …)` for one customer and event."""


def _nothing(*_: Any, **__: Any) -> tuple[()]:
    return ()


def _unknown(_: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
    return {}


@dataclass(frozen=True, slots=True)
class Known:
    """What the functions look at. `since` is when the journey was entered, in epoch seconds; `source` is whose
    order ids `order()` is given; `moments` collects changes."""

    customer: Customer
    now: datetime
    shop: Shop | None = None
    since: int | None = None
    source: str = "shopify"
    recommend: Recommend = _nothing
    look_up: Lookup = _unknown
    member: Callable[[str], bool] | None = None
    moments: Moments | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. `words` says which words it takes: event, segment, coupon or duration; else `kinds` its types."""

    name: str
    kinds: tuple[type, ...] = ()
    words: str | None = None
    required: bool = True
    named: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's parameters and the type of its answer."""

    parameters: tuple[Parameter, ...]
    returns: Any
    example: str = ""


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions, for one customer at one moment."""

    known: Known
    names: Mapping[str, Callable[..., Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Bind each name once."""
        bound = {name: getattr(self, name) for name in SIGNATURES}
        object.__setattr__(self, "names", bound)

    def days_since(self, what: Any) -> Any:
        """Days since a moment, a date, or the last event of a type (`days_since('order_placed')`)."""
        since = self._moment(what)
        if since is None:
            return Missing(name="days_since")
        return Days(since, self.known.now, self.known.moments)

    def count(self, what: Any, within: Any = None) -> int:
        """How many events of a type there were, all or within a length of time: all orders, of others at most
        `KEEP_TIMES`."""
        times = [moment(at) for at in self.known.customer.times_of(str(what))]
        if within is None:
            return len(times)
        length, now = _length(within), self.known.now
        return Count(
            (at + length for at in times if at <= now and at + length > now), moments=self.known.moments
        )

    def in_segment(self, name: Any) -> bool:
        """Whether the customer belongs to a segment."""
        if self.known.member is not None:
            return self.known.member(str(name))
        return str(name) in self.known.customer.segments

    def order(self, number: Any) -> Any:
        """An order of the customer by its id, with `placed_at`, `total`, `cancelled`, `refunded` and `product_ids`."""
        found = self.known.customer.orders.get(order_key_of(self.known.source, str(number)))
        if found is None or not found.placed_at or isinstance(number, Missing):
            return Missing(name="order")
        ids = tuple(product.partition(":")[2] for product, _ in found.items)
        placed, back = moment(found.placed_at), bool(found.refunds)
        return OrderView(placed, found.amount, found.cancelled, ids, back, found.kept)

    def coupon_used(self, name: Any, within: Any = None) -> bool:
        """Whether an order used the shop's coupon: in a journey since it began, elsewhere ever, or within a length
        of time."""
        known = self.known
        coupon = known.shop.coupons.get(str(name)) if known.shop else None
        used = known.customer.codes.get(coupon.code.casefold()) if coupon else None
        if used is None:
            return False
        if within is None:
            return known.since is None or used >= known.since
        ends = moment(used) + _length(within)
        if known.moments is not None:
            known.moments.note(ends)
        return ends > known.now

    def in_stock(self, product: Any) -> bool:
        """Whether a product can be bought, by its id. Only a step can tell; one not in the catalogue can't."""
        name = product_identity(self.known.source, product)
        known = self.known.look_up([name]).get(name)
        return known is not None and on_sale(known)

    def recommend(self, n: Any = 4, **wanted: Any) -> Any:
        """Products that go with what was bought, best sellers else; never what was just bought."""
        return self.known.recommend(n, **wanted)

    def _moment(self, what: Any) -> datetime | None:
        match what:
            case datetime():
                return what if what.tzinfo else what.replace(tzinfo=UTC)
            case date():
                return self._midnight(what)
            case str() if what in self.known.customer.last:
                last = self.known.customer.last_of(what)
                return None if last is None else moment(last)
            case str():
                return self._written(what)
        return None

    def _written(self, text: str) -> datetime | None:
        """A moment or day in a field of the shop's own."""
        try:
            return self._moment(date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text))
        except ValueError:
            return None

    def _midnight(self, day: date) -> datetime:
        zone = self.known.customer.zone(self.known.shop.zone if self.known.shop else _UTC)
        return datetime.combine(day, time(0), zone)


def functions(known: Known) -> dict[str, Callable[..., Any]]:
    """The functions by name, to be put into a context of expressions or of a mail."""
    return dict(Functions(known).names)


def _length(within: Any) -> timedelta:
    return within if isinstance(within, timedelta) else parse_duration(str(within))


_DURATION: Final = Parameter("within", words="duration", required=False)
SIGNATURES: Final[Mapping[str, Signature]] = {
    "days_since": Signature(
        (Parameter("what", (datetime, date, str)),), float, "days_since(customer.last_order_at)"
    ),
    "count": Signature(
        (Parameter("type", words="event"), _DURATION), int, "count('order_placed', within='90 days')"
    ),
    "in_segment": Signature((Parameter("name", words="segment"),), bool, "in_segment('vip')"),
    "order": Signature((Parameter("id", (str, int)),), OrderView, "order(event.order_id).total"),
    "coupon_used": Signature((Parameter("name", words="coupon"), _DURATION), bool, "coupon_used('birthday')"),
    "in_stock": Signature((Parameter("product", (str, int)),), bool, "in_stock(event['product_id'])"),
    "recommend": Signature(
        (
            Parameter("n", (int,), required=False),
            Parameter("product_type", (str,), required=False, named=True),
            Parameter("vendor", (str,), required=False, named=True),
            Parameter("again", (bool,), required=False, named=True),
        ),
        tuple,
        "recommend(4)",
    ),
}
"""What a build knows of each function. `count` counts at most `KEEP_TIMES` events that are no orders."""

MOST_COUNTED: Final = KEEP_TIMES
