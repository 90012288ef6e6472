"""What is learned of all customers: RFM's fifths, held against a real shop's; recommendations, against real baskets."""

import csv
import gzip
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import FakeProducts
from tests.worlds import ANN, DAY, NOW, World, event, order
from tidings.customer import Customer, apply, new_customer
from tidings.expressions.changing import Moments
from tidings.expressions.context import context, shown_products
from tidings.expressions.views import journey_view
from tidings.goods import recommend, rfm
from tidings.goods.learning import Learner, baskets
from tidings.ports import Journey
from tidings.shop import load_shop

DATASETS = Path(__file__).parents[3] / "shared" / "corpus" / "datasets"
SHOP = load_shop(Path(__file__).parents[2] / "workflows" / "shop.yaml")
CDNOW = DATASETS / "cdnow" / "CDNOW_sample.txt"
GROCER = DATASETS / "completejourney" / "sample_every10th_household.csv.gz"


def buyer(*baskets_: Iterable[str], start: datetime = NOW) -> Customer:
    """Somebody who ordered these, a day apart."""
    told = [
        order(
            f"{place}",
            at=start + place * DAY,
            items=[{"product_id": p, "quantity": 1} for p in basket],
            **ANN,
        )
        for place, basket in enumerate(baskets_)
    ]
    made = new_customer("c", told[0])
    for each in told:
        made = apply(made, each)
    return made


# ---- RFM ----


@given(st.lists(st.integers(0, 30), min_size=20, max_size=200))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_fifths_are_equal_within_ties(values: list[int]) -> None:
    """As many have at most a bound's value as the fifths below it ask for, and no more than its ties add."""
    bounds = rfm.bounds_of(values)
    for fifth, bound in enumerate(bounds, 1):
        below = sum(value < bound for value in values)
        upto = sum(value <= bound for value in values)
        assert below < -(-len(values) * fifth // 5) <= upto


def test_scores_name_where_a_customer_belongs() -> None:
    """Lately and often: a champion; often and long ago: not to be lost; silence alone brings them down."""
    bounds = rfm.Bounds((10.0, 30.0, 60.0, 120.0), (1.0, 2.0, 3.0, 4.0), (20.0, 40.0, 60.0, 80.0))
    person = buyer(*[["a"]] * 6)
    last, moments = NOW + 5 * DAY, Moments(NOW + 6 * DAY)
    now = rfm.rate(person, bounds, NOW + 6 * DAY, moments)
    assert now == rfm.Rfm(5, 5, 5, "555", "champions")
    assert moments.next == last + 10 * DAY + timedelta(microseconds=1)
    later = [rfm.rate(person, bounds, last + days * DAY) for days in (20, 45, 90, 300)]
    assert [each.name for each in later if each] == ["loyal", "loyal", "cant-lose", "cant-lose"]


def test_nobody_is_scored_without_an_order_or_too_few_customers() -> None:
    """Fifths of a handful mean nothing."""
    nobody = new_customer("c", event("profile_updated", "1", **ANN))
    assert rfm.rate(nobody, rfm.Bounds((1,), (1,), (1,)), NOW) is None
    assert rfm.learn([(1.0, 1.0, 1.0)] * 19) is None


@pytest.mark.skipif(not CDNOW.exists(), reason="the corpus is not beside this checkout")
def test_a_real_shops_customers_fall_into_fifths() -> None:
    """CDNOW's 2,357 customers: fifths by recency and spend are even; half bought once, and share the lowest score."""
    told: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
    for line in CDNOW.read_text().splitlines():
        _, who, day, _, spent = line.split()
        told[who].append((datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC), float(spent)))
    end = datetime(1998, 7, 1, tzinfo=UTC)
    facts = [
        ((end - max(at for at, _ in bought)) / DAY, float(len(bought)), sum(spent for _, spent in bought))
        for bought in told.values()
    ]
    bounds = rfm.learn(facts)
    assert bounds is not None
    for values, limits in ((0, bounds.recency), (2, bounds.monetary)):
        sizes = Counter(bisect_left(limits, fact[values]) for fact in facts)
        ties = max(Counter(fact[values] for fact in facts).values())
        assert all(abs(size - len(facts) / 5) <= ties for size in sizes.values())
    once = sum(count == 1 for _, count, _ in facts)
    lowest = sum(bisect_left(bounds.frequency, count) == 0 for _, count, _ in facts)
    assert lowest == once > len(facts) * 0.4


# ---- recommendations ----


