"""The same step called twice at once, as when Step Functions gives up an invocation that still runs: each of the two is
stopped between any of its calls while the other goes on."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest

from tests.fakes import FakeGovernor
from tests.lives import CAPPED, QUIET, Life, flow, local
from tests.worlds import DAY, HOUR, NOW, stepper_of
from tidings.clock import FixedClock
from tidings.customer import epoch
from tidings.errors import Conflict, SendDeferred, SendRejected, SendUnknown, Unavailable
from tidings.ports import Hold, Pace, Send
from tidings.shop import Shop
from tidings.steps import Request

SECOND = timedelta(seconds=1)
NIGHTFALL = local("2026-03-10 22:00")
PORTS = ("sends", "paces", "mailer", "suppressions")


class Call:
    """One invocation, in a thread that goes on only when it is told to."""

    def __init__(self, work: Callable[["Call"], object]) -> None:
        """Stands before its first call."""
        self.go, self.stands = threading.Semaphore(0), threading.Semaphore(0)
        self.error: BaseException | None = None
        self.is_over = False
        self.thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self.thread.start()
        self.stands.acquire()

    def _run(self, work: Callable[["Call"], object]) -> None:
        self.pause()
        try:
            work(self)
        except (Conflict, SendDeferred, Unavailable):
            pass
        except BaseException as error:  # noqa: BLE001 - raised again by `to_its_end`
            self.error = error
        self.is_over = True
        self.stands.release()

    def pause(self) -> None:
        """Let the other go on."""
        self.stands.release()
        self.go.acquire()

    def on(self, calls: int) -> None:
        """So many calls further, if there are as many."""
        while calls and not self.is_over:
            self.go.release()
            self.stands.acquire()
            calls -= 1

    def to_its_end(self) -> None:
        """The rest."""
        self.on(1000)
        assert self.is_over
        if self.error:
            raise self.error


class Between:
    """A port that pauses before each call."""

    def __init__(self, port: Any, call: Call) -> None:
        """Of that invocation."""
        self.port, self.call = port, call

    def __getattr__(self, name: str) -> Any:
        def paused(*told: Any, **named: Any) -> Any:
            self.call.pause()
            return getattr(self.port, name)(*told, **named)

        return paused


@dataclass
class Twice:
    """A mail whose step is called at `at` and, by another instance's clock, `later`."""

    class_: str = "marketing"
    shop: Shop = CAPPED
    at: datetime = NOW
    later: timedelta = timedelta(0)
    before: datetime = NOW - 2 * DAY
    refusals: int = 0
    lost: int = 0
    holds: tuple[Hold | None, Hold | None] = (None, None)
    was_deferred: bool = False

    def __post_init__(self) -> None:
        self.life = Life([flow("mail", {"send": "a"}, **{"class": self.class_})], self.shop)
        self.journey = self.life.begin()["mail"][1]
        self.customer = self.life.world.only().id

    def play(self, first: int, second: int) -> Send:
        """The one goes `first` calls far, then the other `second`, then the one to its end, then the other; and then
        the machine until the step is done: its ledger entry."""
        self._begin()
        one, other = (Call(partial(self._step, number)) for number in (0, 1))
        one.on(first + 1)
        other.on(second + 1)
        one.to_its_end()
        other.to_its_end()
        self.life.world.clock.time = max(self.at, self.at + self.later) + SECOND
        self._until_done()
        (entry,) = self.life.sends.rows.values()
        return entry

    def slot(self) -> int | None:
        """The moment of the mail's slot."""
        return self.life.paces.get(self.customer).sends.get(f"{self.journey}#a")

    def _begin(self) -> None:
        life, mailer = self.life, self.life.mailer
        life.world.clock.time = NOW - DAY
        life.sends.rows.clear()
        life.paces.rows = {self.customer: Pace(self.customer, 1, {"before#a": epoch(self.before)})}
        mailer.sent.clear()
        mailer.reject[:] = [SendRejected("TooManyRequests", 60, throttled=True)] * self.refusals
        mailer.lose_answer[:] = [SendUnknown("ReadTimeout")] * self.lost
        if self.was_deferred:
            life.governor.holds.append(Hold("quota", 60))
            with pytest.raises(SendDeferred):
                life.step(self.journey, "a")

    def _step(self, number: int, call: Call) -> None:
        life = self.life
        ports = {name: Between(getattr(life.stepper.sender, name), call) for name in PORTS}
        hold = self.holds[number]
        stepper = stepper_of(
            life.world,
            **ports,
            clock=FixedClock(self.at + number * self.later),
            governor=FakeGovernor(hold),
            compose=life.stepper.sender.compose,
            package=life.stepper.package,
        )
        stepper.run(Request(self.journey, "mail", "a", "r1"))

    def _until_done(self) -> None:
        for _ in range(60):
            try:
                self.life.step(self.journey, "a")
                return
            except SendDeferred as deferred:
                self.life.world.pass_time(timedelta(seconds=deferred.seconds))
        raise AssertionError("the step never ended")


SKEWED = [timedelta(0), 3 * SECOND, -3 * SECOND]
CASES: dict[str, dict[str, Any]] = {
    "nothing else": {},
    "deferred before": {"was_deferred": True},
    "the cap is just free": {"before": NOW - 16 * HOUR},
    "the quiet hours are about to begin": {"shop": QUIET, "at": NIGHTFALL - SECOND},
    "one is held": {"holds": (Hold("rate", 30), None)},
    "the other is held": {"holds": (None, Hold("rate", 30))},
    "SES refuses once": {"refusals": 1},
    "SES refuses twice": {"refusals": 2},
    "SES does not answer": {"lost": 1},
}


CALLS = 10
"""More than an attempt makes."""


def plays(told: dict[str, Any]) -> Iterator[tuple[Twice, Send, str]]:
    """Every pair of points: the mail, what the ledger says of it in the end, and which points it was."""
    for later in SKEWED:
        twice = Twice(later=later, **told)
        for first, second in product(range(CALLS), repeat=2):
            yield twice, twice.play(first, second), f"{later}, {first} and {second} calls"


@pytest.mark.parametrize("case", CASES)
def test_a_marketing_mail_goes_once_and_its_slot_is_kept(case: str) -> None:
    """Whatever the other attempt decides meanwhile, what SES has taken counts towards the cap."""
    state = "dropped" if CASES[case].get("lost") else "sent"
    for twice, entry, where in plays(CASES[case]):
        assert len(twice.life.mailer.sent) == 1, where
        assert entry.state == state, where
        slot = twice.slot()
        assert slot is not None, where
        assert abs(slot - entry.at) <= 3, where


@pytest.mark.parametrize(
    "case", ["nothing else", "deferred before", "SES refuses twice", "SES does not answer"]
)
def test_a_transactional_mail_is_not_lost(case: str) -> None:
    """It goes; twice only where nobody knows whether it went."""
    for twice, entry, where in plays(CASES[case] | {"class_": "transactional"}):
        assert len(twice.life.mailer.sent) == 1 + CASES[case].get("lost", 0), where
        assert entry.state == "sent", where
