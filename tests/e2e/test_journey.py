"""Whole journeys: from a webhook to the mail, from the order to the end, from the mail's own link to silence."""

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.helpers.bodies import Hook
from tests.e2e.helpers.shop import DAY, HOUR, Shop, eventually
from tests.e2e.helpers.stories import Story, Told, stories
from tidings.customer import Customer
from tidings.shop import load_shop

SHOP = load_shop(Path(__file__).parents[2] / "workflows" / "shop.yaml")


def person_of(shop: Shop, number: int) -> Told:
    """Somebody new, to tell things about as of now."""
    return Told(stories(shop.now, number)[0].person, shop.now)


def told(shop: Shop, *hooks: Hook) -> None:
    """Deliver, in this order."""
    for hook in hooks:
        assert shop.deliver(hook.topic, hook.raw).status == 200, hook.name


def message(shop: Shop, row: dict[str, object]) -> EmailMessage:
    """A recorded mail, parsed."""
    return message_from_bytes(shop.raw(row), _class=EmailMessage, policy=policy.default)


def link_of(mail: EmailMessage) -> str:
    """The one-click address of a mail."""
    found = re.fullmatch(r"<(http://[^<>]+)>", str(mail["List-Unsubscribe"]))
    assert found
    return found[1]


@pytest.fixture(scope="module")
def subscriber(shop: Shop) -> Told:
    """Somebody who subscribed and, welcomed, left a checkout behind."""
    return welcomed(shop, 3000)


def welcomed(shop: Shop, number: int) -> Told:
    """Who comes with a checkout before the welcome went may get the reminder first, where the machine is busy."""
    told_ = person_of(shop, number)
    told(shop, told_.account(), told_.consent())
    shop.mail(told_.person.email, "welcome")
    later = replace(told_, at=shop.now)
    told(shop, *later.checkouts(later.cart))
    return later


@pytest.fixture(scope="module")
def visitor(shop: Shop) -> Told:
    """Somebody who subscribed days ago, and now left a checkout behind: nothing else is in the reminder's way."""
    told_ = person_of(shop, 3050)
    told(shop, told_.account(), replace(told_, at=shop.now - 2 * DAY).consent(), *told_.checkouts(told_.cart))
    return told_


