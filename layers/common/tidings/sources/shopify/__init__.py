"""Shopify webhooks: the signature, the topics, and one event per body.

Shopify signs the raw body and nothing else: topic, shop and times in headers are anybody's word. So the
body must have the shape of its topic, and times are the body's. Source:
shopify.dev/docs/apps/build/webhooks/subscribe/https (HMAC-SHA256 of the raw body, base64).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from tidings.errors import BadInput
from tidings.events import Event
from tidings.sources import reading
from tidings.sources.request import Request, Source
from tidings.sources.shopify import aftersale, carts, orders, people, privacy, products, shapes
from tidings.sources.shopify.fact import Fact
from tidings.sources.signature import verify_body

Reader = Callable[[str, Mapping[str, Any], bytes], Fact | None]

TOPICS: Final = MappingProxyType[str, tuple[str, str, Reader]](
    {
        "orders/create": ("order", "order_placed", orders.order),
        "orders/paid": ("order", "order_paid", orders.order),
        "orders/fulfilled": ("order", "order_fulfilled", orders.order),
        "orders/cancelled": ("order", "order_cancelled", orders.order),
        "carts/create": ("cart", "cart_updated", carts.cart),
        "carts/update": ("cart", "cart_updated", carts.cart),
        "checkouts/create": ("checkout", "checkout_started", orders.checkout),
        "checkouts/update": ("checkout", "checkout_updated", orders.checkout),
        "refunds/create": ("refund", "order_refunded", aftersale.refund),
        "fulfillments/create": ("fulfillment", "order_fulfilled", aftersale.fulfillment),
        "fulfillments/update": ("fulfillment", "order_fulfilled", aftersale.fulfillment),
        "customers/create": ("customer", "customer_registered", people.customer),
        "customers/update": ("customer", "profile_updated", people.customer),
        "customers_email_marketing_consent/update": ("consent", "profile_updated", people.consent),
        "products/create": ("product", "product_updated", products.product),
        "products/update": ("product", "product_updated", products.product),
        "products/delete": ("deletion", "product_deleted", products.deletion),
        "customers/data_request": ("data request", "data_requested", privacy.person),
        "customers/redact": ("redaction", "erasure_requested", privacy.person),
        "shop/redact": ("shop redaction", "shop_erasure_requested", privacy.shop),
    }
)
"""Topic → the shape its body must have, the event it tells, and who reads it. All others are ignored."""


class Shopify(Source):
    """The source `shopify`."""

    def verify(self, request: Request, secrets: Sequence[str], machine_now: datetime) -> None:
        """Raise Unauthorized unless `X-Shopify-Hmac-Sha256` is the raw body's under one of the secrets."""
        verify_body(request, "X-Shopify-Hmac-Sha256", secrets, "sign the raw bytes with the current secret")

    def parse(self, request: Request, received_at: datetime, address_key: bytes) -> list[Event]:
        """The one event of a body, none for a topic not read or when nothing happened; BadInput for a body of
        another shape.
        """
        topic = request.headers.get("x-shopify-topic", "").strip().lower()
        if not topic:
            raise BadInput("the header X-Shopify-Topic is missing: it says what the body is")
        if topic not in TOPICS:
            return []
        shape, event_type, read = TOPICS[topic]
        body = reading.json_object(request.body)
        shapes.check(topic, shape, body)
        fact = read(event_type, body, address_key)
        if fact is None:
            return []
        return [fact.event("shopify", received_at)]
