"""The shape that a body must have for its topic, because the topic is not signed.

Lenient where versions differ (a key may be null or gone), strict where two kinds of body could be taken for one
another. A deletion is an id and nothing else, of whatever was deleted: those can't be told apart, and so only a
product's is read.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from tidings.errors import BadInput
from tidings.sources.woocommerce import common

_SIGNS: Final = MappingProxyType[str, str](
    {
        "line_items": "order",
        "order_key": "order",
        "coupon_lines": "order",
        "payment_method": "order",
        "customer_id": "order",
        "username": "customer",
        "avatar_url": "customer",
        "is_paying_customer": "customer",
        "permalink": "product",
        "stock_status": "product",
        "catalog_visibility": "product",
        "regular_price": "product",
        "discount_type": "coupon",
        "usage_count": "coupon",
    }
)
"""Key → the only shape it may stand in with a value."""

_NEEDS: Final = MappingProxyType[str, tuple[tuple[str, ...], ...]](
    {
        "order": (("line_items",), ("status",), ("order_key", "customer_id", "billing", "number")),
        "customer": (("email",), ("username", "role", "billing", "is_paying_customer")),
        "product": (("name",), ("permalink", "slug", "type"), ("status", "price", "stock_status")),
        "deletion": (),
    }
)
"""Shape → groups of keys; of each group one must be there, if only as null."""


def check(topic: str, shape: str, body: Mapping[str, Any]) -> None:
    """Raise BadInput, naming the key, when the body contradicts its topic."""
    if isinstance(body.get("code"), str) and "message" in body and "id" not in body:
        raise BadInput(
            f"WooCommerce sent an error in place of the {shape}: the user who owns the webhook may not read it, or it "
            "is gone; save the webhook again as an administrator"
        )
    if set(body) in ({"order"}, {"customer"}, {"product"}):
        raise BadInput(
            "the body is the legacy API's: choose WP REST API Integration v3 as the version of the webhook"
        )
    if shape == "deletion" and any(value is not None for key, value in body.items() if key != "id"):
        raise _contradiction(topic, "a deletion names an id and nothing else")
    for key, only in _SIGNS.items():
        if shape != only and body.get(key) is not None:
            raise _contradiction(topic, f"the body has {key}, which no body of this topic has")
    for group in _NEEDS[shape]:
        if not any(key in body for key in group):
            raise _contradiction(topic, f"the body has no {' or '.join(group)}")
    if shape == "order" and body["line_items"] is not None and not common.is_list(body["line_items"]):
        raise _contradiction(topic, "line_items is no list")


def _contradiction(topic: str, why: str) -> BadInput:
    return BadInput(f"the body contradicts its topic {topic}: {why}; deliver each body under its own topic")
