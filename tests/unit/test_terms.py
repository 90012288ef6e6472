"""The shop's terms of consent, wherever somebody asks for consent: conditions, segments, exits, journeys under way."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_steps import Stage
from tests.worlds import ANN, DAY, HOUR, NOW, SHOP, World, event, order, subscribed, world_with
from tidings.customer import Customer, apply, epoch, new_customer
from tidings.events import Event
from tidings.expressions import holds
from tidings.expressions.context import conditions
from tidings.segments import Rules, membership
from tidings.shop import Shop
from tidings.tracking import Tracker

DOUBLE = SHOP.model_copy(update={"double_opt_in": True})
IMPLIED = SHOP.model_copy(update={"implied_consent": timedelta(days=730)})
YES = subscribed("1", **ANN)
SURE = subscribed("2", at=NOW + HOUR, confirmed=True, **ANN)
BOUGHT = order("o1", **ANN)


def ann(*told: Event) -> Customer:
    """Ann, as these events tell her."""
    customer = new_customer("c1", YES)
    for each in told:
        customer = apply(customer, each)
    return customer


@pytest.mark.parametrize(
    ("told", "shop", "accepts"),
    [
        ([YES], SHOP, True),
        ([YES], DOUBLE, False),
        ([YES, SURE], DOUBLE, True),
        ([BOUGHT], SHOP, False),
        ([BOUGHT], IMPLIED, True),
        ([subscribed("3", topics=["offers"], **ANN)], SHOP, True),
    ],
)
def test_a_condition_means_consent_under_the_terms(told: list[Event], shop: Shop, accepts: bool) -> None:
    """`customer.accepts_marketing` is what would let a mail go, to all topics or any."""
    names = conditions(customer=ann(*told), shop=shop, now=NOW + DAY)
    assert holds("customer.accepts_marketing", names) is accepts


def test_a_segment_knows_when_an_implied_consent_ends() -> None:
    """The daily rule looks again then: who belonged by it leaves."""
    rules = Rules.model_validate({"segments": {"mailable": {"rule": "customer.accepts_marketing"}}})
    customer, end = ann(BOUGHT), NOW + timedelta(days=730)
    here = membership(customer, rules, IMPLIED, NOW)
    assert (set(here.names), here.next) == ({"mailable"}, end)
    assert membership(customer, rules, IMPLIED, end).names == frozenset()
    assert membership(ann(YES), rules, IMPLIED, NOW).next is None


def under(world: World, shop: Shop) -> World:
    """The world of a shop with these settings."""
    tracker: Tracker = world.tracker
    world.tracker = replace(tracker, catalogue=replace(tracker.catalogue, shop=shop))
    return world


def test_what_ends_with_a_subscription_ends_at_the_confirmation() -> None:
    """The request for one ends nothing, however late the step looks."""
    told = {"trigger": {"event": "lead_captured"}, "exit": {"event": "subscribed"}, "steps": [{"send": "a"}]}
    asked, yes = event("lead_captured", "1", **ANN), subscribed("1", at=NOW + HOUR, **ANN)
    sure = subscribed("2", at=NOW + 2 * HOUR, confirmed=True, **ANN)
    world = under(world_with(**told), DOUBLE)
    world.happen(asked, yes)
    assert [each.workflow for each in world.only().journeys.values()] == ["extra"]
    assert "subscribed" not in world.only().last
    world.happen(sure)
    (closed,) = (each for each in world.only().closed.values() if each.workflow == "extra")
    assert closed.reason == "subscribed"
    assert world.only().last["subscribed"] == epoch(sure.at)


@given(st.permutations([YES, SURE, subscribed("0", at=NOW - HOUR, **ANN), BOUGHT]))
def test_the_order_of_words_decides_nothing(told: list[Event]) -> None:
    """Consent, and since when there is a subscription, are the same in any order."""
    world = under(World(), DOUBLE)
    world.happen(*told)
    assert world.only().last["subscribed"] == epoch(SURE.at)
    assert set(world.only().consent) == {"email", "confirmed"}


def test_a_merge_keeps_to_the_terms() -> None:
    """Folded anew from all events, an unconfirmed subscription is still none."""
    world = under(World(), DOUBLE)
    world.happen(subscribed("1", contact="ann@example.com"))
    world.happen(event("profile_updated", "1", at=NOW + HOUR, **ANN), subscribed("2", account="1"))
    assert "subscribed" not in world.only().last
    assert "welcome" not in {row.workflow for row in world.journeys.rows.values()}


def test_new_terms_count_for_journeys_under_way() -> None:
    """A journey keeps the mails that it began with, and obeys the consent that the shop asks for today."""
    stage = Stage()
    sender = stage.stepper.sender
    stage.stepper = replace(stage.stepper, sender=replace(sender, shop=DOUBLE))
    stage.step()
    (entry,) = stage.sends.rows.values()
    assert (entry.state, entry.reason, stage.mails()) == ("skipped", "no consent", [])
