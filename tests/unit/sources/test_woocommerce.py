"""What WooCommerce's bodies tell."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.sources.bodies import KEY, NOW, alias, raw
from tests.unit.sources.woo_bodies import CUSTOMER, LINE, ORDER, PRODUCT, TOPIC_BODIES, parse_woo, told
from tidings.customer import Customer, apply, new_customer
from tidings.errors import BadInput
from tidings.sources import SOURCES, Request
from tidings.sources.woocommerce import common


def test_a_paid_order_is_placed_and_paid() -> None:
    """One body, two facts, each named by the order; who, amounts, items and codes are the body's."""
    events = told("order.created", ORDER)
    assert list(events) == ["order_placed", "order_paid"]
    placed = events["order_placed"]
    assert placed.id == "woocommerce:order_placed:727"
    assert placed.identity == "woocommerce:customer:25"
    assert placed.aliases == (
        "woocommerce:customer:25",
        "woocommerce:checkout:727",
        "woocommerce:cart:c0ffee",
    )
    assert placed.names_customer
    assert placed.at == events["order_paid"].at == datetime(2026, 3, 10, 11, 41, tzinfo=UTC)
    assert placed.properties == {
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Byron",
        "locale": "de",
        "country": "GB",
        "discount_codes": ["spring"],
        "order_id": "727",
        "order_name": "#1727",
        "checkout": "727",
        "cart": "c0ffee",
        "total": "48.79",
        "currency": "EUR",
        "presentment_total": "48.79",
        "presentment_currency": "EUR",
        "subtotal": "40.00",
        "discount": "4.00",
        "shipping": "5.00",
        "tax": "7.79",
        "placed_at": "2026-03-10T11:41:00Z",
        "status": "processing",
        "items": [
            {
                "product_id": "501",
                "quantity": 2,
                "variant_id": "601",
                "title": "Teapot – Blue & White",
                "price": "20.00",
            }
        ],
        "items_count": 1,
        "quantity": 2,
    }


@pytest.mark.parametrize(
    ("status", "paid", "types"),
    [
        ("pending", None, ["checkout_updated"]),
        ("failed", None, ["checkout_updated"]),
        ("checkout-draft", None, ["checkout_updated"]),
        ("on-hold", None, ["order_placed"]),
        ("processing", None, ["order_placed"]),
        ("processing", "2026-03-10T11:41:00", ["order_placed", "order_paid"]),
        ("completed", "2026-03-10T11:41:00", ["order_placed", "order_paid", "order_fulfilled"]),
        ("wc-shipped", "2026-03-10T11:41:00", ["order_placed", "order_paid"]),
        ("cancelled", None, ["checkout_updated", "order_cancelled"]),
        ("cancelled", "2026-03-10T11:41:00", ["order_cancelled"]),
        ("refunded", "2026-03-10T11:41:00", ["order_refunded"]),
        ("trash", "2026-03-10T11:41:00", []),
        (None, None, []),
    ],
)
def test_a_status_tells_what_has_happened(status: str | None, paid: str | None, types: list[str]) -> None:
    """WooCommerce has no topics for it; a plug-in's own status is one of an order that stands."""
    assert list(told("order.updated", {**ORDER, "status": status, "date_paid_gmt": paid})) == types


def test_an_order_that_awaits_its_payment_is_a_checkout() -> None:
    """It leads back to the payment, begins when it was created, and becomes the order of the same name."""
    pending = {**ORDER, "status": "pending", "date_paid_gmt": None}
    started = told("order.created", pending)["checkout_started"]
    assert started.id == "woocommerce:checkout_started:727"
    assert started.at == datetime(2026, 3, 10, 11, 40, tzinfo=UTC)
    assert started.properties["checkout"] == "727"
    assert started.properties["url"] == ORDER["payment_url"]
    assert "order_id" not in started.properties
    updated = told("order.updated", pending)["checkout_updated"]
    assert updated.id.startswith("woocommerce:checkout_updated:727:2026-03-10T11:50:00Z~")
    assert (
        "url" not in told("order.updated", {**pending, "status": "cancelled"})["checkout_updated"].properties
    )


@pytest.mark.parametrize("how", ["admin", "subscription", "rest-api", None])
def test_an_invoice_or_renewal_that_nobody_paid_is_no_checkout(how: str | None) -> None:
    """Nobody abandoned it."""
    assert not told(
        "order.created", {**ORDER, "status": "pending", "date_paid_gmt": None, "created_via": how}
    )


