from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.sources.bodies import (
    CHECKOUT,
    CONSENT,
    CUSTOMER,
    LINE,
    NOW,
    ORDER,
    PRODUCT,
    SECRET,
    TOPIC_BODIES,
    alias,
    parse,
    parse_all,
    raw,
    shopify_headers,
)
from tidings.errors import BadInput, Unauthorized
from tidings.sources import SOURCES, Request


def verify(request: Request, *secrets: str) -> None:
    """Ask the source whether the delivery is genuine."""
    SOURCES["shopify"].verify(request, secrets, NOW)


def test_either_of_two_secrets_holds_while_one_is_being_rotated() -> None:
    """A body signed with the old or the new secret passes; with a third it does not."""
    body = raw(ORDER)
    for secret in ("old", "new"):
        verify(Request("shopify", shopify_headers("orders/create", body, secret), body), "old", "new")
    with pytest.raises(Unauthorized):
        verify(Request("shopify", shopify_headers("orders/create", body, "third"), body), "old", "new")


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_without_a_secret_everything_is_refused(secrets: tuple[str, ...]) -> None:
    """A body signed with the empty secret is not genuine: the source fails closed."""
    body = raw(ORDER)
    with pytest.raises(Unauthorized):
        verify(Request("shopify", shopify_headers("orders/create", body, ""), body), *secrets)


@pytest.mark.parametrize("signature", ["", "wrong", "é\udc80", "A" * 44])
def test_a_wrong_signature_is_refused_whatever_it_is_made_of(signature: str) -> None:
    """No signature is an error other than Unauthorized, non-ASCII among them."""
    with pytest.raises(Unauthorized):
        verify(Request("shopify", {"x-shopify-hmac-sha256": signature}, b"{}"), SECRET)


def test_the_signature_is_of_the_raw_bytes() -> None:
    r"""A body with `\/` that would change when it is parsed and written again passes as it came."""
    body = b'{"url": "https:\\/\\/shop.example"}'
    verify(Request("shopify", shopify_headers("x", body), body), SECRET)


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


def test_an_exact_id_is_taken_from_the_gid_only_where_there_is_no_other() -> None:
    """Live ids are exact integers; strings and gids are understood."""
    assert parse("orders/create", {**ORDER, "id": "9001"}).id == "shopify:order_placed:9001"
    assert parse("orders/create", {**ORDER, "id": None}).id == "shopify:order_placed:9001"
    assert parse("orders/create", {**ORDER, "id": 5}).id == "shopify:order_placed:5"
    with pytest.raises(BadInput, match="no usable id"):
        parse("orders/create", {**ORDER, "id": True, "admin_graphql_api_id": None})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2019-01-01 00:00:00.000Z", "2019-01-01T00:00:00+00:00"),
        ("2019-01-01T01:00:00+01:00", "2019-01-01T00:00:00+00:00"),
        ("2019-01-01T00:00:00", "2019-01-01T00:00:00+00:00"),
    ],
)
def test_times_are_read_in_any_iso_writing(written: str, read: str) -> None:
    """Offsets are applied; without one it is UTC."""
    assert parse("orders/create", {**ORDER, "created_at": written}).at.isoformat() == read


@pytest.mark.parametrize(
    "written", [None, "example string", 5, "0001-01-01T00:00:00+14:00", "9999-12-31", {}]
)
def test_a_time_that_is_none_counts_as_the_receipt(written: object) -> None:
    """The event is undated, never refused."""
    event = parse("checkouts/create", {**CHECKOUT, "created_at": written})
    assert (event.at, event.dated) == (NOW, False)


def test_a_fact_from_the_future_counts_as_of_its_receipt() -> None:
    """Five minutes of skew are believed."""
    soon, late = NOW + timedelta(minutes=4), NOW + timedelta(days=4)
    assert parse("orders/create", {**ORDER, "created_at": soon.isoformat()}).at == soon
    assert parse("orders/create", {**ORDER, "created_at": late.isoformat()}).at == NOW


@pytest.mark.parametrize("amount", ["example string", "1e400", "-1", True, {}, None, "NaN", "٣.٠٠", 1e300])
def test_nonsense_money_is_absent(amount: object) -> None:
    """No amount is better than a wrong one."""
    body = {**CHECKOUT, "total_price": amount}
    assert "total" not in parse("checkouts/create", body).properties


