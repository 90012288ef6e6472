"""A story played: what the machine's steps decide for one customer, with nothing but the story to look at."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.worlds import ANN, DAY, HOUR, NOW, SHOP, checkout, event, order, subscribed
from tidings.customer import Customer
from tidings.events import Event
from tidings.expressions import holds
from tidings.expressions.context import conditions
from tidings.segments import Rules
from tidings.shop import Coupon
from tidings.workflow.model import Workflow
from tidings.workflow.play import Story, play
from tidings.workflow.walk import Timeline

COUPONS = {"ten": Coupon(code="TEN"), "old": Coupon(code="OLD", ends=(NOW - 30 * DAY).date())}
MY_SHOP = SHOP.model_copy(update={"coupons": COUPONS, "fields": {"size": "text"}})
JOINED = subscribed("1", at=NOW - DAY, received=NOW - DAY, **ANN)
LEFT = checkout("t1", received=NOW, total="120.00", **ANN)
RULES = Rules.model_validate(
    {
        "segments": {
            "buyers": {"rule": "customer.orders_count >= 1"},
            "silent": {"rule": "days_since(customer.last_order_at) >= 20"},
        },
        "tags": {"tea-drinker": {"product_type": "Tea"}},
    }
)
PRODUCTS = {"shopify:product:7": {"title": "Genmaicha", "product_type": "Tea"}}


def bought(after: timedelta, **told: Any) -> Event:
    """Ann's order."""
    return order(f"o{after}", at=NOW + after, received=NOW + after, **ANN, **told)


def where(source: str, event: Event, customer: Customer) -> bool:
    """A trigger's condition."""
    return holds(source, conditions(event=event, customer=customer, shop=MY_SHOP, now=event.at))


def lived(steps: Sequence[dict[str, Any]], *events: Event, **told: Any) -> list[Timeline]:
    """The journeys of a workflow of these steps, which a checkout begins unless told otherwise."""
    flow = {"id": "flow", "name": "Flow", "trigger": {"event": "checkout_started"}, "reentry": "always"}
    workflow = Workflow.model_validate({**flow, **told, "steps": list(steps)})
    story = Story(
        (JOINED, *events), NOW + 60 * DAY, ZoneInfo("UTC"), shop=MY_SHOP, rules=RULES, products=PRODUCTS
    )
    return play(workflow, story, where)


def did(journey: Timeline) -> list[str]:
    """What the steps of a journey did, without waits and choices."""
    quiet = ("waits ", "goes on", "the end")
    return [visit.what for visit in journey.visits if not visit.what.startswith(quiet)]


@pytest.mark.parametrize(("total", "mail"), [("120.00", "large"), ("20.00", "small")])
def test_an_if_takes_the_branch_that_run_step_would(total: str, mail: str) -> None:
    """By the trigger's event."""
    steps: list[dict[str, Any]] = [
        {"if": "event.total > 100", "then": [{"send": "large"}], "else": [{"send": "small"}]}
    ]
    (journey,) = lived(steps, checkout("t1", received=NOW, total=total, **ANN))
    assert did(journey)[-1] == f"sends {mail}"


def test_what_is_set_is_seen_by_the_next_if() -> None:
    """A tag and a field, as the journey itself has set them."""
    steps: list[dict[str, Any]] = [
        {"set": {"tag": "keen"}},
        {"set": {"field": "size", "to": "'large'"}},
        {"if": "'keen' in customer.tags and customer.fields.size == 'large'", "then": [{"send": "large"}]},
    ]
    (journey,) = lived(steps, LEFT)
    assert did(journey) == ["sets it", "sets it", "holds", "sends large"]


def test_a_split_falls_as_it_will_fall() -> None:
    """To one of its sides, the same each time."""
    steps: list[dict[str, Any]] = [
        {"split": [{"name": "a", "share": "50%", "steps": [{"send": "a"}]}, {"name": "b", "share": "50%"}]}
    ]
    first, second = (did(lived(steps, LEFT)[0]) for _ in range(2))
    assert first == second
    assert first[0] in ("falls to a", "falls to b")


def test_an_awaited_event_is_met_when_it_comes() -> None:
    """Only one that meets the condition, and before the time is over."""
    steps: list[dict[str, Any]] = [
        {
            "wait_for": {"event": "order_placed", "where": "arrived.total > 50", "at_most": "2 days"},
            "arrived": [{"send": "thanks"}],
            "timed_out": [{"send": "nudge"}],
        }
    ]
    (met,) = lived(steps, LEFT, bought(HOUR, total="20.00"), bought(2 * HOUR, total="60.00"))
    assert did(met)[-1] == "sends thanks"
    assert met.ended_at == NOW + 2 * HOUR
    (late,) = lived(steps, LEFT, bought(3 * DAY, total="60.00"))
    assert did(late)[-1] == "sends nudge"
    assert late.ended_at == NOW + 2 * DAY


