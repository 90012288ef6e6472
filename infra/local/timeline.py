"""Lets the story happen: each webhook when its shop time has come, each reaction when its mail has."""

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from typing import Final

from infra.local.errors import LocalError
from infra.local.inbox_client import Inbox, Mail
from infra.local.readers import Reaction, Visit
from infra.local.wire import Door, Webhook
from tidings.clock import Clock

WORKERS: Final = 4
_LOOK_SECONDS: Final = 0.3

Act = Callable[[], object]


class Timeline:
    """Runs acts at their shop times, a few at once. An act's exception ends the run."""

    def __init__(self, clock: Clock, door: Door, inbox: Inbox) -> None:
        self._clock, self._door, self._inbox = clock, door, inbox
        self._acts: list[tuple[datetime, int, Act]] = []
        self._order = itertools.count()
        self._waiting: dict[tuple[str, str, int], Reaction] = {}
        self._mails: Counter[tuple[str, str]] = Counter()
        self._running: set[Future[object]] = set()

    def add(self, at: datetime, act: Act) -> None:
        """Do `act` at that shop time, or at once when it has passed."""
        heapq.heappush(self._acts, (at, next(self._order), act))

    def send(self, webhooks: Iterable[Webhook]) -> None:
        """Send each webhook at its shop time."""
        for webhook in webhooks:
            self.add(webhook.at, lambda webhook=webhook: self._door.deliver(webhook))  # type: ignore[misc]

    def expect(self, reactions: Iterable[Reaction]) -> None:
        """Wait for the mails that people react to."""
        for reaction in reactions:
            self._waiting[reaction.email.lower(), reaction.workflow, reaction.nth] = reaction

    def visit(self, visits: Iterable[Visit]) -> None:
        """Let people open the pages that need no link."""
        for visit in visits:
            self.add(visit.at, lambda visit=visit: self._door.fill_in(f"pages/{visit.page}", visit.answers))  # type: ignore[misc]

    def run(self, until: datetime, look: Callable[[], None]) -> None:
        """Until that shop time and until all that was begun has ended. `look` is called a few times a second."""
        with ThreadPoolExecutor(WORKERS) as pool:
            while self._clock.now() < until:
                for mail in self._inbox.news():
                    self._react(mail)
                look()
                deadline = time.monotonic() + _LOOK_SECONDS
                while (left := deadline - time.monotonic()) > 0:
                    self._start_due(pool, until)
                    time.sleep(min(left, self._seconds_to_next()))
            self._start_due(pool, until)
        for ended in self._running:
            ended.result()
        self._running.clear()

    def _start_due(self, pool: ThreadPoolExecutor, until: datetime) -> None:
        now = min(self._clock.now(), until)
        while self._acts and self._acts[0][0] <= now:
            self._running.add(pool.submit(heapq.heappop(self._acts)[2]))
        for ended in [future for future in self._running if future.done()]:
            self._running.discard(ended)
            ended.result()

    def _seconds_to_next(self) -> float:
        if not self._acts:
            return _LOOK_SECONDS
        ahead = (self._acts[0][0] - self._clock.now()).total_seconds()
        return min(_LOOK_SECONDS, max(0.005, ahead / max(1, self._clock.shop_seconds(1))))

    def _react(self, mail: Mail) -> None:
        self._mails[mail.email, mail.workflow] += 1
        nth = self._mails[mail.email, mail.workflow]
        reaction = self._waiting.pop((mail.email, mail.workflow, nth), None)
        if reaction is None:
            return
        at = max(mail.at + reaction.after, self._clock.now())
        if reaction.then is not None:
            self.send(reaction.then(at))
        elif reaction.page:
            self.add(at, lambda: self._follow(mail.number, reaction))
        else:
            self.add(at, lambda: self._unsubscribe(mail.number))

    def _follow(self, number: int, reaction: Reaction) -> None:
        link = self._inbox.page_link(number, reaction.page)
        if link is None:
            raise LocalError(f"mail {number} has no link to the page {reaction.page}: see build/run/mails")
        self._door.fill_in(link, reaction.answers)

    def _unsubscribe(self, number: int) -> None:
        link = self._inbox.unsubscribe_link(number)
        if link is None:
            raise LocalError(
                f"mail {number} has no one-click address in List-Unsubscribe: see build/run/mails"
            )
        status = self._door.unsubscribe(link)
        if status != HTTPStatus.OK:
            raise LocalError(f"the one-click POST of mail {number} was answered with {status}: {link}")


def send_at_once(door: Door, webhooks: Iterable[Webhook], look: Callable[[], None]) -> None:
    """Send history: in its order, as fast as the door answers. `look` is called after each answer."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(door.deliver, webhooks):
            look()
