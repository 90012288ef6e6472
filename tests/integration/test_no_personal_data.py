"""Marked strings are fed through every door, with failures forced at each place; then all that shows is searched:
logs, metrics, executions, notices, what is put aside, names, errors."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from functions.erase_customer.handler import handler as erase_customer
from functions.receive_webhook.handler import handler as receive_webhook
from functions.record_feedback.handler import handler as record_feedback
from functions.run_daily.handler import handler as run_daily
from functions.run_step.handler import handler as run_step
from functions.serve_page.handler import handler as serve_page
from functions.track_event.handler import handler as track_event
from tests.integration.account import Account
from tests.integration.leaks import (
    EMAILS,
    IP,
    MARKS,
    NAME,
    NOTE,
    PHONE,
    STREET,
    Ears,
    Loud,
    each_call_fails,
    listen,
    loud_client_error,
    marked,
    spoiled,
)
from tests.integration.leaks import loud as loud
from tests.integration.wired import (
    CONTEXT,
    LINK_KEY,
    PAGE_KEY,
    SITE,
    gateway,
    now,
    stored,
    stream,
    webhook,
)
from tests.unit.sources.bodies import standard_headers
from tidings.aws import client as clients
from tidings.aws.desk import AsynchronousDesk
from tidings.forms import stamp
from tidings.links import UNSUBSCRIBE, Link, make_link
from tidings.workflow import package

Call = Callable[[], Any]
TOLD = ("orders/create", "checkouts/create", "customers/create", "carts/create", "refunds/create")


@pytest.fixture
def ears(
    shop: Account, monkeypatch: pytest.MonkeyPatch, loud: pytest.LogCaptureFixture, capsys: Any
) -> Iterator[Ears]:
    """Ears everywhere: at what is invoked, at notices to the operator, and, at the end, at all the rest."""
    heard = Ears()

    def invoke(_: object, payload: dict[str, Any]) -> None:
        heard.hear("asynchronous invocations", payload)
        with heard.at("errors"):
            erase_customer(payload, CONTEXT)

    monkeypatch.setattr(AsynchronousDesk, "_invoke", invoke)
    connect = clients.client

    def client(service: str, **options: Any) -> Any:
        return Bus(heard) if service == "events" else connect(service, **options)

    monkeypatch.setattr(clients, "client", client)
    yield heard
    listen(shop, heard, loud, capsys)
    assert heard.heard["logs and metrics"] != ["", ""]
    assert heard.leaks() == {}


class Bus:
    """The account's bus of events: what the operator hears, and every rule."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears

    def put_events(self, **told: Any) -> dict[str, Any]:
        """Hear it."""
        self._ears.hear("notices", told)
        return {"FailedEntryCount": 0}


def generic(type_: str, data: dict[str, Any], delivery: str = "msg_1") -> dict[str, Any]:
    """A signed event of the shop's own."""
    raw = json.dumps({"type": type_, "data": data}).encode()
    return gateway("POST", "/webhooks/events", standard_headers(raw, datetime.now(UTC), delivery), raw)


def viewed(**told: Any) -> dict[str, Any]:
    """What a page tells."""
    body = {"key": PAGE_KEY, "type": "product_viewed", "visitor": "browser-1", **told}
    event = gateway("POST", "/webhooks/x", {"origin": SITE, "user-agent": NOTE}, json.dumps(body).encode())
    event |= {"routeKey": "POST /track", "rawPath": "/track", "pathParameters": None}
    event["requestContext"]["http"]["sourceIp"] = IP
    return event


def page(name: str, form: dict[str, str] | None = None, token: str = "") -> dict[str, Any]:
    """A visit to a page, or what is sent from it."""
    path = {"page": name, **({"token": token} if token else {})} if name != UNSUBSCRIBE else {"token": token}
    return {
        "headers": {
            "content-type": "application/x-www-form-urlencoded",
            "user-agent": NOTE,
            "accept-language": NAME,
        },
        "requestContext": {
            "http": {"method": "GET" if form is None else "POST", "sourceIp": IP, "path": STREET}
        },
        "rawPath": f"/pages/{name}/{token}",
        "queryStringParameters": {"email": EMAILS[1], "title": NOTE},
        "pathParameters": path,
        "body": urlencode(form or {}),
    }


