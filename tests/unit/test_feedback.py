"""What SES tells: the documented and captured events, read rightly, once, in any order."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fakes
from tests.worlds import ANN, HOUR, KEY, NOW, World, email, event
from tidings.clock import FixedClock
from tidings.customer import epoch
from tidings.errors import BadInput, Unavailable
from tidings.events import TYPES, Event
from tidings.feedback import Feedback, is_hard

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "ses"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")
TOLD = {
    "Send": "mail_sent", "Delivery": "mail_delivered", "Open": "mail_opened", "Click": "mail_clicked",
    "Bounce": "mail_bounced", "Complaint": "mail_complained", "Reject": "mail_rejected",
    "DeliveryDelay": "mail_delayed", "Rendering Failure": "mail_rejected",
}  # fmt: skip


@dataclass
class Office:
    """Feedback on fakes."""

    faults: fakes.Faults = field(default_factory=fakes.Faults)

    def __post_init__(self) -> None:
        self.events = fakes.FakeEvents(self.faults)
        self.suppressions = fakes.FakeSuppressions(self.faults)
        self.counters = fakes.FakeCounters()
        self.feedback = Feedback(self.events, self.suppressions, self.counters, lambda: KEY, FixedClock(NOW))

    def record(self, *messages: dict[str, Any]) -> list[Event]:
        """Record messages; all events there are then."""
        for message in messages:
            self.feedback.record(message)
        return list(self.events.rows.values())

    @property
    def suppressed(self) -> set[tuple[str, str]]:
        """(address alias, reason)."""
        return set(self.suppressions.rows)


def message(
    kind: str, tags: dict[str, str] | None = None, at: str = "2026-03-10T11:00:00.000Z", **told: Any
) -> dict[str, Any]:
    """An event as EventBridge brings it."""
    mail = {"timestamp": "2026-03-10T10:00:00.000Z", "messageId": "m1", "destination": ["ann@example.com"]}
    marks = {"customer": "c1", "journey": "j1", "workflow": "welcome", "step": "hello", "send_id": "s1"}
    mail_ = mail | {"tags": {name: [value] for name, value in (marks if tags is None else tags).items()}}
    key = kind[:1].lower() + kind[1:].replace(" ", "")
    section = {} if kind == "Send" else {"timestamp": at} | told
    return {
        "detail-type": f"Email {kind}",
        "source": "aws.ses",
        "detail": {"eventType": kind, "mail": mail_, key: section},
    }


def bounce(type_: str = "Permanent", subtype: str = "General", **recipient: str) -> dict[str, Any]:
    """A bounce of Ann's mailbox."""
    bounced = [{"emailAddress": "Ann@Example.com", **recipient}]
    return message("Bounce", bounceType=type_, bounceSubType=subtype, bouncedRecipients=bounced)


def corpus() -> Iterator[tuple[str, dict[str, Any]]]:
    """(file, EventBridge message) of every event: those captured so, and the others' bodies as its `detail`."""
    for path in sorted(CORPUS.rglob("*.json")):
        try:
            body = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue
        if isinstance(body, dict) and isinstance(body.get("detail"), dict):
            yield str(path.relative_to(CORPUS)), body
        elif isinstance(body, dict) and isinstance(body.get("mail"), dict):
            yield str(path.relative_to(CORPUS)), {"source": "aws.ses", "detail": body}


FOUND = list(corpus()) if CORPUS.is_dir() else []


@needs_corpus
def test_the_corpus_has_events_of_every_kind() -> None:
    """A glob that finds nothing proves nothing."""
    kinds = {told["detail"].get("eventType") or told["detail"].get("notificationType") for _, told in FOUND}
    assert kinds >= set(TOLD)
    assert len(FOUND) > 30


@needs_corpus
@pytest.mark.parametrize("told", [pytest.param(told, id=name) for name, told in FOUND])
def test_a_real_event_is_read_rightly(told: dict[str, Any]) -> None:
    """Its kind, its time and its message follow from the plainest reading; a second delivery changes nothing."""
    detail = told["detail"]
    kind = detail.get("eventType") or detail["notificationType"]
    office = Office()
    (event_,) = office.record(told, told)
    assert event_.type == TOLD.get(kind, "mail_other")
    assert event_.properties["message_id"] == detail["mail"]["messageId"]
    assert event_.identity == f"ses:message:{detail['mail']['messageId']}"
    section = detail.get(kind[:1].lower() + kind[1:], {})
    stamp = section.get("timestamp") or detail["mail"]["timestamp"]
    assert event_.at == datetime.fromisoformat(stamp).astimezone(UTC)
    dead = {each["emailAddress"] for each in _recipients(detail, kind)}
    assert {alias for alias, _ in office.suppressed} == {email(address) for address in dead}


