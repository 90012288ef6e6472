"""What expressions and mails may call: answers, holes, and one signature for each."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.worlds import ANN, DAY, HOUR, NOW, event, order
from tidings.customer import KEEP_TIMES, apply, new_customer
from tidings.events import Event
from tidings.expressions import evaluate, holds
from tidings.expressions.context import conditions
from tidings.expressions.functions import SIGNATURES
from tidings.expressions.views import JourneyView
from tidings.shop import Coupon, Sender, Shop

SHOP = Shop(
    name="Shop",
    url="https://shop.example",
    sender=Sender(name="Shop", address="hello@shop.example"),
    support="help@shop.example",
    address=["1 Street"],
    coupons={"hello": Coupon(code="HELLO10")},
)
FACTS = (
    order(
        "7", at=NOW - 10 * DAY, total="40.00", discount_codes=["hello10"], items=[{"product_id": "1"}], **ANN
    ),
    event("mail_clicked", "1", at=NOW - 5 * DAY, **ANN),
    event("mail_clicked", "2", at=NOW - 35 * DAY, **ANN),
    event("profile_updated", "3", at=NOW - DAY, fields={"wedding": "2026-03-01"}, tags=["club"], **ANN),
)


def names(*told: Event, **more: Any) -> dict[str, Any]:
    """What an expression may name for a customer with these facts."""
    customer = new_customer("c", FACTS[0])
    for each in told or FACTS:
        customer = apply(customer, each)
    return conditions(customer=customer, shop=SHOP, now=NOW, event=(told or FACTS)[0], **more)


@pytest.mark.parametrize(
    "source",
    [
        "days_since(customer.last_order_at) == 10",
        "days_since('order_placed') >= 10 and not days_since('order_placed') > 10",
        "days_since(customer.fields.wedding) < 10 and days_since(customer.fields.wedding) > 8",
        "days_since(event.at) ~ ' days' == '10 days'",
        "count('mail_clicked') == 2 and count('mail_clicked', within='30 days') == 1",
        "count('order_placed', '10 days') == 0 and count('order_placed', '11 days') == 1",
        "0 < count('mail_clicked', within='5 weeks') < 2",
        "order(event.order_id).total == 40 and not order(event.order_id).cancelled",
        "'1' in order('7').product_ids",
        "coupon_used('hello') and coupon_used('hello', within='11 days')",
        "not coupon_used('hello', within='10 days') and not coupon_used('other')",
        "not in_segment('vip')",
        "recommend(3) | length == 0",
        "customer.favourite_products[0].id == '1'",
    ],
)
def test_an_answer_holds(source: str) -> None:
    """As the page on segments says."""
    assert holds(source, names())


@pytest.mark.parametrize(
    "source",
    [
        "days_since(customer.registered_at) >= 0",
        "days_since('review_posted') < 99999",
        "days_since('order_plaecd') > 0",
        "order('8').total >= 0",
        "order(event.checkout_id)",
        "count('review_posted') > 0",
        "count('review_posted', within='1 day')",
        "customer.rfm.score >= '111'",
    ],
)
def test_what_is_missing_holds_nothing(source: str) -> None:
    """No failure: a comparison with it is false."""
    assert not holds(source, names())


def test_in_a_journey_a_coupon_counts_from_its_beginning() -> None:
    """Last year's birthday coupon does not silence this year's reminder."""
    before, after = (JourneyView("j", "w", NOW - days * DAY) for days in (11, 9))
    assert holds("coupon_used('hello')", names(journey=before))
    assert not holds("coupon_used('hello')", names(journey=after))


def test_a_day_begins_where_the_customer_lives() -> None:
    """A date is the midnight of their own clock."""
    profile = event("profile_updated", "1", timezone="Asia/Tokyo", **ANN)
    told = names(profile)["days_since"](date(2026, 3, 10))
    assert told * 24 == pytest.approx(21)  # noon in UTC is nine in the evening there


def test_times_are_bounded_and_in_any_order_the_same() -> None:
    """The latest are kept; twice the same moment is one."""
    clicks = [event("mail_clicked", str(n), at=NOW - n * HOUR, **ANN) for n in range(70)]
    one, other = new_customer("c", clicks[0]), new_customer("c", clicks[0])
    for each in (*clicks, *clicks):
        one = apply(one, each)
    for each in reversed(clicks):
        other = apply(other, each)
    assert one.times == other.times
    assert len(one.times["mail_clicked"]) == KEEP_TIMES
    assert one.times["mail_clicked"][-1] == int(NOW.timestamp())
    assert one.times["mail_clicked"][0] == int((NOW - timedelta(hours=KEEP_TIMES - 1)).timestamp())


@pytest.mark.parametrize("name", SIGNATURES)
def test_each_function_is_there_and_its_example_runs(name: str) -> None:
    """The signatures that builds check by name the functions that run."""
    assert callable(names()[name])
    evaluate(SIGNATURES[name].example, names())
