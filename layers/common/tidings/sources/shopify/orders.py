"""Orders and checkouts: what was bought, or left, and in which currency.

Which currency an amount is in (Shopify, "Migrating to support multiple currencies",
help.shopify.com/en/api/guides/multi-currency-migration-guide, and the changelog entry of 2018-10-24):
- An order's plain amounts are in the shop's currency; the customer's stand in `…_set.presentment_money`.
- A checkout's plain amounts, its lines' prices too, are in the customer's currency
  (`presentment_currency`), though its `currency` names the shop's. It does not tell the shop's amount:
  `total` is absent when the two differ.

`buyer_accepts_marketing`: whether the customer would like e-mail updates, by the checkbox during this
checkout (shopify.dev/docs/api/admin-rest, abandoned checkouts). Ticked, it is a consent; not ticked, it
takes none away.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from tidings.errors import BadInput
from tidings.events import account_alias, token_alias
from tidings.sources import reading
from tidings.sources.naming import Who, version, who
from tidings.sources.reading import present
from tidings.sources.shopify.fact import Fact, key_of
from tidings.sources.shopify.people import person_properties, place_of

FULL_LINES: Final = 12
"""Lines kept with title and price: what a mail can show. Of the others product and quantity are kept."""

MAX_LINES: Final = 500
"""Lines kept at all: the most an order can have; they stay far below DynamoDB's 400 KB."""


def order(event_type: str, body: Mapping[str, Any], key: bytes) -> Fact:
    """`orders/create`, `paid`, `fulfilled` and `cancelled`: one event per order and type.

    Created at `created_at`, cancelled at `cancelled_at`; paid and fulfilled at `updated_at`, as no field
    tells them.
    """
    number = key_of(body, "an order")
    checkout_token = reading.identifier(body.get("checkout_token"))
    cart = cart_token(body.get("cart_token"))
    tokens = _tokens(checkout_token, cart)
    person = _who(body, tokens, key) or _nobody(token_alias("shopify", "order", number))
    placed = reading.moment(body.get("created_at")) or reading.moment(body.get("processed_at"))
    updated = reading.moment(body.get("updated_at"))
    cancelled = reading.moment(body.get("cancelled_at"))
    at = {"order_placed": placed, "order_cancelled": cancelled or updated}.get(event_type, updated)
    shop, theirs = _order_currencies(body)
    properties = present(
        {
            **_buyer(body),
            "order_id": number,
            "order_name": reading.text(body.get("name"), 60),
            "checkout": checkout_token,
            "cart": cart,
            "total": amount(body, "total_price", "shop_money") or reading.money(body.get("total_price")),
            "currency": shop,
            "presentment_total": presented(body, "total_price", shop == theirs),
            "presentment_currency": theirs,
            **_sums(body, shop == theirs),
            "url": reading.link(body.get("order_status_url")),
            "placed_at": reading.stamp(placed) if placed else None,
            "cancelled_at": reading.stamp(cancelled) if cancelled else None,
            "financial_status": reading.text(body.get("financial_status"), 40),
            "test": True if body.get("test") is True else None,
            **lines_of(body, lambda line: presented(line, "price", shop == theirs)),
        }
    )
    return Fact(event_type, number, at, person, properties)


def checkout(event_type: str, body: Mapping[str, Any], key: bytes) -> Fact:
    """`checkouts/create` and `checkouts/update`. The checkout is its token; 2026's bodies have no `id`."""
    cart = cart_token(body.get("cart_token"))
    token = reading.identifier(body.get("token")) or cart or reading.identifier(body.get("id"))
    if token is None:
        raise BadInput(
            "the body has no usable token, cart_token or id: a checkout cannot be told from another"
        )
    person = _who(body, _tokens(token, cart), key) or _nobody(token_alias("shopify", "checkout", token))
    created, updated = reading.moment(body.get("created_at")), reading.moment(body.get("updated_at"))
    shop = reading.currency(body.get("currency"))
    theirs = reading.currency(body.get("presentment_currency")) or shop
    total = reading.money(body.get("total_price"))
    properties = present(
        {
            **_buyer(body),
            "checkout": token,
            "cart": cart,
            "total": total if shop == theirs else None,
            "currency": shop,
            "presentment_total": total,
            "presentment_currency": theirs,
            "url": reading.link(body.get("abandoned_checkout_url")),
            "started_at": reading.stamp(created) if created else None,
            "completed_at": reading.moment_stamp(body.get("completed_at")),
            **lines_of(body, lambda line: reading.money(line.get("price"))),
        }
    )
    if event_type == "checkout_started":
        return Fact(event_type, token, created, person, properties)
    told = version(updated, {"aliases": person.aliases, **properties}, key)
    return Fact(event_type, f"{token}:{told}", updated, person, properties)


def _who(body: Mapping[str, Any], tokens: list[str], key: bytes) -> Who | None:
    customer = reading.mapping(body.get("customer"))
    account = reading.identifier(customer.get("id")) or reading.identifier(_gid(customer))
    return who(
        account=account_alias("shopify", account) if account else None,
        email=reading.address(customer.get("email")),
        contact=_contact(body),
        tokens=tokens,
        key=key,
    )


