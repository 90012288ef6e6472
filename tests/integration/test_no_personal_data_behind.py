"""The ways that test_no_personal_data.py does not go: WooCommerce's door, what operators ask of the functions, the
fold's other errands, and errors that quote a person where a value is checked."""

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from functions.erase_customer.handler import handler as erase_customer
from functions.receive_webhook.handler import handler as receive_webhook
from functions.run_daily.handler import handler as run_daily
from functions.run_step.handler import handler as run_step
from functions.serve_page.handler import handler as serve_page
from functions.track_event.handler import handler as track_event
from tests.integration.account import Account
from tests.integration.leaks import (
    EMAILS,
    MARKS,
    NAME,
    NOTE,
    PHONE,
    STREET,
    Ears,
    Loud,
    each_call_fails,
    loud_client_error,
    marked,
    spoiled,
)
from tests.integration.leaks import loud as loud
from tests.integration.test_no_personal_data import Call, fold, page
from tests.integration.test_no_personal_data import ears as ears
from tests.integration.wired import CONTEXT, KEY, LINK_KEY, PREFIX, gateway, now, stored, unwire, webhook
from tests.unit.sources import bodies
from tests.unit.sources.woo_bodies import SECRET, TOPIC_BODIES, woo_headers
from tidings.events import address_alias
from tidings.links import Link, make_link

ALIAS = address_alias(EMAILS[0], KEY.encode())


def woo(topic: str, body: object, signature: str = "") -> dict[str, Any]:
    """A signed WooCommerce webhook, whether or not it can be read."""
    raw = body if isinstance(body, bytes) else bodies.raw(body)
    headers = woo_headers(topic, raw) | ({"x-wc-webhook-signature": signature} if signature else {})
    return gateway("POST", "/webhooks/woocommerce", headers, raw, encoded=True)


def marked_woo() -> dict[str, dict[str, Any]]:
    """A body of each topic, of this minute, with a mark wherever a person shows."""
    told = copy.deepcopy(TOPIC_BODIES)
    who = {"first_name": NAME, "last_name": NAME, "email": EMAILS[0], "phone": PHONE, "address_1": STREET}
    at = now().replace(tzinfo=None).isoformat()
    for topic, body in told.items():
        if topic.startswith(("order", "customer")):
            body |= {"billing": {**body["billing"], **who}, "shipping": {**body["shipping"], **who}}
            body |= {"date_modified_gmt": at, "customer_note": NOTE, "customer_ip_address": "203.0.113.77"}
        if topic.startswith("customer"):
            body |= {"email": EMAILS[1], "username": NAME, "first_name": NAME}
    return told


@pytest.fixture
def woo_shop(shop: Account) -> Account:
    """A shop on WooCommerce as well."""
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name=f"{PREFIX}/webhooks/woocommerce", Value=SECRET, Type="SecureString")
    unwire()
    return shop


def test_woocommerces_door_keeps_quiet(woo_shop: Account, ears: Ears) -> None:
    """Genuine, spoiled, forged and unreadable: what is set aside lies in its bucket, under names that are hashes."""
    known: set[str] = set()
    for topic, body in marked_woo().items():
        receive_webhook(woo(topic, body), CONTEXT)
        receive_webhook(woo(EMAILS[1], body), CONTEXT)
        receive_webhook(woo(topic, body, signature=EMAILS[1]), CONTEXT)
    for topic in ("order.updated", "customer.updated"):
        for each in spoiled(marked_woo()[topic], EMAILS[0]):
            receive_webhook(woo(topic, each), CONTEXT)
    for raw in (NOTE.encode(), f'{{"email": "{EMAILS[0]}"'.encode(), f'{{"id": "{EMAILS[0]}"}}'.encode()):
        receive_webhook(woo("order.created", raw), CONTEXT)
    fold(woo_shop, ears, known)
    fold(woo_shop, ears, known)
    s3 = boto3.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="failures")["Contents"]]
    aside = [s3.get_object(Bucket="failures", Key=key)["Body"].read() for key in keys]
    assert any(MARKS.search(base64.b64decode(json.loads(each)["body"]).decode()) for each in aside)
    assert MARKS.search(repr(stored(woo_shop)))


ERRANDS = (
    "rebuild",
    "backfill",
    "learn",
    "redrive",
    "enter",
    "export",
    "erase",
    "gone",
    "choose",
    "contact",
    "aside",
)


