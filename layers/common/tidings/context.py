"""What e-mails and expressions may name: `event`, `customer`, `journey`, `shop`, `now`, and prepared `items`.

Views are typed so that a build can check every name, and hold only what is fit to show: text on one line
and of bounded length, amounts as Decimal, times aware, addresses of pages http or https. What is missing
is None.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Date  # a field is named `date`
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from babel.core import Locale

from tidings import formats, ports
from tidings.customer import Customer, moment
from tidings.events import Event, product_identity
from tidings.shop import Shop

SHOWN_ITEMS: Final = 12
"""Lines that a mail shows; the rest is counted (`more_items`)."""

FEW: Final = 3
"""Pieces in stock that a mail calls few: only then does it say how many are left."""

LANGUAGES: Final = ("en",)
"""Languages that mails are written in; the first is the one in which they are."""

_NAME_LENGTH, _TEXT_LENGTH, _URL_LENGTH = 60, 120, 2000
_GAP: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HIDDEN: Final = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffc]")
_ADVERT: Final = re.compile(r"://|www\.|[@<>{}]|\.[a-z]{2,}/", re.IGNORECASE)


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
class Item:
    """A line made ready to show: prices formatted for the recipient, picture and page from the catalogue."""

    title: str
    variant: str | None
    quantity: int
    price: str | None
    line_total: str | None
    picture: str | None
    url: str | None
    product_type: str | None = None
    """What kind of thing it is, as the catalogue says: `Tea`."""

    left: int | None = None
    """How many the shop still has, when it has no more than `FEW`; None when there are more, or nobody knows."""


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
    """The customer as the step finds them. A name that is none (an address, an advertisement) is None."""

    id: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    country: str | None = None
    timezone: str | None = None
    birthday: str | None = None
    orders_count: int = 0
    total_spent: Decimal = Decimal(0)
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
    registered_at: datetime | None = None
    accepts_marketing: bool = False
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


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
}
"""What every expression may name, with its type."""

MAIL_NAMES: Final[Mapping[str, Any]] = {
    **NAMES,
    "items": tuple[Item, ...],
    "more_items": int,
    "unsubscribe_url": str | None,
    "language": str,
    "locale": str,
    "timezone": str,
}
"""What a mail may name besides; its layout also `subject` and `preheader`."""


def text(value: object, length: int = _TEXT_LENGTH) -> str | None:
    """`value` as one line of at most `length` characters, without control, invisible and half characters;
    None when nothing is left."""
    if not isinstance(value, str | int):
        return None
    line = _HIDDEN.sub("", _GAP.sub(" ", str(value)[: length * 4])).strip()
    if len(line) > length:
        line = line[: length - 1].rstrip() + "…"
    return line or None


def name(value: object) -> str | None:
    """A person's name, None for what can't be one: strangers advertise in the name field of sign-up forms."""
    line = text(value, _NAME_LENGTH)
    if line is None or _ADVERT.search(line) or not any(character.isalpha() for character in line):
        return None
    return line


def page(value: object) -> str | None:
    """`value` when it is the address of a page or picture (http or https, with a host), else None."""
    if not isinstance(value, str) or len(value) > _URL_LENGTH:
        return None
    address = value.strip()
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or parts.username is not None:
        return None
    if _GAP.search(address) or _HIDDEN.search(address) or "\\" in address:
        return None
    return quote(address, safe="!#$%&'()*+,/:;=?@[]~-._")


def customer_view(customer: Customer) -> CustomerView:
    """What may be named of a customer."""
    get, orders = customer.get, customer.placed_orders
    return CustomerView(
        id=customer.id,
        email=text(customer.email, 320),
        first_name=name(get("first_name")),
        last_name=name(get("last_name")),
        locale=text(get("locale")),
        country=text(get("country")),
        timezone=text(get("timezone")),
        birthday=customer.birthday,
        orders_count=len(orders),
        total_spent=customer.total_spent,
        first_order_at=moment(orders[0].placed_at) if orders else None,
        last_order_at=moment(orders[-1].placed_at) if orders else None,
        registered_at=_time(get("registered_at")),
        accepts_marketing=customer.accepts_marketing,
        tags=_texts(get("tags")),
        fields={key[6:]: value[0] for key, value in customer.profile.items() if key.startswith("field.")},
    )


def event_view(event: Event) -> EventView:
    """What may be named of an event. Without a presentment price the shop's own stands in."""
    told = event.properties
    total, currency = formats.amount(told.get("total")), formats.currency_code(told.get("currency"))
    seen = formats.amount(told.get("presentment_total"))
    seen_currency = formats.currency_code(told.get("presentment_currency"))
    told_items = [item for item in _list(told.get("items")) if isinstance(item, Mapping)]
    lines = tuple(_line(item) for item in told_items if item.get("quantity") != 0)
    unnamed = max(_count(told.get("items_count"), 0) - len(told_items), 0)
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
        discount_codes=_texts(told.get("discount_codes")),
        accepts_marketing=told.get("accepts_marketing") is True,
        url=page(told.get("url")),
        date=_date(told.get("date")),
        tracking_company=text(told.get("tracking_company"), 40),
        tracking_number=text(told.get("tracking_number"), 60),
        tracking_url=page(told.get("tracking_url")),
        shipment_status=text(told.get("shipment_status"), 40),
        expected_on=_date(told.get("expected_on")),
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
                url=_product_page(known, site),
                product_type=text(known.get("product_type"), _NAME_LENGTH),
                left=_few(known.get("inventory")),
            )
        )
    return tuple(shown), event.items_count - len(shown)


