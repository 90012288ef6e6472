"""Made-up recipients to try mails on at build time: of one all is known, of the other hardly anything."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from tidings.customer import apply, new_customer
from tidings.events import Event
from tidings.expressions.context import context
from tidings.expressions.views import JourneyView
from tidings.links import Doors
from tidings.shop import Coupon, Shop

NOW: Final = datetime(2026, 3, 17, 15, 4, tzinfo=UTC)
DOORS: Final = Doors("https://pages.example", "sample", "email:sample", "sample", {"k1": b"sample"})
"""Links to pages, signed with no shop's key."""

UNSUBSCRIBE: Final = "https://pages.example/unsubscribe/k1.c2FtcGxl.c2FtcGxl"

_LINES: Final = (
    ("Moss Teapot", "0.8 l", 1, "64.00", "Teapots"),
    ("Genmaicha", "250 g", 2, "21.00", "Tea"),
    ("Repair Kit: Gold & Lacquer", None, 1, "24.00", None),
)
"""Title, variant, quantity, price, and the kind of thing; None for what is in no catalogue."""


_SUMS: Final = {
    "total": "163.50",
    "presentment_total": "121.50",
    "presentment_currency": "GBP",
    "subtotal": "130.00",
    "discount": "13.00",
    "shipping": "4.50",
    "tax": "20.25",
    "taxes_included": True,
    "discount_codes": ["SPRING"],
}
_PARCEL: Final = {
    "tracking_company": "Royal Mail",
    "tracking_number": "QN 1234 5678 9GB",
    "tracking_url": "https://parcels.example/QN123456789GB",
    "shipment_status": "in_transit",
    "expected_on": "2026-03-20",
    "reason": "The carrier's depot was closed by snow.",
}


_OTHERS: Final = (
    ("Dune Cup", "Cups"),
    ("Copper Kettle", "Kettles"),
    ("Smoked Lapsang", "Tea"),
    ("Slate Teapot", "Teapots"),
)
"""Title and kind of what is not on the lines; the first was bought before."""


_NAMES: Final = {"ko": ("서연", "김"), "ja": ("花子", "山田"), "zh": ("怡君", "林")}
"""First and last name of somebody who reads the language; everybody else is Ada Lovelace."""


def full(shop: Shop, *, marketing: bool = True, locale: str = "en-GB") -> dict[str, Any]:
    """A customer with a name, a history and an event of which all is told: three lines, one of them without a
    picture, sums, a parcel under way."""
    first, last = _NAMES.get(locale[:2], ("Ada", "Lovelace"))
    told: dict[str, Any] = {
        "email": "ada@example.com",
        "first_name": first,
        "last_name": last,
        "locale": locale,
        "country": "GB",
        "timezone": "Europe/London",
        "birthday": "1990-03-17",
        "tags": ["tea"],
    }
    lines = [
        {"product_id": str(number), "title": title, "variant": variant, "quantity": quantity, "price": price}
        for number, (title, variant, quantity, price, _) in enumerate(_LINES, 1)
    ]
    bought = {
        **_SUMS,
        **_PARCEL,
        "currency": shop.currency,
        "items": lines,
        "items_count": len(lines),
        "checkout_id": "c1",
        "order_id": "1001",
        "order_name": "#1001",
        "url": f"{shop.url}/checkouts/c1/recover",
        "date": "2026-04-02",
        "question": "Does the Moss Teapot pour without dripping?",
        "answer": "It does: the spout is cut by hand, and each one is tried with water before it leaves us.",
    }
    history = [
        _event("customer_registered", told, NOW - timedelta(days=300)),
        _event(
            "order_placed",
            {"order_id": "900", "total": "64.00", "items": [{"product_id": "4", "quantity": 1}], **told},
            NOW - timedelta(days=120),
        ),
    ]
    event = _event("checkout_started", {**told, **bought}, NOW)
    coupon = Coupon(code="SAMPLE10", description="10% off", percent=Decimal(10))
    return _context(shop, history, event, _catalogue(shop), marketing, coupon)


def _catalogue(shop: Shop) -> dict[str, dict[str, Any]]:
    """What is known of the products on the lines, of a favourite and of some that can be recommended."""
    listed = [(title, kind) for title, _, _, _, kind in _LINES] + list(_OTHERS)
    best = {"products": [f"shop:{number}" for number in range(1, len(listed) + 1)]}
    return {"learned:best": best} | {
        f"shop:product:{number}": {
            "title": title,
            "image": f"{shop.url}/p/{number}.jpg",
            "url": f"{shop.url}/p/{number}",
            "product_type": kind,
            "price": f"{12 * number}.00",
            "inventory": number + 1,
        }
        for number, (title, kind) in enumerate(listed, 1)
        if kind
    }


def sparse(shop: Shop, *, marketing: bool = True, locale: str | None = None) -> dict[str, Any]:
    """A customer known by an address alone, and their language if it is given; and an event that tells nothing."""
    told = {"email": "someone@example.com", **({"locale": locale} if locale else {})}
    event = _event("checkout_started", told, NOW)
    return _context(shop, [], event, {}, marketing)


def _event(kind: str, properties: Mapping[str, Any], at: datetime) -> Event:
    return Event(
        id=f"shop:{kind}:{at:%Y%m%d}",
        type=kind,
        at=at,
        received_at=at,
        source="shop",
        identity="shop:customer:1",
        properties=dict(properties),
    )


def _context(
    shop: Shop,
    history: list[Event],
    event: Event,
    products: Mapping[str, Mapping[str, Any]],
    marketing: bool,
    coupon: Coupon | None = None,
) -> dict[str, Any]:
    customer = new_customer("sample", event)
    for each in (*history, event):
        customer = apply(customer, each)
    return context(
        event=event,
        customer=customer,
        journey=JourneyView("sample", "sample", NOW),
        shop=shop,
        now=NOW,
        unsubscribe_url=UNSUBSCRIBE if marketing else None,
        pages=DOORS,
        products=products,
        look_up=lambda ids: {name: products[name] for name in ids if name in products},
        coupon=coupon,
    )
