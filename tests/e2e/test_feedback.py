"""What SES tells afterwards: by the queue to the customer, and at once to the list of those not to be mailed."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.helpers.shop import Shop, eventually
from tests.e2e.helpers.stories import Told, stories


def subscribe(shop: Shop, number: int, prefix: str = "") -> Told:
    """Somebody new subscribes; `prefix` of the address tells the mail world how the mailbox behaves."""
    person = stories(shop.now, number)[0].person
    told = Told(replace(person, email=f"{prefix}{person.email}"), shop.now)
    for hook in (told.account(), told.consent()):
        assert shop.deliver(hook.topic, hook.raw).status == 200
    return told


def happened(row: dict[str, Any], kind: str, at: datetime, message: str = "", **told: Any) -> dict[str, Any]:
    """An SES event as EventBridge brings it."""
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    sent = (at - timedelta(hours=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    mail = {
        "timestamp": sent,
        "messageId": message or row["message_id"],
        "destination": row["to"],
        "tags": {name: [value] for name, value in row["tags"].items()},
    }
    key = kind[0].lower() + kind[1:]
    detail = {"eventType": kind, "mail": mail, key: {"timestamp": stamp, **told}}
    return {"version": "0", "id": f"{kind}-{stamp}", "detail-type": f"Email {kind}", "source": "aws.ses",
            "account": "1", "time": stamp, "region": "us-east-1", "resources": [], "detail": detail}  # fmt: skip


def put(shop: Shop, *messages: object) -> None:
    """Put messages on the feedback queue."""
    queue, url = shop.client("sqs"), shop.outputs.text("feedback_queue_url")
    for message in messages:
        body = message if isinstance(message, str) else json.dumps(message)
        queue.send_message(QueueUrl=url, MessageBody=body)


@pytest.mark.parametrize(
    ("number", "prefix", "reason"), [(4000, "bounce+", "bounced"), (4100, "complaint+", "complained")]
)
def test_a_hard_bounce_or_complaint_suppresses(shop: Shop, number: int, prefix: str, reason: str) -> None:
    """The whole way, from the mail sent to the address's suppression; the next marketing mail is skipped."""
    told = subscribe(shop, number, prefix)
    email = told.person.email
    shop.mail(email, "welcome")
    alias = shop.alias(email=email)
    (row,) = eventually(
        "the suppression", lambda: list(shop.table("suppressions").query("address = :a", a=alias))
    )
    assert row["reason"] == reason
    late = replace(told, at=shop.now)
    for hook in late.checkouts(late.cart):
        assert shop.deliver(hook.topic, hook.raw).status == 200
    customer = shop.known(email=email)
    journey = eventually("a journey", lambda: shop.journey("abandoned-checkout", customer.id))
    entry = eventually("the reminder's turn", lambda: shop.sent(journey, "reminder"))
    assert (entry["state"], entry["reason"]) == ("skipped", reason)
    assert [row["step"] for row in shop.mails(email)] == ["welcome"]


def test_opens_and_clicks_are_kept_on_the_customer(shop: Shop) -> None:
    """Each counts once, however often the queue brings it; nobody is suppressed for them."""
    told = subscribe(shop, 4200)
    row = shop.mail(told.person.email, "welcome")
    opened = happened(row, "Open", shop.now, ipAddress="192.0.2.1", userAgent="x")
    clicked = happened(row, "Click", shop.now, link="https://shop.example/a?key=secret", userAgent="x")
    put(shop, opened, clicked, opened, clicked, opened)
    customer = shop.known(email=told.person.email)

    def counts() -> dict[str, int]:
        found = shop.customer(email=told.person.email)
        return dict(found.counts) if found and len(found.counts) == 2 else {}

    assert eventually("both counts", counts) == {"mail_opened": 1, "mail_clicked": 1}
    (click,) = [e for e in shop.events_of(f"customer:{customer.id}") if e.type == "mail_clicked"]
    assert click.properties["link"] == "https://shop.example/a"
    assert click.properties["workflow"] == "welcome"
    alias = shop.alias(email=told.person.email)
    assert list(shop.table("suppressions").query("address = :a", a=alias)) == []


def test_a_soft_bounce_suppresses_nobody(shop: Shop) -> None:
    """A full mailbox is told, kept and counted, no more."""
    told = subscribe(shop, 4300)
    row = shop.mail(told.person.email, "welcome")
    bounced = [{"emailAddress": told.person.email, "status": "4.2.2", "diagnosticCode": "smtp; 452 full"}]
    soft: dict[str, Any] = {
        "bounceType": "Transient",
        "bounceSubType": "MailboxFull",
        "bouncedRecipients": bounced,
    }
    put(shop, happened(row, "Bounce", shop.now, **soft))
    customer = shop.known(email=told.person.email)
    event = eventually(
        "the bounce",
        lambda: [e for e in shop.events_of(f"customer:{customer.id}") if e.type == "mail_bounced"],
    )[0]
    assert event.properties["hard"] is False
    alias = shop.alias(email=told.person.email)
    kept = list(shop.table("suppressions").query("address = :a", a=alias))
    assert {row["reason"] for row in kept} == {"soft"}


def test_one_bad_message_does_not_hold_the_good_ones(shop: Shop) -> None:
    """The batch's answer names the bad ones alone; the good one is recorded."""
    told = subscribe(shop, 4400)
    row = shop.mail(told.person.email, "welcome")
    bodies = ["no JSON", '{"detail": {}}', "[]", json.dumps(happened(row, "Open", shop.now))]
    records = [
        {"messageId": f"m{n}", "body": body, "eventSource": "aws:sqs", "receiptHandle": "h", "attributes": {}}
        for n, body in enumerate(bodies)
    ]
    name = shop.outputs.values["functions"]["record_feedback"]
    payload = json.dumps({"Records": records})
    answer = shop.client("lambda").invoke(FunctionName=name, Payload=payload)
    assert "FunctionError" not in answer
    failed = json.load(answer["Payload"])["batchItemFailures"]
    assert [each["itemIdentifier"] for each in failed] == ["m0", "m1", "m2"]
    customer = shop.known(email=told.person.email)
    assert [e for e in shop.events_of(f"customer:{customer.id}") if e.type == "mail_opened"]


def test_what_nobody_can_read_ends_in_the_dead_letters(shop: Shop) -> None:
    """After the queue's deliveries; it is kept as it came. Only the pause between them is shortened here."""
    queue, url = shop.client("sqs"), shop.outputs.text("feedback_queue_url")
    dead = shop.outputs.text("feedback_dead_letters_url")
    queue.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    try:
        put(shop, "neither JSON nor anything")
        found = eventually(
            "the dead letter", lambda: queue.receive_message(QueueUrl=dead).get("Messages", [])
        )
    finally:
        queue.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "180"})
    assert [each["Body"] for each in found] == ["neither JSON nor anything"]
