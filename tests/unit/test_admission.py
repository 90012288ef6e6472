"""Who may be mailed now: each rule by itself, and who gives way to whom."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import fakes
from tests.lives import CAPPED, QUIET, ZONE, Life, flow, local
from tests.worlds import ANN, DAY, HOUR, NOW, event
from tidings.customer import epoch, moment
from tidings.errors import Conflict, SendDeferred, SendRejected
from tidings.ports import Hold, Pace, Plan
from tidings.shop import FrequencyCap
from tidings.workflow.model import Workflow


def one(name: str, **told: Any) -> Workflow:
    """A workflow of one mail at once."""
    return flow(name, {"send": "a"}, **told)


def after(wait: str, name: str, **told: Any) -> Workflow:
    """A workflow of one mail after a wait."""
    return flow(name, {"wait": wait}, {"send": "a"}, **told)


def hours(sent: list[tuple[datetime, str]]) -> list[tuple[float, str]]:
    """The mails with the hours since the checkout."""
    return [((at - NOW) / HOUR, name.partition("/")[0]) for at, name in sent]


@pytest.mark.parametrize("order", [{"low": 0, "high": 1}, {"low": 1, "high": 0}])
def test_of_two_that_wake_in_the_same_second_the_higher_priority_goes(order: dict[str, int]) -> None:
    """Whichever asks first; the other waits for the first moment after it, and tells for whom."""
    life = Life([one("low", priority=10), one("high", priority=20)], turns=order)
    assert hours(life.live()) == [(0, "high"), (16, "low")]
    ((_, reason, until),) = life.entry("low", "a").told["deferred"]
    assert reason == ("priority: high" if order["low"] == 0 else "frequency cap")
    assert until == epoch(NOW + 16 * HOUR)


@pytest.mark.parametrize("order", [{"a": 0, "b": 1}, {"a": 1, "b": 0}])
def test_of_equals_that_wake_in_the_same_second_exactly_one_goes(order: dict[str, int]) -> None:
    """Always the same one, whichever asks first."""
    life = Life([one("a"), one("b")], turns=order)
    assert hours(life.live()) == [(0, "a"), (16, "b")]


@pytest.mark.parametrize(
    ("wait", "low_at"),
    [("15 hours", 31), ("16 hours", 0), ("30 hours", 0)],
    ids=["within", "at its end", "after"],
)
def test_a_mail_gives_way_to_one_that_its_slot_would_keep_back(wait: str, low_at: int) -> None:
    """Due before the cap would let it through again: fifteen hours from now, not sixteen."""
    life = Life([one("low", priority=10), after(wait, "high", priority=20)])
    assert (low_at, "low") in hours(life.live())
    assert life.entry("high", "a").told == {}


def test_where_the_cap_lets_both_through_nobody_gives_way() -> None:
    """Two a day: the second mail fits beside the first."""
    two = CAPPED.model_copy(update={"frequency_cap": [FrequencyCap(at_most=2, within=DAY)]})
    life = Life([one("low", priority=10), after("1 hour", "high", priority=20)], two)
    assert hours(life.live()) == [(0, "low"), (1, "high")]


def test_the_last_mail_of_the_week_is_kept_for_who_goes_first() -> None:
    """Three have gone; the fourth slot is the higher one's, and the lower waits until the week lets a fifth through."""
    life = Life([after("17 hours", "low", priority=10), after("20 hours", "high", priority=20)])
    life.begin()
    customer = life.world.only().id
    gone = {f"gone{days}#a": epoch(NOW - days * DAY) for days in (2, 3, 4)}
    life.paces.rows[customer] = Pace(customer, 1, gone)
    assert hours(life.live()) == [(20, "high"), (3 * 24, "low")]


def test_who_expires_while_others_go_first_is_dropped_with_the_reason() -> None:
    """At once, since the first moment that is left comes too late."""
    short = flow("low", {"send": "a", "expires": "8 hours"}, priority=10)
    life = Life([short, after("1 hour", "high", priority=20)])
    assert hours(life.live()) == [(1, "high")]
    entry = life.entry("low", "a")
    assert (entry.state, entry.reason, entry.at) == ("dropped", "expired: priority: high", epoch(NOW))


def test_a_plan_that_came_to_nothing_keeps_nobody_back() -> None:
    """A quarter of an hour after its moment, or as soon as its journey is closed."""
    life = Life([after("1 hour", "low", priority=10), one("high", priority=20)])
    journey = life.begin()["low"][1]
    life.world.pass_time(timedelta(minutes=14))
    with pytest.raises(SendDeferred):
        life.step(journey, "a")
    life.paces.rows.clear()
    life.world.pass_time(timedelta(minutes=1))
    life.step(journey, "a")
    assert [name for _, name in life.sent] == ["low/a"]


