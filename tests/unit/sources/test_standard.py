import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.unit.sources.bodies import NOW, STANDARD_SECRET, alias, parse_standard, raw, standard_headers
from tidings.errors import BadInput, Unauthorized
from tidings.sources import SOURCES, Request

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "events.schema.json").read_text())
CUSTOMER = {"id": "c-7", "email": "ada@example.com"}


def profile(**data: Any) -> dict[str, Any]:
    """A profile update of Ada."""
    return {
        "type": "profile_updated",
        "timestamp": "2026-03-10T11:00:00Z",
        "data": {"customer": CUSTOMER, **data},
    }


def event(event_type: str, **data: Any) -> dict[str, Any]:
    """An event of Ada."""
    return {**profile(**data), "type": event_type}


GOOD: list[dict[str, Any]] = [
    profile(),
    profile(birthday="1984-02-29", timezone="Europe/Berlin", locale="de-DE", country="DE"),
    profile(birthday="--02-29", fields={"size": 41.5, "club": True, "cat": "Mimi", "gone": None}),
    {"type": "profile_updated", "data": {"customer": {"email": "ada@example.com", "birthday": "--12-24"}}},
    {"type": "profile_updated", "timestamp": None, "data": {"email": "ada@example.com", "first_name": "Ada"}},
    event("subscribed"),
    event("unsubscribed", id="u-1"),
    event("subscribed", topics=["offers", "product-news"], confirmed=True),
    event(
        "preferences_changed",
        topics={"offers": False},
        frequency="paused",
        paused_until="2026-04-10T11:00:00Z",
    ),
    event("quiz_finished", topics="tea", frequency=3),
    event(
        "order_placed",
        order_id=55,
        total="19.90",
        currency="EUR",
        items=[{"product_id": 1, "quantity": 2, "price": 9}],
    ),
    event("checkout_started", checkout="t1", url="https://shop.example/c/t1", discount_codes=["A"]),
    {"type": "cart_updated", "timestamp": "2026-03-10 11:00:00Z", "data": {"cart": "c1", "items": []}},
    event("order_delivered", order_id="5", subtotal="9.00", shipping=4, tax="1.50", taxes_included=True),
    event(
        "shipment_delayed",
        tracking_url="https://parcels.example/1",
        tracking_company="DHL",
        expected_on="2026-03-20",
        reason="Snow",
    ),
    event("product_viewed", product_id="5"),
    event("quiz_finished", score=7, answers=["a", {"b": [1, 2.5, None]}]),
]

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no type": ({"data": {"customer": CUSTOMER}}, "type"),
    "type with capitals": (event("OrderPlaced"), "type"),
    "type of a mail": (event("mail_opened"), "type"),
    "type due": (event("due"), "type"),
    "type of the catalogue": (event("product_updated"), "type"),
    "day that is none": (event("shipment_delayed", expected_on="2026-13-01"), "expected_on"),
    "tracked by a script": (event("shipment_delayed", tracking_url="javascript:1"), "tracking_url"),
    "no data": ({"type": "subscribed"}, "data"),
    "data a list": ({"type": "subscribed", "data": []}, "data"),
    "customer a string": ({"type": "subscribed", "data": {"customer": "ada"}}, "data.customer"),
    "timestamp no time": ({**profile(), "timestamp": "yesterday"}, "timestamp"),
    "timestamp a number": ({**profile(), "timestamp": 1773140000}, "timestamp"),
    "id an object": (profile(id={}), "data.id"),
    "id too long": (profile(id="x" * 129), "data.id"),
    "customer's id true": (profile(customer={"id": True}), "data.customer.id"),
    "birthday a sentence": (profile(birthday="24 December"), "birthday"),
    "birthday without a day": (profile(birthday="1984-12"), "birthday"),
    "country a name": (profile(country="Germany"), "country"),
    "locale a sentence": (profile(locale="german please"), "locale"),
    "fields nested": (profile(fields={"a": {"b": 1}}), "fields"),
    "fields with spaces": (profile(fields={"shoe size": 41}), "fields"),
    "fields a list": (profile(fields=[]), "fields"),
    "total words": (event("order_placed", order_id=5, total="twenty"), "total"),
    "total below zero": (event("order_placed", order_id=5, total="-1"), "total"),
    "currency small": (event("order_placed", order_id=5, currency="eur"), "currency"),
    "items no list": (event("order_placed", order_id=5, items={}), "items"),
    "items of strings": (event("order_placed", order_id=5, items=["a"]), "items"),
    "order without id": (event("order_placed", total="5"), "order_id"),
    "checkout without token": (event("checkout_updated"), "checkout"),
    "a word about no topic": (event("unsubscribed", topics=[]), "topics"),
    "topics that are none": (event("subscribed", topics=["Special Offers"]), "topics"),
    "confirmed a word": (event("subscribed", confirmed="yes"), "confirmed"),
    "a topic neither wanted nor not": (event("preferences_changed", topics={"offers": "yes"}), "topics"),
    "topics as a list": (event("preferences_changed", topics=["offers"]), "topics"),
    "an unknown frequency": (event("preferences_changed", frequency="daily"), "frequency"),
    "a request to opt in": (event("opt_in_requested"), "type"),
    "marketing a word": (event("order_placed", order_id=5, accepts_marketing="yes"), "accepts_marketing"),
    "key with capitals": (event("quiz_finished", Score=7), "data"),
}

