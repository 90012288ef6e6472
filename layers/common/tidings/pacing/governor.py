"""What the SES account, and a workflow's own reputation, let through now.

The account is asked once a minute; while it does not answer, its last word stands, and without one everything goes:
SES itself refuses what is too much, and a refusal loses nothing. Transactional mail goes first: marketing leaves it a
tenth of the day's quota and a fifth of the rate. An instance that has just sent shares the rate with the others by a
counter of each second; one that has not sends without asking.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from tidings import ports
from tidings.clock import Clock
from tidings.errors import SendRejected, Unavailable
from tidings.pacing.health import Pause, PauseReader
from tidings.pacing.limits import WarmUp
from tidings.ports import Hold

log = logging.getLogger(__name__)

KEPT: Final = timedelta(minutes=1)
"""How long the account's answer, and a workflow's pause, are believed."""

STALE: Final = timedelta(minutes=5)
"""An answer older than this holds no transactional mail back."""

FOR_MARKETING, RATE_FOR_MARKETING = 0.9, 0.8
"""Of the day's quota and of the rate; the rest is kept for transactional mail."""

BUSY, LATELY = timedelta(seconds=15), timedelta(seconds=2)
"""Who sent within the one shares the rate, and leases as much as within the other."""

PAUSED, QUOTA, TRANSACTIONAL, RAMP, BACK_OFF = 4 * 3600.0, 7200.0, 300.0, 7200.0, 20.0
"""Seconds that a mail is held for, before jitter as long again: workflow paused (the shop's hours), quota, the same for
transactional mail, warm-up, SES out of breath. Each coming back costs two transitions: marketing comes back seldom."""

SHORTEST_SPREAD, SPREAD = 60.0, 1.5
"""Seconds over which those are spread that found no rate left, and how much more than the queue asks for: each coming
back costs two transitions of the state machine, and marketing mail may wait a minute."""

SEVERAL: Final = 5
"""Mails that SES refuses in a row, before the operator hears of it."""


WAITED, LONGEST = 120.0, 60.0
"""Seconds of waiting for the rate after which a mail waits twice as long before it asks again, thrice after as many
more; and the most times as long."""


def patience(waited: float) -> float:
    """How many times as long a mail waits that found no rate, when it has waited for it so many seconds: the queue is
    as long as it has waited, whatever the crowd of one second tells."""
    return min(LONGEST, 1 + waited / WAITED)


class Unlimited:
    """Answers `ports.Governor`: lets everything through, for tests and walks."""

    def hold(self, workflow: str, *, marketing: bool, ready: bool = True) -> Hold | None:
        """Never."""
        return None

    def throttled(self) -> None:
        """Nothing to step back from."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What SES lets the account send: mails a second and in 24 hours (0 or less: without end), those sent in the last
    24 hours, whether it may send at all, and how it stands (`HEALTHY`, `PROBATION`, `SHUTDOWN`)."""

    per_second: float
    per_day: float
    sent: float
    enabled: bool = True
    standing: str = ""


class Account(Protocol):
    """The SES account."""

    def quota(self) -> Quota:
        """The quota as it stands; eventually consistent."""
        ...


class Shared(Protocol):
    """Counters that instances share."""

    def take(self, name: str, units: int, expires: int) -> int:
        """Add to a counter; what it stands at then. It is forgotten after `expires`, an epoch second."""
        ...


