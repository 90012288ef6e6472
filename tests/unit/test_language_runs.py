"""The words of the language at run time: `if`, `split`, `set`, `wait_for`, `after_last`, `expires`, `test`, coupons,
holdouts, and exits with a condition, told by the fold and the steps together."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests import fakes
from tests.worlds import ANN, DAY, HOUR, NOW, SHOP, World, checkout, event, order, stepper_of, subscribed
from tidings.customer import epoch
from tidings.errors import SendDeferred
from tidings.events import Event
from tidings.ports import Pace
from tidings.shop import Coupon, Shop
from tidings.steps import Letter, Request
from tidings.tracking import Catalogue
from tidings.workflow.chance import falls, is_held_out
from tidings.workflow.graph import graph
from tidings.workflow.model import Workflow
from tidings.workflow.package import Package

STEADY = SHOP.model_copy(update={"frequency_cap": []})


def workflow(*steps: dict[str, Any], **told: Any) -> Workflow:
    """A workflow that checkouts begin."""
    base = {"id": "flow", "name": "Flow", "trigger": {"event": "checkout_started"}, "reentry": "always"}
    return Workflow.model_validate({**base, **told, "steps": list(steps)})


@dataclass
class Stage:
    """A world with one workflow, and a stepper that runs its steps in the order its machine would."""

    flow: Workflow
    shop: Shop = STEADY
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        flows = {self.flow.id: self.flow}
        catalogue = Catalogue(flows, {self.flow.id: "r1"}, self.shop, lambda *_: True)
        self.sends = fakes.FakeSends()
        self.world.tracker = replace(self.world.tracker, catalogue=catalogue, sends=self.sends)
        self.mailer = fakes.FakeMailer()
        self.paces = fakes.FakePaces()
        self.letters: list[Letter] = []
        self.stepper = stepper_of(
            self.world,
            sends=self.sends,
            paces=self.paces,
            suppressions=fakes.FakeSuppressions(),
            mailer=self.mailer,
            compose=self.compose,
            package=lambda name, rev: Package.model_validate(
                {
                    "workflow": self.flow.id,
                    "rev": "r1",
                    "definition": self.flow,
                    "shop": self.shop,
                    "mails": {},
                }
            ),
        )
        self.world.happen(subscribed("1", at=NOW - 9 * DAY, received=NOW, **ANN))

    def begin(self, **told: Any) -> str:
        """A checkout begins the journey; its id."""
        self.world.happen(checkout("t1", at=self.world.clock.now(), **ANN, **told))
        (journey,) = self.world.journeys.rows
        return journey

    def compose(self, letter: Letter) -> bytes:
        """Keeps the letter."""
        self.letters.append(letter)
        return letter.mail.encode()

    def step(self, journey: str, name: str, **told: str) -> dict[str, Any]:
        """Run one step."""
        return self.stepper.run(Request(journey, self.flow.id, name, "r1", **told))

    def run(self, journey: str) -> list[str]:
        """Run the whole journey as its machine would, waits and all; the steps taken, with their branches."""
        taken: list[str] = []
        here: str | None = next(iter(graph(self.flow)))
        while here is not None:
            try:
                answer = self.step(journey, here)
            except SendDeferred as deferred:
                self.world.pass_time(timedelta(seconds=deferred.seconds))
                continue
            branch = answer.get("branch", "next")
            taken.append(here if branch == "next" else f"{here}: {branch}")
            self.world.pass_time(timedelta(seconds=answer["wait_seconds"]))
            here = graph(self.flow)[here].branches[branch]
        return taken

    @property
    def mails(self) -> list[str]:
        """The mails that SES took."""
        return [mail.content.decode() for mail in self.mailer.sent]


@pytest.mark.parametrize(("total", "mail"), [("120.00", "offer"), ("20.00", "plain"), (None, "plain")])
def test_an_if_goes_by_what_holds_now(total: str | None, mail: str) -> None:
    """What can't be told does not hold; the machine is told the branch."""
    flow = workflow({"if": "event.total >= 100", "then": [{"send": "offer"}], "else": [{"send": "plain"}]})
    stage = Stage(flow)
    journey = stage.begin(total=total)
    assert stage.run(journey)[1] == mail
    assert stage.mails == [mail]
    assert stage.sends.is_final(journey)


