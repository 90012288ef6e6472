"""The shape that a body must have for its topic, because the topic is not signed.

Lenient where Shopify's versions differ (a key may be null or gone), strict where two kinds of body could be
taken for one another: a customer's body replayed under `products/delete` must delete nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from tidings.errors import BadInput

_SIGNS: Final = MappingProxyType[str, frozenset[str]](
    {
        "line_items": frozenset({"order", "checkout", "cart", "fulfillment"}),
        "total_price": frozenset({"order", "checkout"}),
        "cart_token": frozenset({"order", "checkout"}),
        "abandoned_checkout_url": frozenset({"checkout"}),
        "order_number": frozenset({"order"}),
        "financial_status": frozenset({"order"}),
        "fulfillment_status": frozenset({"order"}),
        "order_status_url": frozenset({"order"}),
        "cancel_reason": frozenset({"order"}),
        "variants": frozenset({"product"}),
        "body_html": frozenset({"product"}),
        "product_type": frozenset({"product"}),
        "email_address": frozenset({"consent"}),
        "email_marketing_consent": frozenset({"consent", "customer"}),
        "default_address": frozenset({"customer"}),
        "verified_email": frozenset({"customer"}),
        "orders_count": frozenset({"customer"}),
        "invoice_url": frozenset(),
        "invoice_sent_at": frozenset(),
        "refund_line_items": frozenset({"refund"}),
        "restock": frozenset({"refund"}),
        "order_id": frozenset({"refund", "fulfillment"}),
        "shipment_status": frozenset({"fulfillment"}),
        "tracking_number": frozenset({"fulfillment"}),
        "tracking_numbers": frozenset({"fulfillment"}),
        "tracking_company": frozenset({"fulfillment"}),
        "data_request": frozenset({"data request"}),
        "orders_requested": frozenset({"data request"}),
        "orders_to_redact": frozenset({"redaction"}),
    }
)
"""Key → the shapes it may stand in. One with a value in any other body says that the body is something
else.
"""

_NEEDS: Final = MappingProxyType[str, tuple[tuple[str, ...], ...]](
    {
        "order": (
            ("line_items",),
            (
                "financial_status",
                "fulfillment_status",
                "order_number",
                "number",
                "processed_at",
                "order_status_url",
            ),
        ),
        "checkout": (
            ("line_items",),
            ("token", "cart_token", "id"),
            ("abandoned_checkout_url", "completed_at", "total_price", "presentment_currency", "gateway"),
        ),
        "cart": (("line_items",), ("token", "id"), ("note", "created_at", "updated_at")),
        "refund": (("order_id",), ("refund_line_items", "transactions")),
        "fulfillment": (
            ("order_id",),
            ("line_items", "tracking_number", "tracking_company"),
            ("shipment_status", "tracking_number", "tracking_company", "status"),
        ),
        "customer": (
            ("email", "first_name", "last_name", "created_at", "updated_at", "verified_email", "state"),
        ),
        "consent": (("customer_id", "email_address"), ("email_marketing_consent",)),
        "product": (("title", "handle", "variants", "product_type", "body_html", "status", "published_at"),),
        "deletion": (),
        "data request": (("shop_domain",), ("customer",), ("data_request",), ("orders_requested",)),
        "redaction": (("shop_domain",), ("customer",), ("orders_to_redact",)),
        "shop redaction": (("shop_id",), ("shop_domain",)),
    }
)
"""Shape → groups of keys; of each group one must be there, if only as null."""

_NOT_IN_DELETION: Final = (
    *(
        "email",
        "phone",
        "title",
        "name",
        "token",
        "cart_token",
        "created_at",
        "updated_at",
        "customer",
        "customer_id",
    ),
    *("total_price", "first_name", "last_name", "addresses", "order_id", "product_id"),
)

_GIDS: Final = MappingProxyType[str, str](
    {
        "order": "Order",
        "refund": "Refund",
        "fulfillment": "Fulfillment",
        "customer": "Customer",
        "product": "Product",
        "deletion": "Product",
    }
)


_BARE: Final = MappingProxyType[str, tuple[str, ...]](
    {"deletion": ("shop_domain", *_NOT_IN_DELETION), "shop redaction": ("id", *_NOT_IN_DELETION)}
)
"""Shape → keys that say that the body is about something else."""


def check(topic: str, shape: str, body: Mapping[str, Any]) -> None:
    """Raise BadInput, naming the key, when the body contradicts its topic."""
    for key, shapes in _SIGNS.items():
        if shape not in shapes and body.get(key) is not None:
            raise _contradiction(topic, f"the body has {key}, which no body of this topic has")
    for key in _BARE.get(shape, ()):
        if body.get(key) is not None:
            raise _contradiction(topic, f"the body has {key}, but a body of this topic names an id only")
    for group in _NEEDS[shape]:
        if not any(key in body for key in group):
            raise _contradiction(topic, f"the body has no {' or '.join(group)}")
    if shape in ("order", "checkout", "cart") and not isinstance(body["line_items"], list | None):
        raise _contradiction(topic, "line_items is no list")
    if shape == "consent" and not isinstance(body["email_marketing_consent"], dict | None):
        raise _contradiction(topic, "email_marketing_consent is no object")
    gid = body.get("admin_graphql_api_id")
    if shape in _GIDS and isinstance(gid, str) and gid.startswith("gid://shopify/"):
        kind = gid.split("/")[3]
        if kind != _GIDS[shape]:
            raise _contradiction(topic, "admin_graphql_api_id names something else")


def _contradiction(topic: str, why: str) -> BadInput:
    return BadInput(f"the body contradicts its topic {topic}: {why}; deliver each body under its own topic")