def report(kind: str, customer: str, **told: Any) -> dict[str, Any]:
    """An SQS record with an SES event; SES itself quotes the address everywhere."""
    at = now().isoformat()
    mail = {
        "messageId": "m1", "timestamp": at, "destination": [EMAILS[0]], "source": "shop@kettleandkiln.example",
        "headers": [{"name": "To", "value": EMAILS[0]}], "commonHeaders": {"to": [EMAILS[0]], "subject": NOTE},
        "tags": {"customer": [customer]} if customer else {},
    }  # fmt: skip
    detail = {
        "eventType": kind,
        "mail": mail,
        kind[:1].lower() + kind[1:].replace(" ", ""): {"timestamp": at, **told},
    }
    body = json.dumps({"source": "aws.ses", "detail-type": f"Email {kind}", "detail": detail})
    return {"messageId": kind, "body": body, "eventSource": "aws:sqs", "attributes": {}}


def reports(customer: str) -> list[dict[str, Any]]:
    """All that SES may tell, and what it may not."""
    who = [
        {
            "emailAddress": EMAILS[0],
            "diagnosticCode": f"550 5.1.1 <{EMAILS[0]}> no such user",
            "status": "5.1.1",
        }
    ]
    records = [
        report("Send", customer), report("Delivery", customer, recipients=[EMAILS[0]], smtpResponse=f"250 {NAME}"),
        report("Open", customer, ipAddress=IP, userAgent=NOTE),
        report("Click", customer, ipAddress=IP, link=f"https://x.example/{EMAILS[1]}?e={EMAILS[1]}"),
        report("Bounce", customer, bounceType="Transient", bounceSubType="General", bouncedRecipients=who),
        report("Complaint", customer, complainedRecipients=who, complaintFeedbackType="abuse"),
        report("Rendering Failure", customer, errorMessage=NOTE), report("Zzyx kind", customer, what=NOTE),
        report("Bounce", "", bounceType="Permanent", bouncedRecipients=who),
    ]  # fmt: skip
    broken = [
        f'{{"detail": "{NOTE}"}}',
        f"not JSON: {NOTE}",
        "{}",
        f'"{EMAILS[0]}"',
        "[]",
        f'{{"Message": "{NAME}"}}',
    ]
    return records + [{**records[0], "messageId": f"b{n}", "body": body} for n, body in enumerate(broken)]


def fold(shop: Account, ears: Ears, known: set[str]) -> None:
    """Hand what is new to the fold, as its stream would."""
    new = [event for event in stored(shop) if event.key not in known]
    known |= {event.key for event in new}
    with ears.at("errors"):
        track_event(stream(*new), CONTEXT)


def steps(shop: Account) -> list[dict[str, Any]]:
    """A Task for each step of each open journey."""
    revs, packages = package.Packages().revs, package.Packages()
    found = []
    for item in shop.scan("customers"):
        customer = shop.customers.item(item["id"]["S"])
        for journey, open_ in customer.journeys.items() if customer else ():
            workflow = packages.workflows[open_.workflow]
            told = {"journey": journey, "workflow": workflow.id, "rev": revs[workflow.id]}
            mails = (name for name in packages.current[workflow.id].mails if "." not in name)
            found += [{**told, "step": mail} for mail in mails]
    return found


