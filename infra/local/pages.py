"""What the demo shop's pages tell, and what comes after its orders: browsing, carts, parcels, refunds."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from infra.local.bodies import Body, Checkout, Order, address, fulfilment, gid, money, order_line, stamp
from infra.local.catalogue import SHOP_CURRENCY, SHOP_SITE, TRACK_KEY, Product, convert, text
from infra.local.shop_people import Person
from infra.local.wire import Webhook

Tid = Callable[[int, datetime], str]
"""The shop's backend: a signed token of an account, and until when it holds."""

_NAMES: Final = uuid.UUID("b2d7a1c0-7f7c-5f0e-8a35-2f1f6a0d9b11")
_KNOWN_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Browser:
    """Somebody before the shop's pages; `tid` when the shop knows who, by a login or a link in a mail."""

    person: Person
    tid: Tid | None = None

    def views(self, item: Product, at: datetime) -> Webhook:
        """A product's page."""
        data = _line(item, 1, self.person.place.currency) | {"url": f"{SHOP_SITE}/products/{item.handle}"}
        return self._tell("product_viewed", data | _amounts(item.price, self.person.place.currency), at)

    def fills(self, cart: Checkout, at: datetime) -> Webhook:
        """The cart as a page shows it."""
        currency = self.person.place.currency
        lines = [_line(item, quantity, currency) for item, quantity in cart.lines]
        total = sum((item.price * quantity for item, quantity in cart.lines), Decimal(0))
        return self._tell("cart_updated", {"items": lines, **_amounts(total, currency)}, at, cart.cart_token)

    def _tell(self, type_: str, data: Body, at: datetime, cart: str | None = None) -> Webhook:
        visitor = str(uuid.uuid5(_NAMES, self.person.email))
        name = str(uuid.uuid5(_NAMES, f"{type_} {visitor} {at.isoformat()}"))
        body = {"key": TRACK_KEY, "platform": "shopify", "type": type_, "id": name, "visitor": visitor}
        body |= {"cart": cart} if cart else {}
        body |= {"tid": self.tid(self.person.id, at + _KNOWN_FOR)} if self.tid else {}
        raw = json.dumps({**body, "data": data}, ensure_ascii=False, separators=(",", ":")).encode()
        return Webhook(at, "track", type_, raw, name)


def _line(item: Product, quantity: int, currency: str) -> Body:
    price = text(convert(item.price, currency), currency)
    return {
        "product_id": str(item.id), "variant_id": str(item.variant_id), "title": item.title,
        "variant": item.variant, "quantity": quantity, "price": price,
    }  # fmt: skip


def _amounts(dollars: Decimal, currency: str) -> Body:
    seen = {"presentment_total": text(convert(dollars, currency), currency), "presentment_currency": currency}
    return seen | {"total": text(dollars, SHOP_CURRENCY), "currency": SHOP_CURRENCY}


def cart(filled: Checkout, at: datetime) -> Body:
    """`carts/create` and `carts/update`: a token and lines, and nobody's name."""
    currency = filled.currency
    lines: list[Body] = [
        {
            "id": item.variant_id, "properties": None, "quantity": quantity, "variant_id": item.variant_id,
            "key": f"{item.variant_id}:{filled.token}", "discounted_price": text(item.price, SHOP_CURRENCY),
            "discounts": [], "gift_card": False, "grams": 400,
            "line_price": text(item.price * quantity, SHOP_CURRENCY),
            "original_line_price": text(item.price * quantity, SHOP_CURRENCY),
            "original_price": text(item.price, SHOP_CURRENCY), "price": text(item.price, SHOP_CURRENCY),
            "product_id": item.id, "sku": item.sku, "taxable": True, "title": f"{item.title} - {item.variant}",
            "total_discount": "0.00", "vendor": "Kettle & Kiln",
            "discounted_price_set": money(item.price, currency),
            "line_price_set": money(item.price * quantity, currency),
            "original_line_price_set": money(item.price * quantity, currency),
            "price_set": money(item.price, currency), "total_discount_set": money(Decimal(0), currency),
        }
        for item, quantity in filled.lines
    ]  # fmt: skip
    token = filled.cart_token
    when = {"updated_at": stamp(at), "created_at": stamp(filled.created)}
    return {"id": token, "token": token, "line_items": lines, "note": None, **when}


def parcel(sent: Order, at: datetime, status: str | None = None) -> Body:
    """`fulfillments/create` and `fulfillments/update`: the whole order in one parcel."""
    buyer = sent.checkout
    lines = [order_line(sent, index, item, quantity) for index, (item, quantity) in enumerate(buyer.lines)]
    body = fulfilment(replace(sent, fulfilled=sent.fulfilled or at), lines, sent.fulfilled or at)
    link = f"https://parcels.example/{body['tracking_number']}"
    return body | {
        "updated_at": stamp(at), "shipment_status": status, "destination": address(buyer.person),
        "email": buyer.person.email if buyer.account else buyer.email,
        "tracking_url": link, "tracking_urls": [link],
    }  # fmt: skip


def refund(order: Order, at: datetime, pieces: int | None = None) -> Body:
    """`refunds/create`: the first `pieces` lines, all when None, without shipping."""
    number, currency = order.id + 61, order.checkout.currency
    back = list(enumerate(order.checkout.lines))[:pieces]
    goods = sum((item.price * quantity for _, (item, quantity) in back), Decimal(0))
    nothing = money(Decimal(0), currency)
    lines = [
        {
            "id": number * 10 + index, "quantity": quantity, "line_item_id": order.id * 10 + index,
            "location_id": None, "restock_type": "return", "subtotal": float(item.price * quantity),
            "total_tax": 0, "subtotal_set": money(item.price * quantity, currency), "total_tax_set": nothing,
            "line_item": order_line(order, index, item, quantity),
        }
        for index, (item, quantity) in back
    ]  # fmt: skip
    paid = {
        "id": number + 1, "order_id": order.id, "kind": "refund", "gateway": "shopify_payments",
        "status": "success", "message": None, "created_at": stamp(at), "test": False, "authorization": None,
        "location_id": None, "user_id": None, "parent_id": None, "processed_at": stamp(at), "device_id": None,
        "error_code": None, "source_name": "web", "receipt": {}, "currency": currency,
        "amount": text(convert(goods, currency), currency), "payment_id": f"#{1000 + order.number}.1",
        "manual_payment_gateway": False, "amount_rounding": None, "total_unsettled_set": _unsettled(currency),
        "admin_graphql_api_id": gid("OrderTransaction", number + 1),
    }  # fmt: skip
    return {
        "id": number, "order_id": order.id, "created_at": stamp(at), "note": "sent back", "user_id": 548380009,
        "processed_at": stamp(at), "duties": [], "total_duties_set": nothing, "return": None, "restock": True,
        "refund_shipping_lines": [], "admin_graphql_api_id": gid("Refund", number), "order_adjustments": [],
        "refund_line_items": lines, "transactions": [paid],
    }  # fmt: skip


def _unsettled(currency: str) -> Body:
    """Nothing, as transactions write it: with the currency under another name than elsewhere."""
    return {
        side: {"amount": "0.0", "currency": name}
        for side, name in (("presentment_money", currency), ("shop_money", SHOP_CURRENCY))
    }