def _nobody(token: str) -> Who:
    return Who(token, (token,), False)


def _gid(customer: Mapping[str, Any]) -> object:
    gid = customer.get("admin_graphql_api_id")
    return gid if isinstance(gid, str) and gid.startswith("gid://shopify/Customer/") else None


def _tokens(checkout_token: str | None, cart: str | None) -> list[str]:
    named = (("checkout", checkout_token), ("cart", cart))
    return [token_alias("shopify", kind, token) for kind, token in named if token]


def cart_token(value: object) -> str | None:
    """A cart's token without the `?key=…` that newer ones carry in some places only."""
    token = reading.identifier(value)
    return token.split("?", 1)[0] or None if token else None


def _contact(body: Mapping[str, Any]) -> str | None:
    return reading.address(body.get("email")) or reading.address(body.get("contact_email"))


def _buyer(body: Mapping[str, Any]) -> dict[str, Any]:
    """Who buys: the customer object's word; for a guest the contact address and the name on the bill."""
    customer = reading.mapping(body.get("customer"))
    bill = reading.mapping(body.get("billing_address"))
    ship = reading.mapping(body.get("shipping_address"))
    person = person_properties(customer)
    contact = _contact(body)
    if not customer:
        named = bill if reading.text(bill.get("first_name")) or reading.text(bill.get("last_name")) else ship
        person["first_name"] = reading.text(named.get("first_name"), 100)
        person["last_name"] = reading.text(named.get("last_name"), 100)
    email = person["email"] or contact
    codes = [reading.text(code.get("code"), 60) for code in reading.items(body.get("discount_codes"))]
    return {
        **person,
        "email": email,
        "contact_email": contact if contact and email and contact.lower() != email.lower() else None,
        "locale": reading.locale(body.get("customer_locale")) or person["locale"],
        **(place_of(ship, bill) if person["country"] is None else {}),
        "discount_codes": [code for code in codes if code][:10] or None,
        "accepts_marketing": reading.boolean(body.get("buyer_accepts_marketing")),
    }


def _order_currencies(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """(shop's, customer's) currency of an order; bodies before 2018 have one only."""
    total = reading.mapping(body.get("total_price_set"))
    sold = reading.mapping(total.get("shop_money"))
    paid = reading.mapping(total.get("presentment_money"))
    shop = reading.currency(body.get("currency")) or reading.currency(sold.get("currency_code"))
    theirs = reading.currency(body.get("presentment_currency")) or reading.currency(paid.get("currency_code"))
    return shop, theirs or shop


def amount(thing: Mapping[str, Any], name: str, side: str) -> str | None:
    """What the set of a name says on one side: `shop_money` or `presentment_money`."""
    prices = reading.mapping(thing.get(f"{name}_set"))
    return reading.money(reading.mapping(prices.get(side)).get("amount"))


def presented(thing: Mapping[str, Any], name: str, same: bool) -> str | None:
    """An order's amount in the customer's currency; the plain one only where the currencies are the same."""
    return amount(thing, name, "presentment_money") or (reading.money(thing.get(name)) if same else None)


def _sums(body: Mapping[str, Any], same: bool) -> dict[str, Any]:
    """What makes up an order's total, in the customer's currency; nothing for a sum that is zero."""
    shipping = amount(body, "total_shipping_price", "presentment_money")
    told = {
        "subtotal": presented(body, "total_line_items_price", same),
        "discount": presented(body, "total_discounts", same),
        "shipping": shipping,
        "tax": presented(body, "total_tax", same),
    }
    sums = {name: value for name, value in told.items() if value and Decimal(value)}
    return {**sums, "taxes_included": True if body.get("taxes_included") is True else None}


def lines_of(body: Mapping[str, Any], price: Any) -> dict[str, Any]:
    """`items`, `items_count` (lines) and `quantity` (pieces). Prices are for one piece, in the customer's
    currency.
    """
    lines = reading.items(body.get("line_items"))
    counts = [reading.integer(line.get("quantity")) for line in lines]
    kept = []
    for place, line in enumerate(lines[:MAX_LINES]):
        item = {"product_id": reading.identifier(line.get("product_id")), "quantity": counts[place]}
        if place < FULL_LINES:
            variant = reading.text(line.get("presentment_variant_title") or line.get("variant_title"), 60)
            variant_id = reading.identifier(line.get("variant_id"))
            item |= {
                "variant_id": variant_id,
                "title": reading.text(line.get("presentment_title") or line.get("title"), 120),
                "variant": variant if variant != "Default Title" else None,
                "price": price(line),
                "sku": None if variant_id else reading.text(line.get("sku"), 60),
            }
        kept.append(present(item))
    return {
        "items": kept,
        "items_count": len(lines),
        "quantity": sum(count for count in counts if count is not None),
    }
