"""What SES tells: the documented and captured reports, read rightly in every shape, once, in any order."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fakes
from tests.unit.feedback.office import FOUND, TOLD, Office, bounce, message, needs_corpus, shapes
from tests.worlds import ANN, HOUR, NOW, World, email, event
from tidings.customer import epoch
from tidings.errors import BadInput, Unavailable
from tidings.events import TYPES


@needs_corpus
def test_the_corpus_has_events_of_every_kind() -> None:
    """A glob that finds nothing proves nothing."""
    kinds = {detail.get("eventType") or detail.get("notificationType") for _, detail in FOUND}
    assert kinds >= {*TOLD, "Subscription"}
    assert len(FOUND) > 30


@needs_corpus
@pytest.mark.parametrize("detail", [pytest.param(detail, id=name) for name, detail in FOUND])
def test_a_real_event_is_read_rightly(detail: dict[str, Any]) -> None:
    """Its kind, its time and its message follow from the plainest reading; in whatever shape it comes again, nothing
    changes."""
    kind = detail.get("eventType") or detail["notificationType"]
    office = Office()
    (event_,) = office.record(*shapes(detail).values())
    left = kind == "Subscription" and detail["subscription"]["newTopicPreferences"]["unsubscribeAll"]
    assert event_.type == TOLD.get(kind, "unsubscribed" if left else "mail_other")
    assert event_.properties["message_id"] == detail["mail"]["messageId"]
    assert event_.identity == f"ses:message:{detail['mail']['messageId']}"
    section = detail.get(kind[:1].lower() + kind[1:], {})
    stamp = section.get("timestamp") or detail["mail"]["timestamp"]
    assert event_.at == datetime.fromisoformat(stamp).astimezone(UTC)
    dead = {each["emailAddress"] for each in _recipients(detail, kind)}
    dead |= set(detail["mail"]["destination"]) if left else set()
    assert {alias for alias, _ in office.suppressed} == {email(address) for address in dead}


def _recipients(detail: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Who must not be mailed again."""
    if kind == "Complaint":
        return list(detail["complaint"]["complainedRecipients"])
    if kind == "Bounce" and detail["bounce"]["bounceType"] == "Permanent":
        return list(detail["bounce"]["bouncedRecipients"])
    return []


OWN = [
    {**detail, "mail": {**detail["mail"], "messageId": f"m{number}"}}
    for number, (_, detail) in enumerate(FOUND)
]
"""Each report of a mail of its own: the examples of the documentation share theirs."""


@needs_corpus
@pytest.mark.parametrize("seed", range(20))
def test_no_order_and_no_repetition_changes_anything(seed: int) -> None:
    """All reports of the corpus, each in a shape by chance, some of them again, in any order: the same events and the
    same suppressions."""
    draw = random.Random(seed)
    told = [draw.choice(list(shapes(detail).values())) for detail in OWN]
    told += draw.sample(told, 15)
    draw.shuffle(told)
    plain, shuffled = Office(), Office()
    plain.record(*(shapes(detail)["EventBridge"] for detail in OWN))
    shuffled.record(*told)
    assert shuffled.events.rows == plain.events.rows
    assert shuffled.suppressions.rows == plain.suppressions.rows
    assert shuffled.suppressions.soft == plain.suppressions.soft
    assert shuffled.counters.counts == plain.counters.counts


LIFE = [
    message("Send"),
    message("Delivery", at="2026-03-10T10:00:02.000Z"),
    message("Open", at="2026-03-10T10:00:01.400Z", userAgent="Mozilla/5.0"),
    message("Open", at="2026-03-10T11:00:00.000Z", userAgent="Thunderbird"),
    message("Click", at="2026-03-10T11:00:10.000Z", link="https://shop.example/a"),
    *(
        bounce(
            "Transient", "MailboxFull", name=f"n{day}", sent=f"2026-02-{day:02}T10:00:00.000Z", status="4.2.2"
        )
        for day in (10, 12, 14, 16, 18, 20)
    ),
    bounce(name="m2", sent="2026-02-15T10:00:00.000Z"),
    message("Complaint", complainedRecipients=[{"emailAddress": "ann@example.com"}]),
]