def test_a_cancellation_proves_no_order() -> None:
    """WooCommerce cancels after an hour what nobody paid: nobody is thanked for it, and the checkout stays open. An
    order that was placed stands no more."""
    unpaid = told("order.updated", {**ORDER, "status": "cancelled", "date_paid_gmt": None})
    assert "checkout" not in unpaid["order_cancelled"].properties
    never = fold(unpaid["order_cancelled"])
    assert [order.placed_at for order in never.orders.values()] == [0]
    assert not never.orders_count
    placed = told("order.created", {**ORDER, "status": "on-hold", "date_paid_gmt": None})["order_placed"]
    assert fold(placed).orders_count == 1
    assert fold(placed, unpaid["order_cancelled"]).orders_count == 0


def fold(*events: Any) -> Customer:
    """The customer after these events."""
    customer = new_customer("c", events[0])
    for event in events:
        customer = apply(customer, event)
    return customer


def test_an_order_paid_later_is_placed_with_its_payment() -> None:
    """A link to pay that was used after two days still begins what an order begins."""
    late = told("order.updated", {**ORDER, "date_paid_gmt": "2026-03-12T08:00:00"})
    assert late["order_placed"].at == NOW  # from the future: as of its receipt
    early = {**ORDER, "date_created_gmt": "2026-03-08T08:00:00"}
    placed = told("order.updated", early)["order_placed"]
    assert placed.at == datetime(2026, 3, 10, 11, 41, tzinfo=UTC)
    assert placed.properties["placed_at"] == "2026-03-10T11:41:00Z"


def test_a_list_with_gaps_is_a_list() -> None:
    """PHP writes what a plug-in took something out of as an object; an object of anything else is no list."""
    gaps = {"1": {"key": common.CART, "value": "c0ffee"}, "3": {"key": "x", "value": 1}}
    body = {
        **ORDER,
        "line_items": {"0": ORDER["line_items"][0], "2": ORDER["line_items"][0]},
        "meta_data": gaps,
    }
    told_ = told("order.updated", body)["order_placed"].properties
    assert (told_["items_count"], told_["cart"]) == (2, "c0ffee")
    with pytest.raises(BadInput, match="line_items"):
        told("order.updated", {**ORDER, "line_items": {"first": {}}})


def test_api_v1_tells_that_it_was_paid_but_not_when() -> None:
    """Its times are the shop's, of an offset that nobody tells: each fact counts as of its receipt."""
    first = {name: value for name, value in ORDER.items() if not name.endswith("_gmt")}
    paid = told("order.updated", {**first, "date_paid": "2026-03-10T12:00:00"})
    assert {name: event.dated for name, event in paid.items()} == {"order_placed": False, "order_paid": False}
    assert list(told("order.updated", {**first, "date_paid": None})) == ["order_placed"]
    gone = told("order.updated", {**first, "status": "cancelled", "date_paid": "2026-03-10T12:00:00"})
    assert "checkout" in gone["order_cancelled"].properties


def test_what_happens_later_has_its_own_time() -> None:
    """Fulfilled by date_completed, cancelled by date_modified; local times are not believed."""
    done = {**ORDER, "status": "completed", "date_completed_gmt": "2026-03-10T11:55:00"}
    assert told("order.updated", done)["order_fulfilled"].at == datetime(2026, 3, 10, 11, 55, tzinfo=UTC)
    cancelled = told("order.updated", {**ORDER, "status": "cancelled"})["order_cancelled"]
    assert cancelled.at == datetime(2026, 3, 10, 11, 50, tzinfo=UTC)
    assert cancelled.properties["cancelled_at"] == "2026-03-10T11:50:00Z"
    local = {**ORDER, "status": "on-hold", "date_created_gmt": None, "date_paid_gmt": None}
    placed = told("order.updated", local)["order_placed"]
    assert (placed.at, placed.dated) == (NOW, False)


def test_a_guest_is_known_by_the_address_on_the_bill() -> None:
    """customer_id 0 is nobody's account: nobody may be merged for a contact address."""
    event = told("order.created", {**ORDER, "customer_id": 0})["order_placed"]
    assert event.identity == alias("ada@example.com")
    assert "woocommerce:customer:0" not in event.aliases
    assert not event.names_customer


def test_a_bills_address_is_no_name_of_an_accounts_customer() -> None:
    """It may be somebody else's; mail about the order goes there all the same."""
    event = told("order.created", ORDER)["order_placed"]
    assert alias("ada@example.com") not in event.aliases
    assert event.properties["email"] == "ada@example.com"


def test_a_draft_of_nobody_waits_under_its_checkout() -> None:
    """Until the address is typed in."""
    draft = {**ORDER, "status": "checkout-draft", "customer_id": 0, "date_paid_gmt": None, "meta_data": []}
    event = told("order.created", {**draft, "billing": {"email": ""}})["checkout_started"]
    assert event.aliases == ("woocommerce:checkout:727",)
    assert event.is_anonymous


