"""The Events table and the whole way in over moto, and what becomes of outages."""

import base64
import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from moto import mock_aws

from tests.unit.sources.bodies import CHECKOUT, KEY, NOW, ORDER, SECRET, parse, raw, shopify_headers
from tidings import wiring
from tidings.aws import codec
from tidings.aws.client import client, outages
from tidings.aws.events_table import EventsTable, from_image, to_item
from tidings.errors import Unavailable
from tidings.events import Event


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A fresh AWS in this process, and credentials that open nothing else."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def table() -> EventsTable:
    """An empty Events table."""
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="events",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("identity", "id")],
        KeySchema=[
            {"AttributeName": "identity", "KeyType": "HASH"},
            {"AttributeName": "id", "KeyType": "RANGE"},
        ],
    )
    return EventsTable(dynamodb, "events")


def test_a_fact_is_stored_once(table: EventsTable) -> None:
    """The second put says that it is there, and leaves the first as it was."""
    event = parse("orders/create", ORDER)
    assert table.put(event) is True
    assert table.put(replace(event, received_at=NOW + timedelta(days=1), properties={})) is False
    assert table.get(event.identity, event.id) == event
    assert table.get(event.identity, "other") is None


@pytest.mark.parametrize(
    "event",
    [
        parse("orders/create", ORDER),
        parse("checkouts/create", {**CHECKOUT, "customer": None, "email": None, "created_at": None}),
        parse("products/delete", {"id": 5}),
        Event("i", "due", NOW, NOW, "tidings", "customer:c", ("customer:c",)),
        Event("i", "due", NOW, NOW + timedelta(microseconds=5), "tidings", "customer:c"),
    ],
    ids=["order", "anonymous", "deletion", "own", "bare"],
)
def test_an_event_is_read_as_it_was_written(table: EventsTable, event: Event) -> None:
    """From the table, and from a stream's image."""
    table.put(event)
    assert table.get(event.identity, event.id) == event
    assert from_image(json.loads(json.dumps(to_item(event), default=_base64))) == event


def _base64(value: bytes) -> str:
    """As a stream hands binary values to Lambda."""
    return b64encode(value).decode()


def test_all_events_of_an_identity_are_found_over_pages(table: EventsTable) -> None:
    """Two megabytes of them, none of anybody else's."""
    event = parse("orders/create", ORDER)
    for number in range(12):
        table.put(replace(event, id=f"n{number:02}", properties={"text": Random(1).randbytes(100_000).hex()}))
    table.put(replace(event, identity="somebody:else"))
    assert [found.id for found in table.query(event.identity)] == [f"n{number:02}" for number in range(12)]


@pytest.mark.parametrize("topic", ["orders/create", "checkouts/update"])
def test_an_order_of_one_line_costs_one_write_unit(topic: str) -> None:
    """At most 1,024 bytes as DynamoDB counts them."""
    item = to_item(parse(topic, ORDER if topic == "orders/create" else CHECKOUT))
    assert sum(len(name) + size(value) for name, value in item.items()) <= 1024


def size(attribute: dict[str, Any]) -> int:
    """Bytes of an attribute, as DynamoDB's guide counts them: text as UTF-8, a list three and one an
    element.
    """
    kind, value = next(iter(attribute.items()))
    if kind == "L":
        return 3 + sum(1 + size(item) for item in value)
    return 1 if kind == "BOOL" else len(value if kind == "B" else value.encode())


@pytest.mark.parametrize(
    "value",
    [None, True, "x", "", 5, -5, 2.5, [1, [2]], {"a": {"b": None}}, frozenset({"a", "b"}), b"\x00"],
)
def test_values_come_back_as_they_went(value: object) -> None:
    """Through DynamoDB's attribute values."""
    assert codec.decode(codec.encode(value)) == value


def test_what_dynamodb_cannot_hold_is_a_mistake() -> None:
    """Not turned into text."""
    with pytest.raises(TypeError, match="object"):
        codec.encode(object())


@pytest.mark.parametrize(
    ("status", "code", "outage"),
    [
        (400, "ThrottlingException", True),
        (400, "AccessDeniedException", True),
        (400, "ResourceNotFoundException", True),
        (503, "AnythingNew", True),
        (400, "ValidationException", False),
        (400, "ConditionalCheckFailedException", False),
    ],
)
def test_outages_are_told_from_mistakes(status: int, code: str, outage: bool) -> None:
    """Only what time or the operator mends is Unavailable."""
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(Unavailable if outage else ClientError), outages():
        raise ClientError(answer, "PutItem")


def test_a_timeout_is_an_outage() -> None:
    """As is every failure to connect."""
    with pytest.raises(Unavailable, match="ConnectTimeoutError"), outages():
        raise ConnectTimeoutError(endpoint_url="https://example.com")


