"""Made bodies in the shape of Shopify's, with nobody real in them, and the keys the tests sign with."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from tidings.events import Event, address_alias
from tidings.sources import SOURCES, Request

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
KEY = b"address-key"
SECRET = "shop-secret"
STANDARD_SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()

CUSTOMER: dict[str, Any] = {
    "id": 7001,
    "email": "Ada.Byron@Example.com",
    "first_name": "Ada",
    "last_name": "Byron",
    "created_at": "2026-03-01T10:00:00+01:00",
    "updated_at": "2026-03-09T10:00:00+01:00",
    "state": "enabled",
    "verified_email": True,
    "tags": "vip, cats ,, vip",
    "currency": "EUR",
    "locale": "de_DE",
    "default_address": {"country": "Germany", "country_code": "DE"},
    "admin_graphql_api_id": "gid://shopify/Customer/7001",
    "email_marketing_consent": {
        "state": "subscribed",
        "opt_in_level": "confirmed_opt_in",
        "consent_updated_at": "2026-03-02T10:00:00+01:00",
    },
}

LINE: dict[str, Any] = {
    "id": 1,
    "product_id": 501,
    "variant_id": 601,
    "title": "Teapot",
    "variant_title": "Blue",
    "quantity": 2,
    "price": "19.90",
    "sku": "TEA-B",
}

CHECKOUT: dict[str, Any] = {
    "token": "tok1",
    "cart_token": "cart1?key=abc",
    "email": "ada.byron@example.com",
    "created_at": "2026-03-10T11:00:00+00:00",
    "updated_at": "2026-03-10T11:30:00+00:00",
    "completed_at": None,
    "currency": "EUR",
    "presentment_currency": "EUR",
    "total_price": "39.80",
    "buyer_accepts_marketing": False,
    "customer_locale": "de-DE",
    "discount_codes": [{"code": "SPRING", "amount": "1.00"}],
    "abandoned_checkout_url": "https://shop.example/checkouts/tok1/recover?key=1",
    "line_items": [LINE],
    "customer": {"id": 7001, "email": "Ada.Byron@Example.com", "first_name": "Ada"},
}


def prices(shop: str, customer: str) -> dict[str, Any]:
    """A money set: the shop's in EUR, the customer's in SEK."""
    return {
        "shop_money": {"amount": shop, "currency_code": "EUR"},
        "presentment_money": {"amount": customer, "currency_code": "SEK"},
    }


ORDER: dict[str, Any] = {
    "id": 9001,
    "admin_graphql_api_id": "gid://shopify/Order/9001",
    "name": "#1001",
    "order_number": 1001,
    "email": "office@example.org",
    "contact_email": "office@example.org",
    "created_at": "2026-03-10T11:40:00+00:00",
    "processed_at": "2026-03-10T11:39:00+00:00",
    "updated_at": "2026-03-10T11:50:00+00:00",
    "cancelled_at": None,
    "financial_status": "paid",
    "fulfillment_status": None,
    "checkout_token": "tok1",
    "cart_token": "cart1",
    "currency": "EUR",
    "presentment_currency": "SEK",
    "total_price": "39.80",
    "total_price_set": prices("39.80", "450.00"),
    "buyer_accepts_marketing": True,
    "order_status_url": "https://shop.example/orders/9001?key=1",
    "line_items": [{**LINE, "price_set": prices("19.90", "225.00")}],
    "customer": {"id": 7001, "email": "Ada.Byron@Example.com", "first_name": "Ada", "last_name": "Byron"},
}

PRODUCT: dict[str, Any] = {
    "id": 501,
    "title": "Teapot",
    "handle": "teapot-blå",
    "status": "active",
    "vendor": "Clay",
    "product_type": "Kitchen",
    "tags": "tea",
    "updated_at": "2026-03-10T11:00:00Z",
    "created_at": None,
    "image": None,
    "images": [{"src": "https://cdn.example/teapot.jpg"}],
    "variants": [
        {"price": "21.00", "inventory_quantity": 3},
        {"price": "9.90", "inventory_quantity": -1},
        {"price": "nonsense", "inventory_quantity": None},
    ],
}

CONSENT: dict[str, Any] = {
    "customer_id": 7001,
    "email_address": "Ada.Byron@Example.com",
    "email_marketing_consent": {
        "state": "subscribed",
        "opt_in_level": "single_opt_in",
        "consent_updated_at": "2026-03-10T11:59:00Z",
    },
}

CART: dict[str, Any] = {
    "id": "cart1?key=abc",
    "token": "cart1?key=abc",
    "note": None,
    "created_at": "2026-03-10T11:00:00.000Z",
    "updated_at": "2026-03-10T11:10:00.000Z",
    "line_items": [
        {
            "id": 601,
            "product_id": 501,
            "variant_id": 601,
            "title": "Teapot - Blue",
            "quantity": 2,
            "price": "19.90",
            "line_price": "39.80",
            "price_set": prices("19.90", "225.00"),
            "line_price_set": prices("39.80", "450.00"),
        }
    ],
}

REFUND: dict[str, Any] = {
    "id": 8001,
    "order_id": 9001,
    "admin_graphql_api_id": "gid://shopify/Refund/8001",
    "created_at": "2026-03-10T11:55:00+00:00",
    "processed_at": "2026-03-10T11:55:00+00:00",
    "note": "broken",
    "restock": False,
    "order_adjustments": [],
    "total_duties_set": prices("0.00", "0.00"),
    "refund_line_items": [
        {"quantity": 1, "subtotal": 19.9, "subtotal_set": prices("19.90", "225.00"), "line_item": {**LINE}}
    ],
    "transactions": [{"kind": "refund", "status": "success", "amount": "225.00", "currency": "SEK"}],
}

FULFILLMENT: dict[str, Any] = {
    "id": 7501,
    "order_id": 9001,
    "admin_graphql_api_id": "gid://shopify/Fulfillment/7501",
    "name": "#1001.1",
    "status": "success",
    "created_at": "2026-03-10T11:45:00+00:00",
    "updated_at": "2026-03-10T11:46:00+00:00",
    "shipment_status": None,
    "tracking_company": "UPS",
    "tracking_number": "1Z999",
    "tracking_numbers": ["1Z999"],
    "tracking_url": "https://ups.example/1Z999",
    "tracking_urls": ["https://ups.example/1Z999"],
    "email": "office@example.org",
    "destination": {"first_name": "Ada", "address1": "1 St James's Square", "country_code": "GB"},
    "line_items": [{**LINE, "price_set": prices("19.90", "225.00")}],
}

_SHOP: dict[str, Any] = {"shop_id": 31, "shop_domain": "shop.example"}
_PERSON: dict[str, Any] = {"id": 7001, "email": "Ada.Byron@Example.com", "phone": "+4930123456"}
DATA_REQUEST: dict[str, Any] = {
    **_SHOP, "customer": _PERSON, "orders_requested": [9001, 9002], "data_request": {"id": 41},
}  # fmt: skip
REDACTION: dict[str, Any] = {**_SHOP, "customer": _PERSON, "orders_to_redact": [9001, 9002]}

TOPIC_BODIES: dict[str, dict[str, Any]] = {
    "orders/create": ORDER,
    "orders/paid": ORDER,
    "orders/fulfilled": ORDER,
    "orders/cancelled": ORDER,
    "checkouts/create": CHECKOUT,
    "checkouts/update": CHECKOUT,
    "carts/create": CART,
    "carts/update": CART,
    "refunds/create": REFUND,
    "fulfillments/create": FULFILLMENT,
    "fulfillments/update": FULFILLMENT,
    "customers/create": CUSTOMER,
    "customers/update": CUSTOMER,
    "customers_email_marketing_consent/update": CONSENT,
    "products/create": PRODUCT,
    "products/update": PRODUCT,
    "products/delete": {"id": 501},
    "customers/data_request": DATA_REQUEST,
    "customers/redact": REDACTION,
    "shop/redact": _SHOP,
}


def alias(address: str) -> str:
    """The alias of an address under the tests' key."""
    return address_alias(address, KEY)


