"""What comes after the order: money paid back, parcels on their way. Such a body names the order, and no customer.

So it waits under the order's token, and the fold finds whose order it is. A fulfillment has the order's contact address
beside it, which serves only where the order is not known.

The amounts of a refund's transactions are in the customer's currency (shopify.dev, REST refunds and transactions: they
are in the shop's only when `in_shop_currency` asks for it); each line's `…_set` has both.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from tidings.errors import BadInput
from tidings.events import address_alias, token_alias
from tidings.sources import reading
from tidings.sources.naming import Who, version
from tidings.sources.reading import present
from tidings.sources.shopify.fact import Fact, key_of
from tidings.sources.shopify.orders import amount, lines_of

SHIPMENTS: Final = MappingProxyType(
    {
        "delivered": "order_delivered",
        "picked_up": "order_delivered",
        "delayed": "shipment_delayed",
        "failure": "shipment_delayed",
        "not_delivered": "shipment_delayed",
    }
)
"""`shipment_status` → the event it tells; any other says no more than that the parcel is on its way."""

_NOT_SENT: Final = frozenset({"cancelled", "error", "failure"})
_PAID_BACK: Final = frozenset({"success", "pending"})


def refund(event_type: str, body: Mapping[str, Any], key: bytes) -> Fact:
    """`refunds/create`: one event per refund. `total` is what was paid back, in the shop's currency."""
    number, order = key_of(body, "a refund"), _order(body)
    created = reading.moment(body.get("created_at")) or reading.moment(body.get("processed_at"))
    back = reading.items(body.get("refund_line_items"))
    lines = [{**reading.mapping(each.get("line_item")), "quantity": each.get("quantity")} for each in back]
    properties = present(
        {
            "order_id": order,
            "refund_id": number,
            **_paid_back(body, back),
            **lines_of({"line_items": lines}, lambda line: amount(line, "price", "presentment_money")),
        }
    )
    return Fact(event_type, number, created, _who(order, None, key), properties)


def fulfillment(event_type: str, body: Mapping[str, Any], key: bytes) -> Fact | None:
    """`fulfillments/create` and `fulfillments/update`: sent, delivered or delayed, each once; None when nothing
    was sent.

    A tracking number that comes later is another fact than the parcel without one.
    """
    number, order = key_of(body, "a fulfillment"), _order(body)
    if reading.text(body.get("status")) in _NOT_SENT:
        return None
    status = (reading.text(body.get("shipment_status"), 40) or "").lower()
    event_type = SHIPMENTS.get(status, event_type)
    at = reading.moment(body.get("updated_at")) or reading.moment(body.get("created_at"))
    contact = reading.address(body.get("email"))
    tracking = present(
        {
            "tracking_company": reading.text(body.get("tracking_company"), 60),
            "tracking_number": reading.text(_first(body, "tracking_number"), 60),
            "tracking_url": reading.link(_first(body, "tracking_url")),
        }
    )
    properties = present(
        {
            "order_id": order,
            "fulfillment_id": number,
            "order_name": (reading.text(body.get("name"), 60) or "").partition(".")[0] or None,
            "contact_email": contact,
            "shipment_status": status or None,
            **tracking,
            **lines_of(body, lambda line: amount(line, "price", "presentment_money")),
        }
    )
    name = f"{order}:{number}"
    if event_type == "shipment_delayed":
        name += f":{status}"
    elif event_type == "order_fulfilled" and "tracking_number" in tracking:
        name += f":{version(None, tracking, key)[:8]}"
    return Fact(event_type, name, at, _who(order, contact, key), properties)


def _order(body: Mapping[str, Any]) -> str:
    order = reading.identifier(body.get("order_id"))
    if order is None:
        raise BadInput("the body has no usable order_id: nobody can tell whose it is; send the whole body")
    return order


def _who(order: str, contact: str | None, key: bytes) -> Who:
    token = token_alias("shopify", "order", order)
    return Who(token, (token, address_alias(contact, key)) if contact else (token,), names_customer=False)


def _first(body: Mapping[str, Any], name: str) -> object:
    """A value, or the first of the list of its plural name."""
    several = body.get(f"{name}s")
    return body.get(name) or (several[0] if isinstance(several, list) and several else None)


def _paid_back(body: Mapping[str, Any], lines: list[Mapping[str, Any]]) -> dict[str, Any]:
    """`total` and `presentment_total`: what the transactions paid back; without any, what the lines are worth."""
    shop, theirs = (_currency(body, lines, side) for side in ("shop_money", "presentment_money"))
    sold = _sum(amount(line, "subtotal", "shop_money") for line in lines)
    paid = _sum(amount(line, "subtotal", "presentment_money") for line in lines)
    if sold is None:
        sold = _sum(reading.money(line.get("subtotal")) for line in lines)
    money = [
        each
        for each in reading.items(body.get("transactions"))
        if each.get("kind") == "refund" and reading.text(each.get("status")) in _PAID_BACK
    ]
    back = _sum(reading.money(each.get("amount")) for each in money)
    if back is not None:
        told = next((found for each in money if (found := reading.currency(each.get("currency")))), theirs)
        sold, paid, theirs = _in_shops(back, shop, told, sold, paid), back, told
    return {
        "total": _text(sold),
        "currency": shop or (theirs if sold is not None and sold == paid else None),
        "presentment_total": _text(paid),
        "presentment_currency": theirs,
    }


def _in_shops(
    back: Decimal, shop: str | None, theirs: str | None, sold: Decimal | None, paid: Decimal | None
) -> Decimal | None:
    """An amount of the customer's currency in the shop's, at the rate of the lines; None when none is told."""
    if shop == theirs or shop is None or theirs is None:
        return back
    if not sold or not paid:
        return None
    try:
        return (back * sold / paid).quantize(Decimal(1).scaleb(int(sold.as_tuple().exponent)))
    except InvalidOperation:  # more digits than money has
        return None


def _currency(body: Mapping[str, Any], lines: list[Mapping[str, Any]], side: str) -> str | None:
    """A side's currency, as the first set that names one has it."""
    sets = [line.get("subtotal_set") for line in lines]
    sets += [each.get("amount_set") for each in reading.items(body.get("order_adjustments"))]
    sets.append(body.get("total_duties_set"))
    sides = (reading.mapping(reading.mapping(each).get(side)) for each in sets)
    return next((found for each in sides if (found := reading.currency(each.get("currency_code")))), None)


def _sum(amounts: Iterable[str | None]) -> Decimal | None:
    """The sum of the amounts that can be read; None when there is none."""
    told = [Decimal(each) for each in amounts if each is not None]
    return sum(told, Decimal(0)) if told else None


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