def test_a_missing_table_is_an_outage() -> None:
    """The deployment is at fault: the shop delivers again."""
    with pytest.raises(Unavailable, match="ResourceNotFoundException"):
        EventsTable(client("dynamodb"), "nowhere").put(parse("orders/create", ORDER))


@pytest.fixture
def deployed(table: EventsTable, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventsTable]:
    """The function's environment: table, secrets, variables."""
    ssm = client("ssm")
    for name, value in (("/webhooks/shopify", f"old {SECRET}"), ("/keys/address", KEY.decode())):
        ssm.put_parameter(Name=f"/t{name}", Value=value, Type="SecureString")
    monkeypatch.setenv("EVENTS_TABLE", "events")
    monkeypatch.setenv("FAILURES_BUCKET", "failures")
    monkeypatch.setenv("PARAMETER_PREFIX", "/t")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "tidings")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Tidings")
    wiring.ingest.cache_clear()
    wiring.track.cache_clear()
    yield table
    wiring.ingest.cache_clear()
    wiring.track.cache_clear()


def delivery(topic: str, body: bytes, secret: str = SECRET) -> dict[str, Any]:
    """What the gateway hands over, base64 as for bodies of no text type."""
    return {
        "rawPath": "/webhooks/shopify",
        "pathParameters": {"source": "shopify"},
        "headers": shopify_headers(topic, body, secret),
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def test_the_handler_stores_once_and_answers(
    deployed: EventsTable, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the gateway's event to the item, twice; metrics have the service as only dimension; logs nothing
    personal.
    """
    from functions.receive_webhook.handler import handler

    event = delivery("orders/create", raw(ORDER))
    first, second = handler(event, None), handler(event, None)
    assert (first["statusCode"], json.loads(first["body"])) == (200, {"accepted": 1, "duplicate": 0})
    assert json.loads(second["body"]) == {"accepted": 0, "duplicate": 1}
    assert [found.id for found in deployed.query("shopify:customer:7001")] == ["shopify:order_placed:9001"]
    written = capsys.readouterr().out
    metrics = [json.loads(line) for line in written.splitlines() if '"_aws"' in line]
    assert [m["_aws"]["CloudWatchMetrics"][0]["Dimensions"] for m in metrics] == [[["service"]]] * 2
    assert metrics[0]["EventsAccepted"] == [1.0]
    assert metrics[1]["EventsDuplicate"] == [1.0]
    assert "example.com" not in written
    assert "7001" not in written


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (delivery("orders/create", raw(ORDER), "stale"), 401),
        (delivery("orders/create", b"{"), 400),
        (delivery("draft_orders/update", b"{}"), 200),
        ({**delivery("orders/create", b"{}"), "body": "%%%"}, 400),
        ({**delivery("orders/create", b"{}"), "pathParameters": {"source": "etsy"}}, 404),
    ],
    ids=["signature", "json", "ignored", "base64", "source"],
)
def test_the_handler_answers_what_it_does_not_store(
    deployed: EventsTable, event: dict[str, Any], status: int
) -> None:
    """Each with its status and a JSON body."""
    from functions.receive_webhook.handler import handler

    answer = handler(event, None)
    assert answer["statusCode"] == status
    assert isinstance(json.loads(answer["body"]), dict)


def page(body: dict[str, Any], **told: Any) -> dict[str, Any]:
    """What the gateway hands over of a page's beacon: plain text, and the route's key."""
    return {
        "routeKey": "POST /track",
        "rawPath": "/track",
        "headers": {"origin": "https://shop.example", "content-type": "text/plain;charset=UTF-8"},
        "body": json.dumps({"key": "pk_1", "visitor": "browser-1", **body}),
        "isBase64Encoded": False,
        **told,
    }


def test_the_handler_takes_what_pages_tell(
    deployed: EventsTable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """204 without a body, once stored; the same under a webhook's route is no source; nothing of it is logged."""
    from functions.receive_webhook.handler import handler

    monkeypatch.setenv("TRACK_ORIGINS", "https://shop.example, https://www.shop.example/")
    client("ssm").put_parameter(Name="/t/webhooks/track", Value="pk_1", Type="SecureString")
    view = page({"type": "product_viewed", "data": {"product_id": "501", "title": "Teapot"}})
    assert handler(view, None) == {"statusCode": 204}
    (found,) = deployed.query("track:visitor:browser-1")
    assert found.type == "product_viewed"
    assert handler(page({"type": "subscribed"}), None)["statusCode"] == 400
    assert handler({**view, "headers": {"origin": "https://evil.example"}}, None)["statusCode"] == 403
    lured = {**view, "routeKey": "POST /webhooks/{source}", "pathParameters": {"source": "track"}}
    assert handler(lured, None)["statusCode"] == 404
    assert len(deployed.query("track:visitor:browser-1")) == 1
    written = capsys.readouterr().out
    assert "browser-1" not in written
    assert "Teapot" not in written
