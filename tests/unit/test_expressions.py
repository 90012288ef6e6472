"""Expressions: what is refused when built, and what holes in the facts do when run."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tidings.expressions import ExpressionError, evaluate, holds
from tidings.expressions.checking import check
from tidings.expressions.context import NAMES
from tidings.expressions.views import CustomerView, EventView

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def names(**told: Any) -> dict[str, Any]:
    """The names of an event with these fields, for a customer without any."""
    return {"event": EventView("e", "checkout_started", AT, **told), "customer": CustomerView("c"), "now": AT}


@pytest.mark.parametrize(
    ("source", "expected"),
    [("event.total > 0", True), ("event.total >= 99.9", True), ("event.total > 99.9", False),
     ("event.total == 99.9 and customer.orders_count == 0", True), ("'A' in event.discount_codes", True),
     ("event.discount_codes | length > 1", False), ("event.currency ~ '!' == 'EUR!'", True), ("now.year", 2026),
     ("event['gift']", "yes"), ("not event.accepts_marketing", True)],
)  # fmt: skip
def test_an_expression_has_its_value(source: str, expected: object) -> None:
    """Amounts compare as written, although they are exact decimals underneath."""
    context = names(total=Decimal("99.90"), currency="EUR", discount_codes=("A",), properties={"gift": "yes"})
    assert evaluate(source, context) == expected


@pytest.mark.parametrize(
    "source",
    ["event.total > 0", "event.total < 0", "0 < event.total", "event.total + 1 > 0", "event.total == 0",
     "event.url", "event.url.host == 'x'", "'a' in event.url", "event['gift'] == 'yes'", "customer.first_name",
     "event.items[0].price > 1", "event.total * 2 >= 0", "-event.total < 1"],
)  # fmt: skip
def test_a_missing_value_makes_a_condition_false(source: str) -> None:
    """It is in no order with anything, equals nothing that is there, and what is computed from it is missing."""
    assert holds(source, names()) is False


@pytest.mark.parametrize(
    "source", ["not event.url", "event.url == none", "event.total != 5", "event.url is none"]
)
def test_missing_can_be_asked_for(source: str) -> None:
    """As `none`, or by `not`."""
    assert holds(source, names()) is True


def test_a_missing_value_is_none_outside() -> None:
    """Whoever evaluates never meets the stand-in."""
    assert evaluate("event.total", names()) is None


@pytest.mark.parametrize("source", ["event.total > '5'", "event.total()", "event.currency / 2", "1 / 0"])
def test_values_that_do_not_fit_raise(source: str) -> None:
    """One error, that names the expression."""
    with pytest.raises(ExpressionError, match="^" + source[:5]):
        evaluate(source, names(total=Decimal(1), currency="EUR"))


@pytest.mark.parametrize(
    ("source", "problem"),
    [("event.totl > 0", '"event" has no field "totl"; did you mean "total"?'),
     ("evnt.total > 0", 'unknown name "evnt"; did you mean "event"?'),
     ("event.total | roudn > 1", 'unknown filter "roudn"; did you mean "round"?'),
     ("event.total is odd_one", 'unknown test "odd_one"; did you mean "odd"?'),
     ("customer.order_count > 0", '"customer" has no field "order_count"; did you mean "orders_count"?'),
     ("shop.curency == 'EUR'", '"shop" has no field "curency"; did you mean "currency"?'),
     ("event.total > '5'", "\"event.total\" is a number and can't be compared with text"),
     ("3 < customer.first_name", "\"3\" is a number and can't be compared with text"),
     ("event.at > 5", "\"event.at\" is a moment and can't be compared with a number"),
     ("event.total(1)", '"event.total" is a value, not a function: leave out the parentheses'),
     ("event.total >", "it ends too early"),
     ("event.total > 0)", "unexpected"),
     ("range(10)", 'unknown name "range"'),
     ("event.__class__", 'has no field "__class__"'),
     ("x" * 2001, "longer than 2000 characters")],
)  # fmt: skip
def test_what_does_not_exist_is_refused_with_the_nearest_word(source: str, problem: str) -> None:
    """Names, fields, filters, tests, comparisons that never work, and half expressions."""
    found = check(source, NAMES)
    assert len(found) == 1
    assert problem in found[0]


def test_all_mistakes_are_told_at_once() -> None:
    """Not only the first."""
    assert len(check("event.totl > 0 and custmer.email", NAMES)) == 2


@pytest.mark.parametrize(
    "source",
    ["event.total > 0", "event['of the shop'] == 1", "customer.fields.size == 'L'", "shop.currency != 'EUR'",
     "event.items[0].price > 5", "customer.tags | length > 0 or 'vip' in customer.tags", "now > event.at",
     "event.total >= 100 and not customer.orders_count"],
)  # fmt: skip
def test_what_exists_is_accepted(source: str) -> None:
    """The shop's own properties and fields too."""
    assert check(source, NAMES) == []


@pytest.mark.parametrize(
    "source",
    ["event.__class__.__mro__", "''.__class__.__base__.__subclasses__()", "event.properties.update({'a': 1})",
     "lipsum.__globals__", "cycler.__init__", "self._TemplateReference__context"],
)  # fmt: skip
def test_the_sandbox_lets_nothing_out(source: str) -> None:
    """Whatever is tried is missing or refused, and nothing changes."""
    context = names(properties={})
    try:
        value = evaluate(source, context)
    except ExpressionError:
        value = None
    assert value is None
    assert context["event"].properties == {}
