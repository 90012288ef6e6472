"""What is odd in a Shopify body: times, amounts, shapes that contradict the topic, unusable names."""

from datetime import timedelta

import pytest

from tests.unit.sources.bodies import (
    CHECKOUT,
    CUSTOMER,
    LINE,
    NOW,
    ORDER,
    TOPIC_BODIES,
    parse,
    parse_all,
    raw,
)
from tidings.errors import BadInput


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
    assert parse_all("draft_orders/create", b"not json") == []
    assert parse_all("customers/enable", {"customer": {}}) == []


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