@pytest.mark.parametrize(("wait", "goes"), [("3 hours", "08:0"), ("13 hours", "13:00")])
def test_one_deferral_leads_to_the_true_moment(wait: str, goes: str) -> None:
    """A cap that is free at night leads to the morning; one that still holds in the morning to its own end."""
    life = Life([after("835 minutes", "a"), after(wait, "b")], QUIET)
    (_, _), (at, name) = life.live()
    assert name == "a/a"
    assert f"{at.astimezone(ZONE):%H:%M}".startswith(goes)
    assert life.entry("a", "a").told["deferred"] == [
        [epoch(NOW + 835 * HOUR / 60), "frequency cap", epoch(at)]
    ]


def test_a_wait_that_would_end_at_night_ends_in_the_morning() -> None:
    """It costs no deferral: the step before knows. The ledger says it nevertheless."""
    life = Life([flow("a", {"wait": "1 hour"}, {"send": "a"}, {"wait": "16 hours"}, {"send": "b"})], QUIET)
    ((_, first), (at, second)) = life.live()
    assert [first, second] == ["a/a", "a/b"]
    assert local("2026-03-11 08:00") <= at < local("2026-03-11 08:10")
    entry = life.entry("a", "b")
    assert entry.told["deferred"] == [[epoch(NOW + 17 * HOUR), "quiet hours", epoch(at)]]
    assert life.world.counters.counts["MailsDeferred"] == 0


def test_who_answers_at_once_goes_at_night_too() -> None:
    """`quiet_hours: false`, and transactional mail."""
    night = QUIET.model_copy(update={"timezone": "Asia/Tokyo"})
    life = Life([one("a", quiet_hours=False), one("b", **{"class": "transactional"}), one("c")], night)
    assert hours(life.live())[:2] == [(0, "a"), (0, "b")]
    assert life.entry("c", "a").told["deferred"][0][1] == "frequency cap" or life.entry("c", "a").at > epoch(
        NOW
    )


def test_the_governor_is_asked_before_a_slot_is_taken() -> None:
    """While it holds a mail nothing is taken, nobody is kept back by it, and the reason stands in the ledger."""
    governor = fakes.FakeGovernor(Hold("quota", 3600))
    life = Life([one("a", priority=90), after("30 minutes", "b")], governor=governor)
    assert hours(life.live()) == [(0.5, "b"), (16.5, "a")]
    deferred = life.entry("a", "a").told["deferred"]
    assert [(reason, until - at) for at, reason, until in deferred] == [
        ("quota", 3600),
        ("frequency cap", 15.5 * 3600),
    ]
    assert governor.asked[0] == ("a", True)


@pytest.mark.parametrize(
    ("holds", "sent", "reason"),
    [(1, [(119 / 60, "a")], ""), (2, [], "expired: quota")],
    ids=["free", "spent"],
)
def test_what_the_governor_holds_asks_once_more_before_it_expires(
    holds: int, sent: list[tuple[float, str]], reason: str
) -> None:
    """Three hours until it would ask again do not mean that there is no quota within the two that it has."""
    flows = [flow("a", {"send": "a", "expires": "2 hours"})]
    life = Life(flows, governor=fakes.FakeGovernor(*[Hold("quota", 3 * 3600)] * holds))
    assert hours(life.live()) == sent
    entry = life.entry("a", "a")
    assert (entry.state, entry.reason) == ("dropped" if reason else "sent", reason)
    assert entry.told["deferred"] == [[epoch(NOW), "quota", epoch(NOW + 119 * HOUR / 60)]]


def test_a_paused_workflow_keeps_nobody_back() -> None:
    """Its next mail has priority, and would not go: the other does, and does not expire for its sake."""

    class Paused(fakes.FakeGovernor):
        def hold(self, workflow: str, *, marketing: bool, ready: bool = True) -> Hold | None:
            is_paused = workflow == "high" and life.world.clock.now() < NOW + DAY
            return Hold("paused", 4 * 3600) if is_paused else None

    low = flow("low", {"send": "a", "expires": "8 hours"}, priority=10)
    life = Life([low, after("1 hour", "high", priority=20)], governor=Paused())
    assert hours(life.live()) == [(0, "low"), (24, "high")]