@dataclass(slots=True)
class AccountGovernor:
    """Answers `ports.Governor`, for one instance. Times are the machine's, but for the ramp's days."""

    account: Account
    pauses: PauseReader
    shared: Shared
    operator: ports.Operator
    clock: Clock
    warm_up: WarmUp | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    jitter: Callable[[], float] = random.random
    _quota: Quota | None = None
    _asked_at: datetime | None = None
    _known_at: datetime | None = None
    _since: int = 0
    _pauses: dict[str, tuple[datetime, Pause | None]] = field(default_factory=dict)
    _asked: list[datetime] = field(default_factory=list)
    _leased: tuple[int, int] = (0, 0)
    _back_until: datetime | None = None
    _full: date | None = None
    _told: set[str] = field(default_factory=set)

    def hold(self, workflow: str, *, marketing: bool, ready: bool = True) -> Hold | None:
        """Why this mail must wait; None when it may go. Only a mail that is `ready` takes of the rate and the ramp."""
        now = self.clock.machine_now()
        if marketing and self._is_paused(workflow, now):
            return self._hold("paused", PAUSED / max(1, self.clock.shop_seconds(1)))
        quota = self._account(now)
        held = self._of_the_day(quota, marketing, now) if quota else None
        if held is None and marketing and ready:
            held = self._of_the_second(quota, now) or self._of_the_ramp(quota, now)
        return held

    def throttled(self) -> None:
        """SES has just refused for its rate: marketing mail steps back for a while."""
        self._back_until = self.clock.machine_now() + timedelta(seconds=BACK_OFF * (1 + self.jitter()))

    def sent(self) -> None:
        """A mail has gone out."""
        self._since += 1

    def tell_once(self, what: str, span: str, detail: dict[str, object]) -> None:
        """Tell the operator, once by all instances in a span of time that `span` names."""
        name = f"told:{what}:{span}"
        if name in self._told:
            return
        try:
            if self.shared.take(name, 1, _later(self.clock.machine_now())) == 1:
                self.operator.tell(what, detail)
            self._told.add(name)
        except Unavailable as outage:
            log.warning("operator not told of %s: %s", what, outage)

    def _is_paused(self, workflow: str, now: datetime) -> bool:
        known = self._pauses.get(workflow)
        if known is None or now - known[0] > KEPT:
            try:
                known = (now, self.pauses.pause_of(workflow))
            except Unavailable:
                known = known or (now, None)
            self._pauses[workflow] = known
        return bool(known[1] and known[1].paused)

    def _account(self, now: datetime) -> Quota | None:
        if self._asked_at is None or now - self._asked_at > KEPT:
            self._asked_at = now
            try:
                self._quota, self._known_at, self._since = self.account.quota(), now, 0
            except Unavailable as outage:
                log.warning("the account's quota is not known: %s", outage)
            else:
                self._mind_standing(self._quota, now)
        return self._quota

    def _mind_standing(self, quota: Quota, now: datetime) -> None:
        if not quota.enabled or quota.standing not in ("", "HEALTHY"):
            found = {"standing": quota.standing, "may_send": quota.enabled}
            self.tell_once("SES restricts this account", f"{now:%Y-%m-%d}", dict(found))

    def _of_the_day(self, quota: Quota, marketing: bool, now: datetime) -> Hold | None:
        sent = quota.sent + self._since
        if not marketing:
            fresh = self._known_at is not None and now - self._known_at < STALE
            spent = fresh and 0 < quota.per_day <= sent
            return self._hold("quota", TRANSACTIONAL) if spent else None
        if not quota.enabled:
            return self._hold("quota", QUOTA)
        if 0 < quota.per_day * FOR_MARKETING <= sent:
            found = {"sent": round(sent), "quota": round(quota.per_day)}
            self.tell_once("marketing mail waits for the day's quota", f"{now:%Y-%m-%d}", dict(found))
            return self._hold("quota", QUOTA)
        ramp = self._ramp(quota)
        return self._hold("warm-up", RAMP) if ramp is not None and sent >= ramp else None

    @property
    def _today(self) -> date:
        return self.clock.now().astimezone(self.zone).date()

    def _ramp(self, quota: Quota | None) -> float | None:
        """What the ramp lets through today, None without one."""
        return self.warm_up.allowed(self._today, quota.per_day if quota else 0) if self.warm_up else None

    def _of_the_ramp(self, quota: Quota | None, now: datetime) -> Hold | None:
        """All instances' share of the day's ramp: it may be less than they send within the minute in which none knows
        of the others' mails."""
        ramp, today = self._ramp(quota), self._today
        if ramp is None:
            return None
        try:
            if self._full != today and self.shared.take(f"warm-up:{today}", 1, _later(now)) > ramp:
                self._full = today
        except Unavailable:
            return None
        return self._hold("warm-up", RAMP) if self._full == today else None

    def _of_the_second(self, quota: Quota | None, now: datetime) -> Hold | None:
        """A lease of this second's rate; the longer the queue, the wider it is spread."""
        if self._back_until and now < self._back_until:
            return self._hold("rate", (self._back_until - now).total_seconds())
        asked = [at for at in self._asked if now - at < BUSY]
        self._asked = [*asked[-100:], now]
        if not asked or quota is None or quota.per_second <= 0:
            return None
        recent = sum(1 for at in asked if now - at < LATELY)
        second, (leased_in, left) = int(now.timestamp()), self._leased
        if leased_in == second and left > 0:
            self._leased = (second, left - 1)
            return None
        limit = max(1, int(quota.per_second * RATE_FOR_MARKETING))
        # What it sent in a second lately; a quarter of that once more when it was not enough.
        units = min(max(1, recent // (8 if leased_in == second else 2)), limit)
        try:
            taken = self.shared.take(f"rate:{second}", units, second + 3600)
        except Unavailable:
            return None
        granted = min(units, limit - (taken - units))
        if granted < 1:
            return Hold("rate", 1 + self.jitter() * max(SHORTEST_SPREAD, SPREAD * taken / limit))
        self._leased = (second, granted - 1)
        return None

    def _hold(self, reason: str, seconds: float) -> Hold:
        return Hold(reason, seconds * (1 + self.jitter()))


def _later(now: datetime) -> int:
    """When a counter of a day is no longer asked for."""
    return int(now.timestamp()) + 3 * 86400


@dataclass(slots=True)
class Watched:
    """Answers `ports.Mailer`: keeps the governor informed, and tells the operator when SES takes nothing any more."""

    mailer: ports.Mailer
    governor: AccountGovernor
    clock: Clock
    _refused: int = 0

    def send(self, mail: ports.Outgoing) -> str:
        """The message id; raises as the mailer does."""
        try:
            message_id = self.mailer.send(mail)
        except SendRejected as rejection:
            if not rejection.throttled:
                self._refused += 1
                self._mind(str(rejection))
            raise
        self._refused = 0
        self.governor.sent()
        return message_id

    def _mind(self, why: str) -> None:
        if self._refused == SEVERAL:
            hour = f"{self.clock.machine_now():%Y-%m-%dT%H}"
            found: dict[str, object] = {"error": why, "in_a_row": self._refused}
            self.governor.tell_once("SES refuses mails", hour, found)
            self._refused = 0
