"""Each function as AWS calls it: its event's shape in, its answer's shape out, through wiring, on moto."""

import json
import quopri
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import pytest
from moto.ses.models import ses_backends

from functions.receive_webhook.handler import handler as receive_webhook
from functions.record_feedback.handler import handler as record_feedback
from functions.run_daily.handler import handler as run_daily
from functions.run_step.handler import handler as run_step
from functions.serve_page.handler import handler as serve_page
from functions.track_event.handler import handler as track_event
from tests.integration.account import Account
from tests.integration.wired import (
    CONTEXT,
    KEY,
    LINK_KEY,
    by_day,
    checkout_of_now,
    consent_of,
    deliver,
    gateway,
    now,
    stored,
    stream,
    webhook,
)
from tests.unit.sources import bodies
from tidings.errors import JourneyExited, Unavailable
from tidings.events import address_alias
from tidings.links import UNSUBSCRIBE, Link, make_link
from tidings.ports import Commit
from tidings.settings import Misconfigured
from tidings.workflow import package


@pytest.mark.parametrize("encoded", [False, True])
def test_receive_webhook(shop: Account, encoded: bool) -> None:
    """An HTTP API request in, status and JSON out; stored once, also when the gateway encodes the body."""
    event = webhook("checkouts/create", checkout_of_now(), encoded)
    first, second = receive_webhook(event, CONTEXT), receive_webhook(event, CONTEXT)
    assert [answer["statusCode"] for answer in (first, second)] == [200, 200]
    assert json.loads(first["body"]) == {"accepted": 1, "duplicate": 0}
    assert json.loads(second["body"]) == {"accepted": 0, "duplicate": 1}
    assert first["headers"]["content-type"] == "application/json"
    (kept,) = stored(shop)
    assert kept.identity == "shopify:customer:7001"
    assert address_alias("ada.byron@example.com", KEY.encode()) in kept.aliases


def test_receive_webhook_says_503_in_an_outage(shop: Account) -> None:
    """The table is gone: nothing was stored, and the shop is asked to deliver again."""
    event = webhook("checkouts/create", checkout_of_now())
    assert receive_webhook(event, CONTEXT)["statusCode"] == 200
    shop.dynamodb.delete_table(TableName="events")
    assert receive_webhook(event, CONTEXT)["statusCode"] == 503


def test_track_event(shop: Account) -> None:
    """A batch of stream records in; customer, journey and execution out; the same batch again changes nothing."""
    receive_webhook(webhook("checkouts/create", checkout_of_now()), CONTEXT)
    batch = stream(*stored(shop))
    assert track_event(batch, CONTEXT) == {"records": 1}
    customer = shop.only()
    assert [open_.workflow for open_ in customer.journeys.values()] == ["abandoned-checkout"]
    assert shop.executions("abandoned-checkout") == dict.fromkeys(customer.journeys, "RUNNING")
    track_event(batch, CONTEXT)
    assert shop.only() == customer


def test_track_event_parks_poison_and_folds_the_rest_of_the_batch(shop: Account) -> None:
    """A record that cannot be read, beside one that can; removals and changes are passed over."""
    receive_webhook(webhook("checkouts/create", checkout_of_now()), CONTEXT)
    batch = stream(*stored(shop))
    keys = {"identity": {"S": "x"}, "id": {"S": "shopify:order_placed:1"}}
    poison = {"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": keys}}
    others = [{"eventName": kind, "dynamodb": {"Keys": keys}} for kind in ("MODIFY", "REMOVE")]
    batch["Records"] = [poison, *others, *batch["Records"]]
    track_event(batch, CONTEXT)
    assert shop.only().checkouts
    assert [item["id"]["S"] for item in shop.scan("parked")] == ["shopify:order_placed:1"]


def test_track_event_raises_in_an_outage(shop: Account) -> None:
    """So that the stream delivers the batch again; nothing is parked for it."""
    receive_webhook(webhook("checkouts/create", checkout_of_now()), CONTEXT)
    batch = stream(*stored(shop))
    shop.dynamodb.delete_table(TableName="aliases")
    with pytest.raises(Unavailable):
        track_event(batch, CONTEXT)
    assert shop.scan("parked") == []


def test_track_event_rebuilds_and_redrives(shop: Account) -> None:
    """An operator's two words."""
    deliver(shop, "customers/create", bodies.CUSTOMER)
    customer = shop.only()
    shop.dynamodb.update_item(
        TableName="customers", Key={"id": {"S": customer.id}}, UpdateExpression="REMOVE profile"
    )
    assert track_event({"rebuild": customer.id}, CONTEXT) == {"rebuilt": customer.id}
    assert shop.only().profile == customer.profile
    shop.parked.put(bad := "shopify:customer:9", "shopify:order_placed:9", "ValueError", 1)
    shop.dynamodb.put_item(
        TableName="events", Item={"identity": {"S": bad}, "id": {"S": "shopify:order_placed:9"}}
    )
    good = next([i["identity"]["S"], i["id"]["S"]] for i in shop.scan("events") if "type" in i)
    answer = track_event({"redrive": [[bad, "shopify:order_placed:9"], good]}, CONTEXT)
    assert answer == {"redriven": 1, "parked": 1}
    assert len(shop.scan("parked")) == 1


