"""A rush: thousands of mails wake at once, SES takes so many a second, and everything goes."""

import heapq
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from tests import fakes
from tests.worlds import NOW
from tidings.clock import FixedClock
from tidings.errors import SendRejected
from tidings.pacing.governor import RATE_FOR_MARKETING, AccountGovernor, Quota, Watched, patience
from tidings.pacing.health import Pause
from tidings.ports import Outgoing

RATE = 14
LOOK, SEND = 0.03, 0.12
"""Seconds that an instance is busy with a mail that is held, and with one that goes."""

MAIL = Outgoing("b@example.com", b"", {})


@dataclass
class Ses:
    """SES: takes `RATE` mails a second, with room for as many at once, and refuses the rest."""

    clock: FixedClock
    taken: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    room: float = RATE
    last: datetime = NOW

    def send(self, mail: Outgoing) -> str:
        """Take it, or throttle."""
        now = self.clock.machine_now()
        self.room = min(RATE, self.room + (now - self.last).total_seconds() * RATE)
        self.last = now
        if self.room < 1:
            self.refused += 1
            raise SendRejected("TooManyRequestsException", 60, throttled=True)
        self.room -= 1
        self.taken[int(now.timestamp())] += 1
        return "m"

    def quota(self) -> Quota:
        """The account's."""
        return Quota(RATE, 50_000, sum(self.taken.values()))

    def pause_of(self, workflow: str) -> Pause | None:
        """Nothing is paused."""
        return None


@dataclass
class Counters:
    """The shared counters."""

    kept: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    holds: int = 0

    def take(self, name: str, units: int, expires: int) -> int:
        """Add."""
        self.writes += 1
        self.kept[name] += units
        return self.kept[name]


def rush(
    mails: int, transactional: int, instances: int, seed: int
) -> tuple[Ses, Counters, list[float], list[float]]:
    """All that wake within two seconds, until all have gone: SES, the counters, and after how many seconds the mails of
    each class went."""
    draw, clock, counters = random.Random(seed), FixedClock(NOW), Counters()
    ses = Ses(clock)
    crowd = []
    for _ in range(instances):
        governor = AccountGovernor(ses, ses, counters, fakes.FakeOperator(), clock, jitter=draw.random)
        crowd.append((governor, Watched(ses, governor, clock)))
    free = [(0.0, index) for index in range(instances)]
    queue = [(draw.random() * 2, number) for number in range(mails + transactional)]
    heapq.heapify(queue)
    went: dict[bool, list[float]] = {False: [], True: []}
    attempts: Counter[int] = Counter()
    queued: dict[int, float] = {}
    while queue:
        due, number = heapq.heappop(queue)
        since, index = heapq.heappop(free)
        at, urgent = max(due, since), number >= mails
        clock.time = NOW + timedelta(seconds=at)
        governor, mailer = crowd[index]
        hold = governor.hold("welcome", marketing=not urgent)
        heapq.heappush(free, (at + (LOOK if hold else SEND), index))
        if hold is not None:
            counters.holds += 1
            waited = at - queued.setdefault(number, at)
            heapq.heappush(queue, (at + hold.seconds * patience(waited), number))
            continue
        try:
            mailer.send(MAIL)
        except SendRejected as rejection:
            governor.throttled()
            attempts[number] += 1
            delay = rejection.retry_after * 2 ** (attempts[number] - 1)
            heapq.heappush(queue, (at + delay * (1 + draw.random()), number))
            continue
        went[urgent].append(at)
    assert max(attempts.values(), default=0) < 40
    return ses, counters, went[False], went[True]


@pytest.mark.parametrize("instances", [1, 10, 100])
def test_a_rush_loses_nothing_and_is_seldom_throttled(instances: int) -> None:
    """1,500 marketing mails and 50 that somebody waits for, at 14 a second: all go once; beside the first wave on cold
    instances next to none is refused; it takes no more than twice what marketing's share of the rate asks for; a mail
    that finds no room asks about twice; and what somebody waits for goes within two minutes."""
    ses, counters, marketing, urgent = rush(1500, 50, instances, seed=instances)
    assert (len(marketing), len(urgent)) == (1500, 50)
    assert sum(ses.taken.values()) == 1550
    assert ses.refused <= 1.5 * instances
    assert max(marketing) < 2 * 1550 / (RATE * RATE_FOR_MARKETING)
    assert counters.holds < 2.5 * 1500
    assert counters.writes < 2.5 * 1500
    if instances > 1:
        assert max(urgent) < 130


@pytest.mark.parametrize("instances", [50, 300])
def test_in_a_long_queue_nobody_asks_all_the_time(instances: int) -> None:
    """20,000 mails, half an hour's: each coming back costs two transitions, and a mail comes back nine times at most on
    the average; nearly all have gone within a fifth more time than the rate asks for."""
    _, counters, marketing, _ = rush(20_000, 50, instances, seed=1)
    assert counters.holds < 9 * 20_000
    assert sorted(marketing)[19_800] < 1.2 * 20_000 / (RATE * RATE_FOR_MARKETING)


def test_without_a_rush_nobody_waits() -> None:
    """Ten mails in two seconds go at once."""
    ses, _, marketing, urgent = rush(8, 2, 5, seed=1)
    assert ses.refused == 0
    assert max([*marketing, *urgent]) < 3
