"""The fold: identity, merging, once whatever the stream does, journeys begun and ended exactly once."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import Faults
from tests.worlds import ANN, NOW, World, checkout, email, essence, event, order, story, subscribed
from tidings.errors import Unavailable
from tidings.events import Event, token_alias

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize("arrival", list(permutations(range(6)))[::7])
def test_the_order_of_arrival_changes_nothing_that_is_known(arrival: tuple[int, ...]) -> None:
    """Any order gives the same customer, who bought: so no journey of the checkout stays open."""
    told, straight, mixed = story(), World(), World()
    straight.happen(*told)
    mixed.happen(*(told[index] for index in arrival))
    assert essence(mixed.only()) == essence(straight.only())
    assert mixed.only().orders_count == 1
    assert not mixed.only().journeys
    assert {closed.outcome for closed in mixed.only().closed.values()} <= {"exited"}
    assert mixed.machines.running == set()


@given(st.permutations(list(range(6)) * 2), st.integers(0, 3))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_repeats_in_any_order_change_nothing(arrival: list[int], again: int) -> None:
    """Each event twice, in any order, and one more time: counted once."""
    world, told = World(), story()
    world.happen(*(told[index] for index in arrival), told[again])
    assert world.only().orders_count == 1
    assert world.only().total_spent == 44
    assert all(starts <= 1 for starts in world.machines.starts.values())


def test_a_checkout_starts_one_journey_an_hour_on_from_its_time() -> None:
    """The first wait counts from the event's time, not from its arrival."""
    world = World()
    world.happen(checkout("t1", at=NOW - 20 * timedelta(minutes=1), **ANN))
    world.happen(checkout("t1", type_="checkout_updated", at=NOW, **ANN))
    assert list(world.machines.started.values()) == [40 * 60]


def test_an_update_that_comes_before_its_create_starts_the_checkout() -> None:
    """Whichever names somebody first starts; the other finds the checkout known."""
    world = World()
    world.happen(
        checkout("t1", type_="checkout_updated", at=NOW, **ANN), checkout("t1", at=NOW - HOUR, **ANN)
    )
    assert world.machines.starts == {"abandoned-checkout": 1}


def test_an_empty_a_completed_and_an_old_checkout_start_nothing() -> None:
    """`where`, completion and age each keep a journey from beginning."""
    world = World()
    world.happen(checkout("t1", total="0.00", account="1"))
    world.happen(checkout("t2", type_="checkout_updated", completed_at=NOW.isoformat(), account="2"))
    world.happen(checkout("t3", at=NOW - DAY - HOUR, account="3"))
    assert not world.machines.started


def test_an_undated_fact_starts_nothing() -> None:
    """Nobody can tell how old it is."""
    from dataclasses import replace

    world = World()
    world.happen(replace(subscribed("1", **ANN), dated=False))
    assert world.only().accepts_marketing
    assert not world.machines.started


def test_reentry_within_seven_days_is_refused_and_after_is_allowed() -> None:
    """The gap counts from the last entry, in either direction."""
    world = World()
    world.happen(checkout("t1", **ANN), order("o1", at=NOW + HOUR, received=NOW + HOUR, **ANN))
    world.happen(checkout("t2", at=NOW + 2 * HOUR, **ANN))
    assert world.machines.starts["abandoned-checkout"] == 1
    later = NOW + 8 * DAY
    world.happen(checkout("t3", at=later, **ANN))
    assert world.machines.starts["abandoned-checkout"] == 2


def test_an_order_ends_the_journey_where_it_waits() -> None:
    """Closed in the customer, recorded, and the execution stopped."""
    world = World()
    world.happen(checkout("t1", **ANN))
    (journey,) = world.only().journeys
    world.happen(order("o1", at=NOW + HOUR, **ANN))
    assert not world.only().journeys
    assert world.only().closed[journey].outcome == "exited"
    assert world.only().closed[journey].reason == "order_placed"
    assert journey in world.machines.stopped


def test_no_journey_begins_when_its_exit_is_already_folded() -> None:
    """The order overtook the checkout."""
    world = World()
    world.happen(order("o1", at=NOW, **ANN), checkout("t1", at=NOW - HOUR, **ANN))
    assert not world.machines.started


def test_a_guest_and_the_account_with_the_same_address_are_one() -> None:
    """A contact address names a customer; a customer object with that address is the same person."""
    world = World()
    world.happen(
        order("o1", contact="ann@example.com"), event("profile_updated", "1", first_name="Ann", **ANN)
    )
    assert world.only().orders_count == 1
    assert world.only().get("first_name") == "Ann"


def test_a_contact_address_on_someone_elses_order_merges_nobody() -> None:
    """Ann's account, Bob's contact address: Bob stays Bob."""
    world = World()
    world.happen(event("profile_updated", "1", **ANN), event("lead_captured", "b", contact="bob@example.com"))
    world.happen(order("o1", account="1", address="ann@example.com", contact_email="bob@example.com"))
    assert sorted(person.email or "" for person in world.customers.people) == [
        "ann@example.com",
        "bob@example.com",
    ]


