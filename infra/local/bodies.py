"""Webhook bodies of the demo shop, complete as Shopify sends them (API 2026-07, the fields of its own
samples).

Amounts of an order stand in the shop's currency with both currencies in each `*_set`; a checkout's amounts
stand in the currency that the customer sees, `presentment_currency`, as Shopify's checkout resource says.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from infra.local.catalogue import SHOP_CURRENCY, SHOP_DOMAIN, SHOP_SITE, Product, convert, text
from infra.local.shop_people import Person

Body = dict[str, Any]

_SHOP_ZONE = ZoneInfo("America/New_York")
_SHIPPING = Decimal("6.00")


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout as the shop knows it. `account` is false for a guest: then there is an address and no
    customer object.
    """

    number: int
    person: Person
    lines: tuple[tuple[Product, int], ...]
    created: datetime
    account: bool = True
    email: str | None = None
    accepts_marketing: bool = False

    @property
    def token(self) -> str:
        """The checkout's token."""
        return f"{self.number:08x}c0ffee{self.number * 7919:016x}"[:32]

    @property
    def cart_token(self) -> str:
        """The token of the cart it came from."""
        return f"Z2NwLXVzLXdlc3Q{self.number:06d}"

    @property
    def currency(self) -> str:
        """What the customer pays in."""
        return self.person.place.currency

    def without_last(self) -> "Checkout":
        """The same checkout after its last line was taken out."""
        return replace(self, lines=self.lines[:-1])


@dataclass(frozen=True, slots=True)
class Order:
    """An order that a checkout became. The times of payment, delivery and cancellation are None until they
    come.
    """

    number: int
    checkout: Checkout
    placed: datetime
    updated: datetime
    paid: datetime | None = None
    fulfilled: datetime | None = None
    cancelled: datetime | None = None

    @property
    def id(self) -> int:
        """The order's id in the shop."""
        return 5_630_200_000_000 + self.number * 3_571


def stamp(at: datetime) -> str:
    """A time as Shopify writes it: ISO 8601 with the shop's own offset."""
    return at.astimezone(_SHOP_ZONE).isoformat(timespec="seconds")


def gid(kind: str, number: int) -> str:
    """A GraphQL id."""
    return f"gid://shopify/{kind}/{number}"


def address(person: Person) -> Body:
    """A postal address as checkouts and orders carry it."""
    place = person.place
    return {
        "first_name": person.first_name, "address1": place.street, "phone": place.phone, "city": place.city,
        "zip": place.postcode, "province": place.province, "country": place.country,
        "last_name": person.last_name, "address2": None, "company": None, "latitude": None, "longitude": None,
        "name": person.name, "country_code": place.code, "province_code": place.province_code,
    }  # fmt: skip


def _default_address(person: Person) -> Body:
    place = person.place
    return {
        "id": person.id + 11, "customer_id": person.id, "first_name": person.first_name,
        "last_name": person.last_name, "company": None, "address1": place.street, "address2": None,
        "city": place.city, "province": place.province, "country": place.country, "zip": place.postcode,
        "phone": place.phone, "name": person.name, "province_code": place.province_code,
        "country_code": place.code, "country_name": place.country, "default": True,
    }  # fmt: skip


def _account(person: Person, registered: datetime | None, updated: datetime | None) -> Body:
    return {
        "id": person.id,
        "created_at": stamp(registered) if registered else None,
        "updated_at": stamp(updated) if updated else None,
        "first_name": person.first_name, "last_name": person.last_name, "state": "enabled", "note": None,
        "verified_email": True, "multipass_identifier": None, "tax_exempt": False, "email": person.email,
        "phone": None, "currency": SHOP_CURRENCY, "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", person.id), "default_address": _default_address(person),
    }  # fmt: skip


def customer(person: Person, registered: datetime, updated: datetime) -> Body:
    """`customers/create` and `customers/update`: without consent, as since API 2025-07."""
    home = _default_address(person) | {"address2": "", "company": ""}
    return _account(person, registered, updated) | {"note": "", "addresses": [home]}


def consent(person: Person, subscribed: bool, at: datetime) -> Body:
    """`customers_email_marketing_consent/update`."""
    return {
        "customer_id": person.id,
        "email_address": person.email,
        "email_marketing_consent": {
            "state": "subscribed" if subscribed else "unsubscribed",
            "opt_in_level": "single_opt_in",
            "consent_updated_at": stamp(at),
        },
    }