def test_refunds_are_one_event_each() -> None:
    """Named by the refund, with what was paid back; an order refunded without any was paid back whole."""
    body = {**ORDER, "refunds": [{"id": 730, "total": "-10.00"}, {"id": 731, "total": "-2.50"}]}
    refunds = [event for event in parse_woo("order.updated", body) if event.type == "order_refunded"]
    assert [event.id for event in refunds] == [
        "woocommerce:order_refunded:730",
        "woocommerce:order_refunded:731",
    ]
    assert [event.properties["total"] for event in refunds] == ["10.00", "2.50"]
    assert refunds[0].properties["order_id"] == "727"
    whole = told("order.updated", {**ORDER, "status": "refunded"})["order_refunded"]
    assert whole.id == "woocommerce:order_refunded:727:all"
    assert "total" not in whole.properties
    customer = fold(told("order.created", ORDER)["order_placed"], refunds[0])
    assert str(customer.total_spent) == "38.79"


def test_prices_with_taxes_are_shown_with_taxes() -> None:
    """As the shop states them; a price of a third is rounded to the currency's digits."""
    body = {**ORDER, "prices_include_tax": True, "line_items": [{**LINE, "quantity": 3}]}
    properties = told("order.created", body)["order_placed"].properties
    assert properties["items"][0]["price"] == "15.87"
    assert (properties["subtotal"], properties["discount"]) == ("47.60", "4.76")
    assert properties["taxes_included"] is True
    yen = {**LINE, "subtotal": "4000", "subtotal_tax": "0", "quantity": 3}
    lines = told("order.created", {**ORDER, "line_items": [yen]})["order_placed"].properties["items"]
    assert lines[0]["price"] == "1333"


def test_another_currency_is_the_customers_where_the_rate_is_told() -> None:
    """WooPayments' multi-currency writes the shop's currency and the rate beside the order."""
    rate = [
        {"key": "_wcpay_multi_currency_order_exchange_rate", "value": "11.25"},
        {"key": "_wcpay_multi_currency_order_default_currency", "value": "EUR"},
    ]
    body = {**ORDER, "currency": "SEK", "total": "450.00", "meta_data": rate}
    properties = told("order.created", body)["order_placed"].properties
    assert (properties["total"], properties["currency"]) == ("40.00", "EUR")
    assert (properties["presentment_total"], properties["presentment_currency"]) == ("450.00", "SEK")
    without = told("order.created", {**body, "meta_data": rate[1:]})["order_placed"].properties
    assert "total" not in without
    assert without["presentment_total"] == "450.00"


@pytest.mark.parametrize(
    ("key", "value", "ticked"),
    [
        ("_tidings_accepts_marketing", "yes", True),
        ("_wc_other/tidings/newsletter", "1", True),
        ("_wc_other/tidings/newsletter", True, True),
        ("mailchimp_woocommerce_is_subscribed", "1", True),
        ("mailchimp_woocommerce_is_subscribed", "0", None),
        ("mailchimp_woocommerce_is_subscribed", None, None),
        ("some_other_plugin", "yes", None),
    ],
)
def test_a_ticked_box_is_read_from_the_metadata(key: str, value: object, ticked: bool | None) -> None:
    """A box that was not ticked takes no consent away."""
    event = told("order.created", {**ORDER, "meta_data": [{"key": key, "value": value}]})["order_placed"]
    assert event.properties.get("accepts_marketing") is ticked


def test_a_customer_names_account_and_address() -> None:
    """Registered at its creation; each change is a fact of its own, the same body the same one."""
    created = told("customer.created", CUSTOMER)["customer_registered"]
    assert created.id == "woocommerce:customer_registered:25"
    assert created.aliases == ("woocommerce:customer:25", alias("ada@example.com"))
    assert created.names_customer
    assert created.at == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    assert created.properties == {
        "email": "Ada@Example.com",
        "first_name": "Ada",
        "last_name": "Byron",
        "country": "GB",
        "registered_at": "2026-03-01T09:00:00Z",
    }
    updated = told("customer.updated", CUSTOMER)["profile_updated"]
    assert updated.id.startswith("woocommerce:profile_updated:25:2026-03-09T09:00:00Z~")
    assert updated.id == told("customer.updated", CUSTOMER)["profile_updated"].id
    assert updated.id != told("customer.updated", {**CUSTOMER, "first_name": "A."})["profile_updated"].id


