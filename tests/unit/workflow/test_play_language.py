"""Playing: what a customer lives in workflows of every kind, by the fold, triggers and steps that run in AWS."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.worlds import SHOP, checkout, event, order, subscribed
from tidings.customer import Customer
from tidings.events import Event
from tidings.expressions import holds
from tidings.expressions.context import conditions
from tidings.shop import Coupon, FrequencyCap
from tidings.workflow.model import Workflow
from tidings.workflow.play import Story, play
from tidings.workflow.walk import Timeline

BEGIN = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANN: dict[str, Any] = {"account": "1", "address": "ann@example.com"}
OWN = SHOP.model_copy(
    update={"coupons": {"welcome": Coupon(code="HELLO")}, "fields": {"size": "text"}, "frequency_cap": []}
)


def told(maker: Any, name: str, after: timedelta, **more: Any) -> Event:
    """Something that happens to Ann so long after the beginning, and is told at once."""
    at = BEGIN + after
    made: Event = maker(name, at=at, received=at, **{**ANN, **more})
    return made


def viewed(name: str, after: timedelta) -> Event:
    """Ann looks at something."""
    return told(lambda name, **more: event("product_viewed", name, **more), name, after)


JOINED = told(subscribed, "s", -2 * DAY)
LEFT = told(checkout, "c", 0 * DAY)


def lives(steps: list[dict[str, Any]], *events: Event, shop: Any = OWN, **words: Any) -> list[Timeline]:
    """What Ann lives in a workflow of these steps, which her checkouts begin unless told."""
    workflow = Workflow.model_validate(
        {"id": "w", "name": "W", "trigger": {"event": "checkout_started"}, "steps": steps, **words}
    )

    def where(source: str, event: Event, customer: Customer) -> bool:
        return holds(source, conditions(customer=customer, shop=shop, now=event.at, event=event))

    every = [JOINED, *(events or (LEFT,))]
    return play(workflow, Story(every, BEGIN + 400 * DAY, ZoneInfo("UTC"), shop=shop), where)


def does(timelines: Sequence[Timeline]) -> list[tuple[timedelta, str]]:
    """When, after the beginning, what was done in the only journey; waits and choices apart."""
    (timeline,) = timelines
    tasks = ("If ", "Split ", "Send ", "Tag ", "Set ", "Wait for ", "order_placed ")
    return [(visit.at - BEGIN, visit.what) for visit in timeline.visits if visit.state.startswith(tasks)]


def test_an_if_goes_by_what_is_true_when_the_journey_gets_there() -> None:
    """Not by what was true when it began."""
    steps: list[dict[str, Any]] = [
        {"wait": "1 day"},
        {"if": "customer.orders_count > 0", "then": [{"send": "thanks"}], "else": [{"send": "reminder"}]},
    ]
    bought = told(order, "o", HOUR, checkout="other")
    assert does(lives(steps)) == [(DAY, "does not hold"), (DAY, "sends reminder")]
    assert does(lives(steps, LEFT, bought)) == [(DAY, "holds"), (DAY, "sends thanks")]


def test_what_is_set_is_seen_by_the_next_if() -> None:
    """A tag and a field; and the customer keeps them."""
    steps: list[dict[str, Any]] = [
        {"set": {"tag": "tea"}},
        {"set": {"field": "size", "to": "'large'"}},
        {"if": "'tea' in customer.tags and customer.fields.size == 'large'", "then": [{"send": "a"}]},
    ]
    assert [what for _, what in does(lives(steps))][-2:] == ["holds", "sends a"]


WAITING: list[dict[str, Any]] = [
    {"wait": "1 hour"},
    {
        "wait_for": {"event": "order_placed", "where": "arrived.total > 20", "at_most": "2 days"},
        "arrived": [{"if": "arrived.total > 100", "then": [{"send": "wow"}], "else": [{"send": "thanks"}]}],
        "timed_out": [{"send": "reminder"}],
    },
]


def test_an_awaited_event_comes() -> None:
    """Its steps go on at once, and may name it."""
    bought = told(order, "o", 5 * HOUR, total="150.00", checkout="other")
    assert does(lives(WAITING, LEFT, bought)) == [
        (HOUR, "waits for it"),
        (5 * HOUR, "goes on"),
        (5 * HOUR, "holds"),
        (5 * HOUR, "sends wow"),
    ]


@pytest.mark.parametrize("more", [(), (told(order, "o", 5 * HOUR, total="5.00", checkout="other"),)])
def test_an_awaited_event_does_not_come(more: tuple[Event, ...]) -> None:
    """Or not the one that is meant; the time is up to the second."""
    assert does(lives(WAITING, LEFT, *more)) == [
        (HOUR, "waits for it"),
        (2 * DAY + HOUR, "goes on"),
        (2 * DAY + HOUR, "sends reminder"),
    ]


def test_an_event_since_the_step_before_counts_as_come() -> None:
    """It came while the journey waited for something else."""
    bought = told(order, "o", HOUR / 2, total="50.00", checkout="other")
    assert does(lives(WAITING, LEFT, bought))[1] == (HOUR, "goes on")


def test_a_wait_for_quiet_starts_again() -> None:
    """With each event, until there was none for so long."""
    steps: list[dict[str, Any]] = [
        {"wait": {"for": "4 hours", "after_last": "product_viewed"}},
        {"send": "a"},
    ]
    events = [LEFT, viewed("v1", 3 * HOUR), viewed("v2", 6 * HOUR)]
    assert does(lives(steps, *events))[-1] == (10 * HOUR, "sends a")


def test_a_wait_at_the_end_of_a_branch_is_waited_in_that_branch_alone() -> None:
    """Before it joins the others."""
    steps: list[dict[str, Any]] = [
        {"if": "IF", "then": [{"wait": "3 days"}], "else": [{"wait": "1 day"}]},
        {"send": "a"},
    ]
    for condition, after in (("event.total > 0", 3 * DAY), ("event.total > 500", DAY)):
        assert does(lives([{**steps[0], "if": condition}, steps[1]]))[-1] == (after, "sends a")


def test_exit_ends_it() -> None:
    """Nothing follows."""
    steps: list[dict[str, Any]] = [
        {"send": "a"},
        {"if": "event.total > 0", "then": [{"exit": True}]},
        {"send": "b"},
    ]
    assert [what for _, what in does(lives(steps))] == ["sends a", "holds"]


def test_an_exit_with_a_condition_ends_it_only_if_that_holds() -> None:
    """The event that arrived is asked."""
    steps: list[dict[str, Any]] = [{"wait": "1 day"}, {"send": "a"}]
    exit_ = {"event": "order_placed", "where": "arrived.total > 100"}
    small, large = (
        told(order, f"o{total}", HOUR, total=f"{total}.00", checkout="other") for total in (50, 150)
    )
    assert does(lives(steps, LEFT, small, exit=exit_)) == [(DAY, "sends a")]
    (stopped,) = lives(steps, LEFT, large, exit=exit_)
    assert (stopped.status, stopped.reason, stopped.ended_at) == ("ABORTED", "order_placed", BEGIN + HOUR)


def test_a_customer_falls_on_one_side_and_gets_one_variant() -> None:
    """The same whenever they begin again."""
    sides = [{"name": name, "share": "50%", "steps": [{"send": name}]} for name in ("left", "right")]
    steps: list[dict[str, Any]] = [{"split": sides}, {"send": "offer", "test": ["one", "two"]}]
    events = [told(checkout, f"c{day}", day * DAY) for day in range(3)]
    journeys = lives(steps, *events, reentry="always")
    assert len(journeys) == 3
    seen = [tuple(what for _, what in does([each])) for each in journeys]
    assert len(set(seen)) == 1
    assert seen[0][1:] in {
        (f"sends {side}", f"sends offer.{each}") for side in ("left", "right") for each in ("one", "two")
    }


def test_without_a_coupon_the_other_mail_goes() -> None:
    """A coupon of the shop's is there; one that has ended is not."""
    steps: list[dict[str, Any]] = [
        {"send": "offer", "coupon": "welcome", "else": [{"send": "plain"}]},
        {"send": "last"},
    ]
    ended = Coupon(code="HELLO", ends=(BEGIN - DAY).date())
    past = OWN.model_copy(update={"coupons": {"welcome": ended}})
    assert [what for _, what in does(lives(steps))] == ["sends offer", "sends last"]
    assert [what for _, what in does(lives(steps, shop=past))][1:] == ["sends plain", "sends last"]


