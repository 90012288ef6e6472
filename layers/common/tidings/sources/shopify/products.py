"""Products: what the catalogue keeps of them. They concern no customer."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from tidings.events import product_identity
from tidings.sources import reading
from tidings.sources.naming import Who, version
from tidings.sources.reading import present
from tidings.sources.shopify.fact import Fact, key_of


def product(event_type: str, body: Mapping[str, Any], key: bytes) -> Fact:
    """`products/create` and `products/update`: the product as it is now. Prices in the shop's currency."""
    number = key_of(body, "a product")
    variants = reading.items(body.get("variants"))
    prices = [price for variant in variants if (price := reading.money(variant.get("price")))]
    stock = [
        count for variant in variants if (count := _count(variant.get("inventory_quantity"))) is not None
    ]
    handle = reading.text(body.get("handle"), 255)
    updated = reading.moment(body.get("updated_at"))
    properties = present(
        {
            "id": number,
            "title": reading.text(body.get("title"), 255),
            "handle": handle,
            "url": f"/products/{quote(handle, safe='')}" if handle else None,
            "image": _image(body),
            "price": min(prices, key=Decimal, default=None),
            "status": reading.text(body.get("status"), 20),
            "vendor": reading.text(body.get("vendor"), 100),
            "product_type": reading.text(body.get("product_type"), 100),
            "tags": reading.names(body.get("tags")),
            "inventory": sum(stock) if stock else None,
            "updated_at": reading.stamp(updated) if updated else None,
        }
    )
    return Fact(
        event_type, f"{number}:{version(updated, properties, key)}", updated, _who(number), properties
    )


def deletion(event_type: str, body: Mapping[str, Any], key: bytes) -> Fact:
    """`products/delete`: an id and nothing else, not even a time."""
    number = key_of(body, "a product")
    return Fact(event_type, number, None, _who(number), {"id": number, "status": "deleted"})


def _who(number: str) -> Who:
    return Who(product_identity("shopify", number), (), False)


def _image(body: Mapping[str, Any]) -> str | None:
    first = [reading.mapping(body.get("image")), *reading.items(body.get("images"))[:1]]
    return next((src for image in first if (src := reading.link(image.get("src")))), None)


def _count(value: object) -> int | None:
    """Pieces in stock; below zero when more were sold than there are."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9 else None
