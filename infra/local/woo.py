"""The demo's second shop: WooCommerce, with bodies as its REST API v3 has them and two customers who buy there."""

import json
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from infra.local.bodies import Body
from infra.local.catalogue import PRODUCTS, SHOP_CURRENCY, WOO_SITE, Product
from infra.local.readers import Reaction
from infra.local.shop_people import Person, Place
from infra.local.wire import Webhook

_ZONE: Final = ZoneInfo("America/New_York")
_NAMES: Final = uuid.UUID("0c9d7e0e-3d35-5c5b-9d0b-5f3c1f2a7e64")
_SHIPPING: Final = Decimal("5.00")
_WARES: Final = (PRODUCTS[0], PRODUCTS[4], PRODUCTS[6])

_MALMO: Final = Place(
    "Sweden", "SE", "Malmö", "", "", "211 22", "Adelgatan 9", "+46405550161", "Europe/Stockholm", "en-SE",
    SHOP_CURRENCY, "en",
)  # fmt: skip
_AUSTIN: Final = Place(
    "United States", "US", "Austin", "Texas", "TX", "78702", "1808 Holly St", "+15125550129",
    "America/Chicago", "en-US", SHOP_CURRENCY, "en",
)  # fmt: skip

GUEST: Final = Person(9001, "Greta", "Lund", "greta.lund@example.org", _MALMO, subscribes=True)
"""Has agreed to mails; her card is refused, and she pays after the reminder."""

MEMBER: Final = Person(9002, "Paul", "Adeyemi", "paul.adeyemi@example.net", _AUSTIN, subscribes=False)
"""Opens an account and buys at once."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as far as it has come; of a guest without an account. A time is None until it comes."""

    number: int
    person: Person
    lines: tuple[tuple[Product, int], ...]
    created: datetime
    changed: datetime
    status: str = "pending"
    account: bool = False
    news: bool = False
    paid: datetime | None = None
    completed: datetime | None = None


def history(start: datetime) -> list[Webhook]:
    """The guest's first order, with the box for the newsletter ticked."""
    at = start - timedelta(days=47, hours=5)
    done = at + timedelta(days=1)
    first = Order(4391, GUEST, ((_WARES[2], 1),), at, done, "completed", news=True, paid=at, completed=done)
    return [_hook("order.updated", order(first), done)]


def live(start: datetime, pictures: str) -> list[Webhook]:
    """What this shop tells in the seven days from `start`, but for what follows a mail."""
    opened, tried, bought = (start + timedelta(hours=hours) for hours in (1, 33, 51))
    told = [_hook("product.created", product(item, opened, pictures), opened) for item in _WARES]
    begun, refused = _guests(tried), replace(_guests(tried), status="failed", changed=tried + _minutes(2))
    told += [
        _hook("order.created", order(begun), tried),
        _hook("order.updated", order(refused), tried + _minutes(2)),
    ]
    joined = bought - _minutes(9)
    told.append(_hook("customer.created", customer(MEMBER, joined), joined))
    paid = _members(bought)
    packed = bought + timedelta(hours=27)
    gone = replace(paid, status="completed", completed=packed, changed=packed)
    told += [
        _hook("order.created", order(paid), bought + _minutes(1)),
        _hook(
            "order.updated", order(paid), bought + _minutes(1)
        ),  # WooCommerce tells each change of an order
        _hook("order.updated", order(gone), packed),
    ]
    return told


def reactions(start: datetime) -> list[Reaction]:
    """The guest pays by the reminder's link, which leads to the payment of the order that awaits it."""
    begun = _guests(start + timedelta(hours=33))

    def pays(at: datetime) -> list[Webhook]:
        paid = replace(begun, status="processing", paid=at, changed=at)
        return [_hook("order.updated", order(paid), at)]

    return [Reaction(GUEST.email, "abandoned-checkout", 1, timedelta(hours=2), pays)]