def test_a_customer_object_merges_two_and_nobody_is_mailed_twice() -> None:
    """Account first, address later: one customer, one journey, facts of both, aliases follow."""
    world = World()
    world.happen(checkout("t1", account="1"), checkout("t2", contact="ann@example.com"))
    assert len(world.machines.running) == 2
    world.happen(event("profile_updated", "1", at=NOW + HOUR, **ANN))
    customer = world.only()
    assert len(world.machines.running) == 1
    assert set(customer.journeys) == world.machines.running
    assert len(customer.checkouts) == 2
    owners = map(world.customers.get, world.customers.aliases.values())
    assert all(owner == customer for owner in owners)


def test_three_customers_become_one() -> None:
    """A second account, an address and the first account, all named by one body in the end."""
    world = World()
    world.happen(
        order("o1", account="1"), order("o2", contact="ann@example.com"), order("o3", contact="a@example.com")
    )
    world.happen(event("profile_updated", "1", at=NOW, **ANN))
    world.happen(event("profile_updated", "2", at=NOW + HOUR, account="1", address="a@example.com"))
    assert world.only().orders_count == 3


def test_whoever_was_merged_in_can_still_be_found() -> None:
    """Journeys keep the id they began under; the winner knows the ids of all who were merged into it, however often."""
    world = World()
    world.happen(checkout("t1", account="1"), checkout("t2", contact="ann@example.com"))
    ids = {customer.id for customer in world.customers.people}
    world.happen(event("profile_updated", "1", at=NOW + HOUR, **ANN))
    world.happen(order("o3", contact="a@example.com", at=NOW + HOUR))
    ids |= {customer.id for customer in world.customers.people}
    world.happen(event("profile_updated", "2", at=NOW + 2 * HOUR, account="1", address="a@example.com"))
    customer = world.only()
    assert set(customer.ids) == ids
    assert len(ids) == 3
    assert customer.ids[0] == customer.id
    begun = [journey.id for one in customer.ids for journey in world.journeys.of(one)]
    assert sorted(begun) == sorted(world.journeys.rows)
    world.tracker.rebuild(customer.id)
    assert set(world.only().ids) == ids


def test_what_a_token_did_before_it_had_a_name_is_folded_when_it_has_one() -> None:
    """An anonymous checkout concerns nobody; named, its token's events belong to the customer, and late ones too."""
    world, token = World(), (token_alias("shopify", "cart", "c9"),)
    early = event("cart_updated", "c9:1", at=NOW - HOUR, tokens=token)
    late = event("cart_updated", "c9:2", at=NOW + HOUR, tokens=token)
    world.happen(early)
    assert not world.customers.people
    world.happen(checkout("t1", tokens=token, **ANN))
    assert world.only().last["cart_updated"] == int(early.at.timestamp())
    world.happen(late)
    assert world.only().last["cart_updated"] == int(late.at.timestamp())


def test_a_guest_who_corrects_the_address_stays_one_guest() -> None:
    """The checkout's token keeps them together; mail goes to the later address."""
    world = World()
    world.happen(checkout("t1", contact="an@example.com"))
    world.happen(checkout("t1", type_="checkout_updated", at=NOW + HOUR, contact="ann@example.com"))
    assert world.only().email == "ann@example.com"
    assert world.machines.starts == {"abandoned-checkout": 1}


def test_a_later_no_is_not_overruled_by_an_older_yes_or_a_ticked_box() -> None:
    """Consent is the latest explicit word; a box ticked at checkout never overrides it."""
    world = World()
    world.happen(event("unsubscribed", "u", at=NOW, **ANN), subscribed("s", at=NOW - HOUR, **ANN))
    world.happen(order("o1", at=NOW + HOUR, accepts_marketing=True, **ANN))
    assert not world.only().accepts_marketing
    world.happen(subscribed("s2", at=NOW + DAY, **ANN))
    assert world.only().accepts_marketing


def test_a_consent_without_a_date_does_not_undo_an_unsubscribe() -> None:
    """Shopify repeats an old consent in every customer update; undated, it is as old as the account."""
    world = World()
    world.happen(event("unsubscribed", "u", at=NOW - DAY, **ANN))
    told: dict[str, Any] = {"consent": {"state": "subscribed"}, "registered_at": (NOW - 9 * DAY).isoformat()}
    world.happen(event("profile_updated", "p", at=NOW, **told, **ANN))
    assert not world.only().accepts_marketing


def test_a_cancelled_order_does_not_count_whichever_word_comes_first() -> None:
    """Sums count orders that stand."""
    for flip in (False, True):
        world = World()
        placed = order("o1", at=NOW - HOUR, **ANN)
        cancelled = order("o1", type_="order_cancelled", placed_at=(NOW - HOUR).isoformat(), **ANN)
        world.happen(*((cancelled, placed) if flip else (placed, cancelled)))
        assert world.only().orders_count == 0
        assert world.only().total_spent == 0


