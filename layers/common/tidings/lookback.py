"""Finds, among what has happened to a customer, the event that met a condition. Reads; writes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tidings import ports
from tidings.customer import Customer, epoch
from tidings.events import CHECKOUT_TYPES, ORDER_TYPES, Event, customer_identity, is_machine
from tidings.people.profile import placed_at

TOLD_BY: Final = {"order_placed": ORDER_TYPES, "checkout_started": CHECKOUT_TYPES}
"""What happened may be told first by another type of event: an order by its payment."""


@dataclass(frozen=True, slots=True)
class Lookback:
    """Looks through a customer's events."""

    events: ports.Events

    def first(
        self, customer: Customer, event_type: str, since: int, holds: Callable[[Event], bool]
    ) -> Event | None:
        """The earliest event of a type at or after `since` (epoch seconds) for which `holds`; None without one.

        The customer's memory is asked first: where it says that there was none, nothing is read.
        """
        if customer.last.get(event_type, -1) < since:
            return None
        types = TOLD_BY.get(event_type, frozenset({event_type}))
        partitions = sorted({*customer.partitions, customer_identity(customer.id)})
        found = [
            (when(event, event_type), event.id, event)
            for partition in partitions
            for event in self.events.query(partition)
            if event.type in types and when(event, event_type) >= since and not is_machine(event)
        ]
        return next((event for _, _, event in sorted(found, key=lambda each: each[:2]) if holds(event)), None)


def when(event: Event, event_type: str) -> int:
    """The epoch second at which what `event` tells, as an event of this type, happened."""
    return placed_at(event) if event_type == "order_placed" else epoch(event.at)