def _recipients(detail: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Who must not be mailed again."""
    if kind == "Complaint":
        return list(detail["complaint"]["complainedRecipients"])
    if kind == "Bounce" and detail["bounce"]["bounceType"] == "Permanent":
        return list(detail["bounce"]["bouncedRecipients"])
    return []


@pytest.mark.parametrize(("kind", "type_"), sorted(TOLD.items()))
def test_a_mails_tags_lead_to_its_customer(kind: str, type_: str) -> None:
    """Customer, journey, workflow, step: what Tidings put on the mail comes back with it."""
    (event_,) = Office().record(message(kind))
    assert event_.type == type_
    assert event_.type in TYPES
    assert event_.identity == "customer:c1"
    told = {name: event_.properties[name] for name in ("journey", "workflow", "step", "send_id")}
    assert told == {"journey": "j1", "workflow": "welcome", "step": "hello", "send_id": "s1"}


def test_a_send_is_named_as_the_step_looks_for_it() -> None:
    """By the attempt's id, so that a claim whose answer was lost is settled."""
    (event_,) = Office().record(message("Send"))
    assert event_.id == "ses:mail_sent:s1"
    assert event_.properties["message_id"] == "m1"


@pytest.mark.parametrize(
    ("told", "hard"),
    [
        (bounce(), True),
        (bounce("Permanent", "Suppressed"), True),
        (bounce("Permanent", "OnAccountSuppressionList"), True),
        (bounce("Transient", "MailboxFull", status="4.2.2", diagnosticCode="smtp; 452 full"), False),
        (bounce("Transient", "General", status="5.1.1", diagnosticCode="smtp; 550 5.1.1 unknown"), True),
        (bounce("Transient", "General", status="5.3.0", diagnosticCode="smtp; 550 5.3.0 policy"), False),
        (bounce("Transient", "General"), False),
        (bounce("Undetermined", "Undetermined"), False),
    ],
    ids=lambda value: (
        None if isinstance(value, bool) else "-".join(list(value["detail"]["bounce"].values())[1:3])
    ),
)
def test_only_a_dead_address_is_suppressed(told: dict[str, Any], hard: bool) -> None:
    """Also when SES calls "no such mailbox" transient; never for a full mailbox or a policy."""
    office = Office()
    (event_,) = office.record(told)
    assert event_.properties["hard"] is hard is is_hard(told["detail"]["bounce"])
    assert office.suppressed == ({(email("ann@example.com"), "bounced")} if hard else set())
    assert office.counters.counts["Bounces"] == 1


def test_a_complaint_suppresses_whoever_is_named_else_who_got_it() -> None:
    """Mailbox providers may leave the complainant out."""
    named = message("Complaint", complainedRecipients=[{"emailAddress": "bo@example.com"}])
    office = Office()
    office.record(named)
    assert office.suppressed == {(email("bo@example.com"), "complained")}
    office = Office()
    office.record(message("Complaint", complainedRecipients=[]))
    assert office.suppressed == {(email("ann@example.com"), "complained")}


def test_opens_and_clicks_happen_again_everything_else_once() -> None:
    """Two opens are two events, one delivered twice is one; a second delivery notice is the first again."""
    office = Office()
    opens = [message("Open", at=f"2026-03-10T11:00:0{second}.500Z") for second in (1, 2, 1)]
    deliveries = [message("Delivery", at=f"2026-03-10T10:00:0{second}.000Z") for second in (1, 2)]
    kinds = [told.type for told in office.record(*opens, *deliveries)]
    assert sorted(kinds) == ["mail_delivered", "mail_opened", "mail_opened"]


def test_a_click_keeps_where_it_led_without_what_it_carried() -> None:
    """A link's query may hold somebody's token."""
    (event_,) = Office().record(message("Click", link="https://shop.example/cart?key=secret"))
    assert event_.properties["link"] == "https://shop.example/cart"


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


def test_the_fold_counts_opens_and_clicks() -> None:
    """They stand on the customer, and subscribe or suppress nobody."""
    world, office = World(), Office()
    world.happen(event("customer_registered", "1", at=NOW - HOUR, **ANN))
    tags = {"customer": world.only().id}
    told = [message("Open", tags), message("Click", tags, link="https://shop.example/")]
    for each in office.record(*told):
        world.tracker.track(each)
    assert world.only().counts == {"mail_opened": 1, "mail_clicked": 1}
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