def raw(body: object) -> bytes:
    """A body as bytes."""
    return json.dumps(body).encode()


def parse_all(topic: str, body: object) -> list[Event]:
    """What the source reads from a Shopify body."""
    content = body if isinstance(body, bytes) else raw(body)
    return SOURCES["shopify"].parse(Request("shopify", {"x-shopify-topic": topic}, content), NOW, KEY)


def parse(topic: str, body: object) -> Event:
    """The one event read from a Shopify body."""
    (event,) = parse_all(topic, body)
    return event


def parse_standard(body: object, delivery: str = "msg_1") -> Event:
    """The one event read from a generic body."""
    content = body if isinstance(body, bytes) else raw(body)
    (event,) = SOURCES["events"].parse(Request("events", {"webhook-id": delivery}, content), NOW, KEY)
    return event


def shopify_headers(topic: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Headers with a valid signature."""
    digest = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    return {"x-shopify-topic": topic, "x-shopify-hmac-sha256": digest}


def standard_headers(
    body: bytes, at: datetime = NOW, delivery: str = "msg_1", secret: str = STANDARD_SECRET
) -> dict[str, str]:
    """Headers with a valid signature."""
    time = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.digest(key, f"{delivery}.{time}.".encode() + body, "sha256")).decode()
    return {"webhook-id": delivery, "webhook-timestamp": time, "webhook-signature": f"v1,{digest}"}
