"""The demo's story: the same for the same seed, and everything in it that the demo is to show."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.local import readers
from infra.local.forms import hidden_fields
from infra.local.story import LIVE_DAYS, Story
from infra.local.wire import Webhook
from tidings.forms.catalogue import REVIEW_FORM, questions
from tidings.forms.fields import read
from tidings.shop import load_shop

ROOT = Path(__file__).parents[3]
START = datetime(2027, 2, 27, tzinfo=UTC)


def _story(seed: int = 1) -> tuple[Story, list[Webhook], list[Webhook]]:
    story = Story(seed, "http://127.0.0.1/pictures/")
    return story, story.history(START), story.live(START)


def test_a_seed_tells_one_story() -> None:
    """The same seed gives the same requests, byte for byte; another seed others."""
    _, history, live = _story()
    _, again, lived = _story()
    assert (history, live) == (again, lived)
    assert _story(2)[1] != history
    first, second = (_story()[0].reactions for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert (one.then is None) == (other.then is None)
        assert one.then is None or one.then(START) == (other.then and other.then(START))


def test_history_is_past_and_of_many() -> None:
    """A year of at least forty customers, all of it older than a day when it is sent."""
    story, history, _ = _story()
    assert len({person.email for person in story.past}) >= 40
    assert max(hook.at for hook in history) < START - timedelta(days=2)
    assert min(hook.at for hook in history) > START - timedelta(days=400)
    assert [hook.at for hook in history] == sorted(hook.at for hook in history)


def test_the_live_days_hold_what_is_to_be_seen() -> None:
    """Guests, foreign money, repeats, overtaking, and a birthday on 29 February."""
    story, _, live = _story()
    assert {hook.at.date() for hook in live} >= {(START + timedelta(days=n)).date() for n in range(LIVE_DAYS)}
    repeats = Counter((hook.topic, hook.event_id) for hook in live)
    assert {2, 3} <= {*repeats.values()}
    checkouts = [json.loads(hook.body) for hook in live if hook.topic.startswith("checkouts/")]
    assert {body["presentment_currency"] for body in checkouts} == {"USD", "EUR", "JPY", "KRW"}
    assert any("customer" not in body and body["email"] for body in checkouts)
    assert any("customer" not in body and not body["email"] for body in checkouts)
    assert _overtaken(live, "orders/paid", "orders/create")
    assert {"1992-02-29", "--02-29"} <= {person.birthday for person in story.past}
    assert len({person.place.timezone for person in story.past}) >= 8


def test_the_live_days_hold_browsing_carts_parcels_and_refunds() -> None:
    """Page views of both kinds; carts before checkouts; parcels that arrive or are late; some goods come back."""
    _, _, live = _story()
    topics = Counter(hook.topic for hook in live)
    assert topics["product_viewed"] >= 10
    assert min(topics[name] for name in ("cart_updated", "refunds/create")) >= 2
    assert topics["carts/update"] >= topics["checkouts/create"] / 2
    parcels = [
        json.loads(hook.body)["shipment_status"] for hook in live if hook.topic == "fulfillments/update"
    ]
    assert {"delivered", "delayed"} <= {*parcels}
    assert topics["orders/fulfilled"] == 0
    refunds = [json.loads(hook.body) for hook in live if hook.topic == "refunds/create"]
    assert {len(body["refund_line_items"]) for body in refunds} >= {1}


def _overtaken(live: list[Webhook], early: str, late: str) -> bool:
    first: dict[str, dict[int, datetime]] = {early: {}, late: {}}
    for hook in live:
        if hook.topic in first:
            first[hook.topic].setdefault(json.loads(hook.body)["id"], hook.at)
    return any(at < first[late].get(number, at) for number, at in first[early].items())


def test_people_react_to_every_workflow_they_can_leave() -> None:
    """Some buy after a mail, some unsubscribe by its link."""
    story, _, _ = _story()
    left = {each.workflow for each in story.reactions if not each.page}
    assert left == {"welcome", "abandoned-checkout", "win-back"}
    assert {each.nth for each in story.reactions if each.workflow == "abandoned-checkout"} == {1, 2}
    assert sum(each.then is None for each in story.reactions) >= 3
    order = next(each for each in story.reactions if each.then and each.workflow == "abandoned-checkout")
    assert order.then is not None
    assert order.then(START)[0].topic == "orders/create"


def test_some_reach_sixty_days_without_an_order() -> None:
    """Eight customers' last order lies sixty days before one of the live days."""
    _, history, _ = _story()
    last: dict[str, datetime] = {}
    for hook in history:
        if hook.topic == "orders/create":
            last[json.loads(hook.body)["email"]] = hook.at
    end = START + timedelta(days=LIVE_DAYS)
    silent = [at for at in last.values() if START < at + timedelta(days=60) < end]
    assert len(silent) >= 6


def test_people_use_the_shops_pages() -> None:
    """Choices by the mails' links, messages, and a product that is sold out while two ask for it and comes back."""
    story, _, live = _story()
    pages = {reaction.page for reaction in story.reactions if reaction.page}
    assert pages == {"preferences", "confirm", "form"}
    asked = [visit.at for visit in story.visits(START) if visit.page.startswith("back-in-stock")]
    told = [hook for hook in live if hook.topic == "products/update"]
    left = {hook.at: json.loads(hook.body)["variants"][0]["inventory_quantity"] for hook in told}
    gone, back = (next(at for at, count in left.items() if count == known) for known in (0, 25))
    assert gone < min(asked) < max(asked) < back


def test_a_form_sends_what_is_hidden_in_it() -> None:
    """The hidden fields of the page's first form, and no trap for machines."""
    page = (
        '<form><input type="hidden" name="showing" value="s&amp;1"><input name="website"></form>'
        '<form><input type="hidden" name="do" value="nothing"></form>'
    )
    assert hidden_fields(page) == {"showing": ["s&1"]}


def test_what_people_answer_later_fits_the_forms() -> None:
    """Surveys, reviews, scores; some of the unhappy, and some who need the reminder."""
    shop = load_shop(ROOT / "workflows" / "shop.yaml")
    story, _, _ = _story()
    later = readers.afterwards([*story.new, *story.past], START.date())
    asked = {
        "survey": questions(shop.forms["survey"], shop.interests, shop.rewards),
        "satisfaction-survey": questions(shop.forms["satisfaction"], shop.interests, shop.rewards),
        "review-request": REVIEW_FORM,
    }
    assert {each.workflow for each in later} == asked.keys()
    for each in later:
        found = read(asked[each.workflow], {**each.answers}, START.date())
        assert (found.errors, bool(found.values)) == ({}, True), each.workflow
    assert {each.nth for each in later if each.workflow == "survey"} == {1, 2}
    assert {"2", "5"} <= {each.answers["score"][0] for each in later if "score" in each.answers}
