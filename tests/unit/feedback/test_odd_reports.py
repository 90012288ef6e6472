"""Reports that SES does not send, or not yet: what is missing, wrapped twice, or said twice differently."""

import json
from typing import Any

import pytest

from tests.unit.feedback.office import Office, bounce, message
from tests.worlds import NOW, email
from tidings.customer import epoch
from tidings.errors import BadInput


def test_two_unknown_reports_of_a_mail_are_two_events() -> None:
    """Even of one kind, without a time of their own, and wherever they say what they say; told again, they are the
    same two."""
    office, places = Office(), ("Mars", "Venus")
    told = [message("Teleport", place=place, at=None) for place in places]
    said = [json.loads(each.properties["told"])["teleport"]["place"] for each in office.record(*told, *told)]
    assert sorted(said) == ["Mars", "Venus"]
    elsewhere = message("Send")["detail"] | {"eventType": "Beam"}
    assert len(office.record({**elsewhere, "ray": 1}, {**elsewhere, "ray": 2})) == 4


def test_a_mail_to_several_is_told_of_each() -> None:
    """In one report or in many; none of them hides another, and told again each is the same."""
    two = ["ann@example.com", "bo@example.com"]
    told = []
    for address in two:
        one: dict[str, Any] = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": address}]}
        told += [message("Bounce", **one), message("Delivery", recipients=[address])]
    for each in told:
        each["detail"]["mail"]["destination"] = two
    office = Office()
    events = office.record(*told, *told)
    assert sorted(each.type for each in events) == ["mail_bounced"] * 2 + ["mail_delivered"] * 2
    assert office.suppressed == {(email(address), "bounced") for address in two}
    assert office.counters.counts["Bounces"] == 2
    assert not [each.id for each in events if "@" in each.id]


def test_opens_without_a_time_of_their_own_are_told_by_what_they_say() -> None:
    """The mail's time would make one of two readers' opens."""
    told = [message("Open", at=None, userAgent=agent) for agent in ("Thunderbird", "Outlook", "Outlook")]
    assert len(Office().record(*told)) == 2


@pytest.mark.parametrize(
    "mail", [None, {}, {"messageId": None}, {"messageId": " "}, {"destination": ["ann@example.com"]}]
)
@pytest.mark.parametrize(
    ("kind", "section", "reason"),
    [("Bounce", "bouncedRecipients", "bounced"), ("Complaint", "complainedRecipients", "complained")],
)  # fmt: skip
def test_who_must_not_be_mailed_is_heard_without_a_message(
    kind: str, section: str, reason: str, mail: Any
) -> None:
    """A report that names nobody and no message is none; one that names somebody suppresses, once."""
    told = {"bounceType": "Permanent", section: [{"emailAddress": "ann@example.com"}]}
    for given in ({"feedbackId": "f1"}, {}):
        office = Office()
        detail = {"notificationType": kind, "mail": mail, kind.lower(): told | given}
        assert len(office.record(detail, {"Type": "Notification", "Message": json.dumps(detail)})) == 1
        assert office.suppressed == {(email("ann@example.com"), reason)}
    with pytest.raises(BadInput):
        Office().record({"notificationType": "Delivery", "mail": mail, "delivery": {}})


def test_wrappings_that_nobody_promised_are_taken_off() -> None:
    """A list, a text in a text, a queue's message in a queue's message, a mark of byte order."""
    report = bounce()["detail"]
    text = json.dumps(report)
    shapes_: list[object] = [[report], json.dumps([report]), json.dumps(text), f"\ufeff{text}", f"{text}\n"]
    shapes_ += [{"Type": "Notification", "Message": json.dumps(text)}, {"Records": [{"body": text}]}]
    for told in shapes_:
        office = Office()
        assert [each.type for each in office.record(told)] == ["mail_bounced"]
        assert office.suppressed == {(email("ann@example.com"), "bounced")}


@pytest.mark.parametrize("nothing", [{}, None, "?", {"detail": {}}, 7])
def test_one_of_several_that_is_no_report_is_not_passed_over(nothing: Any) -> None:
    """The others are recorded; the message comes again, and is put aside in the end."""
    report = bounce()["detail"]
    wrapped: list[object] = [
        [report, nothing],
        [nothing, report],
        {"Records": [{"Sns": nothing}, {"Sns": report}]},
    ]
    for told in wrapped:
        office = Office()
        with pytest.raises(BadInput):
            office.record(told)
        assert office.suppressed == {(email("ann@example.com"), "bounced")}


@pytest.mark.parametrize(
    "text", ["(" * 100_000, "<" + "a@" * 50_000, '"' * 100_000, "<" * 100_000, "@" * 100_000]
)
def test_an_endless_address_is_none(text: str) -> None:
    """It neither costs minutes nor ends in an error; the mail's own addressee is meant."""
    office = Office()
    office.record(message("Complaint", complainedRecipients=[{"emailAddress": text}]))
    assert (email("ann@example.com"), "complained") in office.suppressed


def test_half_a_character_is_kept_as_a_question_mark() -> None:
    """No table could store it, and the message would fail for ever."""
    told = json.dumps(message("Click", link="https://shop.example/LONE", userAgent="\U0001f600"))
    (event_,) = Office().record(told.replace("LONE", "\\ud800"))
    assert event_.properties["link"] == "https://shop.example/"
    told = json.dumps(message("Teleport", place="LONE", mood="\U0001f600")).replace("LONE", "\\ud800")
    (event_,) = Office().record(told)
    assert json.loads(event_.properties["told"].encode())["teleport"] == {
        "timestamp": "2026-03-10T11:00:00.000Z", "place": "?", "mood": "\U0001f600"
    }  # fmt: skip


@pytest.mark.parametrize(
    "stamp", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 0]
)
def test_a_time_that_cannot_be_is_none(stamp: object) -> None:
    """The report counts as of its receipt, and its suppression is not older than anybody's consent."""
    office = Office()
    told = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "ann@example.com"}]}
    mail = {"messageId": "m1", "timestamp": stamp}
    (event_,) = office.record({"eventType": "Bounce", "mail": mail, "bounce": told | {"timestamp": stamp}})
    assert event_.at == NOW
    assert [each.at for each in office.suppressions.rows.values()] == [epoch(NOW)]


def test_an_invitation_of_sns_says_what_to_do() -> None:
    """The message stays in the dead-letter queue, with the address to open in it."""
    asked = {
        "Type": "SubscriptionConfirmation",
        "Message": "You have chosen to subscribe",
        "SubscribeURL": "https://x",
    }
    with pytest.raises(BadInput, match="SubscribeURL"):
        Office().record(json.dumps(asked))
    told = message("Click", linkTags={"step": ["SubscriptionConfirmation"]}, link="https://shop.example/")
    assert len(Office().record(json.dumps(told))) == 1
