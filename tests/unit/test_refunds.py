"""What is paid back: an order counts for what is left of it, whatever was told first."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from tests.worlds import ANN, HOUR, NOW, World, event, order
from tidings.aws.codec import decode_item, encode_item
from tidings.aws.customer_item import from_item, to_item
from tidings.customer import Customer
from tidings.events import Event
from tidings.expressions.functions import Known, functions


def refund(name: str, total: str | None = None, number: str = "o1", **told: Any) -> Event:
    """A refund that names its customer, as a shop's own event does."""
    told |= {} if total is None else {"total": total}
    return event("order_refunded", name, at=NOW, order_id=number, **told, **ANN)


def folded(*told: Event) -> Customer:
    """The one customer of these events."""
    world = World()
    world.happen(*told)
    return world.only()


PLACED = order("o1", at=NOW - HOUR, total="30.00", **ANN)


@pytest.mark.parametrize("arrival", list(permutations(range(4))))
def test_the_order_of_arrival_changes_no_sum(arrival: tuple[int, ...]) -> None:
    """Two refunds, the order and its payment: the same customer whichever comes first."""
    paid = order(
        "o1", type_="order_paid", total="30.00", placed_at=PLACED.properties["placed_at"], at=NOW, **ANN
    )
    told = [PLACED, paid, refund("r1", "5.00"), refund("r2", "7.50")]
    customer = folded(*(told[index] for index in arrival))
    assert customer.orders == folded(*told).orders
    assert customer.orders_count == 1
    assert customer.total_spent == Decimal("17.50")
    assert customer.last == folded(*told).last


@pytest.mark.parametrize(
    ("back", "count", "spent"),
    [
        ([refund("r1", "12.00")], 1, "18.00"),
        ([refund("r1", "30.00")], 0, "0"),
        ([refund("r1", "10.00"), refund("r2", "20.00")], 0, "0"),
        ([refund("r1", "99.00")], 0, "0"),
        ([refund("r1")], 0, "0"),
        ([refund("r1", "12.00"), refund("r1", "12.00")], 1, "18.00"),
        ([refund("r1", None, presentment_total="120.00")], 1, "30.00"),
        ([refund("r1", "0")], 1, "30.00"),
    ],
    ids=["part", "all", "all in two", "more", "no amount", "twice", "foreign", "nothing"],
)
def test_an_order_counts_for_what_is_left_of_it(back: list[Event], count: int, spent: str) -> None:
    """Paid back whole it doesn't count at all; of an amount that nobody told, everything came back."""
    customer = folded(PLACED, *back)
    assert customer.orders_count == count
    assert customer.total_spent == Decimal(spent)


def test_a_refund_of_an_order_not_yet_told_places_none() -> None:
    """Nor does a parcel; when the order comes, it is placed, once, and counts for what is left."""
    world = World()
    sent = event("order_fulfilled", "o1:f1", at=NOW, order_id="o1", tracking_number="1Z", **ANN)
    world.happen(refund("r1", "12.00"), sent)
    assert world.only().orders_count == 0
    assert "order_placed" not in world.only().last
    world.happen(PLACED)
    assert world.only().orders_count == 1
    assert world.only().total_spent == 18


def test_expressions_ask_whether_an_order_was_refunded() -> None:
    """`order(id).refunded` is true of any refund; `kept` is what is left."""
    asked = functions(Known(folded(PLACED, refund("r1", "12.00")), NOW))["order"]
    assert (asked("o1").refunded, asked("o1").kept) == (True, 18)
    fresh = functions(Known(folded(PLACED), NOW))["order"]
    assert (fresh("o1").refunded, fresh("o1").kept) == (False, 30)
    assert not functions(Known(folded(refund("r1")), NOW))["order"]("o1")


def test_refunds_are_stored_and_read_back() -> None:
    """With and without items, and the item stays as small as it was without refunds."""
    for told in ([PLACED], [PLACED, refund("r1", "12.00")], [refund("r1")]):
        customer = folded(*told)
        item = {name: value for name, value in to_item(customer).items() if value is not None}
        assert from_item(decode_item(encode_item(item))) == customer
    assert len(to_item(folded(PLACED))["orders"][next(iter(folded(PLACED).orders))]) == 4
