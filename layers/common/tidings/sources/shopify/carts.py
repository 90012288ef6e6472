"""Carts: what somebody has put together, long before a checkout names them. A cart is its token."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tidings.errors import BadInput
from tidings.events import token_alias
from tidings.sources import reading
from tidings.sources.naming import Who, version
from tidings.sources.reading import present
from tidings.sources.shopify.fact import Fact
from tidings.sources.shopify.orders import amount, cart_token, lines_of


def cart(event_type: str, body: Mapping[str, Any], key: bytes) -> Fact:
    """`carts/create` and `carts/update`: the cart as it is now; emptied, it has no items and a total of 0.

    Both tell the same kind of fact, so that a cart whose creation was missed is known by its next change.
    """
    token = cart_token(body.get("token")) or cart_token(body.get("id"))
    if token is None:
        raise BadInput("the body has no usable token or id: a cart cannot be told from another")
    updated = reading.moment(body.get("updated_at")) or reading.moment(body.get("created_at"))
    person = Who(token_alias("shopify", "cart", token), (token_alias("shopify", "cart", token),), False)
    lines = reading.items(body.get("line_items"))
    properties = present(
        {
            "cart": token,
            "total": _sum(lines, "shop_money"),
            "currency": _currency(lines, "shop_money"),
            "presentment_total": _sum(lines, "presentment_money"),
            "presentment_currency": _currency(lines, "presentment_money"),
            **lines_of(body, lambda line: amount(line, "price", "presentment_money")),
        }
    )
    return Fact(event_type, f"{token}:{version(updated, properties, key)}", updated, person, properties)


def _sum(lines: list[Mapping[str, Any]], side: str) -> str | None:
    """What all lines cost; None when one does not tell it in this currency."""
    amounts = [amount(line, "line_price", side) for line in lines]
    told = [Decimal(each) for each in amounts if each is not None]
    return str(sum(told, Decimal(0))) if len(told) == len(amounts) else None


def _currency(lines: list[Mapping[str, Any]], side: str) -> str | None:
    prices = (reading.mapping(reading.mapping(line.get("line_price_set")).get(side)) for line in lines)
    return next((found for price in prices if (found := reading.currency(price.get("currency_code")))), None)
