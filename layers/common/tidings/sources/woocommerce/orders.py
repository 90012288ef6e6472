"""Orders: what a status says has happened.

WooCommerce has topics for created and updated and none for paid, fulfilled or cancelled. So each body tells all that
its status and dates prove; what was told before is the same event again. Whatever delivery was missed is thereby told
by the next one.

An order that awaits its payment is no order yet but a checkout: so it is told, and its mails lead back to the payment.
In the block checkout it begins when the checkout is opened (`checkout-draft`).

Amounts are in the order's currency. It is the shop's, unless WooPayments' multi-currency says otherwise, with its rate.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from tidings.events import account_alias, token_alias
from tidings.sources import reading
from tidings.sources.naming import Fact, Who, version, who
from tidings.sources.reading import present
from tidings.sources.woocommerce import common
from tidings.sources.woocommerce.lines import lines_of, sums

UNPAID: Final = frozenset({"pending", "failed", "checkout-draft"})
"""Statuses of a checkout that has not become an order."""

NOTHING: Final = frozenset({"auto-draft", "draft", "new", "trash"})

GONE: Final = frozenset({"cancelled", "refunded"})
"""Statuses under which nobody is thanked for the order any more."""

SHOPPERS: Final = frozenset({"checkout", "store-api"})
"""`created_via` of orders that a shopper began: an unpaid invoice or renewal is no abandoned checkout."""

_RATE: Final = "_wcpay_multi_currency_order_exchange_rate"
_SHOPS: Final = "_wcpay_multi_currency_order_default_currency"


def created(body: Mapping[str, Any], key: bytes) -> list[Fact]:
    """`order.created`. It is delivered a little later, with the status that the order has by then."""
    return _facts("checkout_started", body, key)


def updated(body: Mapping[str, Any], key: bytes) -> list[Fact]:
    """`order.updated` and `order.restored`."""
    return _facts("checkout_updated", body, key)


def _facts(checkout_type: str, body: Mapping[str, Any], key: bytes) -> list[Fact]:
    number = common.key_of(body, "an order")
    status = (reading.text(body.get("status"), 40) or "").lower().removeprefix("wc-")
    paid, changed = common.time(body, "date_paid"), common.time(body, "date_modified")
    is_paid = bool(paid) or (
        "date_paid_gmt" not in body and bool(body.get("date_paid"))
    )  # API v1 has local times
    unpaid = status in UNPAID or (status == "cancelled" and not is_paid)
    person, told = _who(body, number, key), _told(body, number, status)
    facts = []
    if unpaid and reading.text(body.get("created_via")) in SHOPPERS:
        facts.append(_checkout(checkout_type, number, status, body, person, told, key))
    if status in UNPAID or status in NOTHING or not status:
        return facts
    if status not in GONE:
        facts.append(Fact("order_placed", number, _placed(body), person, told))
        if is_paid:
            facts.append(Fact("order_paid", number, paid, person, told))
        if status == "completed":
            facts.append(
                Fact("order_fulfilled", number, common.time(body, "date_completed") or changed, person, told)
            )
    if status == "cancelled":
        facts.append(Fact("order_cancelled", number, changed, person, _cancelled(told, is_paid, changed)))
    return facts + _refunds(number, status, body, person)


def _placed(body: Mapping[str, Any]) -> datetime | None:
    """When it became an order: with its payment, where that came later than its first body would have told."""
    return max(
        filter(None, (common.time(body, "date_created"), common.time(body, "date_paid"))), default=None
    )


def _cancelled(told: Mapping[str, Any], is_paid: bool, at: datetime | None) -> dict[str, Any]:
    """What a cancellation tells. It proves no order: WooCommerce cancels a checkout that nobody paid within an hour,
    which stays open here, and nobody is thanked for an order that is gone."""
    without = {name: value for name, value in told.items() if is_paid or name != "checkout"}
    return present({**without, "cancelled_at": reading.stamp(at) if at else None, "proves_order": False})


def _who(body: Mapping[str, Any], number: str, key: bytes) -> Who:
    account = common.number_of(body.get("customer_id"))
    cart = reading.identifier(common.meta(body).get(common.CART))
    tokens = [token_alias("woocommerce", "cart", cart)] if cart else []
    named = who(
        account=account_alias("woocommerce", account) if account else None,
        email=None,
        contact=reading.address(reading.mapping(body.get("billing")).get("email")),
        tokens=[token_alias("woocommerce", "checkout", number), *tokens],
        key=key,
    )
    token = token_alias("woocommerce", "order", number)
    return named or Who(token, (token,), names_customer=False)


def _told(body: Mapping[str, Any], number: str, status: str) -> dict[str, Any]:
    bill, ship = reading.mapping(body.get("billing")), reading.mapping(body.get("shipping"))
    named = bill if common.text(bill.get("first_name")) or common.text(bill.get("last_name")) else ship
    extra = common.meta(body)
    codes = [common.text(each.get("code"), 60) for each in common.items(body.get("coupon_lines"))]
    placed, name = _placed(body), reading.identifier(body.get("number")) or number
    return present(
        {
            "email": reading.address(bill.get("email")),
            "first_name": common.text(named.get("first_name"), 100),
            "last_name": common.text(named.get("last_name"), 100),
            "locale": common.locale(extra),
            **reading.place(*((each.get("country"), each.get("state")) for each in (bill, ship))),
            "discount_codes": [code for code in codes if code][:10] or None,
            "accepts_marketing": any(common.is_yes(extra.get(name)) for name in common.OPT_INS) or None,
            "order_id": number,
            "order_name": f"#{name[:60]}",
            "checkout": number,
            "cart": reading.identifier(extra.get(common.CART)),
            **_amounts(body, extra),
            **sums(body),
            "placed_at": reading.stamp(placed) if placed else None,
            "status": status or None,
            **lines_of(body),
        }
    )


def _checkout(
    event_type: str,
    number: str,
    status: str,
    body: Mapping[str, Any],
    person: Who,
    told: Mapping[str, Any],
    key: bytes,
) -> Fact:
    """The order as a checkout. The address where it can be paid is only good while it can be paid."""
    created_at, changed = common.time(body, "date_created"), common.time(body, "date_modified")
    without = ("order_id", "order_name", "placed_at", "status")
    properties = present(
        {
            **{name: value for name, value in told.items() if name not in without},
            "url": reading.link(body.get("payment_url")) if status in ("pending", "failed") else None,
            "started_at": reading.stamp(created_at) if created_at else None,
        }
    )
    if event_type == "checkout_started":
        return Fact(event_type, number, created_at, person, properties)
    name = version(changed, {"aliases": person.aliases, **properties}, key)
    return Fact(event_type, f"{number}:{name}", changed, person, properties)


def _refunds(number: str, status: str, body: Mapping[str, Any], person: Who) -> list[Fact]:
    """One event a refund; of an order that was refunded without any, one that says no amount: everything."""
    extra, at = common.meta(body), common.time(body, "date_modified")
    facts = []
    for each in common.items(body.get("refunds")):
        name, amount = common.number_of(each.get("id")), each.get("total")
        back = reading.money(amount.lstrip("-") if isinstance(amount, str) else amount)
        if name and back:
            told = {"order_id": number, "refund_id": name, **_amounts({**body, "total": back}, extra)}
            facts.append(Fact("order_refunded", name, at, person, present(told)))
    if status == "refunded" and not facts:
        facts.append(Fact("order_refunded", f"{number}:all", at, person, {"order_id": number}))
    return facts


def _amounts(body: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`total` in the shop's currency, `presentment_total` in the order's."""
    theirs, paid = reading.currency(body.get("currency")), reading.money(body.get("total"))
    shop = reading.currency(extra.get(_SHOPS)) or theirs
    return {
        "total": paid if shop == theirs else _converted(paid, extra.get(_RATE)),
        "currency": shop,
        "presentment_total": paid,
        "presentment_currency": theirs,
    }


def _converted(amount: str | None, rate: object) -> str | None:
    """An amount of the order's currency in the shop's; None without a rate."""
    per = reading.money(f"{rate:.6f}" if isinstance(rate, float) else rate)
    if amount is None or per is None or not Decimal(per):
        return None
    try:
        return f"{(Decimal(amount) / Decimal(per)).quantize(Decimal('0.01'), ROUND_HALF_UP):f}"
    except InvalidOperation:  # more digits than money has
        return None
