"""Why a journey did not begin: noted in the fold's own write, for what met the trigger and nothing else."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds import ANN, DAY, HOUR, NOW, World, checkout, event, order, subscribed, world_with
from tidings.aws.customer_item import from_item, to_item
from tidings.customer import epoch, merge
from tidings.people.refusals import KEEP, Refusal, note, pack, unpack

Given = dict[str, Any]


def refused(world: World) -> dict[tuple[str, str], int]:
    """(workflow, reason) → when, of the one customer."""
    return {(each.workflow, each.reason): each.at for each in world.only().refused}


def test_what_meets_no_trigger_is_no_refusal() -> None:
    """Events that fail a trigger by their type are nobody's decision; neither is a fact that is told twice."""
    world = World()
    world.happen(event("customer_registered", "1", **ANN), checkout("t1", **ANN))
    world.happen(checkout("t1", type_="checkout_updated", at=NOW + HOUR, total="44.00", **ANN))
    assert len(world.only().journeys) == 1
    assert world.only().refused == ()


def test_an_open_journey_and_the_re_entry_are_reasons() -> None:
    """While it is open, then for seven days after its entry; each with the moment of the refusal."""
    world = World()
    world.happen(checkout("t1", **ANN), checkout("t2", at=NOW + HOUR, **ANN))
    assert refused(world) == {("abandoned-checkout", "open already"): epoch(NOW + HOUR)}
    world.happen(order("o1", at=NOW + 2 * HOUR, checkout="t2", **ANN), checkout("t3", at=NOW + DAY, **ANN))
    assert refused(world)["abandoned-checkout", "re-entry"] == epoch(NOW + DAY)


def test_a_condition_an_age_and_an_exit_are_reasons() -> None:
    """What the trigger's `where` refuses; a fact that is told too late; an order that came before its checkout."""
    world = World()
    world.happen(checkout("t1", total="0", **ANN))
    assert set(refused(world)) == {("abandoned-checkout", "condition")}
    late = checkout("t2", at=NOW - 3 * DAY, received=NOW, **ANN)
    world.happen(late)
    assert ("abandoned-checkout", "too old") in refused(world)
    world.happen(order("o1", at=NOW + HOUR, **ANN), checkout("t4", at=NOW, **ANN))
    assert ("abandoned-checkout", "exited already: order_placed") in refused(world)
    undated = replace(checkout("t5", at=NOW + 2 * HOUR, **ANN), dated=False)
    world.happen(undated)
    assert ("abandoned-checkout", "undated") in refused(world)
    assert not world.only().journeys


def test_a_retired_workflow_says_so() -> None:
    """It would have begun."""
    steps: list[Given] = [{"send": "hello"}]
    world = world_with(trigger={"event": "order_placed"}, retired=True, reentry="always", steps=steps)
    world.happen(order("o1", **ANN))
    assert set(refused(world)) == {("extra", "retired")}


def test_a_day_that_comes_while_the_journey_is_open_is_refused() -> None:
    """The calendar's triggers too: a birthday that comes while last year's journey has not ended."""
    world = World()
    world.happen(event("profile_updated", "1", birthday="--03-11", **ANN))
    assert len(world.only().journeys) == 1
    assert world.only().refused == ()
    world.pass_time(365 * DAY)
    world.happen(event("profile_updated", "2", at=NOW + 365 * DAY, first_name="Ann", **ANN))
    assert set(refused(world)) == {("birthday", "open already")}


def test_refusals_outlive_a_rebuild_and_a_merge() -> None:
    """Both customers' stay, and so do those of a customer folded anew."""
    world = World()
    world.happen(checkout("t1", account="1", total="0"))
    world.happen(subscribed("1", at=NOW - 3 * DAY, received=NOW, contact="ann@example.com"))
    world.happen(event("profile_updated", "1", at=NOW + HOUR, **ANN))
    both = {("abandoned-checkout", "condition"), ("welcome", "too old")}
    assert set(refused(world)) == both
    world.tracker.rebuild(world.only().id)
    assert set(refused(world)) == both
    assert set(merge(world.only(), world.only()).refused) == set(world.only().refused)


def test_of_one_reason_the_latest_stays() -> None:
    """A hundred views of a page do not push out what happened to the others; the latest sixteen stay of all."""
    views = [Refusal(number, "browse", "re-entry") for number in range(100)]
    other = Refusal(5, "welcome", "condition")
    assert note([other], views) == (other, Refusal(99, "browse", "re-entry"))
    many = [Refusal(number, f"w{number}", "condition") for number in range(40)]
    assert note((), many) == tuple(many[-KEEP:])


REFUSALS = st.builds(
    Refusal,
    at=st.integers(0, 2**31),
    workflow=st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True),
    reason=st.sampled_from(
        ["re-entry", "open already", "condition", "too old", "exited already: order_placed", "something new"]
    ),
)


@given(st.lists(REFUSALS, max_size=30))
def test_what_is_packed_comes_back(told: list[Refusal]) -> None:
    """Whatever was noted, in whatever order, and however it is split."""
    kept = note((), told)
    assert unpack(pack(kept)) == kept
    assert note(kept, told) == kept == note((), reversed(told))
    assert note(note((), told[:7]), told[7:]) == kept


@pytest.mark.parametrize("count", [0, 16])
def test_refusals_take_little_room(count: int) -> None:
    """Five workflows that refuse the same order cost their names; a customer without any, nothing."""
    world = World()
    world.happen(order("o1", **ANN))
    names = [f"workflow-{number:02}" for number in range(count)]
    told = tuple(Refusal(epoch(NOW), name, "condition") for name in names)
    customer = replace(world.only(), refused=told)
    item = to_item(customer)
    assert from_item(item) == customer
    assert len(item.get("refused", "")) == (11 + 12 * count - 1 if count else 0)