def test_every_door_keeps_quiet(shop: Account, ears: Ears) -> None:
    """Genuine, spoiled, unsigned and unreadable deliveries of every source: nothing shows of anybody."""
    for topic, body in marked().items():
        receive_webhook(webhook(topic, body), CONTEXT)
        receive_webhook(webhook(f"{topic}/{EMAILS[1]}", body), CONTEXT)
        forged = webhook(topic, body)
        forged["headers"]["x-shopify-hmac-sha256"] = EMAILS[1]
        receive_webhook(forged, CONTEXT)
    for topic in TOLD:
        for body in spoiled(marked()[topic], EMAILS[0]):
            receive_webhook(webhook(topic, body), CONTEXT)
    for raw in (
        NOTE.encode(),
        f'{{"email": "{EMAILS[0]}"'.encode(),
        b"\xff" + NAME.encode(),
        f'["{NAME}"]'.encode(),
    ):
        for source in ("shopify", "events", "woocommerce", EMAILS[1]):
            receive_webhook(gateway("POST", f"/webhooks/{source}", {}, raw, encoded=True), CONTEXT)
    person = {"id": EMAILS[0], "email": EMAILS[1], "first_name": NAME, "address": STREET, "phone": PHONE}
    told = {"customer": person, "id": EMAILS[0], "note": NOTE, "total": "9.00", "ip": IP}
    for type_ in ("profile_updated", "subscribed", "lead_captured", "order_placed", "erasure_requested"):
        receive_webhook(generic(type_, {**told, "order_id": "o-1"}, EMAILS[2]), CONTEXT)
        for body in spoiled(
            {**told, "order_id": "o-1", "birthday": "--01-02", "items": [{"price": "1"}]}, NOTE
        ):
            receive_webhook(generic(type_, body), CONTEXT)
    for each in (
        viewed(data={"product_id": "1", "title": NOTE, "url": f"{SITE}/{EMAILS[1]}"}),
        viewed(data={"product_id": NOTE}), viewed(visitor=EMAILS[1], data={}), viewed(tid=EMAILS[1]),
        viewed(type=NOTE), viewed(key=NOTE), viewed(platform=NOTE), {**viewed(), "body": NOTE},
    ):  # fmt: skip
        receive_webhook(each, CONTEXT)
    assert MARKS.search(repr(stored(shop)))
    known: set[str] = set()
    fold(shop, ears, known)
    fold(shop, ears, known)
    assert len(known) > 25


def test_pages_keep_quiet(shop: Account, ears: Ears) -> None:
    """Links, forms and addresses that people type, right and wrong."""
    keys = {"k1": LINK_KEY.encode()}
    old = datetime.fromtimestamp(now().timestamp() - 60, UTC)
    texts = {"email": EMAILS[0], "name": NAME, "message": NOTE, "news": "yes", "comment": NOTE, "text": NOTE}
    forms = [
        {**texts, "showing": stamp.make(name, old, keys), "birthday": "--02-03"}
        for name in ("contact", "form")
    ]
    for purpose in (UNSUBSCRIBE, "form", "review", "preferences", "confirm"):
        extra = "birthday" if purpose != UNSUBSCRIBE else ""
        token = make_link(Link(purpose, "c1", "email:1", "s1", extra), keys)
        for given in (token, token + NAME, EMAILS[1]):
            for form in (None, *forms, {NOTE: NOTE}):
                with ears.at("errors"):
                    serve_page(page(purpose, form, given), CONTEXT)
    for name in ("contact", "back-in-stock", EMAILS[1]):
        for form in (None, *forms, {NOTE: NOTE}):
            with ears.at("errors"):
                serve_page(page(name, form), CONTEXT)
    fold(shop, ears, set())
    assert MARKS.search(repr(shop.scan("events")))


def test_feedback_keeps_quiet(shop: Account, ears: Ears) -> None:
    """SES quotes address, subject and the receiver's words; unreadable messages fail by their id."""
    receive_webhook(webhook("customers/create", marked()["customers/create"]), CONTEXT)
    fold(shop, ears, set())
    for customer in (shop.only().id, ""):
        failed = record_feedback({"Records": reports(customer)}, CONTEXT)
        ears.hear("failed messages", failed)
    fold(shop, ears, set())
    assert len(stored(shop)) > 5


