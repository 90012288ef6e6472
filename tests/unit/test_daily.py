"""The daily rule: what it reads, what it appends, and that the fold takes it from there, once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.worlds import ANN, DAY, HOUR, NOW, World, event, order
from tidings.clock import FixedClock
from tidings.customer import epoch
from tidings.daily import Daily
from tidings.errors import Unavailable
from tidings.events import Event


def run(world: World) -> list[Event]:
    """Run the rule's function and let the stream deliver what it appended; returns that."""
    known = set(world.events.rows)
    Daily(world.events, world.customers, world.clock).run()
    new = [told for key, told in world.events.rows.items() if key not in known]
    for told in new:
        world.tracker.track(told)
    return new


def born(day: str, *, at: datetime = NOW - 9 * DAY) -> Event:
    """A birthday known for days."""
    return event("profile_updated", f"b{day}", at=at, received=NOW, birthday=day, **ANN)


def world_of(*events: Event, at: datetime = NOW) -> World:
    """Who was told about by `at`."""
    world = World(clock=FixedClock(at))
    world.happen(*events)
    return world


@pytest.mark.parametrize(("day", "due"), [("--03-10", 0), ("--03-11", 1), ("--03-12", 0), ("--03-13", 0)])
def test_it_reads_up_to_tomorrow(day: str, due: int) -> None:
    """At noon of the 10th: the 11th, whose nine o'clock some zones have today; today's nine is over, later is later."""
    world = world_of(born(day))
    assert len(run(world)) == due
    assert len(world.only().journeys) == due


def test_a_second_run_appends_nothing_new_and_starts_nothing() -> None:
    """Before the fold has heard of the first, and after."""
    world = world_of(born("--03-11"))
    daily = Daily(world.events, world.customers, world.clock)
    assert [daily.run(), daily.run()] == [1, 0]
    (due,) = [told for told in world.events.rows.values() if told.type == "due"]
    for _ in range(2):
        world.tracker.track(due)
    assert daily.run() == 0
    assert len(world.only().journeys) == 1
    assert len(world.machines.started) == 1


@pytest.mark.parametrize("days", [1, 2, 7, 40])
def test_missed_days_are_caught_up_once(days: int) -> None:
    """However long nobody ran it; the next entry is next year's."""
    world = world_of(born("--03-11"))
    world.pass_time(days * DAY)
    assert len(run(world)) == 1
    assert [journey.workflow for journey in world.only().journeys.values()] == ["birthday"]
    assert world.only().due_on == "2027-03-11"
    world.pass_time(DAY)
    assert run(world) == []


def test_a_year_of_days_has_one_birthday_and_one_silence() -> None:
    """Run each day at five past midnight: each occurrence once, and no day in between finds anybody."""
    world = world_of(born("--05-01"), order("o1", at=NOW - DAY, **ANN), at=NOW)
    world.clock.time = datetime(2026, 3, 11, 0, 5, tzinfo=UTC)
    days: dict[str, list[str]] = {}
    for _ in range(365):
        before = set(world.only().journeys)
        run(world)
        for journey in set(world.only().journeys) - before:
            workflow = world.only().journeys[journey].workflow
            days.setdefault(workflow, []).append(f"{world.clock.now():%m-%d}")
        world.pass_time(DAY)
    # the order of 9 March is silent on 8 May; both are seen from the day before
    assert days == {"birthday": ["04-30"], "win-back": ["05-07"]}


def test_an_order_in_time_moves_the_silence_away() -> None:
    """The entry that comes too early finds nothing and moves on."""
    world = world_of(order("o1", at=NOW - 59 * DAY, **ANN))
    world.happen(order("o2", at=NOW - HOUR, **ANN))
    assert len(run(world)) == 1
    assert not world.only().journeys
    assert world.only().due_on == f"{NOW - HOUR + 60 * DAY:%Y-%m-%d}"


def test_an_event_says_since_when_and_names_the_day() -> None:
    """What the fold needs, and nothing else; its id is one a customer, entry and day."""
    world = world_of(born("--03-11"))
    (due,) = run(world)
    assert due.id == "due:2026-03-11:2026-03-10"
    assert due.identity == f"customer:{world.only().id}"
    assert due.properties == {"since": "2026-03-11T00:00:00+00:00"}
    assert (due.type, due.at, due.source) == ("due", NOW, "calendar")


def test_an_outage_in_between_is_made_good_by_the_next_run() -> None:
    """The retry of the rule's function appends what the first run did not."""
    world = world_of(born("--03-11"))
    world.happen(
        event("profile_updated", "2", at=NOW - 9 * DAY, received=NOW, birthday="--03-11", account="2")
    )
    world.events.faults.at = len(world.events.faults.calls) + 2
    with pytest.raises(Unavailable):
        run(world)
    world.events.faults.at = 0
    daily = Daily(world.events, world.customers, world.clock)
    assert daily.run() == 1
    assert len([told for told in world.events.rows.values() if told.type == "due"]) == 2


def test_a_refold_finds_the_due_date_again() -> None:
    """make rebuild also puts back an entry that was lost."""
    world = world_of(born("--03-20"))
    customer = world.only()
    world.customers.rows[customer.id] = replace(customer, due_on=None, profile={})
    world.tracker.rebuild(customer.id)
    assert world.only().due_on == "2026-03-20"
    assert world.only().birthday == "--03-20"


def test_the_journey_waits_for_the_recipients_morning() -> None:
    """Started the day before, its first wait ends at nine where they live."""
    world = world_of(
        event(
            "profile_updated",
            "z",
            at=NOW - 9 * DAY,
            received=NOW,
            birthday="--03-11",
            timezone="Pacific/Auckland",
            **ANN,
        )
    )
    run(world)
    (wait,) = world.machines.started.values()
    morning = datetime(2026, 3, 10, 20, 0, tzinfo=UTC)  # nine o'clock in Auckland, UTC+13
    assert wait == epoch(morning) - epoch(NOW)
    assert timedelta(seconds=wait) < DAY