def test_the_frequency_cap_defers_and_expiry_drops() -> None:
    """As it would: the second mail of a day waits for the next, the third has no time to."""
    capped = OWN.model_copy(update={"frequency_cap": [FrequencyCap(at_most=1, within=DAY)]})
    steps: list[dict[str, Any]] = [
        {"send": "a"},
        {"wait": "1 hour"},
        {"send": "b"},
        {"wait": "1 hour"},
        {"send": "c", "expires": "2 hours"},
    ]
    did = [(at, what) for at, what in does(lives(steps, shop=capped)) if "put off" not in what]
    assert [what for _, what in did] == ["sends a", "sends b", "drops c: expired: frequency cap"]
    assert did[1][0] >= DAY


def test_until_a_day_that_the_event_names() -> None:
    """The first wait knows the event already."""
    steps: list[dict[str, Any]] = [
        {"wait": {"until": "event.date", "offset": "-1 day", "at": "09:00"}},
        {"send": "a"},
    ]
    visit = told(checkout, "c", 0 * DAY, date="2026-03-20")
    assert does(lives(steps, visit)) == [(8 * DAY + 21 * HOUR, "sends a")]


def test_no_story_no_journey() -> None:
    """Nothing to begin with."""
    workflow = Workflow.model_validate(
        {"id": "w", "name": "W", "trigger": {"date": "birthday"}, "steps": [{"send": "a"}]}
    )
    assert play(workflow, Story((), BEGIN, ZoneInfo("UTC")), lambda *_: True) == []