def profile(person: Person, at: datetime) -> Body:
    """A `profile_updated` of the generic source: birthday and time zone, which Shopify does not know."""
    data: Body = {
        "customer": {"email": person.email},
        "timezone": person.place.timezone,
        "locale": person.place.locale,
    }
    if person.birthday:
        data["birthday"] = person.birthday
    return {"type": "profile_updated", "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data}


def product(item: Product, created: datetime, pictures: str, left: int = 40) -> Body:
    """`products/create`; `pictures` is the address that the picture's name is put behind, `left` what is in stock."""
    when = stamp(created)
    image: Body = {
        "id": item.id + 21, "alt": item.title, "position": 1, "product_id": item.id, "created_at": when,
        "updated_at": when, "admin_graphql_api_id": gid("ProductImage", item.id + 21), "width": 320,
        "height": 320, "src": f"{pictures}{item.picture}", "variant_ids": [],
    }  # fmt: skip
    variant = {
        "admin_graphql_api_id": gid("ProductVariant", item.variant_id), "barcode": None,
        "compare_at_price": None, "created_at": when, "id": item.variant_id, "inventory_policy": "deny",
        "position": 1, "price": text(item.price, SHOP_CURRENCY), "product_id": item.id, "sku": item.sku,
        "taxable": True, "title": item.variant, "updated_at": when, "option1": item.variant, "option2": None,
        "option3": None, "image_id": None, "inventory_item_id": item.variant_id + 5, "inventory_quantity": left,
        "old_inventory_quantity": left,
    }  # fmt: skip
    return {
        "admin_graphql_api_id": gid("Product", item.id), "body_html": f"<p>{item.title}, {item.variant}</p>",
        "created_at": when, "handle": item.handle, "id": item.id, "product_type": item.kind,
        "published_at": when, "template_suffix": None, "title": item.title, "updated_at": when,
        "vendor": "Kettle & Kiln", "status": "active", "published_scope": "web", "tags": item.kind.lower(),
        "variants": [variant],
        "options": [
            {
                "name": "Size", "id": item.id + 31, "product_id": item.id, "position": 1,
                "values": [item.variant],
            }
        ],
        "images": [image], "image": image, "media": [], "category": None,
        "variant_gids": [
            {"admin_graphql_api_id": gid("ProductVariant", item.variant_id), "updated_at": when}
        ],
        "has_variants_that_requires_components": False,
    }  # fmt: skip


def _checkout_line(item: Product, quantity: int, currency: str, key: str) -> Body:
    price = text(convert(item.price, currency), currency)
    return {
        "applied_discounts": [], "discount_allocations": [], "key": key, "destination_location_id": None,
        "fulfillment_service": "manual", "gift_card": False, "grams": 400, "origin_location_id": None,
        "presentment_title": item.title, "presentment_variant_title": item.variant, "product_id": item.id,
        "properties": [], "quantity": quantity, "requires_shipping": True, "sku": item.sku, "tax_lines": [],
        "taxable": True, "title": item.title, "variant_id": item.variant_id, "variant_title": item.variant,
        "variant_price": price, "vendor": "Kettle & Kiln", "user_id": None,
        "unit_price_measurement": {
            "measured_type": None, "quantity_value": None, "quantity_unit": None, "reference_value": None,
            "reference_unit": None,
        },
        "rank": None, "compare_at_price": None,
        "line_price": text(convert(item.price, currency) * quantity, currency), "price": price,
    }  # fmt: skip


def checkout(cart: Checkout, updated: datetime, completed: datetime | None = None) -> Body:
    """`checkouts/create` and `checkouts/update`. Without an address (`email` None and no account) nobody is
    named yet.
    """
    currency = cart.currency
    goods = sum((convert(item.price, currency) * quantity for item, quantity in cart.lines), Decimal(0))
    named = cart.account or cart.email is not None
    body: Body = {
        "id": 31_400_000_000_000 + cart.number * 101,
        "token": cart.token, "cart_token": cart.cart_token,
        "email": cart.person.email if cart.account else cart.email, "gateway": None,
        "buyer_accepts_marketing": cart.accepts_marketing, "buyer_accepts_sms_marketing": False,
        "created_at": stamp(cart.created), "updated_at": stamp(updated), "landing_site": "/", "note": "",
        "note_attributes": [], "referring_site": "", "shipping_lines": [], "taxes_included": False,
        "total_weight": 400 * len(cart.lines), "currency": SHOP_CURRENCY, "presentment_currency": currency,
        "completed_at": stamp(completed) if completed else None, "closed_at": None, "user_id": None,
        "location_id": None, "source_identifier": None, "source_url": None, "device_id": None, "phone": None,
        "customer_locale": cart.person.place.locale, "name": f"#{31_400_000_000_000 + cart.number * 101}",
        "line_items": [
            _checkout_line(item, quantity, currency, f"{cart.token[:20]}{index:012x}")
            for index, (item, quantity) in enumerate(cart.lines)
        ],
        "source": None, "source_name": "web", "discount_codes": [], "tax_lines": [],
        "abandoned_checkout_url": f"{SHOP_SITE}/checkouts/{cart.token}/recover?key={cart.cart_token}",
        "sms_marketing_phone": None, "total_discounts": text(Decimal(0), currency),
        "total_line_items_price": text(goods, currency), "total_price": text(goods, currency),
        "total_tax": text(Decimal(0), currency), "subtotal_price": text(goods, currency),
        "total_duties": text(Decimal(0), currency), "reservation_token": None,
    }  # fmt: skip
    if named:
        body |= {"billing_address": address(cart.person), "shipping_address": address(cart.person)}
    if cart.account:
        body["customer"] = _account(cart.person, None, None)
    return body


def money(dollars: Decimal, currency: str, shown: Decimal | None = None) -> Body:
    """An amount in both currencies; `shown` where the customer's is a sum of rounded prices."""
    shown = convert(dollars, currency) if shown is None else shown
    return {
        "shop_money": {"amount": text(dollars, SHOP_CURRENCY), "currency_code": SHOP_CURRENCY},
        "presentment_money": {"amount": text(shown, currency), "currency_code": currency},
    }


def order_line(order: Order, index: int, item: Product, quantity: int) -> Body:
    """A line as orders carry it."""
    number = order.id * 10 + index
    left = 0 if order.fulfilled or order.cancelled else quantity
    return {
        "id": number, "admin_graphql_api_id": gid("LineItem", number), "attributed_staffs": [],
        "current_quantity": quantity, "fulfillable_quantity": left, "fulfillment_service": "manual",
        "fulfillment_status": "fulfilled" if order.fulfilled else None, "gift_card": False, "grams": 400,
        "name": f"{item.title} - {item.variant}", "price": text(item.price, SHOP_CURRENCY),
        "price_set": money(item.price, order.checkout.currency), "product_exists": True,
        "product_id": item.id, "properties": [], "quantity": quantity, "requires_shipping": True,
        "sales_line_item_group_id": None, "sku": item.sku, "taxable": True, "title": item.title,
        "total_discount": "0.00", "total_discount_set": money(Decimal(0), order.checkout.currency),
        "variant_id": item.variant_id, "variant_inventory_management": "shopify",
        "variant_title": item.variant, "vendor": "Kettle & Kiln", "tax_lines": [], "duties": [],
        "discount_allocations": [],
    }  # fmt: skip


def _amounts(lines: tuple[tuple[Product, int], ...], currency: str) -> Body:
    """What an order's mail adds up, in either currency, as Shopify does: sums of what each line is rounded to."""
    goods = sum((item.price * quantity for item, quantity in lines), Decimal(0))
    shown = sum((convert(item.price, currency) * quantity for item, quantity in lines), Decimal(0))
    summed, whole = (goods, shown), (goods + _SHIPPING, shown + convert(_SHIPPING, currency))
    none = (Decimal(0), Decimal(0))
    figures = {
        "current_subtotal_price": summed, "current_total_discounts": none, "current_total_price": whole,
        "current_total_tax": none, "subtotal_price": summed, "total_discounts": none,
        "total_line_items_price": summed, "total_price": whole, "total_tax": none,
    }  # fmt: skip
    body: Body = {name: text(amount, SHOP_CURRENCY) for name, (amount, _) in figures.items()}
    body |= {f"{name}_set": money(amount, currency, seen) for name, (amount, seen) in figures.items()}
    body |= {
        name: money(_SHIPPING, currency)
        for name in ("current_shipping_price_set", "total_shipping_price_set")
    }
    nothing = money(Decimal(0), currency)
    return body | {
        "total_cash_rounding_payment_adjustment_set": nothing,
        "total_cash_rounding_refund_adjustment_set": nothing, "current_total_additional_fees_set": None,
        "current_total_duties_set": None, "original_total_additional_fees_set": None,
        "original_total_duties_set": None, "total_outstanding": "0.00", "total_tip_received": "0.00",
    }  # fmt: skip


def fulfilment(order: Order, lines: list[Body], at: datetime) -> Body:
    """A parcel as orders and fulfillments carry it."""
    number = order.id + 41
    return {
        "id": number, "admin_graphql_api_id": gid("Fulfillment", number), "created_at": stamp(at),
        "updated_at": stamp(at), "location_id": 655441491, "name": f"#{1000 + order.number}.1",
        "order_id": order.id, "origin_address": {}, "receipt": {}, "service": "manual",
        "shipment_status": None, "status": "success", "tracking_company": "USPS",
        "tracking_number": f"9400{order.id}", "tracking_numbers": [f"9400{order.id}"], "tracking_url": None,
        "tracking_urls": [], "line_items": lines,
    }  # fmt: skip


def _shipping_line(order: Order) -> Body:
    price = money(_SHIPPING, order.checkout.currency)
    return {
        "id": order.id + 51, "carrier_identifier": None, "code": "Standard",
        "current_discounted_price_set": price, "discounted_price": "6.00", "discounted_price_set": price,
        "is_removed": False, "phone": None, "price": "6.00", "price_set": price,
        "requested_fulfillment_service_id": None, "source": "shopify", "title": "Standard", "tax_lines": [],
        "discount_allocations": [],
    }  # fmt: skip


def order(placed: Order) -> Body:
    """`orders/create`, `orders/paid`, `orders/fulfilled` and `orders/cancelled`: one body, as far as the
    order has come.
    """
    cart = placed.checkout
    email = cart.person.email if cart.account else cart.email
    lines = [order_line(placed, index, item, quantity) for index, (item, quantity) in enumerate(cart.lines)]
    status = "voided" if placed.cancelled else "paid" if placed.paid else "pending"
    body: Body = _amounts(cart.lines, cart.currency) | {
        "id": placed.id, "admin_graphql_api_id": gid("Order", placed.id), "app_id": 580111,
        "browser_ip": "192.0.2.44", "buyer_accepts_marketing": cart.accepts_marketing,
        "cancel_reason": "customer" if placed.cancelled else None,
        "cancelled_at": stamp(placed.cancelled) if placed.cancelled else None, "cart_token": cart.cart_token,
        "checkout_id": 31_400_000_000_000 + cart.number * 101,
        "checkout_token": cart.token, "client_details": None,
        "closed_at": None, "confirmation_number": f"K{placed.number:07d}", "confirmed": True,
        "contact_email": email, "created_at": stamp(placed.placed), "currency": SHOP_CURRENCY,
        "customer_locale": cart.person.place.locale, "device_id": None, "discount_codes": [],
        "duties_included": False, "email": email, "estimated_taxes": False, "financial_status": status,
        "fulfillment_status": "fulfilled" if placed.fulfilled else None, "landing_site": "/",
        "landing_site_ref": None, "line_item_groups": [], "location_id": None,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ", "merchant_of_record_app_id": None,
        "name": f"#{1000 + placed.number}", "note": None, "note_attributes": [], "number": placed.number,
        "order_number": 1000 + placed.number,
        "order_status_url": f"https://{SHOP_DOMAIN}/548380009/orders/{cart.token}/authenticate?key=k{placed.number}",
        "payment_gateway_names": ["shopify_payments"], "payment_terms": None, "phone": None,
        "po_number": None,
        "presentment_currency": cart.currency, "processed_at": stamp(placed.placed), "reference": None,
        "referring_site": None, "source_identifier": None, "source_name": "web", "source_url": None,
        "tags": "", "tax_exempt": False, "tax_lines": [], "taxes_included": False, "test": False,
        "token": f"{placed.id:x}0rder", "total_weight": 400 * len(lines), "updated_at": stamp(placed.updated),
        "user_id": None, "billing_address": address(cart.person), "shipping_address": address(cart.person),
        "discount_applications": [], "line_items": lines, "refunds": [], "returns": [],
        "fulfillments": [fulfilment(placed, lines, placed.fulfilled)] if placed.fulfilled else [],
        "shipping_lines": [_shipping_line(placed)],
    }  # fmt: skip
    body["customer"] = _account(cart.person, None, None) if cart.account else None
    return body