def test_a_crash_at_any_write_loses_nothing_and_repeats_nothing() -> None:
    """Cut before and after each change in turn; the stream delivers again until it goes through."""
    told = [*story()[:3], order("o1", at=NOW, checkout="t1", **ANN)]
    clean = World()
    clean.happen(*told)
    cuts = 0
    for at in range(1, len(clean.faults.calls) + 1):
        for after in (False, True):
            world = World(Faults(at=at, after=after))
            for each in told:
                world.events.put(each)
                try:
                    world.tracker.track(each)
                except Unavailable:
                    cuts += 1
                    world.tracker.track(each)
            assert essence(world.only()) == essence(clean.only())
            assert world.machines.starts == clean.machines.starts
            assert world.machines.running == set()
            assert world.only().closed.keys() == world.journeys.rows.keys()
    assert cuts == 2 * len(clean.faults.calls)


def test_two_folds_of_one_customer_at_once_both_count() -> None:
    """A second event is folded whole between the first's read and its write."""
    for inner in (order("o2", at=NOW, **ANN), checkout("t1", at=NOW, **ANN), subscribed("1", **ANN)):
        world = World()
        world.happen(event("customer_registered", "1", at=NOW - HOUR, **ANN))
        pending = [inner]

        def between(name: str, world: World = world, pending: list[Event] = pending) -> None:
            if name == "customers.commit" and pending:
                world.happen(pending.pop())

        world.faults.between = between
        world.happen(order("o1", at=NOW - HOUR, **ANN))
        customer = world.only()
        assert not pending
        assert customer.orders_count == (2 if inner.type == "order_placed" else 1)
        assert set(customer.journeys) == world.machines.running


def test_fold_and_exit_at_once_leave_no_journey_running() -> None:
    """An order is folded between the checkout's read and write, and between its write and its start."""
    for moment_ in ("customers.commit", "journeys.open", "machines.start"):
        world = World()
        world.happen(event("customer_registered", "1", at=NOW - HOUR, **ANN))
        pending = [order("o1", at=NOW + HOUR, **ANN)]

        def between(
            name: str, world: World = world, pending: list[Event] = pending, when: str = moment_
        ) -> None:
            if name == when and pending:
                world.happen(pending.pop())

        world.faults.between = between
        world.happen(checkout("t1", **ANN))
        assert not pending
        assert not world.only().journeys
        assert world.machines.running == set()


def test_a_poison_event_is_parked_and_the_others_go_on() -> None:
    """An event that fails for its own sake is noted by key, counted and passed; redriven, it is folded."""
    world = World()
    bad = order("o1", placed_at="yesterday", **ANN)
    world.events.put(bad)
    world.tracker.track_all([bad, order("o2", **ANN)])
    assert world.only().orders_count == 1
    assert list(world.parked.rows) == [(bad.identity, bad.id)]
    assert world.counters.counts["EventsParked"] == 1
    world.events.rows[bad.identity, bad.id] = order("o1", **ANN)
    world.tracker.redrive(bad.identity, bad.id)
    assert world.only().orders_count == 2
    assert not world.parked.rows


def test_an_outage_is_raised_and_parks_nothing() -> None:
    """The stream delivers again."""
    world = World(Faults(at=1))
    with pytest.raises(Unavailable):
        world.tracker.track_all(story())
    assert not world.parked.rows


def test_rebuild_gives_the_same_customer_and_starts_nothing() -> None:
    """All events, folded again."""
    world = World()
    world.happen(*story())
    known = essence(world.only())
    starts = dict(world.machines.starts)
    world.tracker.rebuild(world.only().id)
    assert essence(world.only()) == known
    assert world.machines.starts == starts


def test_products_go_to_the_catalogue() -> None:
    """A product is no customer; an older word does not overwrite a newer."""
    world = World()
    for at, title in ((NOW, "new"), (NOW - HOUR, "old")):
        told = Event(
            "p", "product_updated", at, NOW, "shopify", "shopify:product:1", properties={"title": title}
        )
        world.tracker.track(told)
    assert world.products.get(["shopify:product:1"]) == {"shopify:product:1": {"title": "new"}}
    assert not world.customers.people


def test_a_mail_of_nobody_makes_no_customer() -> None:
    """SES events without our tags are kept as events, and concern nobody."""
    world = World()
    world.happen(Event("ses:mail_sent:m", "mail_sent", NOW, NOW, "ses", "ses:message:m"))
    assert not world.customers.rows


def test_aliases_hold_no_address() -> None:
    """Table keys carry keyed hashes."""
    world = World()
    world.happen(order("o1", contact="ann@example.com"))
    assert list(world.customers.aliases) == [email("ann@example.com")]