def test_what_the_governor_holds_comes_back_outside_quiet_hours() -> None:
    """Fifteen hours of no quota end at eleven at night: it waits until the morning at once."""
    life = Life([one("a")], QUIET, governor=fakes.FakeGovernor(Hold("quota", 15 * 3600)))
    life.live()
    ((_, reason, until),) = life.entry("a", "a").told["deferred"]
    assert reason == "quota"
    assert local("2026-03-11 08:00") <= moment(until) < local("2026-03-11 08:10")


@pytest.mark.parametrize(("held", "reason"), [("rate", "frequency cap"), ("paused", "paused")])
def test_the_reason_is_the_one_that_decides_the_moment(held: str, reason: str) -> None:
    """A minute without rate is not why a mail waits fifteen hours for the cap; that its workflow is paused may be."""
    governor = fakes.FakeGovernor(None, Hold(held, 60))
    life = Life([one("a"), after("1 hour", "b")], governor=governor)
    assert hours(life.live()) == [(0, "a"), (16, "b")]
    assert life.entry("b", "a").told["deferred"] == [[epoch(NOW + HOUR), reason, epoch(NOW + 16 * HOUR)]]


def test_a_mail_that_waits_anyway_takes_nothing_of_what_may_be_sent() -> None:
    """The cap keeps it back: neither the second's rate nor the day's ramp is used up by its asking."""
    governor = fakes.FakeGovernor()
    life = Life([one("a"), after("1 hour", "b")], governor=governor)
    assert hours(life.live()) == [(0, "a"), (16, "b")]
    assert list(zip(governor.asked, governor.ready, strict=True)) == [
        (("a", True), True),
        (("b", True), False),
        (("b", True), True),
    ]


def test_who_has_waited_for_the_rate_asks_less_often() -> None:
    """The queue is as long as it has waited; what it waited for otherwise does not count."""
    holds = [Hold("quota", 3600), *[Hold("rate", 60)] * 4]
    life = Life([one("a")], governor=fakes.FakeGovernor(*holds))
    life.live()
    told = life.entry("a", "a").told["deferred"]
    assert [until - at for at, _, until in told] == [3600, 60, 90, 135, 202]


def test_transactional_mail_is_held_by_the_governor_only() -> None:
    """Its cap is the account's quota; what it waits for is noted likewise."""
    governor = fakes.FakeGovernor(None, Hold("quota", 60))
    life = Life([one("a"), one("b", **{"class": "transactional"})], QUIET, governor=governor)
    assert hours(life.live()) == [(0, "a"), (1 / 60, "b")]
    assert life.entry("b", "a").told["deferred"] == [[epoch(NOW), "quota", epoch(NOW) + 60]]
    assert governor.asked == [("a", True), ("b", False), ("b", False)]


def test_who_wants_one_mail_a_week_gets_one() -> None:
    """Whatever the shop's cap; the reason is their own wish."""
    life = Life([flow("a", {"send": "a"}, {"wait": "2 days"}, {"send": "b"})])
    chosen = event("preferences_changed", "p", at=NOW - DAY, received=NOW, frequency="weekly", **ANN)
    life.world.happen(chosen)
    assert hours(life.live()) == [(0, "a"), (7 * 24, "a")]
    assert life.entry("a", "b").told["deferred"][0][1] == "weekly"


def test_a_slot_taken_before_a_crash_counts_from_when_the_mail_goes() -> None:
    """Cut off between slot and claim, and run again later: the pace has the mail once, at its true moment."""
    life = Life([one("a")])
    journey = life.begin()["a"][1]
    customer = life.world.only().id
    life.paces.rows[customer] = Pace(customer, 1, {f"{journey}#a": epoch(NOW)})
    life.world.pass_time(HOUR)
    life.step(journey, "a")
    assert life.paces.rows[customer].sends == {f"{journey}#a": epoch(NOW + HOUR)}


def test_a_deferral_is_no_attempt_and_the_ledger_keeps_the_latest_ten() -> None:
    """Twelve hours without quota, asked every hour: the mail goes as attempt one."""
    life = Life([one("a")], governor=fakes.FakeGovernor(*[Hold("quota", 3600)] * 12))
    assert hours(life.live()) == [(12, "a")]
    entry = life.entry("a", "a")
    assert (entry.state, entry.attempt) == ("sent", 1)
    assert [at for at, _, _ in entry.told["deferred"]] == [epoch(NOW + n * HOUR) for n in range(2, 12)]


def test_the_mails_of_a_customer_merged_in_count() -> None:
    """Their pace stands under their old id."""
    life = Life([one("a")])
    journey = life.begin()["a"][1]
    customer = life.world.only()
    merged = replace(customer, partitions=customer.partitions | {"customer:old"})
    life.world.customers.rows[customer.id] = merged
    life.paces.rows["old"] = Pace("old", 4, {"j#m": epoch(NOW - HOUR)})
    with pytest.raises(SendDeferred) as deferred:
        life.step(journey, "a")
    assert deferred.value.seconds == 15 * 3600


