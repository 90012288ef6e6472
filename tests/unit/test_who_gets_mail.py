"""Whether a mail may go to a customer now: suppressions, consent, the person's own choices."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.worlds import ANN, DAY, HOUR, NOW, SHOP, World, event, order, subscribed
from tidings.customer import Customer, apply, epoch, new_customer
from tidings.events import Event
from tidings.journey import Send, Skip, decide_mail
from tidings.ports import Suppression
from tidings.shop import Shop
from tidings.workflow.model import Workflow

YES = subscribed("1", at=NOW - DAY, **ANN)


def workflow(class_: str = "marketing", topic: str | None = None) -> Workflow:
    """One that sends a mail."""
    told = {
        "id": "w",
        "name": "W",
        "class": class_,
        "trigger": {"event": "subscribed"},
        "steps": [{"send": "m"}],
    }
    return Workflow.model_validate({**told, **({"topic": topic} if topic else {})})


def ann(*events: Event) -> Customer:
    """Ann, as these events tell her."""
    customer = new_customer("c1", YES)
    for each in (event("profile_updated", "1", at=NOW - 900 * DAY, **ANN), *events):
        customer = apply(customer, each)
    return customer


def decided(
    customer: Customer, *held: tuple[str, Any], flow: Workflow | None = None, shop: Shop = SHOP
) -> str:
    """`sent`, or why not. `held` are suppressions, each with its time."""
    suppressions = [Suppression("email:1", reason, epoch(at)) for reason, at in held]
    decision = decide_mail(flow or workflow(), customer, suppressions, shop, NOW)
    assert isinstance(decision, Skip) or decision == Send("ann@example.com")
    return decision.reason if isinstance(decision, Skip) else "sent"


SERVICE = workflow("transactional")
OFFERS = workflow(topic="offers")


@pytest.mark.parametrize("reason", ["bounced", "complained"])
def test_suppressions_hold_for_every_mail(reason: str) -> None:
    """A hard bounce and a complaint outlast any later consent, for transactional mail too."""
    held = (reason, NOW - 2 * DAY)
    assert decided(ann(YES), held) == decided(ann(YES), held, flow=SERVICE) == reason


def test_an_erased_person_comes_back_by_subscribing_only() -> None:
    """Erased blocks everything until they subscribe anew: an order, even with the box ticked, is no subscription."""
    bought = order("o1", at=NOW, accepts_marketing=True, **ANN)
    for flow in (SERVICE, workflow(), OFFERS):
        assert decided(ann(YES, bought), ("erased", NOW - DAY), flow=flow) == "erased"
        assert decided(ann(YES, bought), ("erased", NOW - 2 * DAY), flow=flow) == "sent"


def test_transactional_mail_needs_no_consent() -> None:
    """Nobody's no, and no pause, holds back what they must know."""
    pause = event("preferences_changed", "1", at=NOW, frequency="paused", topics={"offers": False}, **ANN)
    assert decided(ann(), flow=SERVICE) == "sent"
    assert (
        decided(ann(YES, pause), ("unsubscribed", NOW), ("unsubscribed:offers", NOW), flow=SERVICE) == "sent"
    )


def test_an_unsubscription_is_lifted_by_a_newer_yes_alone() -> None:
    """It counts before its event is folded, and against what is only ticked or implied later."""
    shop = SHOP.model_copy(update={"implied_consent": timedelta(days=730)})
    held = ("unsubscribed", NOW - HOUR)
    assert decided(ann(YES), held) == "unsubscribed"
    assert decided(ann(YES), ("unsubscribed", NOW - DAY)) == "unsubscribed", "of the same second, no"
    assert decided(ann(order("o1", accepts_marketing=True, **ANN)), held, shop=shop) == "unsubscribed"
    assert decided(ann(subscribed("2", at=NOW, **ANN)), held) == "sent"


def test_topics_are_refused_one_by_one() -> None:
    """A topic's suppression holds for its own workflows, until a newer yes to it or to everything."""
    held = ("unsubscribed:offers", NOW - HOUR)
    assert decided(ann(YES), held, flow=OFFERS) == "no consent: offers"
    assert decided(ann(YES), held, flow=workflow(topic="newsletter")) == decided(ann(YES), held) == "sent"
    again = subscribed("2", at=NOW, topics=["offers"], **ANN)
    assert decided(ann(YES, again), held, flow=OFFERS) == "sent"
    left = event("unsubscribed", "1", at=NOW, topics=["offers"], **ANN)
    assert decided(ann(YES, left), flow=OFFERS) == "no consent: offers"


