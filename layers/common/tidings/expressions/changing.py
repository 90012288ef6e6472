"""Numbers that change as time passes, and when: days since a moment, events within a length of time.

Compared with a number, they tell `Moments` when the comparison may turn out otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Any, Final

DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)
_FAR: Final = 100_000
"""Days beyond which nobody plans."""


@dataclass(slots=True)
class Moments:
    """Collects when answers that were given may change. `now` is the moment they were given for."""

    now: datetime
    next: datetime | None = None

    def note(self, change: datetime) -> None:
        """An answer changes at `change`; what lies in the past changes no more."""
        if change > self.now and (self.next is None or change < self.next):
            self.next = change


class Days(float):
    """A number of days, with fractions. Equality and text are in whole days."""

    since: datetime
    moments: Moments | None

    def __new__(cls, since: datetime, now: datetime, moments: Moments | None = None) -> "Days":
        """The days from `since` to `now`."""
        made = super().__new__(cls, (now - since) / DAY)
        made.since, made.moments = since, moments
        return made

    def _passes(self, days: float, after: timedelta = timedelta(0)) -> None:
        if self.moments is not None and abs(days) < _FAR:
            self.moments.note(self.since + timedelta(days=days) + after)

    def _told(self, other: object) -> None:
        """A number of days is passed some time; between two times since which days are counted nothing changes."""
        if isinstance(other, int | float) and not isinstance(other, Days):
            self._passes(float(other))

    def __lt__(self, other: Any) -> bool:
        """Shorter."""
        self._told(other)
        return float.__lt__(self, other)

    def __ge__(self, other: Any) -> bool:
        """At least as long."""
        self._told(other)
        return float.__ge__(self, other)

    def __le__(self, other: Any) -> bool:
        """At most as long. Noted an instant on, when it is over."""
        self._after(other)
        return float.__le__(self, other)

    def __gt__(self, other: Any) -> bool:
        """Longer. Noted an instant on, when it has begun."""
        self._after(other)
        return float.__gt__(self, other)

    def _after(self, other: object) -> None:
        if isinstance(other, int | float) and not isinstance(other, Days):
            self._passes(float(other), _INSTANT)

    def __eq__(self, other: object) -> bool:
        """In whole days."""
        if isinstance(other, Days):
            return float(self) == float(other)
        if not isinstance(other, int | float):
            return False
        self._passes(float(other))
        self._passes(float(other) + 1)
        return int(self) == other

    def __ne__(self, other: object) -> bool:
        """Otherwise, in whole days."""
        return not self == other

    def __hash__(self) -> int:
        """As the number."""
        return hash(float(self))

    def __str__(self) -> str:
        """Whole days."""
        return str(int(self))


class Count(int):
    """A number of events, each of which stops counting at a known moment."""

    ages: tuple[datetime, ...]
    moments: Moments | None

    def __new__(cls, ages: Iterable[datetime], moments: Moments | None = None) -> "Count":
        """`ages` are the moments at which each one counted stops counting."""
        latest = tuple(sorted(ages, reverse=True))
        made = super().__new__(cls, len(latest))
        made.ages, made.moments = latest, moments
        return made

    def _holds(self, limit: int) -> bool:
        """Whether at least `limit` count; over when the `limit`-th latest stops counting."""
        if self.moments is not None and 1 <= limit <= len(self.ages):
            self.moments.note(self.ages[limit - 1])
        return len(self.ages) >= limit

    def __ge__(self, other: Any) -> bool:
        """At least as many."""
        return self._holds(ceil(other)) if isinstance(other, int | float) else NotImplemented

    def __lt__(self, other: Any) -> bool:
        """Fewer."""
        return not self._holds(ceil(other)) if isinstance(other, int | float) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        """More."""
        return self._holds(floor(other) + 1) if isinstance(other, int | float) else NotImplemented

    def __le__(self, other: Any) -> bool:
        """At most as many."""
        return not self._holds(floor(other) + 1) if isinstance(other, int | float) else NotImplemented

    def __eq__(self, other: object) -> bool:
        """As many."""
        if not isinstance(other, int | float) or other != floor(other):
            return False
        return self._holds(int(other)) and not self._holds(int(other) + 1)

    def __ne__(self, other: object) -> bool:
        """Not as many."""
        return not self == other

    def __hash__(self) -> int:
        """As the number."""
        return hash(int(self))

    def __bool__(self) -> bool:
        """Any at all."""
        return self._holds(1)