def test_a_pace_that_moves_without_end_brings_the_step_back_soon() -> None:
    """Five times on a pace that somebody else was faster to write: no slot, no record, a few seconds."""
    life = Life([one("a")])
    journey = life.begin()["a"][1]

    class Moving(fakes.FakePaces):
        def put(self, pace: Pace) -> None:
            raise Conflict("moved")

    sender = replace(life.stepper.sender, paces=Moving())
    life.stepper = replace(life.stepper, sender=sender)
    with pytest.raises(SendDeferred) as deferred:
        life.step(journey, "a")
    assert deferred.value.seconds == 5
    assert not life.sends.rows


def test_a_deferral_takes_two_writes_and_a_mail_three() -> None:
    """The ledger's reason and the pace's plan; then slot, claim, settlement."""
    faults = fakes.Faults()
    life = Life([one("low", priority=10), one("high", priority=20)], turns={"low": 0, "high": 1})
    life.sends.faults = life.paces.faults = faults
    life.live()
    deferral = ["paces.put", "sends.claim"]
    mail = ["paces.put", "sends.claim", "sends.settle"]
    assert faults.calls == deferral + mail + mail


def test_a_changed_cap_holds_for_journeys_under_way() -> None:
    """As with consent, the shop in force counts, not the one under which the journey began."""
    life = Life([flow("a", {"send": "a"}, {"wait": "1 day"}, {"send": "b"})])
    strict = CAPPED.model_copy(update={"frequency_cap": [FrequencyCap(at_most=1, within=3 * DAY)]})
    life.stepper = replace(life.stepper, sender=replace(life.stepper.sender, shop=strict))
    assert hours(life.live()) == [(0, "a"), (72, "a")]


def test_the_plans_of_journeys_that_have_ended_are_forgotten() -> None:
    """The item stays small, however far ahead a journey had planned."""
    life = Life([flow("a", {"send": "a"}, {"wait": "20 days"}, {"send": "b"})])
    journey = life.begin()["a"][1]
    customer = life.world.only().id
    life.paces.rows[customer] = Pace(customer, 1, {}, {"gone": Plan(epoch(NOW + 90 * DAY), 50, epoch(NOW))})
    life.step(journey, "a")
    assert life.paces.rows[customer].planned == {
        journey: Plan(epoch(NOW + 20 * DAY), 50, epoch(NOW + 20 * DAY))
    }


def test_within_one_priority_nobody_is_overtaken() -> None:
    """A mail that waits goes before those of its priority that fall due while it waits, for every free moment."""
    flows = [one("first"), after("1 hour", "z"), *(after(f"{16 * n} hours", f"a{n}") for n in range(1, 4))]
    assert [name for _, name in hours(Life(flows).live())] == ["first", "z", "a1", "a2", "a3"]


def test_who_goes_first_goes_first_after_a_refusal_too() -> None:
    """SES was out of breath when the mail's turn came: a lower one does not take the slot that it gave back."""
    high = flow("high", {"send": "a"}, {"wait": "1 day"}, {"send": "b"}, priority=20)
    life = Life([high, after("1 day", "low", priority=10)], turns={"high": 0, "low": 1})

    def refuse(name: str) -> None:
        if life.mailer.faults.calls.count("mailer.send") == 2 and not refused:
            refused.append(SendRejected("TooManyRequestsException", 60, throttled=True))
            life.mailer.reject.extend(refused)

    refused: list[SendRejected] = []
    life.mailer.faults.between = refuse
    assert [name for _, name in life.live()] == ["high/a", "high/b", "low/a"]
    ((_, reason, _),) = life.entry("low", "a").told["deferred"]
    assert reason == "priority: high"


def test_the_mail_after_a_dropped_one_keeps_its_priority() -> None:
    """Its journey goes on, and the others hear of its next mail."""
    steps = ({"wait": "1 hour"}, {"send": "a", "expires": "2 hours"}, {"wait": "1 day"}, {"send": "b"})
    flows = [
        one("first", priority=95),
        flow("high", *steps, priority=90),
        after("25 hours", "low", priority=10),
    ]
    life = Life(flows, turns={"low": 0, "high": 1})
    assert hours(life.live()) == [(0, "first"), (25, "high"), (41, "low")]
    assert life.entry("high", "a").reason == "expired: frequency cap"
    assert life.entry("low", "a").told["deferred"][0][1] == "priority: high"
