"""Segments in the fold: who enters and leaves aloud, what happens silently, and how time alone is noticed."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from tests.worlds import ANN, DAY, HOUR, NOW, World, event, order, story, subscribed
from tidings.daily import Daily
from tidings.events import Event
from tidings.segments import Rules
from tidings.workflow.model import Workflow

RULES = {
    "buyers": "customer.orders_count >= 1",
    "vip": "customer.total_spent >= 100",
    "lapsed": "days_since(customer.last_order_at) >= 60",
    "clickers": "count('mail_clicked', within='30 days') >= 2",
}


def flow(name: str, **trigger: str) -> Workflow:
    """A workflow that a segment begins."""
    told = {"id": name, "name": name, "trigger": trigger, "reentry": "always", "steps": [{"send": "hello"}]}
    return Workflow.model_validate(told)


FLOWS = {
    "for-vips": flow("for-vips", segment="vip"),
    "for-lapsed": flow("for-lapsed", segment="lapsed"),
    "for-returned": flow("for-returned", segment_left="lapsed"),
    "for-clickers": flow("for-clickers", segment="clickers"),
}


def rules(told: Mapping[str, str] = RULES, **more: Any) -> Rules:
    """The rules in force."""
    named = {name: {"rule": rule} for name, rule in told.items()}
    return Rules.model_validate({"segments": named, "counted": ["mail_clicked"], **more})


def govern(world: World, told: Rules) -> None:
    """Deploy these rules."""
    catalogue = replace(world.tracker.catalogue, workflows=FLOWS, revs=dict.fromkeys(FLOWS, "r1"), rules=told)
    world.tracker = replace(world.tracker, catalogue=catalogue)


@pytest.fixture
def world() -> World:
    """A world with segments."""
    made = World()
    govern(made, rules())
    return made


def days_pass(world: World, days: int) -> int:
    """Run the daily rule every day; returns how many due events there were."""
    told = 0
    for _ in range(days):
        world.pass_time(DAY)
        known = set(world.events.rows)
        Daily(world.events, world.customers, world.clock).run()
        for key in sorted(world.events.rows.keys() - known):
            told += 1
            world.tracker.track(world.events.rows[key])
    return told


def segments(world: World) -> set[str]:
    """Where the one customer belongs."""
    return set(world.only().segments)


def test_an_order_brings_a_customer_in_and_begins_the_workflow_once(world: World) -> None:
    """Entered at 100 spent; a further order changes nothing."""
    world.happen(order("1", total="60.00", **ANN))
    assert segments(world) == {"buyers"}
    world.happen(order("2", total="60.00", **ANN), order("3", total="60.00", **ANN))
    assert segments(world) == {"buyers", "vip"}
    assert world.machines.starts["for-vips"] == 1


def test_a_cancelled_order_takes_a_customer_out_and_a_new_one_in_again(world: World) -> None:
    """Each entry begins a journey of its own."""
    world.happen(order("1", total="160.00", **ANN))
    world.happen(order("1", type_="order_cancelled", total="160.00", at=NOW + HOUR, **ANN))
    assert segments(world) == set()
    world.happen(order("2", total="160.00", at=NOW + 2 * HOUR, **ANN))
    assert world.machines.starts["for-vips"] == 1  # the first journey is still open
    assert segments(world) == {"buyers", "vip"}


def test_time_alone_brings_a_customer_in_at_the_day_after(world: World) -> None:
    """Sixty days without an order: nobody polls, one due event, one journey; an order then takes them out aloud."""
    world.happen(order("1", **ANN))
    assert days_pass(world, 59) == 0
    assert segments(world) == {"buyers"}
    days_pass(world, 3)
    assert segments(world) == {"buyers", "lapsed"}
    assert world.machines.starts["for-lapsed"] == 1
    world.happen(order("2", at=world.clock.now(), **ANN))
    assert segments(world) == {"buyers"}
    assert world.machines.starts["for-returned"] == 1


def test_events_age_out_of_a_count(world: World) -> None:
    """Two clicks in 30 days: out when the first of them is older, without any event."""
    for number in range(2):
        at = NOW + number * 5 * DAY
        world.pass_time(at - world.clock.now())
        world.happen(event("mail_clicked", str(number), at=at, **ANN))
    assert segments(world) == {"clickers"}
    days_pass(world, 24)
    assert segments(world) == {"clickers"}
    days_pass(world, 3)
    assert segments(world) == set()


def test_history_builds_membership_and_starts_nothing(world: World) -> None:
    """Old orders make a VIP silently; the next day's rule finds nobody new."""
    world.happen(
        *(order(str(n), total="60.00", at=NOW - (90 - n) * DAY, received=NOW, **ANN) for n in range(3))
    )
    assert segments(world) == {"buyers", "vip", "lapsed"}
    days_pass(world, 3)
    assert not {"for-vips", "for-lapsed"} & world.machines.starts.keys()