def test_an_if_sees_the_customer_as_they_are_by_then() -> None:
    """Looked at when the journey gets there."""
    flow = workflow({"wait": "1 hour"}, {"if": "customer.orders_count > 0", "then": [{"send": "thanks"}]})
    stage = Stage(flow)
    journey = stage.begin()
    stage.world.happen(order("o1", at=NOW + HOUR / 2, **ANN))
    assert stage.run(journey) == ["if-1: then", "thanks"]


def test_a_split_shares_out_and_a_customer_stays_on_their_side() -> None:
    """The shares are kept over many customers; each falls on the same side again."""
    flow = workflow(
        {"split": [{"name": "a", "share": "30%", "steps": [{"send": "a"}]}, {"name": "b", "share": "70%"}]}
    )
    stage = Stage(flow)
    journey = stage.begin()
    assert stage.step(journey, "split-1") == stage.step(journey, "split-1")
    drawn = [falls(f"c{number}", "flow", "split-1") for number in range(4000)]
    assert 0.27 < sum(each < 0.3 for each in drawn) / 4000 < 0.33


def test_what_a_journey_sets_it_sees_at_once_and_the_fold_soon() -> None:
    """A field and a tag: an event like any other, and on the journey for the next `if`."""
    flow = workflow(
        {"set": {"field": "size", "to": "'large'"}},
        {"set": {"tag": "cat-owner"}},
        {"if": "customer.fields.size == 'large' and 'cat-owner' in customer.tags", "then": [{"send": "m"}]},
    )
    stage = Stage(flow)
    journey = stage.begin()
    assert stage.run(journey) == ["set-1", "set-2", "if-1: then", "m"]
    told = [each for each in stage.world.events.rows.values() if each.id.startswith("journey:set:")]
    assert len(told) == 2
    for each in told:
        stage.world.tracker.track(each)
    assert stage.world.only().get("field.size") == "large"


def waiting_flow(**told: Any) -> Workflow:
    """Waits for an order, then writes."""
    awaited = {"event": "order_placed", "at_most": "2 days", **told}
    return workflow(
        {"wait_for": awaited, "arrived": [{"send": "thanks"}], "timed_out": [{"send": "still-there"}]}
    )


def test_a_waiting_task_is_answered_when_its_event_comes() -> None:
    """The fold finds the token that the step has stored; the mail may name what arrived."""
    stage = Stage(waiting_flow())
    journey = stage.begin()
    stage.step(journey, "wait-for-1", token="t-1")
    assert stage.world.machines.answered == []
    stage.world.happen(order("o1", at=NOW + HOUR, **ANN))
    assert stage.world.machines.answered == [("t-1", journey)]
    stage.world.pass_time(2 * HOUR)
    assert stage.step(journey, "wait-for-1", outcome="arrived") == {
        "journey": journey,
        "wait_seconds": 0,
        "branch": "arrived",
    }
    stage.step(journey, "thanks")
    arrived = stage.letters[0].arrived
    assert arrived is not None
    assert arrived.type == "order_placed"


def test_an_event_that_came_before_the_token_was_stored_counts() -> None:
    """Since the step before began to wait: the step itself answers."""
    stage = Stage(waiting_flow())
    journey = stage.begin()
    stage.world.happen(order("o1", at=NOW + HOUR, **ANN))
    stage.step(journey, "wait-for-1", token="t-1")
    assert stage.world.machines.answered == [("t-1", journey)]


