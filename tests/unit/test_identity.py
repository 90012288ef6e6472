"""Whose is it: facts of orders, carts and browsers that name nobody find their customer, in any order."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from tests.worlds import ANN, DAY, HOUR, NOW, World, checkout, email, event, order
from tidings.events import Event, account_alias, customer_identity, token_alias
from tidings.workflow.model import Workflow

CART = token_alias("shopify", "cart", "c1")
BOX = token_alias("track", "visitor", "v1")


def refund(name: str = "r1", number: str = "o1", **told: Any) -> Event:
    """A refund as Shopify tells it: under the order's token."""
    tokens = (token_alias("shopify", "order", number),)
    return event("order_refunded", name, order_id=number, tokens=tokens, total="30.00", **told)


def parcel(name: str = "f1", number: str = "o1", contact: str = "", **told: Any) -> Event:
    """A fulfillment as Shopify tells it: under the order's token, with a contact address beside it."""
    token = token_alias("shopify", "order", number)
    sent = event("order_fulfilled", f"{number}:{name}", order_id=number, tokens=(token,), **told)
    aliases = (token, email(contact)) if contact else (token,)
    return replace(sent, aliases=aliases, properties={**sent.properties, "contact_email": contact or None})


def cart(name: str, at: Any = NOW, *tokens: str, **told: Any) -> Event:
    """A cart that names nobody."""
    return event("cart_updated", f"c1:{name}", at=at, tokens=(CART, *tokens), cart="c1", **told)


def view(name: str, at: Any = NOW, identity: str = BOX, *tokens: str) -> Event:
    """A page looked at, by a browser or by whom a signed token names."""
    return Event(
        f"track:product_viewed:{name}",
        "product_viewed",
        at,
        max(at, NOW),
        "shopify",
        identity,
        (identity, *tokens),
    )


@pytest.mark.parametrize("arrival", list(permutations(range(3))))
def test_a_refund_and_a_parcel_find_the_orders_customer(arrival: tuple[int, ...]) -> None:
    """Whichever of order, refund and parcel comes first: one customer, one order, paid back and sent."""
    told = [
        order("o1", at=NOW - HOUR, **ANN),
        refund(at=NOW),
        parcel(at=NOW - HOUR / 2, contact="ann@example.com"),
    ]
    world = World()
    world.happen(*(told[index] for index in arrival))
    customer = world.only()
    assert len(customer.orders) == 1
    assert customer.orders_count == 0
    assert customer.total_spent == 0
    assert customer.last["order_fulfilled"] == int((NOW - HOUR / 2).timestamp())
    assert customer.last["order_refunded"] == int(NOW.timestamp())


def test_a_refund_costs_no_name() -> None:
    """An order of a known customer claims nothing: it is found through the event that told it."""
    world = World()
    world.happen(event("customer_registered", "1", at=NOW - DAY, **ANN))
    known = dict(world.customers.aliases)
    world.happen(order("o1", at=NOW - HOUR, **ANN), refund())
    assert world.customers.aliases == known
    assert world.only().last["order_refunded"]


def test_a_refund_of_nobodys_order_makes_nobody() -> None:
    """It waits; the order may be older than the shop's history here."""
    world = World()
    world.happen(refund())
    assert not world.customers.people


def test_a_refund_told_before_its_order_was_folded_creates_the_orders_customer() -> None:
    """The stream promises no order: both are stored, the refund is folded first."""
    world, placed = World(), order("o1", at=NOW - HOUR, **ANN)
    world.events.put(placed)
    world.happen(refund())
    assert set(world.customers.aliases) >= {account_alias("shopify", "1"), email("ann@example.com")}
    world.tracker.track(placed)
    assert len(world.only().orders) == 1


def test_the_contact_beside_a_parcel_is_not_the_orders_customer() -> None:
    """Ann bought, the office receives: the parcel is Ann's, and her address stays hers."""
    world = World()
    world.happen(order("o1", at=NOW - HOUR, **ANN), parcel(contact="office@example.com"))
    customer = world.only()
    assert customer.last["order_fulfilled"]
    assert customer.email == "ann@example.com"
    assert email("office@example.com") not in world.customers.aliases


def test_a_parcel_of_an_unknown_order_goes_to_its_contact() -> None:
    """Nobody else is known; when the order comes, its owner has the parcel, and what follows too."""
    world = World()
    world.happen(parcel(contact="office@example.com"))
    assert world.only().email == "office@example.com"
    assert world.only().orders_count == 0
    world.happen(order("o1", at=NOW - HOUR, **ANN), refund())
    ann = next(person for person in world.customers.people if person.email == "ann@example.com")
    assert ann.last["order_fulfilled"]
    assert ann.last["order_refunded"]
    assert ann.orders_count == 0


def test_what_waits_begins_its_journey_when_its_owner_is_known() -> None:
    """A parcel told before its order sends the shipping mail; one of last week only builds state."""
    shipped = Workflow.model_validate(
        {
            "id": "shipped",
            "name": "Shipped",
            "class": "transactional",
            "trigger": {"event": "order_fulfilled"},
            "reentry": "each order",
            "steps": [{"send": "shipped"}],
        }
    )
    for late, begun in ((timedelta(0), 1), (7 * DAY, 0)):
        world = World()
        known = world.tracker.catalogue
        more = replace(
            known, workflows={**known.workflows, "shipped": shipped}, revs={**known.revs, "shipped": "r1"}
        )
        world.tracker = replace(world.tracker, catalogue=more)
        world.happen(parcel(at=NOW - HOUR))
        world.clock.advance(late)
        world.happen(order("o1", at=NOW - HOUR, **ANN))
        assert world.machines.starts.get("shipped", 0) == begun
        assert world.only().last["order_fulfilled"]