def test_old_news_does_not_swallow_what_time_did_meanwhile(world: World) -> None:
    """Lapsed since yesterday noon, and history comes in before the daily rule: entered aloud all the same."""
    world.happen(order("1", at=NOW, **ANN))
    world.pass_time(60 * DAY + HOUR)
    now = world.clock.now()
    world.happen(event("product_viewed", "old", at=now - 300 * DAY, received=now, **ANN))
    assert world.machines.starts["for-lapsed"] == 1


@pytest.mark.parametrize("arrival", list(permutations(range(6)))[::37])
def test_the_order_of_arrival_changes_no_membership(arrival: tuple[int, ...]) -> None:
    """The story in any order."""
    told, straight, mixed = story(), World(), World()
    for world in (straight, mixed):
        govern(world, rules({**RULES, "paid": "days_since('order_paid') >= 0"}))
    straight.happen(*told)
    mixed.happen(*(told[index] for index in arrival))
    assert segments(mixed) == segments(straight) == {"buyers", "paid"}


def test_a_new_rule_enters_silently_with_the_next_event(world: World) -> None:
    """And what that event itself does is aloud; a rule that stayed is not touched."""
    world.happen(order("1", total="60.00", **ANN))
    govern(
        world, rules({**RULES, "modest": "customer.total_spent >= 50", "vip": "customer.total_spent >= 110"})
    )
    govern_flows = flow("for-modest", segment="modest")
    catalogue = world.tracker.catalogue
    workflows = {**catalogue.workflows, "for-modest": govern_flows}
    world.tracker = replace(
        world.tracker, catalogue=replace(catalogue, workflows=workflows, revs=dict.fromkeys(workflows, "r1"))
    )
    world.happen(order("2", total="60.00", at=NOW + HOUR, **ANN))
    assert segments(world) == {"buyers", "vip", "modest"}
    assert world.machines.starts["for-vips"] == 1
    assert "for-modest" not in world.machines.starts
    assert world.only().silent == {"modest"}


def test_backfill_is_silent_and_a_start_makes_it_known_once(world: World) -> None:
    """`make backfill` recomputes; START=1 begins journeys of those who entered by a changed rule, no others."""
    world.happen(order("1", total="60.00", at=NOW - 90 * DAY, received=NOW, **ANN))
    govern(world, rules({**RULES, "vip": "customer.total_spent >= 50"}))
    customer = world.only().id
    assert world.tracker.backfill(customer) is True
    assert segments(world) == {"buyers", "lapsed", "vip"}
    assert not world.machines.starts
    Daily(world.events, world.customers, world.clock).enter([customer])
    (entering,) = [each for each in world.events.rows.values() if each.source == "backfill"]
    world.tracker.track(entering)
    world.tracker.track(entering)
    assert dict(world.machines.starts) == {"for-vips": 1}
    assert world.tracker.backfill(customer) is False


