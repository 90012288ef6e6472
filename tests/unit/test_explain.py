"""`make explain`: every decision of a customer's workflows in time order, in words, from what is stored."""

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import fakes
from tests.worlds import (
    DAY,
    HOUR,
    NOW,
    SHOP,
    WORKFLOWS,
    World,
    checkout,
    event,
    order,
    stepper_of,
    subscribed,
)
from tidings.customer import ClosedJourney, Customer, epoch
from tidings.errors import JourneyExited, SendDeferred
from tidings.events import Event, customer_identity
from tidings.explain import Facts, Story, explain, words
from tidings.pacing.health import Pause
from tidings.people.consent import Word
from tidings.people.refusals import Refusal
from tidings.ports import Journey, Send, Suppression
from tidings.privacy.belongings import Belongings
from tidings.steps import Request
from tidings.steps.sending import REPORTED
from tidings.workflow.model import Workflow
from tidings.workflow.package import Package

ANN: dict[str, Any] = {"account": "1", "address": "ann@example.com"}
GOLDEN = Path(__file__).with_name("explained.txt")
MINUTE = timedelta(minutes=1)


@dataclass
class Stage:
    """A world in which steps run too, and SES reports."""

    world: World = field(default_factory=World)
    suppressed: list[Suppression] = field(default_factory=list)
    class_: str = "marketing"

    def __post_init__(self) -> None:
        def package(workflow: str, rev: str) -> Package:
            definition = WORKFLOWS[workflow].model_copy(update={"class_": self.class_})
            told = {"workflow": workflow, "rev": rev, "definition": definition, "shop": SHOP}
            return Package.model_validate({**told, "mails": {}})

        self.mailer = fakes.FakeMailer()
        self.paces = fakes.FakePaces()
        self.stepper = stepper_of(
            self.world,
            mailer=self.mailer,
            paces=self.paces,
            suppressions=fakes.FakeSuppressions(),
            compose=lambda letter: b"",
            package=package,
        )

    def at(self, at: datetime, *told: Event) -> None:
        """These events come in at that moment."""
        self.world.clock.time = at
        self.world.happen(*(replace(each, received_at=at) for each in told))

    def step(self, workflow: str, step: str) -> None:
        """A machine's Task at this moment; what it raises is caught as the machine does."""
        (journey,) = (each for each in self.world.journeys.rows.values() if each.workflow == workflow)
        with suppress(SendDeferred, JourneyExited):
            self.stepper.run(Request(journey.id, workflow, step, "r1"))

    def report(self, type_: str, at: datetime, **told: Any) -> None:
        """SES tells of the latest mail."""
        tags = self.mailer.sent[-1].tags
        told |= {"message_id": f"m{len(self.mailer.sent)}", "journey": tags["journey"], "step": tags["step"]}
        identity, name = customer_identity(tags["customer"]), f"ses:{type_}:{tags['send_id']}:{at:%H%M}"
        self.at(at, Event(name, type_, at, at, "ses", identity, properties=told))

    def story(self, **told: Any) -> Story:
        """What is told of her."""
        return explain(
            Facts(self.kept(), SHOP, told.pop("workflows", WORKFLOWS), self.world.clock.now(), **told)
        )

    def kept(self) -> Belongings:
        """All that is stored."""
        world = self.world
        return Belongings(
            ids=frozenset(world.customers.rows),
            names=frozenset(),
            customers=tuple(world.customers.rows.values()),
            events=tuple(world.events.rows.values()),
            journeys=tuple(world.journeys.rows.values()),
            sends=tuple(world.sends.rows.values()),
            paces=tuple(self.paces.rows.values()),
            suppressions=tuple(self.suppressed),
        )


def week() -> Stage:
    """Ann's week: a checkout left as a guest, an account, a mail deferred, a click, an order, a complaint."""
    stage = Stage()
    stage.at(NOW, checkout("t1", at=NOW, contact="ann@example.com"))
    berlin = {**ANN, "timezone": "Europe/Berlin"}
    later = NOW + 20 * MINUTE
    stage.at(later, event("customer_registered", "1", at=later, **berlin))
    stage.at(later + MINUTE, subscribed("1", at=later, **ANN))
    stage.step("welcome", "welcome")
    stage.report("mail_delivered", later + 2 * MINUTE)
    stage.report("mail_opened", later + 3 * MINUTE, machine="apple")
    stage.report("mail_clicked", later + HOUR, link="https://shop.example/tea")
    stage.at(NOW + HOUR + 30 * MINUTE)
    stage.step("abandoned-checkout", "reminder")
    stage.at(NOW + 2 * HOUR, checkout("t2", at=NOW + 2 * HOUR, **ANN))
    stage.at(later + 17 * HOUR)
    stage.step("abandoned-checkout", "reminder")
    stage.report(
        "mail_bounced", later + 17 * HOUR + MINUTE, hard=False, subtype="MailboxFull", status="5.2.2"
    )
    stage.at(NOW + 2 * DAY, order("o1", at=NOW + 2 * DAY, checkout="t1", **ANN))
    stage.at(NOW + 3 * DAY, subscribed("2", at=NOW + 3 * DAY, **ANN))
    stage.suppressed = [Suppression("email:1", "complained", epoch(NOW + 4 * DAY))]
    stage.at(NOW + 4 * DAY)
    return stage


