"""Carts, refunds and fulfillments: what they tell, and whose they are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.sources.bodies import CART, FULFILLMENT, LINE, REFUND, alias, parse, parse_all, prices
from tidings.errors import BadInput


def test_a_cart_is_its_token_and_names_nobody() -> None:
    """The token loses its key; amounts are told in both currencies."""
    event = parse("carts/update", CART)
    assert event.aliases == ("shopify:cart:cart1",)
    assert event.is_anonymous
    assert event.type == "cart_updated"
    assert event.id.startswith("shopify:cart_updated:cart1:2026-03-10T11:10:00Z~")
    assert event.at == datetime(2026, 3, 10, 11, 10, tzinfo=UTC)
    assert event.properties == {
        "cart": "cart1",
        "total": "39.80",
        "currency": "EUR",
        "presentment_total": "450.00",
        "presentment_currency": "SEK",
        "items": [
            {
                "product_id": "501",
                "variant_id": "601",
                "title": "Teapot - Blue",
                "quantity": 2,
                "price": "225.00",
            }
        ],
        "items_count": 1,
        "quantity": 2,
    }


def test_a_cart_told_twice_is_one_fact() -> None:
    """Creation and update with the same content are one; another content is another."""
    assert parse("carts/create", CART).id == parse("carts/update", CART).id
    assert parse("carts/update", {**CART, "line_items": []}).id != parse("carts/update", CART).id


def test_an_emptied_cart_has_no_items() -> None:
    """And costs nothing."""
    properties = parse("carts/update", {**CART, "line_items": []}).properties
    assert properties["items"] == []
    assert (properties["items_count"], properties["total"]) == (0, "0")


def test_a_cart_whose_line_tells_no_amount_has_no_total() -> None:
    """No sum is better than a wrong one."""
    body = {**CART, "line_items": [*CART["line_items"], LINE]}
    assert "total" not in parse("carts/update", body).properties
    with pytest.raises(BadInput, match="cannot be told from another"):
        parse("carts/update", {**CART, "id": None, "token": None})


def test_a_refund_waits_under_its_order() -> None:
    """It names no customer; the amount paid back is told in both currencies, at the rate of the lines."""
    event = parse("refunds/create", REFUND)
    assert event.id == "shopify:order_refunded:8001"
    assert event.aliases == ("shopify:order:9001",)
    assert event.at == datetime(2026, 3, 10, 11, 55, tzinfo=UTC)
    told = event.properties
    assert (told["order_id"], told["refund_id"]) == ("9001", "8001")
    assert (told["total"], told["currency"]) == ("19.90", "EUR")
    assert (told["presentment_total"], told["presentment_currency"]) == ("225.00", "SEK")
    assert told["items"][0]["product_id"] == "501"
    assert told["items"][0]["quantity"] == 1


@pytest.mark.parametrize(
    ("transactions", "total"),
    [
        ([{"kind": "refund", "status": "success", "amount": "5.00"}], "5.00"),
        ([{"kind": "refund", "status": "pending", "amount": "5.00", "currency": "EUR"}], "5.00"),
        ([{"kind": "refund", "status": "success", "amount": "5.00"}] * 2, "10.00"),
        ([{"kind": "refund", "status": "failure", "amount": "5.00"}], "19.90"),
        ([{"kind": "void", "status": "success", "amount": "5.00"}], "19.90"),
        ([], "19.90"),
        (None, "19.90"),
    ],
)
def test_what_was_paid_back_decides(transactions: Any, total: str) -> None:
    """Not what the goods cost: a part may be kept, shipping may be paid back. Without payment, the goods' worth."""
    line = {"quantity": 1, "subtotal_set": {"shop_money": {"amount": "19.90", "currency_code": "EUR"}}}
    body = {**REFUND, "total_duties_set": None, "refund_line_items": [line], "transactions": transactions}
    assert parse("refunds/create", body).properties["total"] == total