@given(order=st.permutations(LIFE), again=st.lists(st.sampled_from(LIFE), max_size=6))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_mailboxs_life_is_the_same_told_in_any_order(order: list[Any], again: list[Any]) -> None:
    """Events, suppressions with their times, soft bounces and counts do not depend on the order of arrival."""
    plain, other = Office(), Office()
    plain.record(*LIFE)
    other.record(*order, *again)
    assert other.events.rows == plain.events.rows
    assert other.suppressions.rows == plain.suppressions.rows
    assert other.counters.counts == plain.counters.counts
    assert {reason for _, reason in other.suppressed} == {"bounced", "complained", "unsubscribed"}


@pytest.mark.parametrize(("kind", "type_"), sorted(TOLD.items()))
def test_a_mails_tags_lead_to_its_customer(kind: str, type_: str) -> None:
    """Customer, journey, workflow, step: what Tidings put on the mail comes back with it."""
    (event_,) = Office().record(message(kind))
    assert event_.type == type_
    assert event_.type in TYPES
    assert event_.identity == "customer:c1"
    told = {name: event_.properties[name] for name in ("journey", "workflow", "step", "send_id")}
    assert told == {"journey": "j1", "workflow": "welcome", "step": "hello", "send_id": "s-m1"}


@pytest.mark.parametrize(
    ("kind", "type_"),
    [("BOUNCE", "mail_bounced"), ("rendering_failure", "mail_rejected"), ("RenderingFailure", "mail_rejected"),
     ("deliverydelay", "mail_delayed"), ("DELIVERY_DELAY", "mail_delayed"), ("open", "mail_opened")],
)  # fmt: skip
def test_a_kind_is_recognised_however_it_is_spelled(kind: str, type_: str) -> None:
    """As events say it, as settings say it, as nobody says it yet."""
    told = message("Send", bounce={})
    told["detail"]["eventType"] = kind
    assert [each.type for each in Office().record(told)] == [type_]


@pytest.mark.parametrize(
    ("detail_type", "section", "type_"),
    [("Email Bounced", "bounce", "mail_bounced"), ("Email Complaint Received", "complaint", "mail_complained"),
     ("", "deliveryDelay", "mail_delayed"), ("Email Rendering Failed", "failure", "mail_rejected"),
     ("Email Sent", "send", "mail_sent"), ("Email Teleported", "x", "mail_other")],
)  # fmt: skip
def test_a_report_that_does_not_name_itself_is_told_by_the_rest(
    detail_type: str, section: str, type_: str
) -> None:
    """By what EventBridge calls it, else by the part that it has."""
    detail = {
        "mail": {"messageId": "m1", "destination": ["ann@example.com"]},
        section: {"timestamp": "x", "a": 1},
    }
    assert [each.type for each in Office().record({"detail-type": detail_type, "detail": detail})] == [type_]


def test_a_send_is_named_as_the_step_looks_for_it() -> None:
    """By the attempt's id, so that a claim whose answer was lost is settled."""
    (event_,) = Office().record(message("Send"))
    assert event_.id == "ses:mail_sent:s-m1"
    assert event_.properties["message_id"] == "m1"


def test_a_complaint_suppresses_whoever_is_named_else_who_got_it() -> None:
    """Mailbox providers may leave the complainant out, or name the address that a mail was forwarded to."""
    ann, bo = "ann@example.com", "bo@example.com"
    for named, expected in (
        ([{"emailAddress": "<Ann@Example.com>"}], {ann}),
        ([{"emailAddress": bo}], {ann, bo}),
        ([{"emailAddress": "redacted"}], {ann}),
        ([], {ann}),
        (None, {ann}),
    ):
        office = Office()
        office.record(message("Complaint", complainedRecipients=named))
        person = ("customer:c1", "unsubscribed")
        assert office.suppressed == {person, *((email(address), "complained") for address in expected)}