def test_backfill_folds_again_what_is_newly_counted() -> None:
    """Times of clicks were not kept while nobody counted them; the events have them."""
    world = World()
    at = [NOW - 2 * DAY, NOW - DAY]
    world.happen(*(event("mail_clicked", str(n), at=when, **ANN) for n, when in enumerate(at)))
    assert not world.only().times
    govern(world, rules())
    world.pass_time(9 * DAY)
    world.tracker.backfill(world.only().id)
    assert segments(world) == {"clickers"}
    assert world.only().due_on is not None


def test_a_new_rule_finds_its_moment_in_the_due_index() -> None:
    """A time-based rule added later: backfill enters the date, the daily rule does the rest."""
    world = World()
    world.happen(order("1", at=NOW, **ANN))
    world.customers.rows[world.only().id] = replace(world.only(), due_on=None)
    govern(world, rules())
    world.tracker.backfill(world.only().id)
    assert (
        world.only().due_on == "2026-05-11"
    )  # lapsed on 9 May at noon; the rule of the 10th looks up to the 11th


def test_a_new_date_rule_reaches_those_whose_segments_are_current(world: World) -> None:
    """A birthday workflow is added: backfill enters its date, and a second one writes nothing."""
    world.happen(event("profile_updated", "1", birthday="--03-20", **ANN))
    assert world.only().due_on is None
    told = {"id": "birthday", "name": "B", "trigger": {"date": "birthday"}, "steps": [{"send": "hello"}]}
    flows = {**FLOWS, "birthday": Workflow.model_validate(told)}
    catalogue = replace(world.tracker.catalogue, workflows=flows, revs=dict.fromkeys(flows, "r1"))
    world.tracker = replace(world.tracker, catalogue=catalogue)
    world.tracker.backfill(world.only().id)
    assert world.only().due_on == "2026-03-20"
    version = world.only().version
    world.tracker.backfill(world.only().id)
    assert world.only().version == version


def test_a_merge_keeps_what_both_were(world: World) -> None:
    """One of two was a VIP: who they become is one without entering again."""
    world.happen(order("1", account="1", total="160.00"), subscribed("2", contact="ann@example.com"))
    world.happen(event("profile_updated", "3", at=NOW + HOUR, **ANN))
    assert segments(world) == {"buyers", "vip"}
    assert world.machines.starts["for-vips"] == 1


def test_a_tag_is_earned_by_what_the_catalogue_says_was_bought(world: World) -> None:
    """Product type or vendor, whatever case; it stays when the order is cancelled, and a rebuild finds it again."""
    govern(world, rules(tags={"cat-owner": {"product_type": "Cat food"}, "fan": {"vendor": ["Acme", "Bee"]}}))
    told = {"product_type": "cat FOOD", "vendor": "Other"}
    world.happen(Event("p", "product_updated", NOW, NOW, "shopify", "shopify:product:7", properties=told))
    bought: dict[str, Any] = {"items": [{"product_id": "7", "quantity": 1}]}
    world.happen(order("1", **bought, **ANN), order("1", type_="order_cancelled", at=NOW + HOUR, **ANN))
    assert set(world.only().earned) == {"cat-owner"}
    world.tracker.rebuild(world.only().id)
    assert set(world.only().earned) == {"cat-owner"}


def test_a_workflow_gives_a_tag(world: World) -> None:
    """A `set` step's event adds to the tags; later profiles of the shop do not take it away."""
    world.happen(event("profile_updated", "1", tags_added=["quiz"], **ANN))
    world.happen(event("profile_updated", "2", at=NOW + HOUR, tags=["club"], **ANN))
    from tidings.expressions.views import customer_view

    assert customer_view(world.only()).tags == ("club", "quiz")


def test_who_stays_as_they_are_is_not_looked_at_in_vain(world: World) -> None:
    """A year of days costs a customer who lapsed one due event, and a date or two."""
    world.happen(order("1", **ANN))
    assert days_pass(world, 200) <= 4