def test_a_foreign_amount_without_a_rate_is_no_amount_of_the_shops() -> None:
    """Shipping alone was paid back, in the customer's currency."""
    body = {**REFUND, "refund_line_items": []}
    told = parse("refunds/create", body).properties
    assert "total" not in told
    assert (told["presentment_total"], told["presentment_currency"]) == ("225.00", "SEK")


def test_a_refund_of_no_order_is_refused() -> None:
    """Nobody could ever tell whose it is."""
    with pytest.raises(BadInput, match="order_id"):
        parse("refunds/create", {**REFUND, "order_id": None})


def test_a_fulfillment_is_the_orders_and_serves_the_contact_where_there_is_none() -> None:
    """Identity is the order; the address beside it merges nobody, and where it goes to is not kept."""
    event = parse("fulfillments/create", FULFILLMENT)
    assert event.identity == "shopify:order:9001"
    assert event.aliases == ("shopify:order:9001", alias("office@example.org"))
    assert not event.names_customer
    assert event.type == "order_fulfilled"
    assert event.id.startswith("shopify:order_fulfilled:9001:7501:")
    told = event.properties
    assert told["tracking_company"] == "UPS"
    assert told["tracking_number"] == "1Z999"
    assert told["tracking_url"] == "https://ups.example/1Z999"
    assert told["order_name"] == "#1001"
    assert told["contact_email"] == "office@example.org"
    assert "email" not in told
    assert "Square" not in str(told)


@pytest.mark.parametrize(
    ("status", "type_", "tail"),
    [
        ("delivered", "order_delivered", "9001:7501"),
        ("DELIVERED", "order_delivered", "9001:7501"),
        ("picked_up", "order_delivered", "9001:7501"),
        ("delayed", "shipment_delayed", "9001:7501:delayed"),
        ("failure", "shipment_delayed", "9001:7501:failure"),
    ],
)
def test_a_shipments_status_is_a_fact_of_its_own(status: str, type_: str, tail: str) -> None:
    """Told once however often the parcel's other details change."""
    event = parse("fulfillments/update", {**FULFILLMENT, "shipment_status": status})
    assert event.id == f"shopify:{type_}:{tail}"
    assert event.type == type_
    assert event.properties["shipment_status"] == status.lower()
    assert event.at == datetime(2026, 3, 10, 11, 46, tzinfo=UTC)


@pytest.mark.parametrize("status", ["in_transit", "out_for_delivery", None, 5, "no such thing"])
def test_a_parcel_on_its_way_is_told_once(status: object) -> None:
    """Every station on the way is the fact of its sending again."""
    first = parse("fulfillments/create", FULFILLMENT)
    assert parse("fulfillments/update", {**FULFILLMENT, "shipment_status": status}).id == first.id


def test_a_tracking_number_that_comes_later_is_another_fact() -> None:
    """The first may have gone out without; a number may also stand in the list only."""
    without = {**FULFILLMENT, "tracking_number": None, "tracking_numbers": [], "tracking_company": None}
    assert parse("fulfillments/create", without).id == "shopify:order_fulfilled:9001:7501"
    listed = parse("fulfillments/update", {**FULFILLMENT, "tracking_number": None})
    assert listed.id == parse("fulfillments/update", FULFILLMENT).id


@pytest.mark.parametrize("status", ["cancelled", "error", "failure"])
def test_what_was_not_sent_is_no_event(status: str) -> None:
    """Accepted, and nothing happened."""
    assert parse_all("fulfillments/update", {**FULFILLMENT, "status": status}) == []


def test_a_refund_in_one_currency_needs_no_rate() -> None:
    """The shop's currency is the customer's."""
    line = {"quantity": 1, "subtotal_set": prices("19.90", "19.90")}
    for side in line["subtotal_set"].values():  # type: ignore[attr-defined]
        side["currency_code"] = "EUR"
    paid = [{"kind": "refund", "status": "success", "amount": "12.50", "currency": "EUR"}]
    body = {**REFUND, "total_duties_set": None, "refund_line_items": [line], "transactions": paid}
    told = parse("refunds/create", body).properties
    assert (told["total"], told["currency"], told["presentment_total"]) == ("12.50", "EUR", "12.50")
