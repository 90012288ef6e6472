"""RFM: how lately, how often and for how much a customer bought, each as the fifth of all customers they are in.

Bounds are quantiles over the shop's customers, learned once a week; a score counts the bounds that a customer
passes, so that equal values have equal scores. Recency is in days: somebody who does nothing comes down by
themselves, at moments that are known beforehand.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tidings.customer import Customer, moment
from tidings.expressions.changing import DAY, Moments

FIFTHS: Final = 5
_INSTANT: Final = timedelta(microseconds=1)

RFM: Final = "learned:rfm"
"""The id of the bounds, beside the products."""

ENOUGH: Final = 20
"""Customers with an order below which fifths mean nothing."""

NAMES: Final = (
    # by frequency 1 to 5                                                                             recency
    ("hibernating", "hibernating", "at-risk", "at-risk", "cant-lose"),  # 1: longest ago
    ("hibernating", "hibernating", "at-risk", "at-risk", "cant-lose"),  # 2
    ("about-to-sleep", "about-to-sleep", "needs-attention", "loyal", "loyal"),  # 3
    ("promising", "potential-loyal", "potential-loyal", "loyal", "loyal"),  # 4
    ("new", "potential-loyal", "potential-loyal", "champions", "champions"),  # 5: latest
)
"""The usual names, by recency and frequency."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The four inner bounds of the fifths: days since the last order, orders, amounts spent."""

    recency: tuple[float, ...]
    frequency: tuple[float, ...]
    monetary: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Rfm:
    """A customer's scores, 1 to 5 each, 5 the best, their digits in one word and the name of where they belong."""

    recency: int
    frequency: int
    monetary: int
    score: str
    name: str


def bounds_of(values: Iterable[float]) -> tuple[float, ...]:
    """The values below which, with it, one to four fifths of all lie."""
    ranked = sorted(values)
    places = (-(-len(ranked) * fifth // FIFTHS) - 1 for fifth in range(1, FIFTHS))
    return tuple(ranked[place] for place in places)


def learn(told: Sequence[tuple[float, float, float]]) -> Bounds | None:
    """The bounds over customers told as (days since the last order, orders, spent); None for too few of them."""
    if len(told) < ENOUGH:
        return None
    recency, frequency, monetary = (bounds_of(values) for values in zip(*told, strict=True))
    return Bounds(recency, frequency, monetary)


def facts(customer: Customer, now: datetime) -> tuple[float, float, float] | None:
    """What a customer is scored by; None without an order."""
    last = customer.last_of("order_placed")
    if last is None:
        return None
    return (now - moment(last)) / DAY, float(customer.orders_count), float(customer.total_spent)


def rate(
    customer: Customer, bounds: Bounds | None, now: datetime, moments: Moments | None = None
) -> Rfm | None:
    """A customer's scores now; None without an order, or while nothing is learned. `moments` is told of the next
    step down in recency."""
    told = facts(customer, now) if bounds else None
    if bounds is None or told is None:
        return None
    last = customer.last_of("order_placed")
    if moments is not None and last is not None:
        for days in bounds.recency:
            moments.note(moment(last) + timedelta(days=days) + _INSTANT)
    recency = FIFTHS - bisect_left(bounds.recency, told[0])
    frequency, monetary = (
        1 + bisect_left(limits, value)
        for limits, value in ((bounds.frequency, told[1]), (bounds.monetary, told[2]))
    )
    name = NAMES[recency - 1][frequency - 1]
    return Rfm(recency, frequency, monetary, f"{recency}{frequency}{monetary}", name)


def dump(bounds: Bounds) -> dict[str, Any]:
    """As JSON values."""
    return {name: list(getattr(bounds, name)) for name in ("recency", "frequency", "monetary")}


def load(told: Any) -> Bounds | None:
    """The bounds in JSON values; None for what are none."""
    if not isinstance(told, dict) or not {"recency", "frequency", "monetary"} <= told.keys():
        return None
    return Bounds(*(tuple(map(float, told[name])) for name in ("recency", "frequency", "monetary")))