def test_who_takes_a_mail_out_of_the_spam_folder_does_not_complain() -> None:
    """`not-spam` comes as a complaint; it is kept, suppresses nobody and counts as none."""
    office = Office()
    (event_,) = office.record(message("Complaint", complaintFeedbackType="not-spam"))
    assert (event_.type, event_.properties["kind"]) == ("mail_other", "Complaint")
    assert office.suppressed == set()
    assert not office.counters.counts


@pytest.mark.parametrize(
    "spelled",
    ["Ann@Example.COM", "<ann@example.com>", '"Ann, of Ex" <ann@example.com>', " ann@example.com ",
     "rfc822;ann@example.com", "Ann <ann@example.com>", "mailto:ann@example.com"],
)  # fmt: skip
def test_an_address_is_recognised_however_it_is_spelled(spelled: str) -> None:
    """The same key as the mail was sent under."""
    office = Office()
    bounced = [{"emailAddress": spelled}]
    office.record(message("Bounce", bounceType="Permanent", bouncedRecipients=bounced))
    assert office.suppressed == {(email("ann@example.com"), "bounced")}


@pytest.mark.parametrize(
    ("told", "sent_to"),
    [("ann@bücher.example", "ann@xn--bcher-kva.example"), ("аня@почта.рф", "аня@почта.рф")],
)
def test_an_international_address_is_one_however_it_is_told(told: str, sent_to: str) -> None:
    """A domain in Unicode is the one in Punycode to which the mail went; a local part stays as it is."""
    office = Office()
    office.record(message("Bounce", bounceType="Permanent", bouncedRecipients=[{"emailAddress": told}]))
    assert office.suppressed == {(email(sent_to), "bounced")}


def test_opens_and_clicks_happen_again_everything_else_once() -> None:
    """Two opens are two events, one delivered twice is one; a second delivery notice is the first again."""
    office = Office()
    opens = [message("Open", at=f"2026-03-10T11:00:0{second}.500Z") for second in (1, 2, 1)]
    deliveries = [message("Delivery", at=f"2026-03-10T10:00:0{second}.000Z") for second in (1, 2)]
    kinds = [told.type for told in office.record(*opens, *deliveries)]
    assert sorted(kinds) == ["mail_delivered", "mail_opened", "mail_opened"]


def test_without_a_time_a_repeated_open_is_still_one() -> None:
    """It is named by what it says, not by when it came."""
    told = message("Open", userAgent="x")
    told["detail"]["mail"]["timestamp"] = told["detail"]["open"]["timestamp"] = None
    (event_,) = Office().record(told, told)
    assert not event_.dated


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://shop.example/cart?key=secret", "https://shop.example/cart"),
        ("https://shop.example/cart#secret", "https://shop.example/cart"),
        (f"https://api.example/unsubscribe/k1.{'a' * 40}", "https://api.example/unsubscribe/…"),
        (f"https://api.example/pages/review/{'Zz-_' * 12}?x=1", "https://api.example/pages/review/…"),
    ],
)
def test_a_click_keeps_where_it_led_without_what_it_carried(link: str, kept: str) -> None:
    """A link's query, fragment or path may hold somebody's token."""
    (event_,) = Office().record(message("Click", link=link))
    assert event_.properties["link"] == kept


def test_a_click_tells_which_product() -> None:
    """By the tags that its mail put on the link; without them it tells none."""
    tags = {"source": ["shopify"], "product": ["44"]}
    (event_,) = Office().record(message("Click", link="https://shop.example/a", linkTags=tags))
    assert event_.properties["product"] == "shopify:product:44"
    (event_,) = Office().record(message("Click", link="https://shop.example/a", linkTags=None))
    assert "product" not in event_.properties


def test_what_ses_may_invent_is_set_aside_with_what_it_said() -> None:
    """An unknown type is an event, kept whole."""
    told = message("Teleport", place="Mars")
    (event_,) = Office().record(told, told)
    assert (event_.type, event_.properties["kind"]) == ("mail_other", "Teleport")
    assert json.loads(event_.properties["told"])["teleport"]["place"] == "Mars"
    assert event_.type in TYPES


