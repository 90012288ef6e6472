"""How a workflow's mails are received: its bounces and complaints by day, and what follows when they are too many.

Counted once for each new event; what an outage keeps from being counted is forgotten with the instance that knew it:
this guards a reputation, the ledger is elsewhere.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from tidings import ports
from tidings.clock import Clock
from tidings.errors import Unavailable
from tidings.events import Event
from tidings.pacing.limits import Limits, RateLimit
from tidings.people.compact import epoch

log = logging.getLogger(__name__)

COUNTED: Final = {"mail_sent": "sent", "mail_rejected": "rejected", "mail_complained": "complained"}
BAD: Final = {"bounced": "bounces", "complained": "complaints"}
"""What is judged → the limit's name."""

KEPT_BACK: Final = frozenset(
    {"OnAccountSuppressionList", "OnTenantSuppressionList", "EmailValidationSuppressed"}
)
"""Subtypes of what SES took and never sent, by its own lists."""

PAUSED: Final = "a workflow paused itself"


@dataclass(frozen=True, slots=True)
class Pause:
    """Whether a workflow's marketing mails are held. `at` is an epoch second of shop time, `by` who paused or resumed
    it; since a resumption only what is above `base` counts, on `since` and later."""

    workflow: str
    paused: bool
    at: int = 0
    by: str = ""
    reason: str = ""
    told: bool = False
    since: str = ""
    base: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A workflow's counts by UTC day, and its pause."""

    days: Mapping[str, Mapping[str, int]]
    pause: Pause | None = None

    def total(self, since: str) -> Counter[str]:
        """All counts from a day on, but for those that a resumption forgave."""
        if self.pause and self.pause.since > since:
            since = self.pause.since
        total: Counter[str] = Counter()
        for day, counts in self.days.items():
            if day >= since:
                total.update(counts)
        if self.pause and self.pause.since == since:
            total.subtract(self.pause.base)
        return +total


class PauseReader(Protocol):
    """Pauses, to be read."""

    def pause_of(self, workflow: str) -> Pause | None:
        """The workflow's pause, or the resumption that ended it."""
        ...


class Healths(PauseReader, Protocol):
    """The counts of all workflows."""

    def add(self, workflow: str, day: str, counts: Mapping[str, int]) -> None:
        """Add to a day's counts."""
        ...

    def record(self, workflow: str, since: str) -> Record:
        """The days from `since` on, and the pause."""
        ...

    def pause(self, pause: Pause) -> bool:
        """Pause; False when it is paused already."""
        ...

    def told(self, workflow: str) -> None:
        """The operator knows of the pause."""
        ...

    def warn(self, workflow: str, day: str, what: str) -> bool:
        """Note that the operator is warned; False when they were that day."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """Counts a batch's events, then judges the workflows of which it brought bad news."""

    store: Healths
    operator: ports.Operator
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    _tally: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    _marketing: dict[str, bool] = field(default_factory=dict)

    def count(self, event: Event, class_: str) -> None:
        """Count a new event of SES for its workflow, if it is one of those counted."""
        workflow, what = event.properties.get("workflow"), counted(event)
        if not workflow or not what:
            return
        self._marketing[str(workflow)] = class_ != "transactional"
        self._tally.setdefault((str(workflow), f"{event.at:%Y-%m-%d}"), Counter())[what] += 1

    def settle(self) -> None:
        """Write the counts, and judge. An outage is no reason to record anything twice: what could not be written
        waits for the next batch."""
        try:
            for (workflow, day), counts in sorted(self._tally.items()):
                self.store.add(workflow, day, counts)
                del self._tally[workflow, day]
                if counts.keys() - {"sent", "soft"}:
                    self._judge(workflow, counts)
        except Unavailable as outage:
            log.warning("health not settled: %s", outage)

    def _judge(self, workflow: str, news: Mapping[str, int]) -> None:
        today = self.clock.now().date()
        record = self.store.record(workflow, f"{today - self.limits.within:%Y-%m-%d}")
        total = record.total(f"{today - self.limits.within:%Y-%m-%d}")
        for what, name in BAD.items():
            limit: RateLimit = getattr(self.limits, name)
            rate = limit.rate(total[what], total["sent"])
            found = {"workflow": workflow, name: f"{total[what]} of {total['sent']}", "rate": percent(rate)}
            if rate > limit.limit and self._marketing.get(workflow, True):
                self._pause(record, workflow, {**found, "limit": percent(limit.limit)})
            elif rate > limit.warning and news.get(what):
                self._warn(workflow, today, f"many {name}", {**found, "warning": percent(limit.warning)})
        if news.get("rejected"):
            self._warn(workflow, today, "SES rejected mails", {"workflow": workflow})

    def _pause(self, record: Record, workflow: str, found: Mapping[str, str]) -> None:
        known = record.pause
        if known and known.paused and known.told:
            return
        if not (known and known.paused):
            reason = "; ".join(f"{name} {value}" for name, value in found.items() if name != "workflow")
            now = epoch(self.clock.now())
            if not self.store.pause(Pause(workflow, True, now, "itself", reason)):
                return
        log.warning("workflow paused", extra={"workflow": workflow})
        self.operator.tell(PAUSED, {**found, "resume": f"make resume WORKFLOW={workflow}"})
        self.store.told(workflow)

    def _warn(self, workflow: str, today: date, what: str, found: Mapping[str, str]) -> None:
        if self.store.warn(workflow, f"{today:%Y-%m-%d}", what.replace(" ", "_")):
            self.operator.tell(what, found)


def counted(event: Event) -> str:
    """What an event counts as, "" for nothing. What SES itself kept from going out harms nobody."""
    if event.properties.get("subtype") in KEPT_BACK:
        return ""
    if event.type == "mail_bounced":
        return "bounced" if event.properties.get("hard") else "soft"
    return COUNTED.get(event.type, "")


def percent(share: Decimal) -> str:
    """`5.25 %`"""
    return f"{(share * 100).quantize(Decimal('0.01')).normalize():f} %"


def resumed(record: Record, today: date, now: int, workflow: str, by: str) -> Pause:
    """The pause's end: what was counted until now is forgiven, or the next bounce would pause it again."""
    day = f"{today:%Y-%m-%d}"
    return Pause(workflow, False, now, by, told=True, since=day, base=dict(record.days.get(day, {})))
