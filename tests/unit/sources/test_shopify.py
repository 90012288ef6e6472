from datetime import UTC, datetime

import pytest

from tests.unit.sources.bodies import (
    CHECKOUT,
    CONSENT,
    CUSTOMER,
    LINE,
    NOW,
    ORDER,
    PRODUCT,
    alias,
    parse,
    prices,
)
from tidings.errors import BadInput


def test_an_order_is_one_event_named_by_its_id() -> None:
    """An order's id, customer, tokens, times and both currencies are read from the body."""
    event = parse("orders/create", ORDER)
    assert event.id == "shopify:order_placed:9001"
    assert event.type == "order_placed"
    assert event.identity == "shopify:customer:7001"
    assert event.aliases == (
        "shopify:customer:7001",
        alias("ada.byron@example.com"),
        "shopify:checkout:tok1",
        "shopify:cart:cart1",
    )
    assert event.names_customer
    assert event.at == datetime(2026, 3, 10, 11, 40, tzinfo=UTC)
    assert event.properties == {
        "email": "Ada.Byron@Example.com",
        "contact_email": "office@example.org",
        "first_name": "Ada",
        "last_name": "Byron",
        "accepts_marketing": True,
        "order_id": "9001",
        "order_name": "#1001",
        "checkout": "tok1",
        "cart": "cart1",
        "total": "39.80",
        "currency": "EUR",
        "presentment_total": "450.00",
        "presentment_currency": "SEK",
        "url": "https://shop.example/orders/9001?key=1",
        "placed_at": "2026-03-10T11:40:00Z",
        "financial_status": "paid",
        "items": [
            {
                "product_id": "501",
                "quantity": 2,
                "variant_id": "601",
                "title": "Teapot",
                "variant": "Blue",
                "price": "225.00",
            }
        ],
        "items_count": 1,
        "quantity": 2,
    }


def test_an_orders_sums_are_the_customers() -> None:
    """What makes up the total is in the currency that the customer saw; a sum of zero is not told."""
    sums = {
        "total_line_items_price": "39.80",
        "total_line_items_price_set": prices("39.80", "450.00"),
        "total_discounts": "4.00",
        "total_discounts_set": prices("4.00", "45.00"),
        "total_shipping_price_set": prices("0.00", "0.00"),
        "total_tax": "6.10",
        "total_tax_set": prices("6.10", "69.00"),
        "taxes_included": True,
    }
    told = parse("orders/create", {**ORDER, **sums}).properties
    assert (told["subtotal"], told["discount"], told["tax"]) == ("450.00", "45.00", "69.00")
    assert told["taxes_included"] is True
    assert "shipping" not in told


@pytest.mark.parametrize(
    ("topic", "event_type", "at"),
    [
        ("orders/paid", "order_paid", "2026-03-10T11:50:00+00:00"),
        ("orders/fulfilled", "order_fulfilled", "2026-03-10T11:50:00+00:00"),
        ("orders/cancelled", "order_cancelled", "2026-03-10T11:55:00+00:00"),
    ],
)
def test_what_happens_to_an_order_later_has_its_own_id_and_time(topic: str, event_type: str, at: str) -> None:
    """Paid and fulfilled are dated by updated_at, cancelled by cancelled_at; all tell when it was placed."""
    event = parse(topic, {**ORDER, "cancelled_at": "2026-03-10T11:55:00Z"})
    assert event.id == f"shopify:{event_type}:9001"
    assert event.at.isoformat() == at
    assert event.properties["placed_at"] == "2026-03-10T11:40:00Z"
    assert event.properties["cancelled_at"] == "2026-03-10T11:55:00Z"


def test_a_guest_is_known_by_the_contact_address_and_the_name_on_the_bill() -> None:
    """Without a customer object the contact address is the identity, and nobody may be merged for it."""
    bill = {"first_name": "Grace", "last_name": "Hopper", "country_code": "US"}
    event = parse("orders/create", {**ORDER, "customer": None, "billing_address": bill})
    assert event.identity == alias("office@example.org")
    assert not event.names_customer
    assert event.properties["email"] == "office@example.org"
    assert event.properties["first_name"] == "Grace"
    assert event.properties["country"] == "US"
    assert "contact_email" not in event.properties