@pytest.fixture
def journey(shop: Account, monkeypatch: pytest.MonkeyPatch) -> str:
    """The reminder's journey of somebody who agreed days ago, and left the checkout two hours ago, by day."""
    by_day(monkeypatch)
    deliver(shop, "customers_email_marketing_consent/update", consent_of(now() - timedelta(days=2)))
    quiet = (now() - timedelta(hours=2)).isoformat()
    deliver(shop, "checkouts/create", {**checkout_of_now(), "created_at": quiet, "updated_at": quiet})
    open_ = shop.only().journeys.items()
    return str(next(name for name, each in open_ if each.workflow == "abandoned-checkout"))


def task(journey: str, step: str = "reminder", rev: str | None = None) -> dict[str, Any]:
    """What the machine's Task passes."""
    rev = rev or package.Packages().revs["abandoned-checkout"]
    return {"journey": journey, "workflow": "abandoned-checkout", "step": step, "rev": rev}


def test_run_step(shop: Account, journey: str) -> None:
    """A Task in, the next Wait's input out; SES has the mail, the ledger its id."""
    answer = run_step(task(journey), CONTEXT)
    assert answer["journey"] == journey
    assert 86400 - 60 < answer["wait_seconds"] <= 86400
    entry = shop.sends.get(journey, "reminder")
    assert entry is not None
    assert (entry.state, bool(entry.message_id)) == ("sent", True)
    assert run_step(task(journey), CONTEXT)["wait_seconds"] <= 86400
    (sent,) = ses_backends["123456789012"]["eu-west-1"].sent_messages
    assert "List-Unsubscribe: <https://pages.example/unsubscribe/k1." in sent.raw_data
    assert "https://pages.example/pages/preferences/k1." in quopri.decodestring(sent.raw_data).decode()


def test_run_step_exits_by_name(shop: Account, journey: str) -> None:
    """The error's class is what the machine catches."""
    order = {**bodies.ORDER, "created_at": now().isoformat(), "updated_at": now().isoformat()}
    deliver(shop, "orders/create", order)
    with pytest.raises(JourneyExited):
        run_step(task(journey), CONTEXT)
    assert shop.executions("abandoned-checkout")[journey] == "ABORTED"


def test_run_step_reads_the_package_that_the_journey_began_with(shop: Account, journey: str) -> None:
    """After a deployment the layer has another revision: the archived one is used, a lost one is an error."""
    current = package.Packages().current["abandoned-checkout"]
    mails = {name: mail.model_dump() for name, mail in current.mails.items()}
    mails["reminder"]["subject"] = "The subject of last month"
    earlier = package.build(current.workflow, current.shop, mails)
    with pytest.raises((package.UnknownPackage, Unavailable)):
        run_step(task(journey, rev=earlier.rev), CONTEXT)
    boto3.client("s3").put_object(
        Bucket="packages", Key=f"abandoned-checkout/{earlier.rev}.json", Body=package.dump(earlier)
    )
    run_step(task(journey, rev=earlier.rev), CONTEXT)
    (sent,) = ses_backends["123456789012"]["eu-west-1"].sent_messages
    assert "Subject: The subject of last month" in sent.raw_data


def feedback(kind: str, customer: str, **told: Any) -> dict[str, Any]:
    """An SQS record with an SES event from EventBridge."""
    stamp = now().isoformat()
    mail = {"messageId": "m1", "timestamp": stamp, "destination": ["ada.byron@example.com"]}
    detail = {"eventType": kind, "mail": {**mail, "tags": {"customer": [customer]}}}
    body = {"source": "aws.ses", "detail": {**detail, kind.lower(): {"timestamp": stamp, **told}}}
    return {"messageId": kind, "body": json.dumps(body), "eventSource": "aws:sqs", "attributes": {}}


def test_record_feedback(shop: Account, journey: str) -> None:
    """A batch of SQS records in, the failed ones' ids out; the next mail is skipped at once."""
    customer = shop.only().id
    bounced = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "Ada.Byron@Example.com"}]}
    bad = {"messageId": "bad", "body": "{}", "eventSource": "aws:sqs", "attributes": {}}
    batch = {"Records": [feedback("Open", customer), bad, feedback("Bounce", customer, **bounced)]}
    assert record_feedback(batch, CONTEXT) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    alias = address_alias("ada.byron@example.com", KEY.encode())
    assert [each.reason for each in shop.suppressions.of(alias)] == ["bounced"]
    assert {event.type for event in stored(shop) if event.source == "ses"} == {"mail_opened", "mail_bounced"}
    run_step(task(journey), CONTEXT)
    entry = shop.sends.get(journey, "reminder")
    assert entry is not None
    assert (entry.state, entry.reason) == ("skipped", "bounced")


