"""What e-mails and expressions may name: `event`, `customer`, `journey`, `shop`, `now`, and prepared `items`.

Views are typed so that a build can check every name, and hold only what is fit to show: text on one line
and of bounded length, amounts as Decimal, times aware, addresses of pages http or https. What is missing
is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date  # a field is named `date`
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.core import Locale

from tidings import doors, formats, ports
from tidings.customer import Customer, epoch, moment
from tidings.events import Event, product_identity
from tidings.fit import NAME_LENGTH, called, day, listed, pieces, stamp, text, texts
from tidings.fit import name as name
from tidings.fit import page as page
from tidings.functions import SIGNATURES, Known, functions
from tidings.goods.recommend import Lookup
from tidings.goods.rfm import RFM, Bounds, Rfm, rate
from tidings.goods.rfm import load as load_bounds
from tidings.goods.wares import Item as Item
from tidings.goods.wares import Recommender, few, identity, product_page, shown
from tidings.links import Doors
from tidings.people.consent import overall
from tidings.shop import Coupon, Shop

SHOWN_ITEMS: Final = 12
"""Lines that a mail shows; the rest is counted (`more_items`)."""


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


NAMES: Final[Mapping[str, Any]] = {
    "event": EventView,
    "customer": CustomerView,
    "journey": JourneyView,
    "shop": Shop,
    "now": datetime,
    **SIGNATURES,
}
"""What every expression may name, with its type; of a function its signature."""

MAIL_NAMES: Final[Mapping[str, Any]] = {
    **NAMES,
    "items": tuple[Item, ...],
    "more_items": int,
    "arrived": EventView | None,
    "coupon": Coupon | None,
    "unsubscribe_url": str | None,
    **doors.NAMES,
    "language": str,
    "greeting": str | None,
    "locale": str,
    "timezone": str,
}
"""What a mail may name besides; its layout also `subject` and `preheader`."""


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


def _seen(
    customer: Customer,
    shop: Shop,
    now: datetime,
    bounds: Bounds | None,
    favourites: tuple[Item, ...] | None = None,
) -> CustomerView:
    accepts = overall(customer, shop.terms, now).holds
    return customer_view(customer, favourites, rate(customer, bounds, now), accepts=accepts)


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


def prepared_items(
    event: EventView, source: str, products: Mapping[str, Mapping[str, Any]], site: str, locale: Locale
) -> tuple[tuple[Item, ...], int]:
    """The lines to show, and how many more there are.

    `products` is what the catalogue knows, by the product's identity (`shopify:product:1`): `title`, `image`,
    `url` (a path is the shop's, `site`), `status`, `product_type`, `inventory`. A line that nobody can name is
    only counted; at most `SHOWN_ITEMS` are shown.
    """
    currency = event.presentment_currency
    shown: list[Item] = []
    for line in event.items:
        known = products.get(product_identity(source, line.product_id or "")) or {}
        title = line.title or text(known.get("title"))
        if title is None or len(shown) == SHOWN_ITEMS:
            continue
        total = None if line.price is None else line.price * line.quantity
        shown.append(
            Item(
                title=title,
                variant=line.variant,
                quantity=line.quantity,
                price=formats.money(line.price, currency, locale) or None,
                line_total=formats.money(total, currency, locale) or None,
                picture=page(known.get("image")),
                url=product_page(known, site),
                product_type=text(known.get("product_type"), NAME_LENGTH),
                left=few(known.get("inventory")),
                id=line.product_id,
            )
        )
    return tuple(shown), event.items_count - len(shown)


def conditions(
    *,
    customer: Customer,
    shop: Shop,
    now: datetime,
    event: Event | None = None,
    arrived: Event | None = None,
    journey: JourneyView | None = None,
    bounds: Bounds | None = None,
    look_up: Lookup | None = None,
) -> dict[str, Any]:
    """All that an expression may name (`NAMES`), the functions among it. `bounds` are those of RFM."""
    names: dict[str, Any] = {
        "customer": _seen(customer, shop, now, bounds),
        "shop": shop,
        "now": now,
        "event": event_view(event) if event else None,
        "arrived": event_view(arrived) if arrived else None,
        "journey": journey,
    }
    told = {name: value for name, value in names.items() if value is not None}
    return told | _functions(customer, shop, now, event, journey, look_up)


def shown_products(event: Event, customer: Customer) -> set[str]:
    """Ids of the catalogue's items that a mail may need: its lines, the customer's favourites, RFM's bounds."""
    lines = (product_identity(event.source, line.product_id or "") for line in event_view(event).items)
    return {*lines, *map(identity, customer.favourites), RFM}


def context(
    *,
    event: Event,
    customer: Customer,
    journey: JourneyView,
    shop: Shop,
    now: datetime,
    unsubscribe_url: str | None = None,
    pages: Doors | None = None,
    products: Mapping[str, Mapping[str, Any]] | None = None,
    look_up: Lookup | None = None,
    coupon: Coupon | None = None,
    arrived: Event | None = None,
) -> dict[str, Any]:
    """All that a mail may name (`MAIL_NAMES`), for `render`.

    `event` began the journey; `products` is the catalogue's knowledge of `shown_products`; `look_up` asks it for
    more, when the mail recommends; `coupon` is the step's; `unsubscribe_url` is None for a transactional mail,
    and `pages` makes the addresses of the others.
    `language` is the one in which mails are written, until `render` finds the mail's words in the customer's.
    """
    known, seen = products or {}, event_view(event)
    locale = formats.locale_of(
        text(customer.get("locale")), text(customer.get("country")), shop.default_locale
    )
    zone: ZoneInfo = customer.zone(shop.zone)
    items, more = prepared_items(seen, event.source, known, shop.url, locale)
    liked = (shown(each, known.get(identity(each), {}), shop, locale) for each in customer.favourites)
    favourites = tuple(item for item in liked if item is not None)
    return {
        "event": seen,
        "customer": _seen(customer, shop, now, load_bounds(known.get(RFM)), favourites),
        "journey": journey,
        "shop": shop,
        "now": now.astimezone(zone),
        "items": items,
        "more_items": more,
        "coupon": coupon,
        "arrived": event_view(arrived) if arrived else None,
        "unsubscribe_url": unsubscribe_url,
        **doors.names(pages, event, shop),
        "language": shop.written_in.replace("_", "-"),
        "greeting": None,
        "locale": str(locale),
        "timezone": zone.key,
        **_functions(customer, shop, now, event, journey, look_up, locale),
    }


def _functions(
    customer: Customer,
    shop: Shop,
    now: datetime,
    event: Event | None,
    journey: JourneyView | None,
    look_up: Lookup | None,
    locale: Locale | None = None,
) -> dict[str, Any]:
    spoken = locale or formats.locale_of(None, None, shop.default_locale)
    nothing: Lookup = lambda ids: {}  # noqa: E731
    known = Known(
        customer=customer,
        now=now,
        shop=shop,
        since=epoch(journey.entered_at) if journey else None,
        source=event.source if event else "shopify",
        look_up=look_up or nothing,
        recommend=Recommender(look_up or nothing, shop, spoken, customer, event),
    )
    return functions(known)


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
