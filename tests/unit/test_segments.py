"""Segments: who belongs where, when that may change by itself, and that no look is missed and none is in vain."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds import ANN, DAY, NOW, checkout, event, order, subscribed
from tidings.customer import Customer, apply, new_customer
from tidings.events import Event
from tidings.goods.rfm import Bounds
from tidings.segments import Rules, membership
from tidings.workflow.check.segments import load_rules

ROOT = Path(__file__).parents[2]
READY = load_rules(ROOT / "workflows").rules
HOUR = timedelta(hours=1)


def rules(**told: str) -> Rules:
    """Rules by name."""
    named = {name.replace("_", "-"): {"rule": rule} for name, rule in told.items()}
    return Rules.model_validate({"segments": named})


def customer(*told: Event) -> Customer:
    """A customer with these facts."""
    made = new_customer("c", told[0] if told else event("profile_updated", "1", **ANN))
    for each in told:
        made = apply(made, each)
    return made


def names(person: Customer, now: datetime = NOW, given: Rules = READY) -> set[str]:
    """Where somebody belongs."""
    return set(membership(person, given, None, now).names)


def test_a_life_goes_through_the_ready_made_segments() -> None:
    """Lead, first purchase, loyalty, silence: each in its time."""
    lead = [subscribed("1", at=NOW - 9 * DAY, **ANN)]
    assert names(customer(*lead)) == {"leads"}
    first = [
        *lead,
        order("1", at=NOW - 2 * DAY, **ANN),
        order("1", type_="order_paid", at=NOW - 2 * DAY, **ANN),
    ]
    assert names(customer(*first)) == {"first-time", "recent"}
    rich = [
        *first,
        order("2", at=NOW - DAY, total="600.00", **ANN),
        order("2", type_="order_paid", at=NOW, total="600.00", **ANN),
    ]
    assert names(customer(*rich)) == {"recent", "loyal", "loyal-by-spend", "vip"}
    assert names(customer(*rich), NOW + 100 * DAY) == {"lapsed", "inactive", "loyal", "loyal-by-spend", "vip"}
    assert names(customer(*rich), NOW + 400 * DAY) == {"lapsed", "inactive", "loyal", "loyal-by-spend"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (["product_viewed"], "browse-abandoners"),
        (["product_viewed", "cart_updated"], "cart-abandoners"),
        (["product_viewed", "cart_updated", "checkout_started"], "checkout-abandoners"),
        (["product_viewed", "cart_updated", "checkout_started", "order_placed"], "payment-abandoners"),
        (["product_viewed", "cart_updated", "checkout_started", "order_placed", "order_paid"], None),
    ],
)
def test_abandoners_are_told_by_how_far_they_got(told: Sequence[str], expected: str | None) -> None:
    """Each is in the one segment of the step they reached, in whatever order the facts came."""
    start = NOW - 2 * DAY
    steps = {
        "checkout_started": lambda at: checkout("t", at=at, **ANN),
        "order_placed": lambda at: order("1", at=at, **ANN),
        "order_paid": lambda at: order(
            "1", type_="order_paid", at=at, placed_at=(start + 3 * HOUR).isoformat(), **ANN
        ),
    }
    made = [
        steps.get(name, lambda at, name=name: event(name, name, at=at, **ANN))(start + place * HOUR)
        for place, name in enumerate(told)
    ]
    for arrival in (made, made[::-1]):
        found = {name for name in names(customer(*arrival)) if name.endswith("abandoners")}
        assert found == ({expected} if expected else set())


KINDS = ("product_viewed", "cart_updated", "mail_clicked", "mail_sent", "lead_captured", "subscribed")


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """What a customer did in the 120 days before now, to the second."""
    made = [event("profile_updated", "1", at=NOW - 200 * DAY, **ANN)]
    for number in range(draw(st.integers(0, 7))):
        at = NOW - timedelta(seconds=draw(st.integers(0, 120 * 86_400)))
        kind = draw(st.sampled_from((*KINDS, "order_placed", "checkout_started")))
        if kind == "order_placed":
            made.append(order(str(number), at=at, total=str(draw(st.integers(10, 400))), **ANN))
        elif kind == "checkout_started":
            made.append(checkout(str(number), at=at, **ANN))
        else:
            made.append(event(kind, str(number), at=at, **ANN))
    return made


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_nothing_changes_before_the_moment_that_was_told(told: list[Event], draw: Any) -> None:
    """Followed from one told moment to the next for 200 days, membership is the same at any time between them."""
    timed = rules(
        often="count('mail_clicked', within='10 days') >= 2 or count('order_placed', within='40 days') == 1",
        lately="days_since('product_viewed') <= 3 and not days_since(customer.last_order_at) > 20.5",
        exactly="days_since('mail_sent') == 7",
        score="customer.rfm.recency <= 3",
        **{name.replace("-", "_"): segment.rule for name, segment in READY.segments.items()},
    )
    bounds = Bounds((5.0, 17.25, 40.0, 80.0), (1, 1, 2, 3), (20.0, 50.0, 90.0, 200.0))
    person, at = customer(*told), NOW
    while at < NOW + 200 * DAY:
        here = membership(person, timed, None, at, bounds)
        end = min(here.next or NOW + 200 * DAY, NOW + 200 * DAY)
        assert end > at
        for _ in range(4):
            between = min(at + (end - at) * draw.random(), end - timedelta(microseconds=1))
            assert membership(person, timed, None, between, bounds).names == here.names
        at = end


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_the_order_of_arrival_decides_nothing(told: list[Event], draw: Any) -> None:
    """Segments follow from the facts."""
    mixed = list(told)
    draw.shuffle(mixed)
    assert names(customer(*mixed)) == names(customer(*told))


def test_what_never_changes_by_itself_asks_for_no_look() -> None:
    """No rule that asks the clock: no moment."""
    assert (
        membership(customer(order("1", **ANN)), rules(a="customer.orders_count > 0"), None, NOW).next is None
    )


def test_a_rule_asks_another_and_inherits_its_moments() -> None:
    """in_segment looks at the facts too, never at what membership was."""
    nested = rules(inner="days_since('order_placed') >= 10", outer="not in_segment('inner')")
    here = membership(customer(order("1", **ANN)), nested, None, NOW)
    assert here.names == {"outer"}
    assert here.next == NOW + 10 * DAY


def test_a_rule_that_fails_holds_nobody() -> None:
    """A field that is text for one customer must not park everybody's events."""
    person = customer(event("profile_updated", "1", fields={"size": "large"}, **ANN))
    assert names(person, given=rules(a="customer.fields.size > 5", b="true")) == {"b"}


