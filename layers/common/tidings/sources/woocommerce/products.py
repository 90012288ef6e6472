"""Products: what the catalogue keeps of them. They concern no customer."""

from collections.abc import Mapping
from typing import Any

from tidings.events import product_identity
from tidings.sources import reading
from tidings.sources.naming import Fact, Who, version
from tidings.sources.reading import present
from tidings.sources.woocommerce import common


def product(body: Mapping[str, Any], key: bytes) -> list[Fact]:
    """`product.created`, `product.updated`, `product.restored`: the product as it is now, in the shop's currency.

    Nothing for a variation, which comes under the same topics: mails show the product it is one of.
    """
    number = common.key_of(body, "a product")
    if body.get("type") == "variation" or common.number_of(body.get("parent_id")):
        return []
    changed = common.time(body, "date_modified")
    properties = present(
        {
            "id": number,
            "title": common.text(body.get("name"), 255),
            "handle": reading.text(body.get("slug"), 255),
            "url": reading.link(body.get("permalink")),
            "image": next(filter(None, (_source(each) for each in common.items(body.get("images")))), None),
            "price": reading.money(body.get("price")),
            "status": _status(body),
            "vendor": _first(body.get("brands"), 100),
            "product_type": _first(body.get("categories"), 100),
            "tags": reading.names([common.text(each.get("name")) for each in common.items(body.get("tags"))]),
            "inventory": _stock(body),
            "updated_at": reading.stamp(changed) if changed else None,
        }
    )
    name = version(changed, properties, key)
    return [Fact("product_updated", f"{number}:{name}", changed, _who(number), properties)]


def deletion(body: Mapping[str, Any], key: bytes) -> list[Fact]:
    """`product.deleted`: an id and nothing else, not even a time."""
    number = common.key_of(body, "a product")
    return [Fact("product_deleted", number, None, _who(number), {"id": number, "status": "deleted"})]


def _who(number: str) -> Who:
    return Who(product_identity("woocommerce", number), (), False)


def _status(body: Mapping[str, Any]) -> str | None:
    """`active` is what mails may show and recommend: published, and not hidden from the catalogue."""
    status = reading.text(body.get("status"), 20)
    if status == "publish":
        return "hidden" if body.get("catalog_visibility") == "hidden" else "active"
    return status


def _stock(body: Mapping[str, Any]) -> int | None:
    """Pieces in stock; 0 for what is sold out, None where the shop does not count."""
    count = body.get("stock_quantity")
    if isinstance(count, int) and not isinstance(count, bool) and abs(count) < 10**9:
        return count
    return 0 if body.get("stock_status") == "outofstock" else None


def _first(value: object, limit: int) -> str | None:
    return next(
        (name for each in common.items(value) if (name := common.text(each.get("name"), limit))), None
    )


def _source(image: Mapping[str, Any]) -> str | None:
    return reading.link(image.get("src"))