ONLY_PARSER: dict[str, tuple[dict[str, Any], str]] = {
    "nobody": ({"type": "subscribed", "data": {"score": 1}}, "names nobody"),
    "unusable address only": ({"type": "subscribed", "data": {"customer": {"email": "ada"}}}, "names nobody"),
    "29 February of a common year": (profile(birthday="1985-02-29"), "birthday"),
    "31 April": (profile(birthday="--04-31"), "birthday"),
    "birthday to come": (profile(birthday="2031-01-01"), "birthday"),
    "zone unknown": (profile(timezone="Mars/Olympus"), "timezone"),
    "zone a path": (profile(timezone="../../etc/passwd"), "timezone"),
    "zone a folder": (profile(timezone="Europe"), "timezone"),
    "number beyond a double": (event("quiz_finished", score=10**16), "1e15"),
    "deep": (event("quiz_finished", score=[[[[[[[[[1]]]]]]]]]), "nested"),
    "large": (event("quiz_finished", score=["x" * 1999] * 9), "16384 bytes"),
    "url of a script": (event("checkout_started", checkout="t", url="javascript:alert(1)"), "url"),
}


@pytest.mark.parametrize("body", GOOD)
def test_what_the_schema_allows_is_read(body: dict[str, Any]) -> None:
    """The published schema and the parser agree on what is right."""
    jsonschema.Draft202012Validator(SCHEMA).validate(body)
    read = parse_standard(body)
    assert read.type == body["type"]
    assert read.source == "events"


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, (body, _) in BAD.items()])
def test_what_is_refused_the_schema_forbids(body: dict[str, Any]) -> None:
    """A sender who checks against the schema meets these before we do."""
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(body)


@pytest.mark.parametrize(
    ("body", "names"), [pytest.param(*case, id=name) for name, case in (BAD | ONLY_PARSER).items()]
)
def test_what_is_wrong_is_named(body: dict[str, Any], names: str) -> None:
    """The refusal says which key, so that the sender can mend it."""
    with pytest.raises(BadInput, match=names):
        parse_standard(body)


def test_the_schema_is_a_schema() -> None:
    """Draft 2020-12."""
    meta = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
    assert list(meta.iter_errors(SCHEMA)) == []


def test_a_profile_update_carries_what_shopify_does_not_know() -> None:
    """Birthday, zone and fields arrive as they were given, under the customer's account and address."""
    read = parse_standard(profile(birthday="--02-29", timezone="Pacific/Auckland", fields={"size": 41.5}))
    assert read.identity == "events:customer:c-7"
    assert read.aliases == ("events:customer:c-7", alias("ada@example.com"))
    assert read.names_customer
    assert read.at == datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
    assert read.properties == {
        "email": "ada@example.com",
        "birthday": "--02-29",
        "timezone": "Pacific/Auckland",
        "fields": {"size": 41.5},
    }