def test_a_week_is_told_as_it_was() -> None:
    """The whole text, line by line: `tests/unit/explained.txt`."""
    stage = week()
    customer = stage.world.only()
    held = replace(
        next(iter(stage.world.journeys.rows.values())), id="win-back-1", workflow="win-back", held_out=True
    )
    stage.world.journeys.rows[held.id] = held
    pause = Pause("welcome", True, epoch(NOW + DAY), "itself", "bounces 6 of 100")
    story = stage.story(pauses={"welcome": pause}, asked="ann@example.com")
    assert customer.ids[0] == story.customer
    assert story.text() == GOLDEN.read_text(encoding="utf-8")


def test_a_pause_by_hand_reads_as_one() -> None:
    """Neither "by by hand" nor the same words as its reason."""
    pause = Pause("welcome", False, epoch(NOW + DAY), "by hand", "by hand")
    assert "for everybody, by hand\n" in week().story(pauses={"welcome": pause}).text() + "\n"


def test_machines_are_told_the_same() -> None:
    """JSON with moments in UTC and in the recipient's zone, and the short words beside the long ones."""
    told = json.loads(json.dumps(week().story().data()))
    assert "ann@" not in json.dumps(told)
    assert told["timezone"] == "Europe/Berlin"
    (chapter,) = (each for each in told["workflows"] if each["workflow"] == "abandoned-checkout")
    assert [line["what"] for line in chapter["lines"]] == [
        "entered", "waited", "deferred", "not entered", "sent", "bounced", "exited",
    ]  # fmt: skip
    deferred = chapter["lines"][2]
    assert (deferred["reason"], deferred["until"]) == ("frequency cap", "2026-03-11T04:21:00Z")
    assert (deferred["at"], deferred["local"]) == ("2026-03-10T13:30:00Z", "2026-03-10T14:30:00+01:00")
    assert chapter["lines"][4]["message_id"] == "m2"
    assert told["nothing_happened_in"] == ["birthday", "win-back"]


def test_nobody_is_no_story() -> None:
    """Without a customer there is nothing to tell."""
    with pytest.raises(LookupError):
        explain(Facts(Belongings(frozenset(), frozenset()), SHOP, WORKFLOWS, NOW))


def told_of(*entries: Send, closed: ClosedJourney | None = None, events: tuple[Event, ...] = ()) -> list[str]:
    """The lines of one journey with these entries."""
    journey = Journey("j1", "flow", "c1", "a|shop:order_placed:1", "1", "r1", epoch(NOW), epoch(NOW))
    customer = Customer("c1", epoch(NOW), closed={"j1": closed} if closed else {})
    kept = Belongings(
        frozenset({"c1"}), frozenset(), (customer,), journeys=(journey,), sends=entries, events=events
    )
    (chapter,) = explain(Facts(kept, SHOP, {}, NOW)).chapters
    return [f"{line.what} {line.text}".strip() for line in chapter.lines[1:]]


def entry(state: str, **told: Any) -> Send:
    """A ledger entry."""
    return Send("j1", "step", state, "c1", **{"at": epoch(NOW), **told})


@pytest.mark.parametrize(
    ("send", "line"),
    [
        (entry("skipped", reason="no consent"), "skipped step: they have not agreed to marketing mail"),
        (
            entry("skipped", reason="unsubscribed: offers"),
            "skipped step: they have unsubscribed about offers",
        ),
        (
            entry("dropped", reason="expired: quiet hours"),
            "dropped step: it could not go out in time, because it is night where they are",
        ),
        (
            entry("rejected", reason="MessageRejected"),
            "given up step: SES refused it to the last: MessageRejected",
        ),
        (entry("claimed"), "handed over step: SES has not answered; that is settled within minutes"),
        (entry("decided", branch="then"), "decided step: then"),
        (
            entry("decided", branch="else", reason="no coupon left"),
            "decided step: else, as there is no coupon for it",
        ),
        (
            entry("set", told={"set": {"tags_added": ["tea"], "fields": {"size": "secret"}}}),
            "set step: tag tea, field size",
        ),
        (
            entry("waiting", told={"event": "order_paid", "until": epoch(NOW + HOUR)}),
            "waiting step: for order_paid, until Tue 10 Mar 2026 13:00 (13:00 UTC) at most",
        ),
        (entry("arrived"), "arrived step: what it waited for has come"),
        (entry("timed_out"), "timed out step: it did not come in time"),
        (entry("sent", message_id="m1", variant="b"), "sent step (b), message m1"),
        (
            entry("sent", message_id="m1", reason=REPORTED),
            "sent step, message m1: SES gave no answer, and reported it later",
        ),
    ],
)
def test_each_decision_has_its_words(send: Send, line: str) -> None:
    """What a step decided, and why; values that a step set are not told."""
    assert told_of(send)[0] == line


