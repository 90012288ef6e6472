"""Made bodies in the shape of WooCommerce's, with nobody real in them."""

import base64
import hmac
from typing import Any

from tests.unit.sources.bodies import KEY, NOW, raw
from tidings.events import Event
from tidings.sources import SOURCES, Request

SECRET = "woo-secret"

LINE: dict[str, Any] = {
    "id": 315,
    "name": "Teapot &ndash; Blue &amp; White",
    "product_id": 501,
    "variation_id": 601,
    "quantity": 2,
    "subtotal": "40.00",
    "subtotal_tax": "7.60",
    "total": "36.00",
    "total_tax": "6.84",
    "sku": "TEA-B",
    "price": 18,
    "meta_data": [{"id": 1, "key": "pa_color", "value": "blue"}],
}

ORDER: dict[str, Any] = {
    "id": 727,
    "parent_id": 0,
    "number": "1727",
    "order_key": "wc_order_58d2d042d1d",
    "created_via": "checkout",
    "status": "processing",
    "currency": "EUR",
    "date_created": "2026-03-10T12:40:00",
    "date_created_gmt": "2026-03-10T11:40:00",
    "date_modified": "2026-03-10T12:50:00",
    "date_modified_gmt": "2026-03-10T11:50:00",
    "discount_total": "4.00",
    "discount_tax": "0.76",
    "shipping_total": "5.00",
    "shipping_tax": "0.95",
    "total": "48.79",
    "total_tax": "7.79",
    "prices_include_tax": False,
    "customer_id": 25,
    "billing": {"first_name": "Ada", "last_name": "Byron", "country": "GB", "email": "ada@example.com"},
    "shipping": {"first_name": "Ada", "last_name": "Byron", "country": "FR"},
    "payment_method": "stripe",
    "payment_url": "https://shop.example/checkout/order-pay/727/?pay_for_order=true&key=wc_order_58d2d042d1d",
    "date_paid_gmt": "2026-03-10T11:41:00",
    "date_completed_gmt": None,
    "meta_data": [
        {"id": 1, "key": "_tidings_cart", "value": "c0ffee"},
        {"id": 2, "key": "wpml_language", "value": "de"},
    ],
    "line_items": [LINE],
    "coupon_lines": [{"id": 9, "code": "spring", "discount": "4.00"}],
    "refunds": [],
}

CUSTOMER: dict[str, Any] = {
    "id": 25,
    "date_created_gmt": "2026-03-01T09:00:00",
    "date_modified_gmt": "2026-03-09T09:00:00",
    "email": "Ada@Example.com",
    "first_name": "Ada",
    "last_name": "Byron",
    "role": "customer",
    "username": "ada",
    "billing": {"first_name": "Ada", "last_name": "Byron", "country": "GB", "email": "office@example.org"},
    "shipping": {"first_name": "", "last_name": "", "country": ""},
    "is_paying_customer": True,
    "avatar_url": "https://avatars.example/1",
    "meta_data": [],
}

PRODUCT: dict[str, Any] = {
    "id": 501,
    "name": "Teapot &amp; cosy",
    "slug": "teapot",
    "permalink": "https://shop.example/product/teapot/",
    "date_created_gmt": "2026-03-01T09:00:00",
    "date_modified_gmt": "2026-03-10T11:00:00",
    "type": "variable",
    "status": "publish",
    "catalog_visibility": "visible",
    "price": "19.90",
    "regular_price": "21.00",
    "stock_quantity": 3,
    "stock_status": "instock",
    "parent_id": 0,
    "categories": [{"id": 9, "name": "Kitchen &amp; Table", "slug": "kitchen"}],
    "tags": [{"id": 3, "name": "tea"}],
    "images": [{"id": 792, "src": "https://shop.example/teapot.jpg"}],
}

TOPIC_BODIES: dict[str, dict[str, Any]] = {
    "order.created": ORDER,
    "order.updated": {**ORDER, "status": "completed", "refunds": [{"id": 730, "total": "-10.00"}]},
    "order.restored": {**ORDER, "status": "pending", "date_paid_gmt": None},
    "customer.created": CUSTOMER,
    "customer.updated": CUSTOMER,
    "product.created": PRODUCT,
    "product.updated": PRODUCT,
    "product.restored": PRODUCT,
    "product.deleted": {"id": 501},
}


def woo_headers(topic: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Headers with a valid signature."""
    digest = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    return {"x-wc-webhook-topic": topic, "x-wc-webhook-signature": digest}


def parse_woo(topic: str, body: object) -> list[Event]:
    """What the source reads from a body."""
    content = body if isinstance(body, bytes) else raw(body)
    return SOURCES["woocommerce"].parse(
        Request("woocommerce", {"x-wc-webhook-topic": topic}, content), NOW, KEY
    )


def told(topic: str, body: object) -> dict[str, Event]:
    """The events read, by type; each type comes once."""
    events = parse_woo(topic, body)
    found = {event.type: event for event in events}
    assert len(found) == len(events)
    return found