def context(
    *,
    event: Event,
    customer: Customer,
    journey: JourneyView,
    shop: Shop,
    now: datetime,
    unsubscribe_url: str | None = None,
    products: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """All that a mail may name (`MAIL_NAMES`), for `render`.

    `event` began the journey; `products` is the catalogue's knowledge of the products on its lines;
    `unsubscribe_url` is None for a transactional mail.
    """
    seen, person = event_view(event), customer_view(customer)
    locale = formats.locale_of(person.locale, person.country, shop.default_locale)
    zone: ZoneInfo = customer.zone(shop.zone)
    items, more = prepared_items(seen, event.source, products or {}, shop.url, locale)
    return {
        "event": seen,
        "customer": person,
        "journey": journey,
        "shop": shop,
        "now": now.astimezone(zone),
        "items": items,
        "more_items": more,
        "unsubscribe_url": unsubscribe_url,
        "language": locale.language if locale.language in LANGUAGES else LANGUAGES[0],
        "locale": str(locale),
        "timezone": zone.key,
    }


def _line(item: Mapping[str, Any]) -> Line:
    return Line(
        product_id=text(item.get("product_id")),
        variant_id=text(item.get("variant_id")),
        title=text(item.get("title")),
        variant=text(item.get("variant")),
        quantity=_count(item.get("quantity"), 1),
        price=formats.amount(item.get("price")),
        sku=text(item.get("sku")),
    )


def _product_page(known: Mapping[str, Any], site: str) -> str | None:
    """Where a product can be seen; nowhere once it is withdrawn."""
    if known.get("status") not in (None, "active"):
        return None
    url = known.get("url")
    if isinstance(url, str) and url.startswith("/") and not url.startswith("//"):
        url = site.rstrip("/") + url
    return page(url)


def _few(stock: object) -> int | None:
    """The pieces in stock when they are few; nothing for none, which a mail about a thing does not say."""
    return stock if isinstance(stock, int) and not isinstance(stock, bool) and 0 < stock <= FEW else None


def _count(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else default


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(found for found in map(text, _list(value)) if found)


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _date(value: object) -> Date | None:
    try:
        return Date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None