def test_an_event_between_token_and_look_is_answered_by_somebody() -> None:
    """The step stores, then reads; the fold writes, then reads: one of them sees the other."""
    stage = Stage(waiting_flow())
    journey = stage.begin()
    late = [order("o1", at=NOW + HOUR, **ANN)]

    def between(name: str) -> None:
        if name == "sends.claim" and late:
            stage.world.happen(late.pop())

    stage.sends.faults.between = between
    stage.step(journey, "wait-for-1", token="t-1")
    assert ("t-1", journey) in stage.world.machines.answered


def waiting_after(condition: str) -> Workflow:
    """Waits for an order where a condition holds, then writes."""
    awaited = {"wait_for": {"event": "order_placed", "at_most": "2 days"}, "arrived": [{"send": "thanks"}]}
    return workflow({"if": condition, "then": [awaited]})


@pytest.mark.parametrize("told", ["before the wait", "while it waits"])
def test_an_event_that_the_step_before_did_not_know_of_counts(told: str) -> None:
    """It had happened by then, but its webhook came late: neither the condition nor the wait may miss it."""
    stage = Stage(waiting_after("customer.orders_count == 0"))
    journey = stage.begin()
    stage.world.pass_time(HOUR)
    assert stage.step(journey, "if-1")["branch"] == "then"
    late = order("o1", at=NOW + HOUR / 2, **ANN)
    if told == "before the wait":
        stage.world.happen(late)
    stage.step(journey, "wait-for-1", token="t-1")
    if told == "while it waits":
        stage.world.happen(late)
    assert stage.world.machines.answered == [("t-1", journey)]
    stage.step(journey, "wait-for-1", outcome="arrived")
    assert stage.step(journey, "thanks")
    assert stage.letters[0].arrived == late


def test_an_event_that_the_step_before_knew_of_is_waited_past() -> None:
    """A new one is waited for; one from before the journey is none either, however late it is told."""
    stage = Stage(waiting_after("customer.orders_count > 0"))
    journey = stage.begin()
    stage.world.happen(order("o1", at=NOW + HOUR / 2, **ANN))
    stage.world.pass_time(HOUR)
    assert stage.step(journey, "if-1")["branch"] == "then"
    stage.step(journey, "wait-for-1", token="t-1")
    stage.world.happen(order("o0", at=NOW - HOUR, **ANN))
    assert stage.world.machines.answered == []
    stage.world.happen(order("o2", at=NOW + HOUR, **ANN))
    assert stage.world.machines.answered == [("t-1", journey)]


def test_what_does_not_meet_the_condition_is_waited_past() -> None:
    """`arrived` is the event that came, `event` the trigger's."""
    stage = Stage(waiting_flow(where="arrived.total > event.total"))
    journey = stage.begin(total="30.00")
    stage.step(journey, "wait-for-1", token="t-1")
    stage.world.happen(order("o1", at=NOW + HOUR, total="20.00", **ANN))
    assert stage.world.machines.answered == []
    stage.world.happen(order("o2", at=NOW + 2 * HOUR, total="40.00", **ANN))
    assert stage.world.machines.answered == [("t-1", journey)]


def test_a_wait_that_timed_out_goes_the_other_way() -> None:
    """The machine says so, and the step writes it down."""
    stage = Stage(waiting_flow())
    journey = stage.begin()
    stage.step(journey, "wait-for-1", token="t-1")
    stage.world.pass_time(2 * DAY)
    assert stage.step(journey, "wait-for-1", outcome="timed_out")["branch"] == "timed_out"
    assert stage.sends.rows[journey, "wait-for-1"].state == "timed_out"


def test_a_wait_after_the_last_event_starts_again_with_each() -> None:
    """Four hours of quiet: a later view defers by what is left."""
    flow = workflow({"wait": {"for": "4 hours", "after_last": "product_viewed"}}, {"send": "seen"})
    stage = Stage(flow)
    journey = stage.begin()
    stage.world.happen(event("product_viewed", "v", at=NOW + 3 * HOUR, **ANN))
    stage.world.pass_time(4 * HOUR)
    with pytest.raises(SendDeferred) as deferred:
        stage.step(journey, "seen")
    assert deferred.value.seconds == 3 * 3600
    stage.world.pass_time(3 * HOUR)
    stage.step(journey, "seen")
    assert stage.mails == ["seen"]


