"""The demo's WooCommerce shop: bodies that the source reads, and the story that they tell."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from infra.local import woo
from infra.local.story import Story
from infra.local.wire import Webhook
from tidings.events import Event
from tidings.sources import SOURCES, Request

START = datetime(2027, 2, 27, tzinfo=UTC)
KEY = b"k" * 32


def _read(told: list[Webhook]) -> list[Event]:
    source = SOURCES["woocommerce"]
    return [
        event
        for hook in told
        for event in source.parse(
            Request("woocommerce", {"x-wc-webhook-topic": hook.topic}, hook.body), hook.at, KEY
        )
    ]


def test_a_guest_and_a_member_buy() -> None:
    """A checkout that is paid after its reminder, an order that is paid at once and packed; what is told again is the
    same event."""
    told = woo.live(START, "http://127.0.0.1/pictures/")
    (reaction,) = woo.reactions(START)
    assert (reaction.email, reaction.workflow, reaction.nth) == (woo.GUEST.email, "abandoned-checkout", 1)
    assert reaction.then is not None
    events = _read([*told, *reaction.then(START + timedelta(hours=40))])
    once = {event.id: event for event in events}
    assert Counter(event.type for event in once.values()) == {
        "product_updated": 3, "checkout_started": 1, "checkout_updated": 1, "customer_registered": 1,
        "order_placed": 2, "order_paid": 2, "order_fulfilled": 1,
    }  # fmt: skip
    assert len(events) > len(once)
    assert all(event.dated and START <= event.at < START + timedelta(days=7) for event in once.values())


def test_a_checkouts_mail_leads_to_the_payment_and_adds_up() -> None:
    """The refused payment's address, and the sum of the lines and the shipping."""
    events = _read(woo.live(START, "http://127.0.0.1/pictures/"))
    checkout = next(event.properties for event in events if event.type == "checkout_updated")
    assert "/order-pay/4711/" in checkout["url"]
    assert (checkout["total"], checkout["currency"]) == ("98.80", "USD")  # 64.00 + 2 x 14.90 + 5.00
    product = next(event.properties for event in events if event.type == "product_updated")
    assert product["image"].startswith("http://127.0.0.1/pictures/")


def test_the_guest_has_agreed_before() -> None:
    """With an order of the past, whose box counts as consent; it is too old to start anything."""
    events = _read(woo.history(START))
    assert {event.type for event in events} == {"order_placed", "order_paid", "order_fulfilled"}
    assert all(event.properties["accepts_marketing"] is True for event in events)
    assert max(event.at for event in events) < START - timedelta(days=2)


def test_the_demo_tells_it() -> None:
    """Beside Shopify's webhooks, in the order of time."""
    story = Story(1, "http://127.0.0.1/pictures/")
    assert "woocommerce" in {hook.source for hook in story.history(START)}
    live = story.live(START)
    assert {hook.source for hook in live} == {"shopify", "woocommerce", "events", "track"}
    assert [hook.at for hook in live] == sorted(hook.at for hook in live)
    assert any(each.email == woo.GUEST.email for each in story.reactions)
