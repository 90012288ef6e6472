"""What begins and ends a journey, where it is easily wrong: exits told late, silences, occurrences, re-entry."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.worlds import ANN, DAY, HOUR, NOW, World, checkout, event, order, world_with
from tidings import ports
from tidings.events import Event


def test_a_checkout_older_than_all_that_are_remembered_is_no_poison() -> None:
    """The eleventh checkout to arrive is the oldest: folded, and soon forgotten."""
    world = World()
    told = [checkout(f"t{number}", at=NOW - number * HOUR, **ANN) for number in range(12)]
    for each in told:
        world.events.put(each)
    world.tracker.track_all(told)
    assert not world.parked.rows
    assert len(world.only().checkouts) == 10


def test_an_exit_in_the_entrys_second_is_at_or_after_it() -> None:
    """Times are kept in whole seconds: half a second decides nothing."""
    half = timedelta(milliseconds=500)
    world = World()
    world.happen(order("o1", at=NOW + half / 2, **ANN), checkout("t1", at=NOW + half, **ANN))
    assert not world.machines.started


def test_a_merge_ends_journeys_whose_exit_the_other_customer_had() -> None:
    """The guest bought; the account's checkout is not reminded once they are one."""
    world = World()
    world.happen(checkout("t1", account="1"), order("o1", at=NOW + HOUR, contact="ann@example.com"))
    assert len(world.machines.running) == 1
    world.happen(event("profile_updated", "1", at=NOW + HOUR, **ANN))
    assert not world.only().journeys
    assert world.machines.running == set()


def test_one_occurrence_enters_once() -> None:
    """Folded again after its memory has faded: what was entered is not entered again."""
    world = world_with(
        trigger={"event": "lead_captured"},
        reentry="always",
        exit={"event": "order_placed"},
        max_age="60 days",
        steps=[{"wait": "1 day"}, {"send": "hello"}],
    )
    lead = event("lead_captured", "1", **ANN)
    world.happen(lead, order("o1", at=NOW - HOUR, **ANN))
    world.pass_time(20 * DAY)
    world.happen(order("o2", at=NOW + DAY, received=NOW + 20 * DAY, **ANN))
    customer = world.only()
    world.customers.rows[customer.id] = replace(customer, seen={}, last={})
    world.tracker.track(lead)
    assert not world.only().journeys


@pytest.mark.parametrize(("reentry", "entered"), [("never", 1), ("always", 2)])
def test_calendar_triggers_obey_reentry(reentry: str, entered: int) -> None:
    """A silence enters again only where the author lets it."""
    world = world_with(
        trigger={"inactive": "product_viewed", "for": "1 day"}, reentry=reentry, steps=[{"send": "hello"}]
    )
    for day in (0, 10):
        viewed = event("product_viewed", f"v{day}", at=NOW + day * DAY, received=NOW + day * DAY, **ANN)
        world.happen(viewed)
        for (journey,) in ([key] for key in world.only().journeys):
            step = {"journey": journey, "step": "hello", "state": "sent", "customer": "c1", "final": True}
            world.sends.rows[journey, "hello"] = ports.Send(**step)  # type: ignore[arg-type]
        world.pass_time(5 * DAY)
        world.happen(event("profile_updated", f"p{day}", at=world.clock.now(), **ANN))
        world.clock.time = NOW + 10 * DAY
    assert world.machines.starts["extra"] == entered


def test_a_person_has_one_open_journey_of_a_workflow_by_the_calendar_too() -> None:
    """A second silence within the first one's journey waits for nobody."""
    world = world_with(
        trigger={"inactive": "product_viewed", "for": "1 day"},
        steps=[{"send": "hello"}, {"wait": "30 days"}, {"send": "again"}],
    )
    for day in (0, 3):
        world.clock.time = NOW + day * DAY
        viewed = event("product_viewed", f"v{day}", at=world.clock.now(), **ANN)
        world.happen(viewed)
    assert len(world.only().journeys) == 1


def test_an_order_told_late_breaks_the_silence_that_began_without_it() -> None:
    """Placed before the daily run, told after it: nobody is missed who bought yesterday."""
    world = World()
    world.happen(order("o1", at=NOW - 59 * DAY, received=NOW, **ANN))
    run = NOW + HOUR
    due = Event("due:1", "due", run, run, "calendar", f"customer:{world.only().id}")
    world.clock.time = run
    world.happen(replace(due, properties={"since": NOW.isoformat()}))
    assert [open_.workflow for open_ in world.only().journeys.values()] == ["win-back"]
    world.happen(order("o2", at=NOW + HOUR / 2, received=run + HOUR, **ANN))
    assert not world.only().journeys
    assert world.machines.running == set()
