"""The mail world says what SES says: the shapes, the shop's time, and what follows from an address."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.mailbox import Recorded
from infra.local.mailworld import DETAIL_TYPES, MailWorld, envelope, react
from tidings.clock import FixedClock

AT = datetime(2027, 2, 27, 9, tzinfo=UTC)
HTML = '<a href="https://kettleandkiln.example/x?a=1&amp;b=2">go</a><a href="http://127.0.0.1/unsubscribe/t">out</a>'
SAMPLES = Path(__file__).parents[4] / "shared" / "corpus" / "ses" / "eventbridge_wraps"


def _mail(address: str = "ada@example.com", number: int = 1) -> Recorded:
    tags = {"send_id": "s1", "customer": "c1", "workflow": "welcome", "step": "welcome"}
    return Recorded(
        number=number, file="mails/0001.eml", message_id="m-1", at=AT, subject="Hello", sender="shop@example.com",
        recipient="Ada <ada@example.com>", to=(address,), tags=tags,
    )  # fmt: skip


def _kinds(address: str, seed: int | None = None) -> list[str]:
    return [event.kind for event in react(_mail(address), HTML, seed)]


def test_without_a_seed_mail_is_sent_and_delivered() -> None:
    """A stack that runs alone settles: every mail has its two events, always the same."""
    assert _kinds("ada@example.com") == ["Send", "Delivery"]
    assert react(_mail(), HTML, None)[0].at == AT


def test_the_address_decides_about_bounces_and_complaints() -> None:
    """Hard bounce, soft bounce after a delay, complaint after the delivery."""
    assert _kinds("bounce+a@example.com") == ["Send", "Bounce"]
    assert _kinds("softbounce+a@example.com") == ["Send", "DeliveryDelay", "Bounce"]
    assert _kinds("complaint+a@example.com") == ["Send", "Delivery", "Complaint"]
    hard, soft = (
        react(_mail(f"{name}@example.com"), HTML, None)[-1].told for name in ("bounce", "softbounce")
    )
    assert (hard["bounceType"], soft["bounceType"]) == ("Permanent", "Transient")


def test_a_seed_makes_people_and_repeats_them() -> None:
    """Some open, some click, some events come twice or late; the same seed does it again."""
    told = [
        (event.kind, event.put_at - event.at)
        for n in range(80)
        for event in react(_mail(f"p{n}@example.com"), HTML, 5)
    ]
    assert {kind for kind, _ in told} == {"Send", "Delivery", "Open", "Click"}
    assert any(late for _, late in told)
    assert len(told) > len({*map(repr, told)})
    again = [react(_mail(f"p{n}@example.com"), HTML, 5) for n in range(80)]
    assert again == [react(_mail(f"p{n}@example.com"), HTML, 5) for n in range(80)]
    clicks = [event.told["link"] for events in again for event in events if event.kind == "Click"]
    assert {*clicks} == {"https://kettleandkiln.example/x?a=1&b=2"}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the corpus is not beside this checkout")
def test_events_have_the_shape_of_real_ones() -> None:
    """Every key of a captured EventBridge event stands in ours, with a value of the same kind."""
    addresses = ("ada@example.com", "bounce@example.com", "complaint@example.com")
    ours = {
        event.kind: envelope(_mail(address), event, "us-east-1")
        for address in addresses
        for seed in (None, *range(30))
        for event in react(_mail(address), HTML, seed)
    }
    compared = set()
    for sample in SAMPLES.glob("*.json"):
        theirs = json.loads(sample.read_text())
        kind = theirs["detail"]["eventType"]
        assert DETAIL_TYPES[kind] == theirs["detail-type"]
        _same_shape(theirs, ours[kind], kind)
        compared.add(kind)
    assert compared == {"Send", "Delivery", "Open", "Bounce", "Complaint"}


def _same_shape(theirs: Any, ours: Any, where: str) -> None:
    if theirs is None:
        return
    assert type(ours) is type(theirs), where
    if isinstance(theirs, dict):
        for key, value in theirs.items():
            if key not in ("sourceArn", "ses:configuration-set"):
                assert key in ours, f"{where}.{key}"
                _same_shape(value, ours[key], f"{where}.{key}")


def test_tags_are_lists_and_times_are_the_shops() -> None:
    """`mail.tags` hold lists, as SES has them; each event is stamped with its shop time."""
    event = envelope(_mail(), react(_mail(), HTML, None)[0], "us-east-1")
    assert event["detail"]["mail"]["tags"]["send_id"] == ["s1"]
    assert event["time"] == "2027-02-27T09:00:00Z"
    assert event["detail"]["send"] == {}


def test_things_happen_when_their_time_has_come() -> None:
    """Nothing is told before its shop time; what is told is marked on the mail."""
    clock, told = FixedClock(AT), list[str]()
    world = MailWorld(clock, "us-east-1", told.extend)
    world.receive(_mail(), HTML)
    world.tell(world.take_due())
    assert [json.loads(each)["detail-type"] for each in told] == ["Email Sent"]
    clock.advance(timedelta(minutes=1))
    world.tell(world.take_due())
    assert world.marks == {1: ["Send", "Delivery"]}


def test_a_resting_world_drops_what_had_not_happened() -> None:
    """At the end of a run nothing new comes from it."""
    clock = FixedClock(AT)
    world = MailWorld(clock, "us-east-1", lambda bodies: None)
    world.receive(_mail(), HTML)
    world.rest(True)
    world.receive(_mail(number=2), HTML)
    clock.advance(timedelta(days=1))
    assert world.take_due() == []