def test_a_mail_that_cannot_go_in_time_is_dropped() -> None:
    """At once when its slot comes too late, and when it wakes too late."""
    flow = workflow({"send": "hurry", "expires": "6 hours"}, {"send": "then"})
    stage = Stage(flow, SHOP)
    journey = stage.begin()
    pace = Pace(stage.world.only().id, 1, {"a#m": epoch(NOW - HOUR)})
    stage.paces.rows[pace.customer] = pace
    stage.step(journey, "hurry")
    assert stage.sends.rows[journey, "hurry"].reason == "expired: frequency cap"
    late = Stage(flow)
    journey = late.begin()
    late.world.pass_time(7 * HOUR)
    late.step(journey, "hurry")
    assert late.sends.rows[journey, "hurry"].state == "dropped"
    assert not late.mails


def test_a_tested_mail_goes_in_one_variant_which_is_noted() -> None:
    """The variant's own mail, in the ledger and in the tags."""
    stage = Stage(workflow({"send": "hello", "test": ["question", "urgency"]}))
    journey = stage.begin()
    stage.run(journey)
    variant = stage.sends.rows[journey, "hello"].variant
    assert variant in ("question", "urgency")
    assert stage.mails == [f"hello.{variant}"]
    assert stage.mailer.sent[0].tags["variant"] == variant


@pytest.mark.parametrize(("ends", "sent"), [(None, "offer"), (date(2026, 3, 9), "plain")])
def test_a_coupon_goes_with_the_mail_while_it_lasts(ends: date | None, sent: str) -> None:
    """Without one left, the steps of `else` come in its place."""
    coupon = Coupon(code="BACK10", ends=ends)
    shop = STEADY.model_copy(update={"coupons": {"back": coupon}})
    flow = workflow({"send": "offer", "coupon": "back", "else": [{"send": "plain"}]}, {"send": "after"})
    stage = Stage(flow, shop)
    stage.run(stage.begin())
    assert stage.mails == [sent, "after"]
    assert stage.letters[0].coupon == (coupon if ends is None else None)


def test_who_is_held_out_enters_and_gets_nothing() -> None:
    """Noted as a journey without an execution; it does not enter again."""
    stage = Stage(workflow({"send": "m"}, holdout="50%", reentry="never"))
    kept = [stage.world.new_id() for _ in range(40)]
    assert 8 < sum(is_held_out(stage.flow, each) for each in kept) < 32
    stage = Stage(workflow({"send": "m"}, holdout="99%", reentry="never"))
    journey = stage.begin()
    assert is_held_out(stage.flow, stage.world.only().id)
    assert stage.world.journeys.rows[journey].held_out
    assert not stage.world.machines.started
    assert not stage.world.only().journeys
    stage.world.happen(checkout("t2", at=NOW, **ANN))
    assert list(stage.world.journeys.rows) == [journey]


@pytest.mark.parametrize(("number", "ends"), [("o1", True), ("o2", False)])
def test_an_exit_with_a_condition_ends_only_what_it_is_about(number: str, ends: bool) -> None:
    """A review request leaves when its own order is refunded, not when another one is."""
    flow = workflow(
        {"wait": "10 days"},
        {"send": "review"},
        trigger={"event": "order_placed"},
        exit={"event": "order_refunded", "where": "arrived.order_id == event.order_id"},
    )
    stage = Stage(flow)
    stage.world.happen(order("o1", at=NOW, **ANN))
    refund: Event = event(
        "order_refunded", "r1", at=NOW + DAY, order_id=number, placed_at=NOW.isoformat(), **ANN
    )
    stage.world.happen(refund)
    assert bool(stage.world.only().journeys) is not ends