def order(placed: Order) -> Body:
    """`order.created` and `order.updated`."""
    goods = sum((item.price * quantity for item, quantity in placed.lines), Decimal(0))
    person, number = placed.person, placed.number
    key = f"wc_order_{uuid.uuid5(_NAMES, str(number)).hex[:13]}"
    pay = f"{WOO_SITE}/checkout/order-pay/{number}/?pay_for_order=true&key={key}"
    news = [{"id": number * 10, "key": "_tidings_accepts_marketing", "value": "yes"}] if placed.news else []
    return {
        "id": number, "parent_id": 0, "number": str(number), "order_key": key, "created_via": "checkout",
        "version": "10.2.1", "status": placed.status, "currency": SHOP_CURRENCY, "currency_symbol": "$",
        **_dates("date_created", placed.created), **_dates("date_modified", placed.changed),
        **_dates("date_paid", placed.paid), **_dates("date_completed", placed.completed),
        "discount_total": "0.00", "discount_tax": "0.00", "shipping_total": str(_SHIPPING),
        "shipping_tax": "0.00", "cart_tax": "0.00", "total": str(goods + _SHIPPING), "total_tax": "0.00",
        "prices_include_tax": False, "customer_id": _account(person) if placed.account else 0,
        "customer_ip_address": "192.0.2.51", "customer_user_agent": "", "customer_note": "",
        "billing": _address(person) | {"email": person.email, "phone": person.place.phone},
        "shipping": _address(person), "payment_method": "stripe", "payment_method_title": "Card",
        "transaction_id": f"ch_{number}" if placed.paid else "", "cart_hash": "", "meta_data": news,
        "line_items": [_line(number * 10 + n, item, count) for n, (item, count) in enumerate(placed.lines)],
        "tax_lines": [], "fee_lines": [], "coupon_lines": [], "refunds": [], "payment_url": pay,
        "shipping_lines": [
            {"id": number * 10 + 9, "method_title": "Flat rate", "method_id": "flat_rate", "instance_id": "1",
             "total": str(_SHIPPING), "total_tax": "0.00", "taxes": [], "meta_data": []},
        ],
        "is_editable": placed.status == "pending", "needs_payment": placed.paid is None,
        "needs_processing": True,
    }  # fmt: skip


def customer(person: Person, registered: datetime) -> Body:
    """`customer.created`."""
    return {
        "id": _account(person), **_dates("date_created", registered), **_dates("date_modified", registered),
        "email": person.email, "first_name": person.first_name, "last_name": person.last_name,
        "role": "customer", "username": person.email.partition("@")[0],
        "billing": _address(person) | {"email": person.email, "phone": person.place.phone},
        "shipping": _address(person), "is_paying_customer": False,
        "avatar_url": "https://secure.gravatar.example/avatar/0", "meta_data": [],
    }  # fmt: skip


def product(item: Product, created: datetime, pictures: str) -> Body:
    """`product.created`; `pictures` is the address that the picture's name is put behind."""
    number = _ware(item)
    return {
        "id": number, "name": item.title, "slug": item.handle, "permalink": f"{WOO_SITE}/product/{item.handle}/",
        **_dates("date_created", created), **_dates("date_modified", created), "type": "simple",
        "status": "publish", "featured": False, "catalog_visibility": "visible", "description": "",
        "short_description": "", "sku": item.sku, "price": str(item.price), "regular_price": str(item.price),
        "sale_price": "", "on_sale": False, "purchasable": True, "total_sales": 0, "tax_status": "taxable",
        "manage_stock": True, "stock_quantity": 12, "stock_status": "instock", "backorders": "no",
        "weight": "", "reviews_allowed": True, "parent_id": 0, "attributes": [], "variations": [],
        "categories": [{"id": 40 + item.number, "name": item.kind, "slug": item.kind.lower()}], "tags": [],
        "images": [{"id": number + 1, "src": f"{pictures}{item.picture}", "name": item.title, "alt": ""}],
        "meta_data": [],
    }  # fmt: skip


def _guests(at: datetime) -> Order:
    lines = ((_WARES[0], 1), (_WARES[2], 2))
    return Order(4711, GUEST, lines, at, at)


def _members(at: datetime) -> Order:
    paid = at + _minutes(1)
    return Order(4712, MEMBER, ((_WARES[1], 2),), at, paid, "processing", account=True, paid=paid)


def _line(number: int, item: Product, quantity: int) -> Body:
    total = str(item.price * quantity)
    return {
        "id": number, "name": item.title, "product_id": _ware(item), "variation_id": 0, "quantity": quantity,
        "tax_class": "", "subtotal": total, "subtotal_tax": "0.00", "total": total, "total_tax": "0.00",
        "taxes": [], "meta_data": [], "sku": item.sku, "price": float(item.price), "parent_name": None,
    }  # fmt: skip


def _address(person: Person) -> Body:
    place = person.place
    return {
        "first_name": person.first_name, "last_name": person.last_name, "company": "",
        "address_1": place.street, "address_2": "", "city": place.city, "state": place.province_code,
        "postcode": place.postcode, "country": place.code,
    }  # fmt: skip


def _account(person: Person) -> int:
    return person.number - 8900


def _ware(item: Product) -> int:
    return 500 + item.number * 10


def _dates(name: str, at: datetime | None) -> Body:
    """A time as WooCommerce writes it: the shop's own, and UTC beside it, neither with an offset."""
    local, universal = (None, None) if at is None else (at.astimezone(_ZONE), at.astimezone(UTC))
    return {
        name: f"{local:%Y-%m-%dT%H:%M:%S}" if local else None,
        f"{name}_gmt": f"{universal:%Y-%m-%dT%H:%M:%S}" if universal else None,
    }


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def _hook(topic: str, body: Body, at: datetime) -> Webhook:
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Webhook(at, "woocommerce", topic, raw, str(uuid.uuid5(_NAMES, f"{topic} {at} {body['id']}")))