def test_a_token_changes_with_the_rule_and_with_what_it_asks() -> None:
    """So that a customer knows under which rules they were looked at."""
    one = rules(a="in_segment('b')", b="true", c="true").tokens
    two = rules(a="in_segment('b')", b="false", c="true").tokens
    assert (one["a"] == two["a"], one["b"] == two["b"], one["c"] == two["c"]) == (False, False, True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rule: customer.orders_cuont > 1", 'segments.yaml:3: "customer" has no field "orders_cuont"'),
        ("rule: in_segment('vipp')", 'segments.yaml:3: unknown segment "vipp"; did you mean "vip"?'),
        ("rule: count('order_plaeced') > 1", 'segments.yaml:3: unknown event "order_plaeced"'),
        ("rule: in_segment('vip')", "segments.yaml:3: this rule asks for itself: vip → vip"),
        ("rule: days_since(customer.last_order_at) * 2 > 3", "segments.yaml:3: compare days_since(…) itself"),
        ("rule: event.total > 3", 'segments.yaml:3: unknown name "event"'),
        ("rule: now.hour > 3", 'segments.yaml:3: unknown name "now"'),
        ("rule: recommend(3)", 'segments.yaml:3: unknown name "recommend"'),
        ("rule: \"'a' in customer.segments\"", "segments.yaml:3: ask for another segment with in_segment"),
        ("rulle: true", 'segments.yaml:3: unknown word "rulle"; did you mean "rule"?'),
        ("description: nothing", 'segments.yaml:2: "rule" is missing'),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, line: str, expected: str) -> None:
    """File, line, what is wrong, and the nearest right word."""
    from tidings.workflow.check.scope import load_scope

    (tmp_path / "segments.yaml").write_text(f"segments:\n  vip:\n    {line}\n", "utf-8")
    found = load_scope(tmp_path, None)[1]
    assert any(message.removeprefix(f"{tmp_path}/").startswith(expected) for message in found), found


def test_the_ready_made_rules_are_right() -> None:
    """The shop's own file passes its checks, and holds every segment that the guides name."""
    from tidings.shop import load_shop
    from tidings.workflow.check.scope import load_scope

    assert load_scope(ROOT / "workflows", load_shop(ROOT / "workflows" / "shop.yaml"))[1] == []
    assert READY.segments.keys() >= {
        "leads",
        "first-time",
        "recent",
        "lapsed",
        "loyal",
        "vip",
        "engaged",
        "inactive",
    }