def test_a_customer_object_without_an_id_names_by_its_address() -> None:
    """Old bodies' customer objects may have an address only; it names the customer, the contact does not."""
    event = parse("orders/create", {**ORDER, "customer": {"email": "ada@example.com"}})
    assert event.identity == alias("ada@example.com")
    assert event.names_customer
    assert alias("office@example.org") not in event.aliases


def test_an_order_of_nobody_waits_under_its_tokens_or_under_itself() -> None:
    """Checkout before cart; with neither the order's own token, so that the event can be stored at all."""
    nobody = {**ORDER, "customer": None, "email": None, "contact_email": "not an address"}
    assert parse("orders/create", nobody).identity == "shopify:checkout:tok1"
    assert parse("orders/create", {**nobody, "checkout_token": None}).identity == "shopify:cart:cart1"
    bare = parse("orders/create", {**nobody, "checkout_token": None, "cart_token": None})
    assert bare.aliases == ("shopify:order:9001",)
    assert bare.is_anonymous


def test_an_orders_plain_amounts_are_never_taken_for_the_customers() -> None:
    """Where currencies differ and no set tells the customer's amount, it is absent rather than wrong."""
    body = {**ORDER, "line_items": [LINE]}
    del body["total_price_set"]
    properties = parse("orders/create", body).properties
    assert properties["total"] == "39.80"
    assert "presentment_total" not in properties
    assert "price" not in properties["items"][0]


def test_a_checkout_is_its_token() -> None:
    """Create tells when it started; an update's id adds its updated_at; the cart's token loses its key."""
    started = parse("checkouts/create", CHECKOUT)
    assert started.id == "shopify:checkout_started:tok1"
    assert started.at == datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
    updated = parse("checkouts/update", CHECKOUT)
    assert updated.id.startswith("shopify:checkout_updated:tok1:2026-03-10T11:30:00Z~")
    assert updated.at == datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
    assert updated.properties["started_at"] == "2026-03-10T11:00:00Z"
    assert updated.properties["cart"] == "cart1"
    assert updated.properties["discount_codes"] == ["SPRING"]
    assert updated.properties["accepts_marketing"] is False
    assert updated.properties["items"][0]["price"] == "19.90"
    assert updated.identity == "shopify:customer:7001"


def test_two_changes_within_one_second_are_two_events() -> None:
    """Shopify states seconds: another content under the same updated_at is another fact, the same one is
    not.
    """
    first = parse("checkouts/update", CHECKOUT)
    again = parse("checkouts/update", dict(reversed(CHECKOUT.items())))
    changed = parse("checkouts/update", {**CHECKOUT, "email": None, "customer": None})
    assert again.id == first.id
    assert changed.id != first.id


def test_a_checkouts_amounts_are_the_customers() -> None:
    """A checkout states its amounts in the presentment currency; the shop's total is then unknown."""
    properties = parse("checkouts/update", {**CHECKOUT, "presentment_currency": "SEK"}).properties
    assert "total" not in properties
    assert properties["currency"] == "EUR"
    assert properties["presentment_total"] == "39.80"
    assert properties["presentment_currency"] == "SEK"
    assert parse("checkouts/update", CHECKOUT).properties["total"] == "39.80"


def test_an_anonymous_checkout_waits_under_its_token() -> None:
    """Nobody is named yet: token before cart, no customer."""
    event = parse("checkouts/create", {**CHECKOUT, "email": None, "customer": None})
    assert event.aliases == ("shopify:checkout:tok1", "shopify:cart:cart1")
    assert event.is_anonymous
    assert not event.names_customer


def test_a_long_order_keeps_all_products_and_shows_twelve() -> None:
    """250 lines are accepted: twelve in full, of the others product and quantity, and the true counts."""
    lines = [{**LINE, "product_id": 1000 + number, "quantity": 3} for number in range(250)]
    properties = parse("orders/create", {**ORDER, "line_items": lines}).properties
    assert properties["items_count"] == 250
    assert properties["quantity"] == 750
    assert len(properties["items"]) == 250
    assert properties["items"][11]["title"] == "Teapot"
    assert properties["items"][249] == {"product_id": "1249", "quantity": 3}


