"""What WooCommerce signed and nobody could read, from the gateway's event to the bucket."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.receive_webhook.handler import handler
from tests.unit.sources.bodies import KEY, raw
from tests.unit.sources.woo_bodies import ORDER, SECRET, woo_headers
from tidings import wiring
from tidings.aws.buckets import FailuresBucket
from tidings.events import address_alias

ADA = address_alias("ada@example.com", KEY)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The function's environment: table, bucket, secrets, variables."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="events",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "identity", "AttributeType": "S"},
                {"AttributeName": "id", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "identity", "KeyType": "HASH"},
                {"AttributeName": "id", "KeyType": "RANGE"},
            ],
        )
        ssm = boto3.client("ssm")
        for name, value in (("/webhooks/woocommerce", SECRET), ("/keys/address", KEY.decode())):
            ssm.put_parameter(Name=f"/t{name}", Value=value, Type="SecureString")
        boto3.client("s3").create_bucket(Bucket="failures")
        for name, value in (
            ("EVENTS_TABLE", "events"),
            ("FAILURES_BUCKET", "failures"),
            ("PARAMETER_PREFIX", "/t"),
            ("POWERTOOLS_SERVICE_NAME", "tidings"),
            ("POWERTOOLS_METRICS_NAMESPACE", "Tidings"),
        ):
            monkeypatch.setenv(name, value)
        wiring.ingest.cache_clear()
        yield boto3.resource("s3").Bucket("failures")
        wiring.ingest.cache_clear()


def deliver(body: bytes, topic: str = "order.created", secret: str = SECRET) -> tuple[int, Any]:
    """Status and answer for a delivery of WooCommerce's."""
    event = {
        "rawPath": "/webhooks/woocommerce",
        "pathParameters": {"source": "woocommerce"},
        "headers": {**woo_headers(topic, body, secret), "x-forwarded-for": "192.0.2.7"},
        "body": body.decode(),
        "isBase64Encoded": False,
    }
    answer = handler(event, None)
    return answer["statusCode"], json.loads(answer["body"])


def test_an_unreadable_body_is_in_the_bucket_once(bucket: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """As it came, with the headers it is read by and no others; parked is counted; nothing of it is logged."""
    body = raw({**ORDER, "id": None})
    first, second = deliver(body), deliver(body)
    assert first == second == (200, {"accepted": 0, "duplicate": 0, "set_aside": 1})
    (kept,) = list(bucket.objects.all())
    assert kept.key.startswith("unread/woocommerce/")
    held = json.loads(kept.get()["Body"].read())
    assert FailuresBucket(boto3.client("s3"), "failures").naming(frozenset({ADA})) == [kept.key]
    assert FailuresBucket(boto3.client("s3"), "failures").naming(frozenset({"email:other"})) == []
    assert set(held["headers"]) == {"x-wc-webhook-topic", "x-wc-webhook-signature"}
    written = capsys.readouterr().out
    assert written.count('"EventsParked":[1.0]') == 2
    for told in ("ada@example.com", "Byron", "order_key", "192.0.2.7"):
        assert told not in written + kept.key


def test_two_unreadable_bodies_are_two(bucket: Any) -> None:
    """Whether the body differs, or only the topic under which it came."""
    deliver(b"[]"), deliver(b"[ ]"), deliver(b"[]", topic="product.updated")
    assert len(list(bucket.objects.all())) == 3


def test_what_is_read_or_forged_is_not_kept(bucket: Any) -> None:
    """The bucket holds no personal data but what could not be read."""
    assert deliver(raw(ORDER)) == (200, {"accepted": 2, "duplicate": 0})
    assert deliver(raw(ORDER)) == (200, {"accepted": 0, "duplicate": 2})
    assert deliver(b"[]", secret="other")[0] == 401
    assert not list(bucket.objects.all())