def test_money_written_as_a_number_keeps_its_digits() -> None:
    """A JSON number does not pass through a float."""
    body = raw({**CHECKOUT, "total_price": "AMOUNT"}).replace(b'"AMOUNT"', b"1234567890.10")
    assert parse("checkouts/create", body).properties["total"] == "1234567890.10"


@pytest.mark.parametrize("topic", sorted(TOPIC_BODIES))
def test_a_body_under_another_topic_is_refused(topic: str) -> None:
    """The topic is not signed: a genuine body replayed under a topic of another kind must do nothing."""
    kind = "deletion" if topic == "products/delete" else topic.split("/")[0]
    for other, body in TOPIC_BODIES.items():
        other_kind = "deletion" if other == "products/delete" else other.split("/")[0]
        if other_kind == kind:
            continue
        with pytest.raises(BadInput, match="contradicts its topic"):
            parse(topic, body)


@pytest.mark.parametrize(
    "body",
    [
        {**ORDER, "admin_graphql_api_id": "gid://shopify/DraftOrder/9001"},
        {**ORDER, "invoice_url": "https://shop.example/invoices/1"},
        {**ORDER, "line_items": {"0": LINE}},
        {"id": 1, "order_id": 9001, "refund_line_items": []},
        {},
    ],
    ids=["gid", "draft", "lines", "refund", "empty"],
)
def test_what_is_almost_an_order_is_refused(body: dict[str, object]) -> None:
    """Draft orders, refunds and broken lines are no orders."""
    with pytest.raises(BadInput, match="contradicts its topic"):
        parse("orders/create", body)


def test_topics_that_are_not_read_give_no_event() -> None:
    """They are answered with 200 further on, whatever the body is."""
    assert parse_all("carts/update", b"not json") == []
    assert parse_all("customers/redact", {"customer": {}}) == []


def test_a_delivery_without_a_topic_is_refused() -> None:
    """Nothing says what the body is."""
    with pytest.raises(BadInput, match="X-Shopify-Topic"):
        parse("", ORDER)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"\xff\xfe{}",
        b'{"id": NaN}',
        b'{"id": -Infinity}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"id": ' + b"9" * 5000 + b"}",
        "{}".encode("utf-16"),
    ],
    ids=[
        "empty",
        "list",
        "null",
        "text",
        "open",
        "bytes",
        "nan",
        "infinity",
        "deep",
        "deeper",
        "digits",
        "utf16",
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """Every one is the sender's fault, none an error of ours."""
    with pytest.raises(BadInput):
        parse("orders/create", body)


def test_names_that_databases_choke_on_are_cleaned() -> None:
    """Lone surrogates, NUL and line breaks do not get through; letters of all scripts do."""
    body = raw({**CUSTOMER, "first_name": "NAME", "last_name": "Zoë 李 🫖"}).replace(
        b"NAME", b"A\\u0000d\\ud800a\\r\\nBcc: x"
    )
    properties = parse("customers/update", body).properties
    assert properties["first_name"] == "A d a Bcc: x"
    assert properties["last_name"] == "Zoë 李 🫖"


@pytest.mark.parametrize(
    ("address", "usable"),
    [
        ("a@example.com", True),
        ("用户@例子.广告", True),
        ("o'neil+shop@sub.example.co.uk", True),
        ("a..b.@docomo.example.jp", True),
        ("a@localhost", False),
        ("a@@example.com", False),
        ("a@example.com\nBcc: b@example.com", False),
        ("a@[127.0.0.1]", False),
        ("Ada <a@example.com>", False),
        ("a@exa mple.com", False),
        ("a@-example.com", False),
        ("x" * 65 + "@example.com", False),
        ("a\ud800@example.com", False),
        (5, False),
    ],
)
def test_an_unusable_address_counts_as_absent(address: object, usable: bool) -> None:
    """The customer is kept, by the account, without an address; the body is never refused for it."""
    event = parse("customers/create", {**CUSTOMER, "email": address})
    assert event.identity == "shopify:customer:7001"
    assert ("email" in event.properties) is usable
    assert len(event.aliases) == (2 if usable else 1)
