"""What to recommend: what others bought together with it, best sellers else, never what was just bought. Pure.

Learned from baskets, orders or all that a customer bought: two products are alike by the cosine of who bought them,
so that a best seller is not alike to everything.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import sqrt
from typing import Any, Final

KEEP_BEST: Final = 50
KEEP_ALSO: Final = 12
MOST_LINES: Final = 30
"""Products of one basket that are paired: the rest of a hoarder's tells little and costs much."""

MOST_PRODUCTS: Final = 2_000
"""Products that have a list of their own: those bought most."""

DAMPING: Final = 10.0
"""Buyers added to each product when likeness is counted: of what two bought together by chance, little is made."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was learned: best sellers, and of each product what was bought with it, best first."""

    best: tuple[str, ...] = ()
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def learn(baskets: Iterable[Iterable[str]]) -> Shelf:
    """The shelf that these baskets teach. Of equals the one named first, so that the same baskets teach the same."""
    sold: Counter[str] = Counter()
    kept: list[tuple[str, ...]] = []
    for basket in baskets:
        products = tuple(sorted(set(basket)))
        sold.update(products)
        kept.append(products)
    ranked = sorted(sold, key=lambda product: (-sold[product], product))
    listed = frozenset(ranked[:MOST_PRODUCTS])
    together: dict[str, Counter[str]] = defaultdict(Counter)
    for products in kept:
        chosen = sorted((p for p in products if p in listed), key=lambda p: (-sold[p], p))[:MOST_LINES]
        for one, other in combinations(chosen, 2):
            together[one][other] += 1
            together[other][one] += 1
    also = {one: _alike(one, together[one], sold) for one in ranked[:MOST_PRODUCTS] if together[one]}
    return Shelf(tuple(ranked[:KEEP_BEST]), also)


def _alike(one: str, others: Counter[str], sold: Counter[str]) -> tuple[str, ...]:
    score = {
        other: count / sqrt((sold[one] + DAMPING) * (sold[other] + DAMPING))
        for other, count in others.items()
        if count > 1 or sold[one] < DAMPING
    }
    return tuple(sorted(score, key=lambda other: (-score[other], other))[:KEEP_ALSO])


def rank(
    liked: Sequence[str], also: Mapping[str, Sequence[str]], best: Sequence[str], without: Iterable[str]
) -> list[str]:
    """All that can be recommended, best first: what goes with most of `liked`, then best sellers; nothing that
    is in `without`."""
    score: dict[str, float] = defaultdict(float)
    for place, product in enumerate(liked):
        for at, other in enumerate(also.get(product, ())):
            score[other] += 1 / ((at + 2) * (1 + place / 4))
    alike = sorted(score, key=lambda product: (-score[product], product))
    barred = frozenset(without)
    return [product for product in dict.fromkeys((*alike, *best)) if product not in barred]


Lookup = Callable[[Iterable[str]], Mapping[str, Mapping[str, Any]]]
"""Items of the catalogue's table by id, those that exist."""