def test_why_there_is_no_consent() -> None:
    """Never asked, taken back, waiting to be confirmed, paused."""
    double = SHOP.model_copy(update={"double_opt_in": True})
    pause = event("preferences_changed", "1", at=NOW, frequency="paused", **ANN)
    assert decided(ann()) == "no consent"
    assert decided(ann(YES, event("unsubscribed", "1", at=NOW, **ANN))) == "unsubscribed"
    assert decided(ann(YES), shop=double) == "no consent"
    assert decided(ann(subscribed("2", at=NOW, confirmed=True, **ANN)), shop=double) == "sent"
    assert decided(ann(YES, pause)) == "paused by the customer"
    assert decided(new_customer("c1", YES)) == "no address"


def test_implied_consent_is_asked_for_when_the_mail_goes() -> None:
    """A mail that was planned while a purchase implied consent does not go out after it has ended."""
    customer = ann(order("o1", at=NOW - 10 * DAY, **ANN))
    long, short = (SHOP.model_copy(update={"implied_consent": days * DAY}) for days in (11, 10))
    assert (decided(customer, shop=long), decided(customer, shop=short)) == ("sent", "no consent")


def _occurred(*events: Event, shop: Shop) -> list[str]:
    """The journeys that began, one workflow for each of the occurrences of consent."""
    world = World()
    flows = {
        name: Workflow.model_validate(
            {"id": name.replace("_", "-"), "name": name, "reentry": "always", "trigger": {"event": name},
             "class": "transactional", "steps": [{"send": "m"}]}
        )
        for name in ("subscribed", "unsubscribed", "opt_in_requested")
    }  # fmt: skip
    catalogue = world.tracker.catalogue
    by_id = {flow.id: flow for flow in flows.values()}
    catalogue = replace(catalogue, workflows=by_id, revs=dict.fromkeys(by_id, "r1"), shop=shop)
    world.tracker = replace(world.tracker, catalogue=catalogue)
    world.happen(*events)
    return sorted(journey.workflow for journey in world.journeys.rows.values())


def test_double_opt_in_subscribes_at_the_confirmation() -> None:
    """The first word asks for a confirmation and subscribes nobody; told again, nothing more; the confirmation does."""
    double = SHOP.model_copy(update={"double_opt_in": True})
    yes, sure = subscribed("1", **ANN), subscribed("2", at=NOW + HOUR, confirmed=True, **ANN)
    assert _occurred(yes, shop=SHOP) == ["subscribed"]
    repeated = event(
        "customer_registered", "1", consent={"state": "subscribed", "at": NOW.isoformat()}, **ANN
    )
    assert _occurred(yes, repeated, shop=double) == ["opt-in-requested"]
    assert _occurred(yes, sure, shop=double) == ["opt-in-requested", "subscribed"]
    assert _occurred(sure, yes, shop=double) == ["subscribed"], "the confirmation came first"
    assert _occurred(order("o1", accepts_marketing=True, **ANN), shop=double) == ["opt-in-requested"]


def test_what_the_platform_asks_for_itself_is_not_asked_for_again() -> None:
    """Pending is Shopify's own double opt-in under way; what it then confirms subscribes."""
    double = SHOP.model_copy(update={"double_opt_in": True})
    pending = event("profile_updated", "1", consent={"state": "pending", "at": NOW.isoformat()}, **ANN)
    sure = {"state": "subscribed", "at": (NOW + HOUR).isoformat(), "level": "confirmed_opt_in"}
    confirmed = event("subscribed", "1", at=NOW + HOUR, consent=sure, **ANN)
    assert _occurred(pending, shop=double) == []
    assert _occurred(pending, confirmed, shop=double) == ["subscribed"]


def test_a_purchase_is_no_subscription() -> None:
    """Implied consent begins no welcome; to refuse it unsubscribes all the same."""
    shop = SHOP.model_copy(update={"implied_consent": timedelta(days=730)})
    bought, no = order("o1", **ANN), event("unsubscribed", "1", at=NOW + HOUR, **ANN)
    assert _occurred(bought, shop=shop) == []
    assert _occurred(bought, no, shop=shop) == ["unsubscribed"]
    assert _occurred(bought, no, shop=SHOP) == []
