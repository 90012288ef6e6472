"""DynamoDB writes, counted at the SDK: the real door, fold and step on moto, with the template's tables.

Each item of a transaction counts as a write. What SES reports afterwards is apart.
"""

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

from moto import mock_aws

from tests.bench.figures import Figure
from tests.fakes import FakeMailer
from tests.integration.account import Account
from tests.unit.sources.bodies import (
    CART,
    CHECKOUT,
    CUSTOMER,
    FULFILLMENT,
    KEY,
    ORDER,
    PRODUCT,
    REFUND,
    SECRET,
    raw,
    shopify_headers,
)
from tests.unit.test_steps import package
from tests.worlds import HOUR, NOW, stepper_of
from tidings.errors import SendDeferred
from tidings.intake.ingest import Ingest
from tidings.sources import Request
from tidings.steps import Letter
from tidings.steps import Request as Step

WEBHOOK_BOUND, MAIL_BOUND, DEFERRAL_BOUND = 2, 4, 2
STEPS = ("reminder", "second-reminder", "last-call")
WRITES = {"PutItem", "UpdateItem", "DeleteItem"}


class Secrets:
    """The parameters, without SSM."""

    def words(self, name: str) -> Sequence[str]:
        """The words of a parameter."""
        return (self.text(name),)

    def text(self, name: str) -> str:
        """All of a parameter."""
        return KEY.decode() if name == "/keys/address" else SECRET


class Unread:
    """Nothing here is unreadable."""

    def keep(self, request: Request, names: Collection[str]) -> None:
        """Fail."""
        raise AssertionError(f"a delivery of {request.source} was not read")


class Counted:
    """A shop on moto whose writes are counted."""

    def __init__(self) -> None:
        self.account = Account()
        self.writes: list[str] = []
        self.account.dynamodb.meta.events.register("before-call.dynamodb", self._count)
        self.ingest = Ingest(self.account.events, Secrets(), self.account.clock, Unread())
        self._known: set[str] = set()

    def _count(self, model: Any, params: Mapping[str, Any], **_: Any) -> None:
        if model.name in WRITES:
            self.writes.append(model.name)
        elif model.name == "TransactWriteItems":
            self.writes += ["transaction"] * len(json.loads(params["body"])["TransactItems"])

    def during(self, act: Callable[[], object]) -> int:
        """How many writes something takes."""
        self.writes.clear()
        act()
        return len(self.writes)

    def deliver(self, topic: str, body: Mapping[str, Any]) -> None:
        """A webhook through the door, and its fold."""
        content = raw(body)
        answer = self.ingest.receive(Request("shopify", shopify_headers(topic, content), content))
        assert answer.status == 200, answer.body
        for item in self.account.scan("events"):
            key = f"{item['identity']['S']}|{item['id']['S']}"
            if key not in self._known:
                self._known.add(key)
                event = self.account.events.get(item["identity"]["S"], item["id"]["S"])
                assert event is not None
                self.account.tracker.track(event)


def measure() -> list[Figure]:
    """The most that a webhook takes, and the mails of a journey."""
    nobody = {"AWS_ACCESS_KEY_ID": "b", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-west-1"}
    with mock.patch.dict(os.environ, nobody), mock_aws():
        shop = Counted()
        shop.deliver("customers/create", CUSTOMER)
        webhooks = {
            topic: shop.during(partial(shop.deliver, topic, body)) for topic, body in _known_customers()
        }
        assert not shop.account.only().journeys
        shop.account.clock.advance(8 * timedelta(days=1))
        start = shop.during(
            lambda: shop.deliver("checkouts/create", _checkout(shop.account.clock.now().isoformat()))
        )
        mails = _mails(shop)
        deferral = shop.during(partial(_deferral, shop))
    figures = [
        Figure(
            "writes per webhook of a known customer, the most", max(webhooks.values()), bound=WEBHOOK_BOUND
        )
    ]
    figures += [Figure(f"  {topic}", count) for topic, count in webhooks.items()]
    figures.append(Figure("writes of a webhook that starts a journey", start))
    figures.append(Figure("writes per mail, the most", max(mails), bound=MAIL_BOUND))
    figures.append(Figure("writes of a deferral", deferral, bound=DEFERRAL_BOUND))
    figures.append(Figure("writes of a journey of three mails, per mail", (start + sum(mails)) / len(mails)))
    return figures


def _known_customers() -> list[tuple[str, dict[str, Any]]]:
    later = (NOW - HOUR / 4).isoformat()
    consent = {"state": "unsubscribed", "opt_in_level": "single_opt_in", "consent_updated_at": later}
    order = {**ORDER, "checkout_token": "other", "cart_token": "other"}
    return [
        ("customers/update", {**CUSTOMER, "first_name": "Augusta", "updated_at": later}),
        ("orders/create", order),
        ("orders/paid", {**order, "updated_at": later}),
        ("orders/fulfilled", {**order, "updated_at": later, "fulfillment_status": "fulfilled"}),
        ("fulfillments/create", FULFILLMENT),
        ("refunds/create", REFUND),
        ("carts/update", CART),
        ("checkouts/update", {**CHECKOUT, "token": "other", "completed_at": later, "updated_at": later}),
        ("orders/cancelled", {**order, "updated_at": later, "cancelled_at": later}),
        ("customers_email_marketing_consent/update",
         {"customer_id": CUSTOMER["id"], "email_address": CUSTOMER["email"], "email_marketing_consent": consent}),
        ("products/update", PRODUCT),
    ]  # fmt: skip


def _checkout(at: str) -> dict[str, Any]:
    return {**CHECKOUT, "token": "left", "cart_token": "left", "created_at": at, "updated_at": at}


def _mails(shop: Counted) -> list[int]:
    """The writes of each step of the open journey, waits and all."""
    account, mailer = shop.account, FakeMailer()
    again = {**CUSTOMER["email_marketing_consent"], "consent_updated_at": account.clock.now().isoformat()}
    consent = {
        "customer_id": CUSTOMER["id"],
        "email_address": CUSTOMER["email"],
        "email_marketing_consent": again,
    }
    shop.deliver("customers_email_marketing_consent/update", consent)
    account.clock.advance(timedelta(hours=1))  # the wait before the first mail
    journey = next(
        name for name, each in account.only().journeys.items() if each.workflow == "abandoned-checkout"
    )
    stepper = stepper_of(
        account, mailer=mailer, package=lambda workflow, rev: package(workflow), compose=_compose
    )

    def run(step: str) -> None:
        while True:
            try:
                answer = stepper.run(Step(journey, "abandoned-checkout", step, "r1"))
            except SendDeferred as deferred:
                account.clock.advance(timedelta(seconds=deferred.seconds))
                continue
            account.clock.advance(timedelta(seconds=answer["wait_seconds"]))
            return

    counts = [shop.during(partial(run, step)) for step in STEPS]
    assert len(mailer.sent) == len(STEPS), "the bench counted mails that were not sent"
    return counts


def _deferral(shop: Counted) -> None:
    """Another workflow's mail, when one has just gone."""
    journeys = shop.account.only().journeys.items()
    journey = next(name for name, each in journeys if each.workflow == "welcome")
    stepper = stepper_of(
        shop.account, mailer=FakeMailer(), package=lambda workflow, rev: package(workflow), compose=_compose
    )
    try:
        stepper.run(Step(journey, "welcome", "welcome", "r1"))
    except SendDeferred:
        return
    raise AssertionError("the bench counted a deferral that was none")


def _compose(letter: Letter) -> tuple[str, bytes]:
    return "hello@shop.example", letter.mail.encode()