@pytest.mark.parametrize("what", ["unreadable", "fold", "step", "ses"])
def test_errors_that_quote_a_body_are_not_heard(
    shop: Account, ears: Ears, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A mistake in code may put whatever it holds into its message, and SES names the address that it refuses."""
    for topic in ("customers_email_marketing_consent/update", "customers/create", "checkouts/create"):
        receive_webhook(webhook(topic, marked()[topic]), CONTEXT)
    if what == "unreadable":
        image = {
            "identity": {"S": "shopify:customer:1"},
            "id": {"S": "shopify:order_placed:1"},
            "at": {"S": NOTE},
        }
        record = {
            "eventName": "INSERT",
            "dynamodb": {"Keys": {k: image[k] for k in ("identity", "id")}, "NewImage": image},
        }
        track_event({"Records": [record]}, CONTEXT)
    if what == "fold":
        monkeypatch.setattr("tidings.tracking.apply", _quoting)
    known: set[str] = set()
    fold(shop, ears, known)
    if what == "step":
        monkeypatch.setattr("tidings.mail.letters.Composer.__call__", _quoting)
    if what == "ses":
        said = f"Address is not verified: {EMAILS[0]}"
        monkeypatch.setattr("tidings.aws.mailer.SesMailer.send", _refusing(loud_client_error(said)))
    tasks = steps(shop)
    for task in tasks:
        with ears.at("errors"):
            run_step(task, CONTEXT)
    with ears.at("errors"):
        run_daily({}, CONTEXT)
    assert bool(shop.scan("parked")) == (what in ("unreadable", "fold"))
    assert bool(tasks) == (what != "fold")
    assert bool(ears.heard["errors"]) == (what in ("step", "ses") or bool(tasks))


def _quoting(*given: Any, **named: Any) -> Any:
    raise Loud(f"cannot do with {given!r} {named!r}")


def _refusing(error: Exception) -> Callable[..., Any]:
    def send(*given: Any) -> Any:
        raise error from Loud(repr(given))

    return send


@pytest.mark.parametrize("kind", [Loud, loud_client_error], ids=["mistake", "refusal"])
@pytest.mark.parametrize("where", ["webhook", "page", "feedback", "fold", "step", "erasure", "daily"])
def test_whatever_call_fails_and_quotes_its_request_is_not_heard(
    shop: Account, ears: Ears, monkeypatch: pytest.MonkeyPatch, where: str, kind: Callable[[str], Exception]
) -> None:
    """Each call to AWS that a function makes fails in turn, with an error that quotes all it was given."""
    for topic in ("customers_email_marketing_consent/update", "checkouts/create"):
        receive_webhook(webhook(topic, marked()[topic]), CONTEXT)
    fold(shop, ears, set())
    call = _call(where, shop)

    def run() -> None:
        with ears.at("errors"):
            call()

    assert each_call_fails(monkeypatch, kind, run) > 1


def _call(where: str, shop: Account) -> Call:
    order = marked()["orders/create"]
    keys = {"k1": LINK_KEY.encode()}
    customer = shop.only().id
    events = stored(shop)
    match where:
        case "webhook":
            return lambda: receive_webhook(webhook("orders/create", order), CONTEXT)
        case "page":
            token = make_link(Link(UNSUBSCRIBE, customer, "email:1", "s1"), keys)
            return lambda: serve_page(page(UNSUBSCRIBE, {"email": EMAILS[0]}, token), CONTEXT)
        case "feedback":
            return lambda: record_feedback({"Records": reports(customer)}, CONTEXT)
        case "fold":
            receive_webhook(webhook("orders/create", order), CONTEXT)
            return lambda: track_event(stream(*stored(shop)), CONTEXT)
        case "step":
            task = next(each for each in steps(shop) if each["workflow"] == "abandoned-checkout")
            return lambda: run_step(task, CONTEXT)
        case "erasure":
            receive_webhook(webhook("customers/redact", marked()["customers/redact"]), CONTEXT)
            (request,) = [each for each in stored(shop) if each not in events]
            return lambda: erase_customer({"request": [request.identity, request.id]}, CONTEXT)
        case _:
            return lambda: run_daily({}, CONTEXT)


def test_the_ears_hear() -> None:
    """A search that finds nothing proves nothing: each kind of mark is found, in each spelling."""
    for mark in (*EMAILS, NAME, STREET, NOTE, PHONE.replace(" ", ""), IP):
        heard = Ears()
        heard.hear("logs", f"before {mark} after")
        assert heard.leaks().keys() == {"logs"}
    heard = Ears()
    with heard.at("errors"):
        raise Loud(NOTE)
    assert heard.leaks().keys() == {"errors"}
    assert base64.b64encode(b"x")
