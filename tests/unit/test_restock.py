"""A product can be bought again: everybody who asked is told once, whatever is delivered how often."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes import Faults
from tests.worlds import NOW, World, email
from tidings.errors import Unavailable
from tidings.events import Event, product_identity
from tidings.forms import facts
from tidings.goods.restock import Restock

DAY = timedelta(days=1)


def product(stock: int | None, at: Any = NOW, number: str = "501", **more: Any) -> Event:
    """A word on the product."""
    told = {"id": number, "title": "Moss Teapot", "status": "active", "updated_at": at.isoformat(), **more}
    return Event(
        id=f"shopify:product_updated:{number}:{at.isoformat()}",
        type="product_updated",
        at=at,
        received_at=at,
        source="shopify",
        identity=product_identity("shopify", number),
        properties=told if stock is None else {**told, "inventory": stock},
    )


def asked(address: str, at: Any = NOW, number: str = "501") -> Event:
    """Somebody's request."""
    sent = facts.sent_by_anybody(address, email(address), at, "s")
    return facts.back_in_stock_requested(sent, number, "shopify", "Moss Teapot")


def told(world: World) -> list[Event]:
    """Who was told."""
    return [each for each in world.events.rows.values() if each.type == "product_available"]


def test_whoever_asked_is_told_when_it_is_back() -> None:
    """They, and nobody who asked for another product; by an event of their own, with the product's id."""
    world = World()
    world.happen(product(0, NOW - DAY), asked("ann@example.com"), asked("bea@example.com"))
    world.happen(asked("cleo@example.com", number="502"))
    world.happen(product(3, NOW + DAY))
    found = told(world)
    assert {each.identity for each in found} == {email("ann@example.com"), email("bea@example.com")}
    assert {each.properties["product_id"] for each in found} == {"501"}
    world.happen(*found)
    assert all("product_available" in c.last for c in world.customers.people if c.email != "cleo@example.com")


@pytest.mark.parametrize(
    "words",
    [
        [product(2, NOW - DAY), product(3, NOW + DAY)],
        [product(0, NOW - DAY), product(0, NOW + DAY)],
        [product(0, NOW - DAY), product(5, NOW + DAY, status="draft")],
        [product(0, NOW + 2 * DAY), product(3, NOW + DAY)],
        [product(3, NOW + DAY)],
    ],
)
def test_nobody_is_told_of_what_is_no_news(words: list[Event]) -> None:
    """It was there all along, is not there yet, is not shown, or an older word came late."""
    world = World()
    world.happen(words[0], asked("ann@example.com"), *words[1:])
    assert told(world) == []


def test_one_request_is_answered_once() -> None:
    """A delivery that comes again, and a product that comes and goes; an old request is not answered any more."""
    world = World()
    world.happen(product(0, NOW - DAY), asked("ann@example.com"), asked("old@example.com", NOW - 61 * DAY))
    for number in range(1, 4):
        back = product(3, NOW + number * DAY)
        world.happen(back, back, product(0, NOW + number * DAY + timedelta(hours=1)))
    assert [each.identity for each in told(world)] == [email("ann@example.com")]


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_loses_nobody(after: bool) -> None:
    """Cut off at the second who is told: the delivery comes again, and everybody has one event."""
    world = World()
    world.happen(product(0, NOW - DAY), *(asked(f"a{number}@example.com") for number in range(3)))
    back = product(3, NOW + DAY)
    world.events.put(back)
    world.events.faults = Faults(at=2, after=after)
    with pytest.raises(Unavailable):
        world.tracker.track(back)
    world.tracker.track(replace(back, received_at=back.received_at))
    assert len(told(world)) == 3


def test_one_product_does_not_hold_up_the_others() -> None:
    """So many at once; the rest at the next word that it is back."""
    world = World()
    world.happen(product(0, NOW - DAY), *(asked(f"a{number}@example.com") for number in range(3)))
    watch = Restock(world.events, world.products, world.clock, most=2)
    assert watch.look(product(3, NOW + DAY)) == 2
    assert watch.look(product(3, NOW + 3 * DAY)) == 1
    assert watch.look(product(3, NOW + 5 * DAY)) == 0
