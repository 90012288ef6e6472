"""The daily rule: appends a `due` event for every customer whose entry in the due index has come. Nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from tidings import ports
from tidings.clock import Clock
from tidings.events import Event, customer_identity
from tidings.schedule import due_horizon
from tidings.triggers import backfill_event


@dataclass(frozen=True, slots=True)
class Daily:
    """Reads the due index up to tomorrow. Missed days are still in it; a second run of a day changes nothing."""

    events: ports.Events
    customers: ports.DueIndex
    clock: Clock

    def run(self) -> int:
        """Append what is due; returns how many events are new."""
        now = self.clock.now()
        until = due_horizon(now) - timedelta(days=1)
        new = 0
        for customer, due_on in self.customers.due(f"{until:%Y-%m-%d}"):
            event = Event(
                id=f"due:{due_on}:{now:%Y-%m-%d}",
                type="due",
                at=now,
                received_at=now,
                source="calendar",
                identity=customer_identity(customer),
                properties={"since": f"{due_on}T00:00:00+00:00"},
            )
            new += self.events.put(event)
        return new

    def enter(self, customers: Iterable[str]) -> int:
        """Let these customers enter aloud the segments that they entered silently; returns how many events are new."""
        now = self.clock.now()
        return sum(self.events.put(backfill_event(customer, now)) for customer in customers)