def test_a_customer_is_told_with_consent_and_tags() -> None:
    """Create is dated by created_at, update by updated_at; consent carries its own time."""
    event = parse("customers/create", CUSTOMER)
    assert event.id == "shopify:customer_registered:7001"
    assert event.aliases == ("shopify:customer:7001", alias("ada.byron@example.com"))
    assert event.properties == {
        "email": "Ada.Byron@Example.com",
        "first_name": "Ada",
        "last_name": "Byron",
        "locale": "de-DE",
        "country": "DE",
        "currency": "EUR",
        "registered_at": "2026-03-01T09:00:00Z",
        "tags": ["vip", "cats"],
        "consent": {"state": "subscribed", "at": "2026-03-02T09:00:00Z", "level": "confirmed_opt_in"},
    }
    update = parse("customers/update", CUSTOMER)
    assert update.type == "profile_updated"
    assert update.at == datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
    assert update.id.startswith("shopify:profile_updated:7001:2026-03-09T09:00:00Z~")


def test_old_bodies_tell_consent_by_accepts_marketing() -> None:
    """Before email_marketing_consent there was a flag with a time; false is no word against."""
    old = {key: value for key, value in CUSTOMER.items() if key != "email_marketing_consent"}
    old |= {"accepts_marketing": True, "accepts_marketing_updated_at": "2026-03-02T10:00:00Z"}
    assert parse("customers/update", old).properties["consent"] == {
        "state": "subscribed",
        "at": "2026-03-02T10:00:00Z",
    }
    told = parse("customers/update", {**old, "accepts_marketing": False}).properties["consent"]
    assert told["state"] == "not_subscribed"


@pytest.mark.parametrize("state", ["subscribed", "UNSUBSCRIBED"])
def test_a_change_of_consent_is_an_event_of_its_own(state: str) -> None:
    """Subscribed and unsubscribed are told as such, dated by the consent."""
    body = {**CONSENT, "email_marketing_consent": {**CONSENT["email_marketing_consent"], "state": state}}
    event = parse("customers_email_marketing_consent/update", body)
    assert event.type == state.lower()
    assert event.id.startswith(f"shopify:{state.lower()}:7001:2026-03-10T11:59:00Z~")
    assert event.at == datetime(2026, 3, 10, 11, 59, tzinfo=UTC)
    assert event.names_customer
    assert event.properties["consent"]["state"] == state.lower()


@pytest.mark.parametrize("state", ["pending", "not_subscribed", None, 7])
def test_any_other_state_of_consent_is_only_noted(state: object) -> None:
    """Pending and unknown states neither subscribe nor unsubscribe; a null time is the receipt's, undated."""
    body = {**CONSENT, "email_marketing_consent": {"state": state, "consent_updated_at": None}}
    event = parse("customers_email_marketing_consent/update", body)
    assert event.type == "profile_updated"
    assert event.properties.get("consent", {}).get("state") == (state if isinstance(state, str) else None)
    assert (event.at, event.dated) == (NOW, False)


def test_consent_of_an_address_without_a_customer_is_named_by_its_hash() -> None:
    """No address stands in an event's id or identity."""
    event = parse("customers_email_marketing_consent/update", {**CONSENT, "customer_id": None})
    assert event.identity == alias("ada.byron@example.com")
    assert "example" not in event.id
    with pytest.raises(BadInput, match="names nobody"):
        parse(
            "customers_email_marketing_consent/update", {**CONSENT, "customer_id": None, "email_address": "x"}
        )


def test_a_product_is_read_for_the_catalogue() -> None:
    """The lowest price, the first picture, the stock of all variants and the path of its page."""
    event = parse("products/update", PRODUCT)
    assert event.identity == "shopify:product:501"
    assert event.aliases == ()
    assert event.properties == {
        "id": "501",
        "title": "Teapot",
        "handle": "teapot-blå",
        "url": "/products/teapot-bl%C3%A5",
        "image": "https://cdn.example/teapot.jpg",
        "price": "9.90",
        "status": "active",
        "vendor": "Clay",
        "product_type": "Kitchen",
        "tags": ["tea"],
        "inventory": 2,
        "updated_at": "2026-03-10T11:00:00Z",
    }


def test_a_product_full_of_nulls_is_still_a_product() -> None:
    """New products come with hardly anything set."""
    event = parse(
        "products/create", {"id": 501, "title": None, "variants": [], "image": None, "images": None}
    )
    assert event.properties == {"id": "501"}
    assert not event.dated


def test_a_deletion_is_another_event_than_an_update() -> None:
    """It names the product and has no time of its own."""
    event = parse("products/delete", {"id": 501})
    assert event.id == "shopify:product_deleted:501"
    assert event.identity == "shopify:product:501"
    assert event.properties == {"id": "501", "status": "deleted"}