def test_a_topic_that_introduces_itself_is_no_report_and_no_failure() -> None:
    """SES greets a topic when it is set up."""
    hello = "Successfully validated SNS topic for Amazon SES event publishing."
    setup = {
        "notificationType": "AmazonSnsSubscriptionSucceeded",
        "message": "You have successfully subscribed",
    }
    assert Office().record(hello, {"Type": "Notification", "Message": hello}, json.dumps(setup)) == []


def test_subscriptions_of_ses_itself_are_heard() -> None:
    """Whoever leaves all of a contact list's topics unsubscribes here; who changes one is kept on record."""
    office = Office()
    left = message("Subscription", newTopicPreferences={"unsubscribeAll": True})
    (event_,) = office.record(left)
    assert event_.type == "unsubscribed"
    assert office.suppressed == {(name, "unsubscribed") for name in (email("ann@example.com"), "customer:c1")}
    (event_,) = Office().record(message("Subscription", newTopicPreferences={"unsubscribeAll": False}))
    assert event_.type == "mail_other"


def test_a_mail_of_somebody_elses_makes_no_customer() -> None:
    """What carries none of Tidings' tags concerns nobody known: it waits under its message."""
    world = World()
    for told in Office().record(message("Open", {})):
        world.tracker.track(told)
    assert world.customers.people == []


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_cut_off_anywhere_the_next_delivery_completes_it(at: int, after: bool) -> None:
    """The suppression is written first, so that it never waits for the event; counted once."""
    office = Office(fakes.Faults(at=at, after=after))
    with pytest.raises(Unavailable):
        office.record(bounce())
    assert len(office.record(bounce())) == 1
    assert len(office.suppressed) == 1
    assert office.counters.counts["Bounces"] <= 1
    (suppression,) = office.suppressions.rows.values()
    assert suppression.at == epoch(datetime(2026, 3, 10, 11, tzinfo=UTC))


def test_the_fold_counts_what_people_do_apart_from_machines() -> None:
    """Both stand on the customer, and subscribe or suppress nobody; only what a person did is remembered as done."""
    world, office = World(), Office()
    world.happen(event("customer_registered", "1", at=NOW - HOUR, **ANN))
    tags = {"customer": world.only().id}
    told = [
        message("Open", tags),
        message("Click", tags, link="https://shop.example/"),
        message("Open", tags, at="2026-03-10T10:00:01.400Z"),
        message("Open", tags, at="2026-03-10T11:30:00.000Z", userAgent="Mozilla/5.0"),
        message("Click", tags, at="2026-03-10T11:45:00.000Z", userAgent="Barracuda Sentinel"),
    ]
    for each in office.record(*told):
        world.tracker.track(each)
    ann = world.only()
    assert ann.counts == {"mail_opened": 1, "mail_clicked": 1, "machine_opened": 2, "machine_clicked": 1}
    assert ann.last["mail_clicked"] == epoch(NOW - HOUR)
    assert office.suppressed == set()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
KINDS = sorted(TOLD)


@given(detail=JSON)
@settings(derandomize=True, deadline=None)
def test_what_is_no_event_of_ses_is_refused(detail: Any) -> None:
    """With a word; the queue delivers it again, then puts it aside."""
    with pytest.raises(BadInput):
        Office().record({"detail": detail})


@given(
    kind=st.sampled_from(KINDS),
    section=JSON,
    tags=JSON,
    timestamp=JSON,
    destination=st.lists(JSON, max_size=3),
)
@settings(derandomize=True, deadline=None, max_examples=200)
def test_an_odd_event_is_recorded(
    kind: str, section: Any, tags: Any, timestamp: Any, destination: Any
) -> None:
    """Whatever SES may put into it one day: an event of its kind, with a time."""
    key = kind[:1].lower() + kind[1:].replace(" ", "")
    mail = {"messageId": "m1", "timestamp": timestamp, "tags": tags, "destination": destination}
    (event_,) = Office().record({"detail": {"eventType": kind, "mail": mail, key: section}})
    assert event_.type == TOLD[kind]
    assert event_.at.tzinfo is not None
