"""Whatever is sent: read or refused, never an error of ours, and always storable."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.sources.bodies import KEY, NOW, TOPIC_BODIES
from tests.unit.sources.woo_bodies import TOPIC_BODIES as WOO_BODIES
from tidings.aws.events_table import from_image, to_item
from tidings.errors import BadInput
from tidings.events import Event
from tidings.sources import SOURCES, Request

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(st.characters(), max_size=300),
    st.sampled_from(
        ["", " ", "gid://", "gid://shopify/Order/", "\ud800", "\x00", "2026-02-30", "1e999", "9" * 300]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(), max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
WOO_KEYS = sorted({key for body in WOO_BODIES.values() for key in body})
KEYS = sorted({key for body in TOPIC_BODIES.values() for key in body})
OWN_KEYS = [
    "id",
    "customer",
    "email",
    "checkout",
    "cart",
    "order_id",
    "birthday",
    "timezone",
    "fields",
    "items",
]
OWN_KEYS += ["total", "url", "tags", "placed_at", "x"]
CAREFUL = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(events: list[Event]) -> None:
    """What was read can be stored, within DynamoDB's limits, and read back."""
    for event in events:
        item = to_item(event)
        assert 0 < len(event.identity.encode()) <= 2048
        assert 0 < len(event.id.encode()) <= 1024
        assert all(alias.encode() for alias in event.aliases)
        held = item["properties"]["S"].encode() if "properties" in item else item["packed"]["B"]
        assert len(held) < 300_000
        assert from_image(item) == event


def read(source: str, headers: dict[str, str], body: object) -> None:
    """Parse; only BadInput may come, and it says something."""
    refused = ""
    try:
        events = SOURCES[source].parse(Request(source, headers, json.dumps(body).encode()), NOW, KEY)
    except BadInput as error:
        events, refused = [], str(error)
    assert refused or isinstance(events, list)
    check(events)


@pytest.mark.parametrize("topic", sorted(TOPIC_BODIES))
@CAREFUL
@given(changes=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6))
def test_any_change_to_a_body_is_read_or_refused(topic: str, changes: dict[str, Any]) -> None:
    """Every key of every topic may hold anything."""
    read("shopify", {"x-shopify-topic": topic}, {**TOPIC_BODIES[topic], **changes})


@pytest.mark.parametrize("topic", sorted(TOPIC_BODIES))
@CAREFUL
@given(body=JSON)
def test_any_json_is_read_or_refused(topic: str, body: object) -> None:
    """Under every topic."""
    read("shopify", {"x-shopify-topic": topic}, body)


@pytest.mark.parametrize("topic", sorted(TOPIC_BODIES))
@CAREFUL
@given(data=st.data())
def test_any_nested_value_is_read_or_refused(topic: str, data: st.DataObject) -> None:
    """The objects inside a body may be anything, key by key."""
    body = json.loads(json.dumps(TOPIC_BODIES[topic]))
    inner = [value for value in body.values() if isinstance(value, dict)]
    inner += [
        value[0]
        for value in body.values()
        if isinstance(value, list) and value and isinstance(value[0], dict)
    ]
    for held in inner:
        held.update(data.draw(st.dictionaries(st.sampled_from(sorted(held)), JSON, max_size=4)))
    read("shopify", {"x-shopify-topic": topic}, body)


@pytest.mark.parametrize("topic", sorted(WOO_BODIES))
@CAREFUL
@given(changes=st.dictionaries(st.sampled_from(WOO_KEYS), JSON, max_size=6))
def test_any_change_to_a_woocommerce_body_is_read_or_refused(topic: str, changes: dict[str, Any]) -> None:
    """Every key of every topic may hold anything."""
    read("woocommerce", {"x-wc-webhook-topic": topic}, {**WOO_BODIES[topic], **changes})


@pytest.mark.parametrize("topic", sorted(WOO_BODIES))
@CAREFUL
@given(body=JSON)
def test_any_json_of_woocommerce_is_read_or_refused(topic: str, body: object) -> None:
    """Under every topic."""
    read("woocommerce", {"x-wc-webhook-topic": topic}, body)


@pytest.mark.parametrize("topic", sorted(WOO_BODIES))
@CAREFUL
@given(data=st.data())
def test_any_nested_value_of_woocommerce_is_read_or_refused(topic: str, data: st.DataObject) -> None:
    """Bill, lines, metadata, refunds, pictures: key by key."""
    body = json.loads(json.dumps(WOO_BODIES[topic]))
    values = [*body.values(), *(each for value in body.values() if isinstance(value, list) for each in value)]
    for held in (value for value in values if isinstance(value, dict)):
        held.update(data.draw(st.dictionaries(st.sampled_from(sorted(held)), JSON, max_size=4)))
    read("woocommerce", {"x-wc-webhook-topic": topic}, body)


@CAREFUL
@given(
    event_type=st.sampled_from(["profile_updated", "order_placed", "checkout_started", "quiz", "due"]),
    timestamp=JSON,
    data=st.dictionaries(st.sampled_from(OWN_KEYS), JSON, max_size=6) | JSON,
    delivery=st.text(st.characters(), max_size=200),
)
def test_any_generic_event_is_read_or_refused(
    event_type: str, timestamp: object, data: object, delivery: str
) -> None:
    """Type, time, details and delivery id may be anything."""
    if isinstance(data, dict):
        data = {"customer": {"id": "c"}, **data}
    body = {"type": event_type, "timestamp": timestamp, "data": data}
    read("events", {"webhook-id": delivery}, body)


@CAREFUL
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Not even JSON."""
    for source, headers in (
        ("shopify", {"x-shopify-topic": "orders/create"}),
        ("woocommerce", {"x-wc-webhook-topic": "order.created"}),
        ("events", {"webhook-id": "m"}),
    ):
        with pytest.raises(BadInput):
            SOURCES[source].parse(Request(source, headers, content), NOW, KEY)