def test_the_fact_is_named_by_its_own_id_else_by_the_delivery() -> None:
    """Two deliveries of one fact are one event when the sender names the fact."""
    assert parse_standard(profile(id="f-1"), "msg_1").id == "events:profile_updated:f-1"
    assert parse_standard(profile(id="f-1"), "msg_2").id == "events:profile_updated:f-1"
    assert parse_standard(profile(), "msg_2").id == "events:profile_updated:msg_2"


def test_subscribing_is_a_consent_as_of_the_fact() -> None:
    """The consent's time is the event's."""
    read = parse_standard(event("unsubscribed"))
    assert read.properties["consent"] == {"state": "unsubscribed", "at": "2026-03-10T11:00:00Z"}


def test_an_order_is_counted_by_its_id_and_dated_by_the_event() -> None:
    """Lines, quantities and the time it was placed are as a platform's order has them."""
    read = parse_standard(
        event("order_placed", order_id=55, total=19.9, items=[{"product_id": 1, "quantity": 2}])
    )
    assert read.properties["order_id"] == "55"
    assert read.properties["total"] == "19.9"
    assert read.properties["placed_at"] == "2026-03-10T11:00:00Z"
    assert read.properties["items"] == [{"product_id": "1", "quantity": 2}]
    assert (read.properties["items_count"], read.properties["quantity"]) == (1, 2)


def test_nobody_but_a_token_waits_under_the_token() -> None:
    """A cart of nobody is kept under the cart."""
    read = parse_standard({"type": "cart_updated", "data": {"cart": "c1"}})
    assert read.aliases == ("events:cart:c1",)
    assert read.is_anonymous
    assert not read.dated


def test_a_contact_address_is_no_customer_object() -> None:
    """`data.email` names, but does not merge; beside a customer the customer's own address is kept."""
    read = parse_standard({"type": "subscribed", "data": {"email": "ada@example.com"}})
    assert read.identity == alias("ada@example.com")
    assert not read.names_customer
    assert parse_standard(profile(email="office@example.org")).properties["email"] == "ada@example.com"


def verify(headers: dict[str, str], body: bytes, *secrets: str, now: datetime = NOW) -> bool:
    """Whether the delivery is genuine; raises Unauthorized when it is not."""
    SOURCES["events"].verify(Request("events", headers, body), secrets, now)
    return True


def test_a_signature_holds_under_either_secret_and_beside_others() -> None:
    """Several signatures, of other versions too, may stand in the header while a secret is rotated."""
    body = raw(profile())
    headers = standard_headers(body)
    headers["webhook-signature"] = f"v1a,xyz v1,AAAA {headers['webhook-signature']}"
    assert verify(headers, body, "whsec_b2xkIHNlY3JldA==", STANDARD_SECRET)


@pytest.mark.parametrize("stored", ["whsec_b2xkIHNlY3JldA==", "whsec_b2xkIHNlY3JldA", "b2xkIHNlY3JldA"])
def test_a_secret_is_its_bytes_however_it_is_stored(stored: str) -> None:
    """With or without its prefix and its padding, as signers in other languages read it."""
    body = raw(profile())
    assert verify(standard_headers(body, secret="whsec_b2xkIHNlY3JldA=="), body, stored)


@pytest.mark.parametrize("off", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_a_signature_holds_for_five_minutes_on_the_machines_clock(off: timedelta) -> None:
    """Neither older nor from the future."""
    body = raw(profile())
    verify(standard_headers(body), body, STANDARD_SECRET, now=NOW + off * (300 / 301))
    with pytest.raises(Unauthorized, match="five minutes"):
        verify(standard_headers(body), body, STANDARD_SECRET, now=NOW + off)


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_",), ("whsec_!!!",)])
def test_without_a_usable_secret_everything_is_refused(secrets: tuple[str, ...]) -> None:
    """An empty key signs nothing."""
    body = raw(profile())
    with pytest.raises(Unauthorized, match="no usable secret"):
        verify(standard_headers(body, secret="whsec_"), body, *secrets)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": ""},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "hello"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": "١٢٣"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,é\udc80"},
        {"webhook-signature": "v2,AAAA"},
    ],
)
def test_a_delivery_changed_after_signing_is_refused(change: dict[str, str]) -> None:
    """Id, time and body are signed together; no header breaks the check."""
    body = raw(profile())
    with pytest.raises(Unauthorized):
        verify({**standard_headers(body), **change}, body, STANDARD_SECRET)