@pytest.mark.parametrize("kind", [Loud, loud_client_error], ids=["mistake", "refusal"])
@pytest.mark.parametrize("errand", ERRANDS)
def test_whatever_call_of_an_errand_fails_is_not_heard(
    woo_shop: Account,
    ears: Ears,
    monkeypatch: pytest.MonkeyPatch,
    errand: str,
    kind: Callable[[str], Exception],
) -> None:
    """Each call to AWS fails in turn, with an error that quotes all it was given; the last run goes through."""
    for topic in ("customers_email_marketing_consent/update", "customers/create", "checkouts/create"):
        receive_webhook(webhook(topic, marked()[topic]), CONTEXT)
    fold(woo_shop, ears, set())
    call = _call(errand, woo_shop)

    def run() -> None:
        with ears.at("errors"):
            ears.hear("answers", _but_pages(call()))

    assert each_call_fails(monkeypatch, kind, run) > 1


def _but_pages(answer: Any) -> Any:
    """What a function answers to AWS. A page is shown to whoever typed what is on it."""
    return {} if isinstance(answer, dict) and "body" in answer and "<html" in answer["body"] else answer


def _call(errand: str, shop: Account) -> Call:
    customer = shop.only().id
    event = stored(shop)[0]
    match errand:
        case "rebuild" | "backfill":
            return lambda: track_event({errand: customer if errand == "rebuild" else [customer]}, CONTEXT)
        case "learn":
            return lambda: track_event({"learn": True}, CONTEXT)
        case "redrive":
            shop.parked.put(event.identity, event.id, "ValueError", 1)
            return lambda: track_event({"redrive": [[event.identity, event.id]]}, CONTEXT)
        case "enter":
            return lambda: run_daily({"enter": [customer]}, CONTEXT)
        case "export" | "erase":
            return lambda: erase_customer({errand: ALIAS}, CONTEXT)
        case "gone":
            return lambda: erase_customer({"gone": customer}, CONTEXT)
        case "choose":
            token = make_link(Link("preferences", customer, ALIAS, "s1"), {"k1": LINK_KEY.encode()})
            return lambda: serve_page(
                page("preferences", {"topic": NOTE, "frequency": "all"}, token), CONTEXT
            )
        case "contact":
            return lambda: serve_page(page("contact", {"email": EMAILS[0], "message": NOTE}), CONTEXT)
    return lambda: receive_webhook(woo("order.created", f'{{"email": "{EMAILS[0]}"'.encode()), CONTEXT)


ODD: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("a step that is none", lambda: run_step({"journey": EMAILS[0], "step": NAME, NOTE: STREET}, CONTEXT)),
    (
        "a journey that is none",
        lambda: run_step(dict.fromkeys(("journey", "workflow", "step", "rev"), NOTE), CONTEXT),
    ),
    ("an errand that is none", lambda: track_event({EMAILS[0]: NOTE}, CONTEXT)),
    ("a customer that is none", lambda: track_event({"rebuild": EMAILS[0]}, CONTEXT)),
    ("a request that is none", lambda: erase_customer({"request": NOTE, "why": EMAILS[0]}, CONTEXT)),
    ("a question that is none", lambda: erase_customer({NOTE: EMAILS[0]}, CONTEXT)),
    ("nobody to enter", lambda: run_daily({"enter": NOTE}, CONTEXT)),
    (
        "a page without a request",
        lambda: serve_page({"body": NOTE, "headers": {"cookie": EMAILS[0]}}, CONTEXT),
    ),
    (
        "a delivery without a request",
        lambda: receive_webhook({"rawPath": NOTE, "headers": EMAILS[0]}, CONTEXT),
    ),
)


def test_what_nobody_should_invoke_them_with_is_not_quoted(shop: Account, ears: Ears) -> None:
    """A typing mistake at the console, with a person's address in it, ends in an error that does not repeat it."""
    for what, call in ODD:
        said = len(ears.heard["errors"]) + len(ears.heard["answers"])
        with ears.at("errors"):
            ears.hear("answers", call())
        assert len(ears.heard["errors"]) + len(ears.heard["answers"]) == said + 1, what


def test_settings_that_are_wrong_are_not_quoted(
    shop: Account, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model quotes the input that it refuses: an address in place of a setting stays out of the log."""
    for name in ("CLOCK", "UNKNOWN_AFTER_SECONDS", "TRACK_ORIGINS"):
        monkeypatch.setenv(name, f"{EMAILS[0]} {NOTE}")
        unwire()
        for handler in (run_step, track_event, serve_page, receive_webhook):
            with ears.at("errors"):
                handler({"Records": [], "journey": "j", "workflow": "w", "step": "s", "rev": "r"}, CONTEXT)
        monkeypatch.delenv(name)
    unwire()
    assert len(ears.heard["errors"]) > 4