def test_an_event_between_two_steps_counts_as_arrived() -> None:
    """It came while the journey waited for the time before."""
    steps: list[dict[str, Any]] = [
        {"send": "first"},
        {"wait": "1 day"},
        {
            "wait_for": {"event": "order_placed", "at_most": "2 days"},
            "arrived": [{"send": "thanks"}],
            "timed_out": [{"send": "nudge"}],
        },
    ]
    (journey,) = lived(steps, LEFT, bought(HOUR))
    assert did(journey)[-1] == "sends thanks"
    assert journey.ended_at == NOW + DAY


def test_a_quiet_wait_starts_again_with_each_event() -> None:
    """Four hours after the last view, not after the first."""
    views = [
        event("product_viewed", str(hour), at=NOW + hour * HOUR, received=NOW + hour * HOUR, **ANN)
        for hour in (0, 3, 5)
    ]
    steps: list[dict[str, Any]] = [
        {"wait": {"for": "4 hours", "after_last": "product_viewed"}},
        {"send": "seen"},
    ]
    (journey,) = lived(steps, *views, trigger={"event": "product_viewed"}, reentry="7 days")
    assert did(journey)[-1] == "sends seen"
    assert journey.ended_at == NOW + 9 * HOUR


def test_a_coupon_that_has_ended_takes_the_other_way() -> None:
    """With `else` its steps, without it nothing is sent."""
    plain = {"send": "offer", "coupon": "old", "else": [{"send": "plain"}]}
    assert did(lived([plain], LEFT)[0])[-1] == "sends plain"
    assert did(lived([{"send": "offer", "coupon": "old"}], LEFT)[0]) == ["skips offer: no coupon left"]
    assert did(lived([{"send": "offer", "coupon": "ten"}], LEFT)[0]) == ["sends offer"]


def test_an_exit_ends_the_journey_only_when_its_condition_holds() -> None:
    """Another order is no reason."""
    steps: list[dict[str, Any]] = [{"wait": "1 day"}, {"send": "offer"}]
    exit_ = {"event": "order_placed", "where": "arrived.total > 50"}
    (on,) = lived(steps, LEFT, bought(HOUR, total="20.00"), exit=exit_)
    (off,) = lived(steps, LEFT, bought(HOUR, total="60.00"), exit=exit_)
    assert (on.status, off.status) == ("SUCCEEDED", "ABORTED")
    assert off.ended_at == NOW + HOUR


def test_segments_begin_journeys_by_events_and_by_time() -> None:
    """Entered with an order, and twenty days after it with the day."""
    steps: list[dict[str, Any]] = [{"send": "hello"}]
    (by_order,) = lived(steps, bought(HOUR), trigger={"segment": "buyers"})
    assert by_order.visits[0].at == NOW + HOUR
    (by_time,) = lived(steps, bought(HOUR), trigger={"segment": "silent"})
    assert timedelta(days=20) <= by_time.visits[0].at - NOW < timedelta(days=22)


def test_what_was_bought_earns_a_tag_that_triggers_see() -> None:
    """With the order itself."""
    told = {"trigger": {"event": "order_placed", "where": "'tea-drinker' in customer.tags"}}
    tea = [{"product_id": "7", "quantity": 1}]
    assert len(lived([{"send": "hello"}], bought(HOUR, items=tea), **told)) == 1
    assert lived([{"send": "hello"}], bought(HOUR), **told) == []


def test_a_holdout_is_not_played() -> None:
    """Whoever plays a story wants to see it."""
    assert len(lived([{"send": "hello"}], LEFT, holdout=Decimal("0.99"))) == 1


def test_a_story_without_a_shop() -> None:
    """Is played all the same; only what is the shop's is nobody's."""
    flow = {
        "id": "flow",
        "name": "Flow",
        "trigger": {"event": "checkout_started"},
        "steps": [{"send": "hello"}],
    }
    story = Story((JOINED, LEFT), NOW + DAY, ZoneInfo("Asia/Tokyo"))
    (journey,) = play(Workflow.model_validate(flow), story, where)
    assert did(journey) == ["sends hello"]
