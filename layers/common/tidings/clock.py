"""The only place that knows the time.

Shop time rules the calendar: conditions, waits, birthdays. Machine time guards machinery: signature
tolerance, leases, caches. In production both are one; the local run lets shop time pass faster.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time; handed in wherever time matters."""

    def now(self) -> datetime:
        """Shop time, UTC."""
        ...

    def machine_now(self) -> datetime:
        """Machine time, UTC."""
        ...

    def shop_seconds(self, machine_seconds: float) -> int:
        """How many seconds of shop time pass during `machine_seconds`."""
        ...


class SystemClock:
    """Production: shop time is machine time."""

    def now(self) -> datetime:
        """Shop time, UTC."""
        return datetime.now(UTC)

    def machine_now(self) -> datetime:
        """Machine time, UTC."""
        return datetime.now(UTC)

    def shop_seconds(self, machine_seconds: float) -> int:
        """The same number, whole."""
        return round(machine_seconds)


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """The local run: shop time started at `origin` when machine time was `started`, and runs `speed` times as fast."""

    origin: datetime
    started: datetime
    speed: float

    def now(self) -> datetime:
        """Shop time, UTC."""
        return self.at(self.machine_now())

    def at(self, machine: datetime) -> datetime:
        """The shop time at a machine time."""
        return self.origin + (machine - self.started) * self.speed

    def machine_now(self) -> datetime:
        """Machine time, UTC."""
        return datetime.now(UTC)

    def shop_seconds(self, machine_seconds: float) -> int:
        """Machine seconds × speed, whole."""
        return round(machine_seconds * self.speed)


@dataclass(slots=True)
class FixedClock:
    """Tests, walks and backtests: stands still until it is moved."""

    time: datetime
    machine: datetime | None = None

    def now(self) -> datetime:
        """Shop time, UTC."""
        return self.time

    def machine_now(self) -> datetime:
        """Machine time, UTC; shop time when none was given."""
        return self.machine or self.time

    def shop_seconds(self, machine_seconds: float) -> int:
        """The same number, whole."""
        return round(machine_seconds)

    def advance(self, by: timedelta) -> None:
        """Move shop time on, and machine time with it."""
        self.time += by
        if self.machine is not None:
            self.machine += by


def from_json(text: str) -> Clock:
    """The clock of a JSON object with `origin`, `started` (ISO 8601 UTC) and `speed`; the system's for ""."""
    if not text:
        return SystemClock()
    value = json.loads(text)
    return ScaledClock(
        origin=datetime.fromisoformat(value["origin"]),
        started=datetime.fromisoformat(value["started"]),
        speed=float(value["speed"]),
    )