@pytest.mark.parametrize(
    ("value", "consent"),
    [("1", {"state": "subscribed"}), ("unsubscribed", {"state": "unsubscribed"}), ("0", None), ("", None)],
)
def test_a_plug_ins_consent_is_the_customers(value: str, consent: dict[str, str] | None) -> None:
    """Undated, so as old as the account; only an explicit word counts."""
    extra = [{"key": "mailchimp_woocommerce_is_subscribed", "value": value}]
    event = told("customer.updated", {**CUSTOMER, "meta_data": extra})["profile_updated"]
    assert event.properties.get("consent") == consent


def test_a_product_is_what_the_catalogue_keeps() -> None:
    """Names without entities, the whole address, published products as active."""
    event = told("product.updated", PRODUCT)["product_updated"]
    assert event.identity == "woocommerce:product:501"
    assert event.id.startswith("woocommerce:product_updated:501:2026-03-10T11:00:00Z~")
    assert event.properties == {
        "id": "501",
        "title": "Teapot & cosy",
        "handle": "teapot",
        "url": "https://shop.example/product/teapot/",
        "image": "https://shop.example/teapot.jpg",
        "price": "19.90",
        "status": "active",
        "product_type": "Kitchen & Table",
        "tags": ["tea"],
        "inventory": 3,
        "updated_at": "2026-03-10T11:00:00Z",
    }


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"status": "draft"}, "status", "draft"),
        ({"catalog_visibility": "hidden"}, "status", "hidden"),
        ({"stock_quantity": None}, "inventory", None),
        ({"stock_quantity": None, "stock_status": "outofstock"}, "inventory", 0),
        ({"price": ""}, "price", None),
        ({"images": []}, "image", None),
    ],
)
def test_a_product_tells_whether_it_can_be_bought(changes: dict[str, Any], key: str, value: object) -> None:
    """Withdrawn, hidden, sold out, or without a number of pieces."""
    event = told("product.updated", {**PRODUCT, **changes})["product_updated"]
    assert event.properties.get(key) == value


def test_a_variation_changes_no_product() -> None:
    """It comes under the products' topics, with an id of its own."""
    assert parse_woo("product.updated", {**PRODUCT, "id": 601, "type": "variation", "parent_id": 501}) == []


@pytest.mark.parametrize("number", [501, "501"])
def test_a_deleted_product_is_an_id_and_nothing_else(number: object) -> None:
    """Undated; hooks hand the id over as a number or as text."""
    event = told("product.deleted", {"id": number})["product_deleted"]
    assert (event.identity, event.dated) == ("woocommerce:product:501", False)
    assert event.properties == {"id": "501", "status": "deleted"}


@pytest.mark.parametrize("topic", ["order.deleted", "customer.deleted", "coupon.updated", "action.wc_x", "x"])
def test_a_topic_that_is_not_read_tells_nothing(topic: str) -> None:
    """A shop may subscribe to more than is read, and tidies up its bin."""
    assert parse_woo(topic, {"id": 727}) == []


@pytest.mark.parametrize("topic", sorted(TOPIC_BODIES))
@pytest.mark.parametrize("of", sorted(TOPIC_BODIES))
def test_a_body_under_another_topic_is_refused(topic: str, of: str) -> None:
    """The topic is not signed: a customer's body replayed as a product's must change none."""
    if topic.split(".")[0] == of.split(".")[0] and "deleted" not in topic + of:
        assert isinstance(parse_woo(topic, TOPIC_BODIES[of]), list)
    elif topic != of:
        with pytest.raises(BadInput):
            parse_woo(topic, TOPIC_BODIES[of])


@pytest.mark.parametrize(("topic", "what"), [("order.created", "order"), ("product.updated", "product")])
def test_a_webhook_of_the_legacy_api_is_told_what_to_choose(topic: str, what: str) -> None:
    """Its bodies are wrapped, and say little."""
    with pytest.raises(BadInput, match="WP REST API Integration v3"):
        told(topic, {what: {"id": 645, "status": "completed", "total": "79.60"}})


def test_an_error_in_place_of_a_body_says_whose_it_is() -> None:
    """WooCommerce signs and sends it when the webhook's owner may not read the order."""
    body = {"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 401}}
    with pytest.raises(BadInput, match="administrator"):
        parse_woo("order.updated", body)


def test_without_a_topic_nothing_is_known() -> None:
    """The header says what the body is."""
    with pytest.raises(BadInput, match="X-WC-Webhook-Topic"):
        SOURCES["woocommerce"].parse(Request("woocommerce", {}, raw(ORDER)), NOW, KEY)


@pytest.mark.parametrize("number", [0, -7, "0", "", "ada@example.com", "٧", 7.5, None, True, [7]])
def test_an_id_is_a_number(number: object) -> None:
    """Ids stand in keys and logs, where no address may stand."""
    with pytest.raises(BadInput, match="no usable id"):
        parse_woo("product.deleted", {"id": number})
