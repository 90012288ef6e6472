"""The fold where it is easily wrong: reads that overlap a write, merges amid unfolded events, old memories."""

import pytest

from tests.worlds import ANN, DAY, HOUR, NOW, World, checkout, event, order, subscribed, world_with
from tidings.customer import Customer
from tidings.errors import Conflict, Unavailable
from tidings.events import token_alias


def test_an_alias_seen_before_its_customer_is_read_again() -> None:
    """Reads are not one with a transaction: the alias may show a moment before the customer."""
    world = World()
    world.happen(order("o1", **ANN))
    hidden = [dict(world.customers.rows)]
    get = world.customers.get

    def late(customer_id: str) -> Customer | None:
        if hidden:
            hidden.pop()
            return None
        return get(customer_id)

    world.customers.get = late  # type: ignore[method-assign]
    world.events.put(order("o2", **ANN))
    world.tracker.track_all([order("o2", **ANN)])
    assert not world.parked.rows
    assert world.only().orders_count == 2


def test_an_order_that_waited_under_the_checkouts_token_keeps_its_journey_from_beginning() -> None:
    """Nobody was named in it; the checkout's update names somebody only later."""
    world, token = World(), token_alias("shopify", "checkout", "t1")
    world.happen(order("o1", at=NOW + HOUR, checkout="t1", tokens=(token,)))
    world.happen(checkout("t1", at=NOW, contact="ann@example.com", total="30.00"))
    assert world.only().orders_count == 1
    assert not world.only().journeys
    assert world.machines.running == set()


def test_a_merge_leaves_events_of_its_hour_to_their_own_delivery() -> None:
    """Consent is stored but not folded when two become one: its delivery still starts the welcome."""
    world = World()
    world.happen(order("o1", at=NOW - 2 * DAY, contact="ann@example.com"))
    world.happen(order("o2", at=NOW - 2 * DAY, account="1"))
    consent, started = subscribed("s", account="1"), checkout("t1", account="1", at=NOW)
    world.events.put(consent)
    world.events.put(started)
    world.happen(event("profile_updated", "1", **ANN))
    world.tracker.track_all([consent, started])
    assert world.machines.starts == {"welcome": 1, "abandoned-checkout": 1}
    assert world.only().orders_count == 2


def test_a_merge_does_not_begin_again_what_the_other_customer_had() -> None:
    """A journey for each order: the loser's order is not a new one to the winner."""
    world = world_with(trigger={"event": "order_placed"}, reentry="each order", steps=[{"send": "thanks"}])
    world.happen(event("customer_registered", "1", at=NOW - HOUR, account="1"))
    world.happen(order("o1", contact="ann@example.com"))
    world.happen(order("o1", type_="order_paid", at=NOW + HOUR, placed_at=NOW.isoformat(), **ANN))
    assert world.only().orders_count == 1
    assert world.machines.starts == {"extra": 1}


def test_a_poison_event_of_last_month_does_not_stop_a_merge() -> None:
    """It was parked when it came; refolding passes it."""
    world = World()
    bad = order("bad", account="1", at=NOW, placed_at="yesterday")
    world.happen(order("o1", account="1"), order("o2", contact="ann@example.com"))
    world.events.put(bad)
    world.tracker.track_all([bad])
    world.pass_time(30 * DAY)
    world.happen(event("profile_updated", "1", at=NOW + 30 * DAY, **ANN))
    assert world.only().orders_count == 2
    assert len(world.parked.rows) == 1


def test_a_redriven_event_of_last_week_starts_nothing() -> None:
    """Whether it was parked or folded long ago: too old by now."""
    world = World()
    parked, folded = checkout("t1", **ANN), checkout("t2", account="2")
    world.events.put(parked)
    world.happen(folded)
    world.pass_time(9 * DAY)
    for each in (parked, folded):
        world.tracker.redrive(each.identity, each.id)
    assert world.machines.starts == {"abandoned-checkout": 1}
    assert len(world.customers.people) == 2


def test_a_journey_whose_execution_died_is_forgotten_after_a_year() -> None:
    """No execution lives longer; what failed must not keep its workflow shut for ever."""
    world = World()
    world.happen(checkout("t1", **ANN))
    world.clock.time = NOW + 367 * DAY
    world.happen(checkout("t2", at=world.clock.now(), **ANN))
    assert world.machines.starts["abandoned-checkout"] == 2
    assert len(world.only().journeys) == 1


def test_what_was_pending_long_ago_is_not_started_again() -> None:
    """Step Functions forgets a name after 90 days: a journey's start would begin a second execution."""
    world = World()
    world.happen(checkout("t1", **ANN))
    world.machines.started.clear()
    world.pass_time(91 * DAY)
    world.happen(event("profile_updated", "p", at=world.clock.now(), **ANN))
    assert not world.machines.started


def test_a_repeated_conflict_is_an_outage_in_the_end() -> None:
    """The delivery is given back rather than parked."""
    world = World()

    def moved(_: object) -> None:
        raise Conflict("moved")

    world.customers.commit = moved  # type: ignore[method-assign,assignment]
    with pytest.raises(Unavailable, match="without end"):
        world.tracker.track_all([order("o1", **ANN)])
    assert not world.parked.rows