def test_what_goes_together_comes_first_and_nothing_that_was_bought() -> None:
    """Kettles go with cups although tea sells best."""
    sold = [["kettle", "cups"]] * 4 + [["tea"]] * 20 + [["tea", "jar"]] * 2
    shelf = recommend.learn(sold)
    assert shelf.best[0] == "tea"
    assert recommend.rank(["kettle"], shelf.also, shelf.best, ["kettle"])[0] == "cups"
    assert "tea" not in recommend.rank(["jar"], shelf.also, shelf.best, ["jar", "tea"])


@given(
    st.lists(st.sets(st.sampled_from("abcdefgh"), max_size=5), max_size=30),
    st.sets(st.sampled_from("abcdefgh")),
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_the_same_baskets_teach_the_same_and_the_barred_never_come(
    sold: list[set[str]], barred: set[str]
) -> None:
    """In any order of baskets; and each product at most once."""
    shelf = recommend.learn(sold)
    assert shelf == recommend.learn(reversed(sold))
    ranked = recommend.rank(sorted(barred), shelf.also, shelf.best, barred)
    assert not barred & set(ranked)
    assert len(ranked) == len(set(ranked))


@pytest.mark.skipif(not GROCER.exists(), reason="the corpus is not beside this checkout")
def test_real_baskets_are_completed_better_than_by_best_sellers() -> None:
    """Half of each later basket is shown: four recommendations hit the other half a quarter more often."""
    told: dict[str, tuple[str, set[str]]] = {}
    with gzip.open(GROCER, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            _, products = told.setdefault(row["basket_id"], (row["transaction_timestamp"], set()))
            products.add(row["product_id"])
    ordered = [products for _, products in sorted(told.values(), key=lambda basket: basket[0])]
    cut = len(ordered) * 4 // 5
    shelf, hits, best = recommend.learn(ordered[:cut]), 0, 0
    for basket in ordered[cut:]:
        items = sorted(basket)
        known, rest = items[::2], set(items[1::2])
        hits += bool(rest & set(recommend.rank(known, shelf.also, shelf.best, known)[:4]))
        best += bool(rest & {product for product in shelf.best if product not in known} & set(shelf.best[:4]))
    assert hits > best * 1.25


def shop_with_catalogue() -> World:
    """A shop whose customers bought, with a catalogue, after a day's learning."""
    world = World()
    for number in range(1, 7):
        told = {
            "title": f"Thing {number}",
            "status": "active",
            "product_type": "Tea" if number % 2 else "Cup",
        }
        world.products.put(f"shopify:product:{number}", {**told, "inventory": number - 4}, 1)
    people = [(f"{who}", ["5", "6"] if who < 3 else ["5"]) for who in range(9)]
    for who, things in people:
        items = [{"product_id": thing, "quantity": 1} for thing in [*things, "1"]]
        world.happen(order(who, account=who, items=items))
    Learner(world.customers, world.products, world.clock).run()
    return world


def test_a_mail_recommends_what_can_be_bought() -> None:
    """What goes with the order, of the catalogue, in stock; by kind when asked; never what the order holds."""
    world = shop_with_catalogue()
    bought = order("x", items=[{"product_id": "6", "quantity": 1}], **ANN)
    person = apply(new_customer("c", bought), bought)
    journey = journey_view(Journey("j", "w", "c", bought.key, "o", "r", 0, **_since()))
    named = context(
        event=bought,
        customer=person,
        journey=journey,
        shop=SHOP,
        now=NOW,
        products=world.products.get(shown_products(bought, person)),
        look_up=world.products.get,
    )
    assert [item.title for item in named["recommend"](3)] == ["Thing 5"]
    assert named["recommend"](3, product_type="cup") == ()
    assert [item.id for item in named["customer"].favourite_products] == ["6"]


def _since() -> dict[str, Any]:
    """Journeys may say what their first wait counts from."""
    return {"since": 0} if "since" in Journey.__dataclass_fields__ else {}


def test_learning_again_writes_only_what_changed() -> None:
    """A day without orders costs no write."""
    world = shop_with_catalogue()
    assert Learner(world.customers, world.products, world.clock).run() == 0


def test_a_shop_without_orders_learns_and_recommends_nothing() -> None:
    """And nothing fails."""
    products = FakeProducts()
    assert Learner(World().customers, products, World().clock).run() == 0
    assert not products.rows


def test_favourites_are_bought_most_then_latest() -> None:
    """Often before lately; at most five."""
    person = buyer(["a", "b"], ["a", "c"], ["d"], ["e"], ["f"], ["g"])
    assert person.favourites == ("shopify:a", "shopify:g", "shopify:f", "shopify:e", "shopify:d")
    assert next(list(basket) for basket in baskets(person)) == ["shopify:a", "shopify:b"]