def test_what_was_dropped_unknown_and_went_out_all_the_same_is_told() -> None:
    """SES's event came after the quarter of an hour."""
    reason = "nobody knows whether SES took it"
    sent = Event(
        "ses:mail_sent:x", "mail_sent", NOW + HOUR, NOW + HOUR, "ses", "customer:c1",
        properties={"message_id": "m1", "journey": "j1", "step": "step"},
    )  # fmt: skip
    dropped, late, *_ = told_of(entry("dropped", reason=reason), events=(sent,))
    assert dropped.startswith("dropped step: SES gave no answer")
    assert late == "sent step: SES said later that it did go out"


def test_a_mail_that_went_twice_is_told_twice() -> None:
    """A transactional mail is sent again when nobody knows: the first may have gone, too."""
    told = {"journey": "j1", "step": "step"}
    reports = tuple(
        Event(
            f"ses:mail_sent:{n}",
            "mail_sent",
            NOW,
            NOW,
            "ses",
            "customer:c1",
            properties={"message_id": n, **told},
        )
        for n in ("m1", "m2")
    )
    lines = told_of(entry("sent", message_id="m2", attempt=2), events=reports)
    assert lines[:2] == [
        "sent step, message m2",
        "sent step, message m1: an earlier attempt, to which SES had given no answer, went out too",
    ]


def test_what_was_handed_over_when_the_journey_ended_is_told() -> None:
    """Nobody comes back to it: that it will be settled soon would not be true."""
    ended = ClosedJourney("flow", "exited", "order_placed", epoch(NOW))
    told = told_of(entry("claimed"), closed=ended)[0]
    assert told == "handed over step: SES has not answered; the journey has ended since"


@pytest.mark.parametrize(
    ("send", "closed", "line"),
    [
        (entry("sent", final=True), None, "done the last step"),
        (
            entry("sent"),
            ClosedJourney("flow", "exited", "order_placed", epoch(NOW)),
            "exited by order_placed",
        ),
        (
            entry("sent", final=True),
            ClosedJourney("flow", "exited", "merged", epoch(NOW)),
            "exited the same journey of the customer merged with goes on",
        ),
        (
            entry("sent"),
            ClosedJourney("flow", "done", "completed", epoch(NOW)),
            "done the last step was done",
        ),
        (entry("sent"), None, "over how it ended is no longer kept"),
    ],
)
def test_each_end_has_its_words(send: Send, closed: ClosedJourney | None, line: str) -> None:
    """From the customer's item, else from the ledger; else it says that it does not know."""
    assert told_of(send, closed=closed)[-1] == line


def test_refusals_and_consent_are_told_in_words() -> None:
    """Each reason that is stored, and each slot; what is not known stands as it is."""
    for reason in ("re-entry", "open already", "condition", "too old", "undated", "retired"):
        assert words.refusal(reason) != reason
    assert words.refusal("exited already: order_placed") == "order_placed had happened by then, which ends it"
    assert words.refusal("something new") == words.wait("something new") == words.skip("something new")
    assert words.wait("priority: welcome") == "welcome goes first"
    assert words.length(90061) == "1 day 1 hour"
    assert (
        words.suppression("unsubscribed:offers") == "unsubscribed from offers: no marketing mail about offers"
    )
    consent = {
        "topic.offers": Word("unsubscribed", epoch(NOW), "page", "p"),
        "paused": Word(str(epoch(NOW + DAY)), epoch(NOW), "page", "p"),
    }
    refused = (Refusal(epoch(NOW), "welcome", "condition"),)
    customer = Customer("c1", epoch(NOW), consent=consent, refused=refused)
    kept = Belongings(frozenset({"c1"}), frozenset(), (customer,), parked=(("a", "shop:order_placed:1"),))
    text = explain(Facts(kept, SHOP, {}, NOW)).text()
    assert "topic offers: unsubscribed; told by page" in text
    assert "now  no marketing mail for now" in text
    assert "pause: asked for one, until Wed 11 Mar 2026 12:00 (12:00 UTC); told by page" in text
    assert "event shop:order_placed:1 could not be folded" in text
    assert "not entered  the trigger's condition did not hold" in text


def test_triggers_are_told_in_words() -> None:
    """What began a journey, as its workflow says it."""
    told = {
        "by checkout_started, told by checkout_updated": {"event": "checkout_started"},
        "by entering the segment vip": {"segment": "vip"},
        "by leaving the segment vip": {"segment_left": "vip"},
        "by the date birthday": {"date": "birthday", "at": "09:00"},
        "by no order_placed for 60 days": {"inactive": "order_placed", "for": "60 days"},
    }
    for text, trigger in told.items():
        flow = {"id": "flow", "name": "Flow", "trigger": trigger, "steps": [{"send": "hello"}]}
        assert words.trigger(Workflow.model_validate(flow), "checkout_updated") == text
    assert words.trigger(None, "due") == "by due"
