"""What e-mails and expressions may name: `event`, `customer`, `journey`, `shop`, `now`, and prepared `items`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.core import Locale

from tidings import doors, formats
from tidings.customer import Customer, epoch
from tidings.events import Event, product_identity
from tidings.expressions.functions import SIGNATURES, Known, functions
from tidings.expressions.views import CustomerView, EventView, JourneyView, customer_view, event_view
from tidings.fit import NAME_LENGTH, page, text
from tidings.goods.recommend import Lookup
from tidings.goods.rfm import RFM, Bounds, rate
from tidings.goods.rfm import load as load_bounds
from tidings.goods.wares import Item, Recommender, few, identity, product_page, shown
from tidings.links import Doors
from tidings.people.consent import overall
from tidings.shop import Coupon, Shop

SHOWN_ITEMS: Final = 12
"""Lines that a mail shows; the rest is counted (`more_items`)."""


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


def _seen(
    customer: Customer,
    shop: Shop,
    now: datetime,
    bounds: Bounds | None,
    favourites: tuple[Item, ...] | None = None,
) -> CustomerView:
    accepts = overall(customer, shop.terms, now).holds
    return customer_view(customer, favourites, rate(customer, bounds, now), accepts=accepts)


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
