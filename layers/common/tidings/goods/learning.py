"""What the shop's customers teach together: bounds of RFM, best sellers, what is bought together.

Learned once a day from a sample of bounded size: the cost does not grow with the table. Customers' ids are random, so
the first of a scan are a sample. It stands beside the products, whose owner learns; nothing of it names a customer.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tidings import ports
from tidings.clock import Clock
from tidings.customer import Customer, epoch
from tidings.goods import recommend, rfm
from tidings.goods.wares import ALSO, BEST

SAMPLE: Final = 20_000
"""Customers that are looked at: fifths are then right to half a percent, at 20 MB read a day."""


@dataclass(frozen=True, slots=True)
class Learner:
    """Reads the sample, writes what changed."""

    customers: ports.CustomerSample
    products: ports.Products
    clock: Clock
    sample: int = SAMPLE

    def run(self) -> int:
        """Learn; returns how many items changed."""
        now = self.clock.now()
        people = list(self.customers.sample(self.sample))
        told = [facts for person in people if (facts := rfm.facts(person, now)) is not None]
        bounds = rfm.learn(told)
        shelf = recommend.learn(basket for person in people for basket in baskets(person))
        learned: dict[str, Mapping[str, Any]] = {
            ALSO + product: {"products": list(others)} for product, others in shelf.also.items()
        }
        if shelf.best:
            learned[BEST] = {"products": list(shelf.best)}
        if bounds is not None:
            learned[rfm.RFM] = rfm.dump(bounds)
        return self._keep(learned, epoch(now))

    def _keep(self, learned: Mapping[str, Mapping[str, Any]], at: int) -> int:
        known = self.products.get(learned)
        changed = [name for name, told in learned.items() if known.get(name) != told]
        for name in changed:
            self.products.put(name, learned[name], at)
        return len(changed)


def baskets(customer: Customer) -> Iterator[Iterable[str]]:
    """What a customer bought together: in one order, and in all of them."""
    orders = [[product for product, _ in order.items] for order in customer.placed_orders]
    yield from (order for order in orders if order)
    if len(orders) > 1:
        yield (product for order in orders for product in order)