@pytest.mark.parametrize(
    ("who", "step", "workflow", "part"),
    [
        ("subscriber", "welcome", "welcome", "unsubscribe"),
        ("visitor", "reminder", "abandoned-checkout", "recover"),
    ],
)
def test_a_mail_is_one_that_mailboxes_like(
    shop: Shop, request: pytest.FixtureRequest, who: str, step: str, workflow: str, part: str
) -> None:
    """Multipart with text first, one-click headers, tags; the mail of the moment to the right person."""
    person = request.getfixturevalue(who).person
    row = shop.mail(person.email, step)
    mail = message(shop, row)
    customer = shop.known(email=person.email)
    assert mail.get_content_type() == "multipart/alternative"
    assert [each.get_content_type() for each in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link_of(mail).startswith(f"{shop.outputs.text('api_url')}/unsubscribe/")
    assert mail["To"] == person.email
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert part in body.get_content()
    journey = shop.journey(workflow, customer.id)
    assert row["tags"] == {
        "workflow": workflow, "step": step, "journey": journey, "customer": customer.id,
        "class": "marketing", "send_id": row["tags"]["send_id"],
    }  # fmt: skip


def test_a_wait_is_the_recipients_not_the_machines(shop: Shop, visitor: Told) -> None:
    """The reminder goes an hour after the checkout was begun, by the shop's clock, or in the morning; never before,
    and never in the night."""
    row = shop.mail(visitor.person.email, "reminder")
    customer = shop.known(email=visitor.person.email)
    journey = shop.journey("abandoned-checkout", customer.id)
    assert journey
    entry = eventually("the settled send", lambda: shop.sent(journey, "reminder"))
    went = shop.clock.now().fromtimestamp(entry["at"], tz=visitor.at.tzinfo)
    night, latency = 10 * HOUR, 2 * DAY  # of a busy machine, which counts in shop hours here
    assert HOUR <= went - visitor.at < HOUR + night + latency
    assert 8 <= went.astimezone(customer.zone(SHOP.zone)).hour < 22
    assert entry["customer"] == customer.id == row["customer"]


def test_the_second_workflow_waits_for_the_cap(shop: Shop, subscriber: Told) -> None:
    """The welcome went within the hour: the reminder waits sixteen hours from it, and the ledger says why."""
    shop.mail(subscriber.person.email, "welcome")
    customer = shop.known(email=subscriber.person.email)
    journey = eventually("a journey", lambda: shop.journey("abandoned-checkout", customer.id))
    entry = eventually("the reminder's turn", lambda: shop.sent(journey, "reminder"))
    assert "frequency cap" in [reason for _, reason, _ in entry["told"]["deferred"]]
    welcome = shop.sent(str(shop.journey("welcome", customer.id)), "welcome")
    assert welcome
    went = entry["at"] - welcome["at"]  # if it has gone by now: sixteen hours are as many seconds here
    assert entry["state"] == "deferred" or went >= 16 * HOUR.total_seconds()


def test_an_order_ends_the_journeys_at_once(shop: Shop) -> None:
    """Both journeys exit, their executions are stopped, and no further mail can come."""
    subscriber = welcomed(shop, 3020)
    eventually("both journeys", lambda: len(shop.known(email=subscriber.person.email).journeys) == 2)
    customer = shop.known(email=subscriber.person.email)
    assert {open_.workflow for open_ in customer.journeys.values()} == {"welcome", "abandoned-checkout"}
    late = replace(subscriber, at=shop.now)
    told(shop, *late.purchase(subscriber.cart))
    after = eventually("the exit", lambda: _without_journeys(shop, subscriber.person.email))
    assert {(c.workflow, c.outcome, c.reason) for c in after.closed.values()} == {
        ("welcome", "exited", "order_placed"),
        ("abandoned-checkout", "exited", "order_placed"),
    }
    gone = sorted(row["step"] for row in shop.mails(subscriber.person.email))
    for journey, closed in after.closed.items():
        eventually(f"the stop of {journey}", partial(_is_stopped, shop, closed.workflow, journey))
    assert sorted(row["step"] for row in shop.mails(subscriber.person.email)) == gone


def _is_stopped(shop: Shop, workflow: str, journey: str) -> bool:
    return shop.executions(workflow)[journey] == "ABORTED"


def _without_journeys(shop: Shop, email: str) -> Customer | None:
    customer = shop.customer(email=email)
    return customer if customer and not customer.journeys else None


def test_the_mails_own_link_unsubscribes_and_looking_at_it_does_not(shop: Shop) -> None:
    """GET asks and HEAD probes, and nothing changes; POST suppresses before it answers; a later marketing mail is
    skipped."""
    who = person_of(shop, 3100)
    told(shop, who.account(), who.consent())
    link = link_of(message(shop, shop.mail(who.person.email, "welcome")))
    customer, alias = shop.known(email=who.person.email), shop.alias(email=who.person.email)

    page = shop.call("GET", link)
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert b'method="post"' in page.body.lower()
    probed = shop.call("HEAD", link)
    assert (probed.status, probed.body) == (200, b"")
    assert list(shop.table("suppressions").query("address = :address", address=alias)) == []
    assert not [e for e in shop.events_of(f"customer:{customer.id}") if e.type == "unsubscribed"]

    form = {"content-type": "application/x-www-form-urlencoded"}
    assert shop.call("POST", link, b"List-Unsubscribe=One-Click", form).status == 200
    (suppression,) = shop.table("suppressions").query("address = :address", address=alias)
    assert suppression["reason"] == "unsubscribed"
    (event,) = [e for e in shop.events_of(f"customer:{customer.id}") if e.type == "unsubscribed"]
    assert event.source == "page"

    late = replace(who, at=shop.now)
    told(shop, *late.checkouts(late.cart))
    journey = eventually("a journey", lambda: shop.journey("abandoned-checkout", customer.id))
    entry = eventually("the reminder's turn", lambda: shop.sent(journey, "reminder"))
    assert entry["state"] == "skipped"
    assert entry["reason"] in ("unsubscribed", "no consent")
    assert [row["step"] for row in shop.mails(who.person.email)] == ["welcome"]
    assert not eventually("the fold", lambda: _silent(shop, who.person.email)).accepts_marketing


def _silent(shop: Shop, email: str) -> Customer | None:
    customer = shop.customer(email=email)
    return customer if customer and not customer.accepts_marketing else None


def test_a_forged_link_is_no_page(shop: Shop, subscriber: Told) -> None:
    """Another customer's id under an old signature, a cut link, nonsense: 404 to GET and POST, and no change."""
    link = link_of(message(shop, shop.mail(subscriber.person.email, "welcome")))
    base, _, token = link.rpartition("/")
    key_id, payload, signature = token.split(".")
    forged = (
        f"{key_id}.{payload[:-2]}AA.{signature}",
        f"k2.{payload}.{signature}",
        f"{key_id}.{payload}.{signature[::-1]}",
        token[:-3],
        "nonsense",
    )
    before = len(shop.scan("suppressions"))
    for each in forged:
        assert [shop.call(method, f"{base}/{each}").status for method in ("GET", "POST")] == [404, 404], each
    assert len(shop.scan("suppressions")) == before


def test_who_does_not_agree_is_not_mailed(shop: Shop) -> None:
    """A checkout without consent begins its journey, and every mail of it is skipped with the reason."""
    who = person_of(shop, 3200)
    told(shop, who.account(), *who.checkouts(who.cart))
    customer = shop.known(email=who.person.email)
    journey = eventually("a journey", lambda: shop.journey("abandoned-checkout", customer.id))
    entry = eventually("the reminder's turn", lambda: shop.sent(journey, "reminder"))
    assert (entry["state"], entry["reason"]) == ("skipped", "no consent")
    assert shop.mails(who.person.email) == []


def test_an_old_checkout_starts_nothing(shop: Shop) -> None:
    """A fact older than a day is history, whoever sends it today."""
    story: Story = next(
        s for s in stories(shop.now - DAY - timedelta(hours=1), 3300) if s.name == "left behind"
    )
    told(shop, *story.hooks)
    shop.settle()
    customer = shop.known(email=story.email)
    assert len(customer.checkouts) == 1
    assert shop.journey("abandoned-checkout", customer.id) is None