def test_a_cart_before_and_after_its_name_is_the_customers() -> None:
    """With a claimed token, where an update names first, and with one that a checkout's beginning points to."""
    for kind, claimed in (("checkout_updated", True), ("checkout_started", False)):
        world = World()
        world.happen(event("customer_registered", "1", at=NOW - 2 * HOUR, **ANN))
        world.happen(cart("1", NOW - HOUR))
        assert "cart_updated" not in world.only().last
        told = {"tokens": (token_alias("shopify", "checkout", "t1"), CART), "cart": "c1", **ANN}
        world.happen(checkout("t1", type_=kind, at=NOW - HOUR / 2, **told))
        assert world.only().last["cart_updated"] == int((NOW - HOUR).timestamp())
        assert (CART in world.customers.aliases) is claimed
        world.happen(cart("2", NOW))
        assert world.only().last["cart_updated"] == int(NOW.timestamp())


def test_a_cart_left_behind_is_reminded_of_before_and_after_its_name() -> None:
    """A signed page names it: the cart of an hour ago begins a journey, the next one too; a checkout ends both."""
    left = Workflow.model_validate(
        {
            "id": "abandoned-cart",
            "name": "Abandoned cart",
            "trigger": {"event": "cart_updated"},
            "reentry": "each cart",
            "exit": [{"event": "checkout_started"}, {"event": "order_placed"}],
            "steps": [{"wait": "4 hours"}, {"send": "left"}],
        }
    )
    world = World()
    known = world.tracker.catalogue
    more = replace(known, workflows={"abandoned-cart": left}, revs={"abandoned-cart": "r1"})
    world.tracker = replace(world.tracker, catalogue=more)
    world.happen(event("customer_registered", "1", at=NOW - DAY, **ANN), cart("1", NOW - HOUR))
    ann = customer_identity(world.only().id)
    assert not world.machines.started
    world.happen(view("1", NOW, ann, BOX, CART))
    assert list(world.machines.started.values()) == [3 * 3600]
    world.happen(cart("2", NOW))
    assert world.machines.starts == {"abandoned-cart": 1}
    other = token_alias("shopify", "cart", "c2")
    world.happen(event("cart_updated", "c2:1", at=NOW, tokens=(BOX, other), cart="c2"))
    assert world.machines.starts == {"abandoned-cart": 2}
    world.happen(checkout("t1", at=NOW + HOUR, cart="c1", **ANN))
    assert not world.only().journeys
    assert world.machines.running == set()


def test_a_browser_is_known_once_its_cart_is() -> None:
    """Looked at, put into the cart, named at the checkout: all of it is the customer's, and what comes later."""
    world = World()
    world.happen(view("1", NOW - 3 * HOUR), cart("1", NOW - 2 * HOUR, BOX))
    assert not world.customers.people
    told: dict[str, Any] = {"tokens": (token_alias("shopify", "checkout", "t1"), CART), "cart": "c1"}
    world.happen(checkout("t1", at=NOW - HOUR, **told, **ANN))
    assert world.customers.aliases[BOX] == world.only().id
    assert world.only().last["product_viewed"] == int((NOW - 3 * HOUR).timestamp())
    world.happen(view("2", NOW))
    assert world.only().last["product_viewed"] == int(NOW.timestamp())


def test_a_signed_page_names_its_browser_and_merges_nobody() -> None:
    """By customer id or by account; a browser that is somebody's stays theirs."""
    world = World()
    world.happen(event("customer_registered", "1", at=NOW - DAY, **ANN))
    ann = world.only()
    world.happen(view("1", NOW - HOUR), view("2", NOW, customer_identity(ann.id), BOX))
    assert world.customers.aliases[BOX] == ann.id
    assert world.only().last["product_viewed"] == int(NOW.timestamp())
    world.happen(event("customer_registered", "2", at=NOW - DAY, account="2", address="bob@example.com"))
    world.happen(view("3", NOW + HOUR, account_alias("shopify", "2"), BOX))
    assert len(world.customers.people) == 2
    assert world.customers.aliases[BOX] == ann.id
    bob = world.customers.rows[world.customers.aliases[account_alias("shopify", "2")]]
    assert bob.last["product_viewed"] == int((NOW + HOUR).timestamp())


def test_an_unsigned_page_claims_nothing() -> None:
    """A browser that is known may name any cart: it does not become theirs."""
    world = World()
    world.happen(event("customer_registered", "1", at=NOW - DAY, **ANN))
    world.happen(view("1", NOW, customer_identity(world.only().id), BOX))
    known = dict(world.customers.aliases)
    world.happen(view("2", NOW + HOUR, BOX, token_alias("shopify", "cart", "somebody's")))
    assert world.customers.aliases == known
    assert world.only().last["product_viewed"] == int((NOW + HOUR).timestamp())


def test_a_rebuild_finds_what_the_order_led_to() -> None:
    """Refund and parcel lie under the order's token, and the customer's item does not name it."""
    world = World()
    world.happen(order("o1", at=NOW - HOUR, **ANN), refund(at=NOW), parcel(at=NOW))
    known = world.only()
    assert not any(":order:" in partition for partition in known.partitions)
    world.tracker.rebuild(known.id)
    assert world.only().orders == known.orders
    assert world.only().last == known.last
