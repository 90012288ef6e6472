"""Requests under privacy law: what is kept of them, and that no other body can be taken for one."""

import json
from itertools import permutations
from typing import Any

import pytest

from tests.unit.sources.bodies import REDACTION, TOPIC_BODIES, alias, parse, parse_standard
from tidings.errors import BadInput

TOPICS = ("customers/data_request", "customers/redact", "shop/redact")
ACCOUNT, ADDRESS = "shopify:customer:7001", alias("ada.byron@example.com")


@pytest.mark.parametrize(
    ("topic", "type_", "key"),
    [
        ("customers/data_request", "data_requested", "7001:41"),
        ("customers/redact", "erasure_requested", "7001:"),
    ],
)
def test_a_request_keeps_names_only(topic: str, type_: str, key: str) -> None:
    """Account, hashed address and order numbers; no address, no telephone number."""
    event = parse(topic, TOPIC_BODIES[topic])
    assert (event.type, event.identity, event.aliases) == (type_, ACCOUNT, (ACCOUNT, ADDRESS))
    assert event.id.startswith(f"shopify:{type_}:{key}")
    assert event.names_customer
    assert event.properties == {"orders": ["9001", "9002"]}
    assert "ada" not in repr(event).lower().replace("data", "")
    assert "4930" not in repr(event)


def test_a_request_delivered_again_is_one_event() -> None:
    """Whatever order the numbers come in; for other orders it is another request."""
    again = {**REDACTION, "orders_to_redact": [9002, 9001]}
    other = {**REDACTION, "orders_to_redact": [9001]}
    assert parse("customers/redact", again).id == parse("customers/redact", REDACTION).id
    assert parse("customers/redact", other).id != parse("customers/redact", REDACTION).id


@pytest.mark.parametrize(
    ("customer", "identity"),
    [
        ({"id": 7001, "email": None}, ACCOUNT),
        ({"id": None, "email": "ada.byron@example.com"}, ADDRESS),
        ({"email": "ada.byron@example.com"}, ADDRESS),
    ],
)
def test_one_name_is_enough(customer: dict[str, Any], identity: str) -> None:
    """Some customers have no address, some requests no account."""
    event = parse("customers/redact", {**REDACTION, "customer": customer})
    assert event.aliases == (identity,)


@pytest.mark.parametrize("customer", [None, {}, {"phone": "+49"}, {"id": "", "email": "nobody"}, "ada", [1]])
@pytest.mark.parametrize("topic", TOPICS[:2])
def test_a_request_for_nobody_is_refused(topic: str, customer: Any) -> None:
    """Without a name there is nobody to look for."""
    with pytest.raises(BadInput, match="names nobody"):
        parse(topic, {**TOPIC_BODIES[topic], "customer": customer})


@pytest.mark.parametrize(("body", "topic"), list(permutations(TOPICS, 2)))
def test_requests_are_not_taken_for_one_another(body: str, topic: str) -> None:
    """Topics are not signed: whoever holds a signed request for data must not be able to erase with it."""
    with pytest.raises(BadInput, match="contradicts its topic"):
        parse(topic, TOPIC_BODIES[body])


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("body", sorted(TOPIC_BODIES.keys() - set(TOPICS)))
def test_no_other_body_is_a_request(topic: str, body: str) -> None:
    """A signed order or customer, delivered again under these topics, asks for nothing."""
    with pytest.raises(BadInput, match="contradicts its topic"):
        parse(topic, TOPIC_BODIES[body])


@pytest.mark.parametrize("topic", sorted(TOPIC_BODIES.keys() - set(TOPICS)))
@pytest.mark.parametrize("body", TOPICS)
def test_a_request_is_no_other_body(topic: str, body: str) -> None:
    """Nor does a request make a customer, an order or a deleted product."""
    with pytest.raises(BadInput):
        parse(topic, TOPIC_BODIES[body])


@pytest.mark.parametrize(
    "change", [{"data_request": {"id": 1}}, {"orders_requested": []}, {"orders_to_redact": "9001"}]
)
def test_what_asks_for_data_too_erases_nothing(change: dict[str, Any]) -> None:
    """In doubt nothing is erased."""
    with pytest.raises(BadInput):
        parse("customers/redact", {**REDACTION, **change})
    with pytest.raises(BadInput):
        parse("customers/redact", {k: v for k, v in REDACTION.items() if k != "orders_to_redact"})


def test_a_shop_has_left() -> None:
    """The shop's id is all there is to it."""
    event = parse("shop/redact", TOPIC_BODIES["shop/redact"])
    assert (event.id, event.identity) == ("shopify:shop_erasure_requested:31", "shopify:shop:31")
    assert (event.aliases, event.properties) == ((), {})
    with pytest.raises(BadInput, match="shop_id"):
        parse("shop/redact", {"shop_id": None, "shop_domain": "shop.example"})


@pytest.mark.parametrize("type_", ["data_requested", "erasure_requested"])
def test_ones_own_systems_may_ask(type_: str) -> None:
    """With the shop's own events; whatever else the body tells is not kept."""
    customer = {"id": "c1", "email": "ada@example.com", "first_name": "Ada"}
    event = parse_standard({"type": type_, "data": {"customer": customer, "why": "she said so"}})
    assert event.aliases == ("events:customer:c1", alias("ada@example.com"))
    assert event.properties == {}
    with pytest.raises(BadInput, match=r"data\.customer is missing"):
        parse_standard({"type": type_, "data": {"email": "ada@example.com"}})
    with pytest.raises(BadInput, match="Tidings tells itself"):
        parse_standard({"type": "shop_erasure_requested", "data": {"customer": customer}})


def test_an_address_used_as_an_id_is_hashed() -> None:
    """Names of customers and facts stand in the keys of tables, in logs and in what is put aside."""
    customer = {"id": "Ada@Example.com"}
    events = [
        parse_standard({"type": "subscribed", "data": {"customer": customer, "id": f"{given}:1"}})
        for given in ("ada@example.com", "ADA@example.com")
    ]
    assert "ada@" not in json.dumps([(e.id, e.identity, e.aliases) for e in events]).lower()
    assert len({(e.id, e.identity) for e in events}) == 1
