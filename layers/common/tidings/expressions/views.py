"""What may be named of an event, a customer and a journey, fit to show.

Views are typed so that a build can check every name, and hold only what is fit to show: text on one line
and of bounded length, amounts as Decimal, times aware, addresses of pages http or https. What is missing
is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date  # a field is named `date`
from datetime import datetime
from decimal import Decimal
from typing import Any

from tidings import formats, ports
from tidings.customer import Customer, moment
from tidings.events import Event
from tidings.fit import called, day, listed, name, page, pieces, stamp, text, texts
from tidings.goods.rfm import Rfm
from tidings.goods.wares import Item


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the event: what was left, or bought. `price` is of one piece, in the presentment currency."""

    product_id: str | None
    variant_id: str | None
    title: str | None
    variant: str | None
    quantity: int
    price: Decimal | None
    sku: str | None


@dataclass(frozen=True, slots=True)
class EventView:
    """The event that began the journey. `total` is in the shop's `currency`; the presentment pair is what the
    customer saw, and `subtotal`, `discount`, `shipping` and `tax` are in its currency, too."""

    id: str
    type: str
    at: datetime
    email: str | None = None
    total: Decimal | None = None
    currency: str | None = None
    presentment_total: Decimal | None = None
    presentment_currency: str | None = None
    subtotal: Decimal | None = None
    discount: Decimal | None = None
    shipping: Decimal | None = None
    tax: Decimal | None = None
    taxes_included: bool = False
    items: tuple[Line, ...] = ()
    items_count: int = 0
    order_id: str | None = None
    order_name: str | None = None
    checkout_id: str | None = None
    discount_codes: tuple[str, ...] = ()
    accepts_marketing: bool = False
    url: str | None = None
    date: Date | None = None
    tracking_company: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    shipment_status: str | None = None
    expected_on: Date | None = None
    reason: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """A property of the shop's own events, as it came."""
        return self.properties[name]


@dataclass(frozen=True, slots=True)
class CustomerView:
    """The customer as the step finds them. A name that is none (an address, an advertisement) is None. `name` is what a
    mail calls them: the first name, or the whole name, family first, where that is how it is written."""

    id: str
    email: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    country: str | None = None
    timezone: str | None = None
    birthday: str | None = None
    orders_count: int = 0
    total_spent: Decimal = Decimal(0)
    referrals_count: int = 0
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
    registered_at: datetime | None = None
    accepts_marketing: bool = False
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    favourite_products: tuple[Item, ...] = ()
    segments: tuple[str, ...] = ()
    rfm: Rfm | None = None


@dataclass(frozen=True, slots=True)
class JourneyView:
    """This customer's way through the workflow."""

    id: str
    workflow: str
    entered_at: datetime


def customer_view(
    customer: Customer,
    favourites: tuple[Item, ...] | None = None,
    rfm: Rfm | None = None,
    *,
    accepts: bool | None = None,
) -> CustomerView:
    """What may be named of a customer. Without the catalogue's word on them, favourites have an id only; `accepts` is
    whether they have consent under the shop's terms."""
    if favourites is None:
        favourites = tuple(_unnamed(product) for product in customer.favourites)
    get, orders = customer.get, customer.placed_orders
    return CustomerView(
        id=customer.id,
        email=text(customer.email, 320),
        name=called(name(get("first_name")), name(get("last_name"))),
        first_name=name(get("first_name")),
        last_name=name(get("last_name")),
        locale=text(get("locale")),
        country=text(get("country")),
        timezone=text(get("timezone")),
        birthday=customer.birthday,
        orders_count=len(orders),
        total_spent=customer.total_spent,
        referrals_count=customer.referrals_count,
        first_order_at=moment(orders[0].placed_at) if orders else None,
        last_order_at=moment(orders[-1].placed_at) if orders else None,
        registered_at=stamp(get("registered_at")),
        accepts_marketing=customer.accepts_marketing if accepts is None else accepts,
        tags=tuple(dict.fromkeys((*texts(get("tags")), *texts(sorted(customer.earned))))),
        fields={key[6:]: value[0] for key, value in customer.profile.items() if key.startswith("field.")},
        favourite_products=favourites,
        segments=tuple(sorted(customer.segments)),
        rfm=rfm,
    )


def _unnamed(product: str) -> Item:
    return Item("", None, 1, None, None, None, None, id=product.partition(":")[2])


def event_view(event: Event) -> EventView:
    """What may be named of an event. Without a presentment price the shop's own stands in."""
    told = event.properties
    total, currency = formats.amount(told.get("total")), formats.currency_code(told.get("currency"))
    seen = formats.amount(told.get("presentment_total"))
    seen_currency = formats.currency_code(told.get("presentment_currency"))
    told_items = [item for item in listed(told.get("items")) if isinstance(item, Mapping)]
    lines = tuple(_line(item) for item in told_items if item.get("quantity") != 0)
    unnamed = max(pieces(told.get("items_count"), 0) - len(told_items), 0)
    return EventView(
        id=event.id,
        type=event.type,
        at=event.at,
        email=text(told.get("email"), 320),
        total=total,
        currency=currency,
        presentment_total=total if seen is None or seen_currency is None else seen,
        presentment_currency=currency if seen is None or seen_currency is None else seen_currency,
        subtotal=formats.amount(told.get("subtotal")),
        discount=formats.amount(told.get("discount")),
        shipping=formats.amount(told.get("shipping")),
        tax=formats.amount(told.get("tax")),
        taxes_included=told.get("taxes_included") is True,
        items=lines,
        items_count=len(lines) + unnamed,
        order_id=text(told.get("order_id")),
        order_name=text(told.get("order_name")),
        checkout_id=text(told.get("checkout_id")),
        discount_codes=texts(told.get("discount_codes")),
        accepts_marketing=told.get("accepts_marketing") is True,
        url=page(told.get("url")),
        date=day(told.get("date")),
        tracking_company=text(told.get("tracking_company"), 40),
        tracking_number=text(told.get("tracking_number"), 60),
        tracking_url=page(told.get("tracking_url")),
        shipment_status=text(told.get("shipment_status"), 40),
        expected_on=day(told.get("expected_on")),
        reason=text(told.get("reason"), 200),
        properties=told,
    )


def journey_view(journey: ports.Journey) -> JourneyView:
    """What may be named of a journey."""
    return JourneyView(journey.id, journey.workflow, moment(journey.entered_at))


def _line(item: Mapping[str, Any]) -> Line:
    return Line(
        product_id=text(item.get("product_id")),
        variant_id=text(item.get("variant_id")),
        title=text(item.get("title")),
        variant=text(item.get("variant")),
        quantity=pieces(item.get("quantity"), 1),
        price=formats.amount(item.get("price")),
        sku=text(item.get("sku")),
    )
