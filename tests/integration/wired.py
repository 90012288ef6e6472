"""The functions wired to a moto account by the environment that the template gives them, and what AWS hands to them."""

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.receive_webhook.handler import handler as receive_webhook
from functions.track_event.handler import handler as track_event
from tests.integration.account import Account
from tests.unit.sources import bodies
from tidings import observe, wiring
from tidings.aws import client as clients
from tidings.aws.events_table import from_image, to_item
from tidings.clock import from_json
from tidings.events import Event
from tidings.pacing.governor import Quota
from tidings.workflow import build, package

PREFIX, KEY, LINK_KEY = "/shop", "address-key", "link-secret"
SITE, PAGE_KEY = "https://shop.example", "page-key"
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=512, invoked_function_arn="arn:f", aws_request_id="r"
)
WIRED: tuple[Any, ...] = (
    wiring.ingest, wiring.track, wiring.tracker, wiring.learner, wiring.stepper, wiring.feedback, wiring.pages,
    wiring.daily, wiring.privacy_desk,
)  # fmt: skip


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's own workflows, built."""
    out = tmp_path_factory.mktemp("build")
    assert build.main(["--out", str(out), "--template", str(out / "workflows.yaml")]) == 0
    return out


@pytest.fixture
def shop(built: Path, monkeypatch: pytest.MonkeyPatch, _nobody: None) -> Iterator[Account]:
    """An account, the environment that the template gives the functions, and nothing wired yet."""
    bundled = next(built.rglob("tidings_packages"))
    monkeypatch.setattr(package, "Packages", partial(package.Packages, bundled))
    environment = {
        "PARAMETER_PREFIX": PREFIX, "PACKAGES_BUCKET": "packages", "CONFIGURATION_SET": "shop",
        "FAILURES_BUCKET": "failures", "PRIVACY_BUCKET": "privacy", "TRACK_ORIGINS": SITE,
        "PAGES_URL": "https://pages.example", "POWERTOOLS_SERVICE_NAME": "tidings", "STACK": "shop",
        "POWERTOOLS_METRICS_NAMESPACE": "Tidings",
        "STATE_MACHINE_ARN_PREFIX": "arn:aws:states:eu-west-1:123456789012:stateMachine:shop-",
        "ERASE_CUSTOMER": "shop-erase-customer",
    }  # fmt: skip
    monkeypatch.setattr("tidings.aws.quota.SesAccount.quota", lambda _: Quota(14, 50_000, 0))  # moto has none
    with mock_aws():
        account = Account()
        for name in account.names:
            environment[f"{name.upper()}_TABLE"] = name
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        parameters = boto3.client("ssm")
        secrets = {"webhooks/shopify": bodies.SECRET, "webhooks/events": bodies.STANDARD_SECRET}
        secrets |= {"keys/address": KEY, "keys/links": f"k1:{LINK_KEY}"}
        secrets |= {"webhooks/track": PAGE_KEY, "keys/track": f"t1:{LINK_KEY}"}
        for name, value in secrets.items():
            parameters.put_parameter(Name=f"{PREFIX}/{name}", Value=value, Type="SecureString")
        for bucket in ("packages", "failures", "privacy"):
            place = {"LocationConstraint": "eu-west-1"}
            boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        boto3.client("sesv2").create_email_identity(EmailIdentity="kettleandkiln.example")
        unwire()
        yield account
    unwire()


def unwire() -> None:
    """Forget what was built for another account."""
    for part in (*WIRED, clients._session, observe.metrics, observe.logger):
        if hasattr(part, "cache_clear"):
            part.cache_clear()


def now() -> datetime:
    """The shop's time, whole seconds."""
    return from_json(os.environ.get("CLOCK", "")).now().replace(microsecond=0)


def by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be day in Europe and America, whenever the test runs: mails wait at night."""
    day = datetime.now(UTC).replace(hour=16)
    clock = {"origin": day.isoformat(), "started": datetime.now(UTC).isoformat(), "speed": 1.0}
    monkeypatch.setenv("CLOCK", json.dumps(clock))


def gateway(
    method: str, path: str, headers: dict[str, str], body: bytes, encoded: bool = False
) -> dict[str, Any]:
    """An HTTP API request, payload format 2.0."""
    _, kind, last = path.split("/")
    name = {"webhooks": "source", "unsubscribe": "token"}[kind]
    return {
        "version": "2.0",
        "routeKey": f"{method} /{kind}/{{{name}}}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "pathParameters": {name: last},
        "body": base64.b64encode(body).decode() if encoded else body.decode(),
        "isBase64Encoded": encoded,
    }


def webhook(topic: str, body: dict[str, Any], encoded: bool = False) -> dict[str, Any]:
    """A signed Shopify webhook."""
    raw = bodies.raw(body)
    return gateway("POST", "/webhooks/shopify", bodies.shopify_headers(topic, raw), raw, encoded)


def stream(*events: Event) -> dict[str, Any]:
    """Stored events as the table's stream brings them."""
    records = []
    for event in events:
        image = to_item(event)
        keys = {name: image[name] for name in ("identity", "id")}
        told = {"Keys": keys, "NewImage": image, "SequenceNumber": "1", "StreamViewType": "NEW_IMAGE"}
        records.append({"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": told})
    return {"Records": records}


def stored(account: Account) -> list[Event]:
    """All events."""
    return [from_image(item) for item in account.scan("events")]


def deliver(account: Account, topic: str, body: dict[str, Any]) -> None:
    """A webhook, and what its stream brings."""
    known = {event.key for event in stored(account)}
    assert receive_webhook(webhook(topic, body), CONTEXT)["statusCode"] == 200
    track_event(stream(*(event for event in stored(account) if event.key not in known)), CONTEXT)


def checkout_of_now() -> dict[str, Any]:
    """A checkout begun this second."""
    at = now().isoformat()
    return {**bodies.CHECKOUT, "created_at": at, "updated_at": at}


def consent_of(at: datetime) -> dict[str, Any]:
    """A consent given then."""
    given = {**bodies.CONSENT["email_marketing_consent"], "consent_updated_at": at.isoformat()}
    return {**bodies.CONSENT, "email_marketing_consent": given}
