"""The demo shop's bodies hold against what Shopify sends."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from infra.local import bodies, pictures
from infra.local.catalogue import PRODUCTS, SHOP_SITE, TRACK_KEY, convert, text
from infra.local.story import Story
from infra.local.wire import Webhook, headers
from tests.unit.test_ingest import FakeParameters, FakeStore
from tidings.clock import FixedClock
from tidings.intake.track import Track
from tidings.sources import SOURCES, Request
from tidings.tids import make_tid

SCHEMAS = Path(__file__).parents[4] / "shared" / "corpus" / "shopify" / "schemas"
START = datetime(2027, 2, 27, tzinfo=UTC)
GUESTS_LACK = {"customer", "billing_address", "shipping_address"}


def _all(story: Story) -> list[Webhook]:
    told = story.history(START) + story.live(START)
    return told + [hook for each in story.reactions if each.then for hook in each.then(START)]


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the corpus is not beside this checkout")
def test_bodies_have_the_shape_that_the_corpus_knows() -> None:
    """Every Shopify body of a run fits its topic's schema, but for what a guest has not told."""
    told = {hook.topic: hook for hook in _all(Story(1, "http://127.0.0.1/pictures/"))}
    told |= {f"{hook.topic} 2": hook for hook in _all(Story(2, "http://127.0.0.1/pictures/"))}
    checked = 0
    for hook in told.values():
        if hook.source != "shopify":
            continue
        schema = json.loads((SCHEMAS / f"{hook.topic}.json").read_text())
        for error in Draft202012Validator(schema).iter_errors(json.loads(hook.body)):
            lacking = {error.message.split("'")[1], *map(str, error.absolute_path)}
            assert lacking & GUESTS_LACK, f"{hook.topic}: {error.json_path}: {error.message}"
        checked += 1
    assert checked >= 20


def test_the_sources_read_every_body() -> None:
    """Each webhook of a run is one event with a time of its own, none from the future; an order of WooCommerce's is
    all that its status proves."""
    for hook in _all(Story(3, "http://127.0.0.1/pictures/")):
        if hook.source == "track":
            continue
        header = {name.lower(): value for name, value in headers(hook, "whsec_c2VjcmV0", "d", START).items()}
        received = max(hook.at, START) + timedelta(hours=2)
        found = SOURCES[hook.source].parse(Request(hook.source, header, hook.body), received, b"key")
        assert len(found) == 1 or (hook.source == "woocommerce" and found), hook.topic
        assert all(event.at <= received and event.dated for event in found), hook.topic


def test_the_door_for_pages_takes_what_the_pages_tell() -> None:
    """Views and carts, of some who are known and some who are not; each once."""
    keys = {"k1": b"s"}
    story = Story(3, "", tid=lambda account, until: make_tid(f"shopify:customer:{account}", until, keys))
    told = [hook for hook in _all(story) if hook.source == "track"]
    store = FakeStore()
    parameters = FakeParameters({"/webhooks/track": (TRACK_KEY,), "/keys/track": ("k1:s",)})
    for hook in told:
        door = Track(store, parameters, FixedClock(hook.at), frozenset({SHOP_SITE}))
        answer = door.receive(Request("track", {"origin": headers(hook, "", "", START)["Origin"]}, hook.body))
        assert (answer.status, answer.counts) == (204, {"EventsAccepted": 1}), answer.body
    found = list(store.events.values())
    assert {event.type for event in found} == {"product_viewed", "cart_updated"}
    assert {event.is_anonymous for event in found} == {True, False}
    assert all("url" in event.properties for event in found if event.type == "product_viewed")


def test_amounts_are_written_as_the_currency_is() -> None:
    """Yen and won have no decimals; a checkout shows the customer's currency, an order both."""
    assert text(convert(Decimal("64.00"), "JPY"), "JPY") == "9600"
    assert text(convert(Decimal("64.00"), "EUR"), "EUR") == "58.90"
    story = Story(1, "")
    person = next(person for person in story.past if person.place.currency == "KRW")
    cart = bodies.Checkout(1, person, ((PRODUCTS[0], 2),), START)
    checkout = bodies.checkout(cart, START)
    assert (checkout["currency"], checkout["presentment_currency"]) == ("USD", "KRW")
    assert checkout["total_price"] == checkout["line_items"][0]["line_price"] == "172800"
    order = bodies.order(bodies.Order(1, cart, START, START))
    money = order["line_items"][0]["price_set"]
    assert money["shop_money"] == {"amount": "64.00", "currency_code": "USD"}
    assert money["presentment_money"] == {"amount": "86400", "currency_code": "KRW"}
    assert order["checkout_token"] == checkout["token"]


def test_an_order_adds_up_in_the_customers_currency() -> None:
    """What stands in the mail: the lines' rounded prices and the shipping are the total, to the cent."""
    story = Story(1, "")
    person = next(person for person in story.past if person.place.currency == "EUR")
    for item in PRODUCTS:
        cart = bodies.Checkout(1, person, ((item, 1), (PRODUCTS[6], 2)), START)
        order = bodies.order(bodies.Order(1, cart, START, START))
        names = ("subtotal_price_set", "total_shipping_price_set", "total_price_set")
        goods, shipping, total = (Decimal(order[name]["presentment_money"]["amount"]) for name in names)
        lines = [
            (line["price_set"]["presentment_money"]["amount"], line["quantity"])
            for line in order["line_items"]
        ]
        assert goods == sum(Decimal(price) * quantity for price, quantity in lines)
        assert total == goods + shipping


def test_an_order_tells_how_far_it_has_come() -> None:
    """Paid, fulfilled and cancelled orders say so in the fields that Shopify uses."""
    person = Story(1, "").past[0]
    placed = bodies.Order(1, bodies.Checkout(1, person, ((PRODUCTS[0], 1),), START), START, START)
    assert bodies.order(placed)["financial_status"] == "pending"
    later = START + timedelta(hours=1)
    done = bodies.order(bodies.Order(1, placed.checkout, START, later, paid=START, fulfilled=later))
    assert (done["financial_status"], done["fulfillment_status"]) == ("paid", "fulfilled")
    assert done["fulfillments"][0]["order_id"] == done["id"]
    gone = bodies.order(bodies.Order(1, placed.checkout, START, later, cancelled=later))
    assert gone["cancelled_at"] == bodies.stamp(later)


def test_every_product_has_a_picture() -> None:
    """The recorder can draw each product's picture, and nothing that is not one."""
    for item in PRODUCTS:
        drawn = pictures.draw(item.picture)
        assert drawn is not None
        assert drawn.startswith(b"<svg")
    assert {*pictures.names()} >= {item.picture for item in PRODUCTS}
    assert pictures.draw("../recorder.py") is None
    assert pictures.draw("teapot-unknown.svg") is None
