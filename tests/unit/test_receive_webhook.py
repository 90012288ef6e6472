import base64
import json

import pytest

from functions.receive_webhook.handler import to_request
from tidings.errors import BadInput
from tidings.settings import Misconfigured, ReceiveWebhookSettings


def gateway(body: str | None, encoded: bool = False) -> dict[str, object]:
    """An HTTP API event, payload format 2.0."""
    return {
        "version": "2.0",
        "rawPath": "/webhooks/shopify",
        "pathParameters": {"source": "shopify"},
        "headers": {"X-Shopify-Topic": "orders/create", "content-type": "application/json"},
        "body": body,
        "isBase64Encoded": encoded,
    }


def test_the_raw_bytes_survive_the_gateway() -> None:
    """The signature is over these bytes, whether the gateway encodes them or not."""
    raw = '{"name": "Zoë \\/"}'
    assert to_request(gateway(raw)).body == raw.encode()
    assert to_request(gateway(base64.b64encode(raw.encode()).decode(), encoded=True)).body == raw.encode()
    assert to_request(gateway(None)).body == b""


def test_headers_are_found_in_any_case() -> None:
    """HTTP header names have no case; the gateway lowers them, others do not."""
    assert to_request(gateway("{}")).headers["x-shopify-topic"] == "orders/create"


def test_the_source_is_the_paths_last_part() -> None:
    """From the route's parameter, else from the path."""
    event = gateway("{}")
    assert to_request(event).source == "shopify"
    assert to_request({**event, "pathParameters": None, "rawPath": "/webhooks/events"}).source == "events"


def test_a_body_that_cannot_be_decoded_is_the_senders_fault() -> None:
    """Neither broken base64 nor a lone surrogate becomes an error of ours."""
    with pytest.raises(BadInput):
        to_request(gateway("%%%", encoded=True))
    with pytest.raises(BadInput):
        to_request(gateway(json.loads('"\\ud800"')))


def test_settings_name_what_is_missing() -> None:
    """The operator reads which variable."""
    with pytest.raises(Misconfigured, match="PARAMETER_PREFIX"):
        ReceiveWebhookSettings.from_env({"EVENTS_TABLE": "events"})
    told = {"EVENTS_TABLE": "events", "PARAMETER_PREFIX": "/tidings/", "FAILURES_BUCKET": "failures"}
    read = ReceiveWebhookSettings.from_env(told)
    assert (read.parameter_prefix, read.clock) == ("/tidings", "")