def test_record_feedback_returns_all_when_all_fail(shop: Account, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is lost: the whole batch comes again; and the log says why."""
    records = [
        {"messageId": f"m{n}", "body": "?", "eventSource": "aws:sqs", "attributes": {}} for n in (1, 2)
    ]
    assert shop.names
    failed = record_feedback({"Records": records}, CONTEXT)["batchItemFailures"]
    assert [each["itemIdentifier"] for each in failed] == ["m1", "m2"]
    told = [record.__dict__ for record in caplog.records]
    assert [(each["refused"], each["message_id"]) for each in told] == [
        ("BadInput", "m1"),
        ("BadInput", "m2"),
    ]


def test_run_daily(shop: Account) -> None:
    """The rule's event in, how many are new out; the second run of the day adds none."""
    deliver(shop, "customers/create", bodies.CUSTOMER)
    customer = shop.only()
    item = replace(customer, due_on=f"{now():%Y-%m-%d}", version=customer.version + 1)
    shop.customers.commit(Commit(item))
    rule = {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
    assert [run_daily(rule, CONTEXT), run_daily(rule, CONTEXT)] == [{"due": 1}, {"due": 0}]
    (due,) = [event for event in stored(shop) if event.type == "due"]
    track_event(stream(due), CONTEXT)
    assert run_daily(rule, CONTEXT) == {"due": 0}


def page(method: str, token: str) -> dict[str, Any]:
    """A recipient's request, as the HTTP API hands it over."""
    body = b"List-Unsubscribe=One-Click" if method == "POST" else b""
    return gateway(method, f"/unsubscribe/{token}", {}, body)


def test_serve_page(shop: Account) -> None:
    """GET shows a page and changes nothing, POST suppresses; both are never cached and run no scripts."""
    alias = address_alias("ada@example.com", KEY.encode())
    token = make_link(Link(UNSUBSCRIBE, "c1", alias, "s1"), {"k1": LINK_KEY.encode()})
    answer = serve_page(page("GET", token), CONTEXT)
    assert (answer["statusCode"], answer["headers"]["cache-control"]) == (200, "no-store")
    assert "default-src 'none'" in answer["headers"]["content-security-policy"]
    assert shop.suppressions.of(alias) == []
    assert stored(shop) == []
    assert serve_page(page("POST", token), CONTEXT)["statusCode"] == 200
    assert [each.reason for each in shop.suppressions.of(alias)] == ["unsubscribed"]
    assert [event.identity for event in stored(shop)] == ["customer:c1"]
    assert serve_page(page("GET", token[:-1]), CONTEXT)["statusCode"] == 404
    assert serve_page(page("POST", token[:-1]), CONTEXT)["statusCode"] == 404


def test_serve_page_says_503_in_an_outage(shop: Account) -> None:
    """A person is told to try again; nothing was changed."""
    alias = address_alias("ada@example.com", KEY.encode())
    token = make_link(Link(UNSUBSCRIBE, "c1", alias, "s1"), {"k1": LINK_KEY.encode()})
    shop.dynamodb.delete_table(TableName="suppressions")
    answer = serve_page(page("POST", token), CONTEXT)
    assert (answer["statusCode"], "try again" in answer["body"]) == (503, True)


@pytest.mark.parametrize(
    ("variable", "call"),
    [
        (
            "EVENTS_TABLE",
            partial(receive_webhook, {"headers": {}, "body": "", "rawPath": "/webhooks/shopify"}),
        ),
        ("CUSTOMERS_TABLE", partial(track_event, {"Records": []})),
        ("SENDS_TABLE", partial(run_step, {"journey": "j", "workflow": "w", "step": "s", "rev": "r"})),
        ("CUSTOMERS_TABLE", partial(run_daily, {})),
        ("SUPPRESSIONS_TABLE", partial(serve_page, page("GET", "x"))),
    ],
    ids=["receive_webhook", "track_event", "run_step", "run_daily", "serve_page"],
)
def test_a_missing_variable_is_named(
    shop: Account, monkeypatch: pytest.MonkeyPatch, variable: str, call: Any
) -> None:
    """The operator reads in the log which one the template must set."""
    assert variable.removesuffix("_TABLE").lower() in shop.names
    monkeypatch.delenv(variable)
    with pytest.raises(Misconfigured, match=variable):
        call(CONTEXT)


def test_the_shops_clock_may_be_another(shop: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the local stack the functions are told an origin and a speed: facts are dated by it."""
    origin = datetime(2031, 5, 1, tzinfo=UTC)
    clock = {"origin": origin.isoformat(), "started": now().isoformat(), "speed": 1.0}
    monkeypatch.setenv("CLOCK", json.dumps(clock))
    receive_webhook(webhook("products/delete", {"id": 5}), CONTEXT)
    (event,) = stored(shop)
    assert origin <= event.at < origin + timedelta(minutes=5)
