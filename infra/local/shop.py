"""`make run`: a simulated shop before the embedded AWS: a year of history, then seven days, then the figures.

Reads SEED (a number; 1 by default), ONCE (not empty: end by itself), and PORT, SPEED, ORIGIN as `make up`
does.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import figures, readers
from infra.local.errors import LocalError
from infra.local.inbox_client import Inbox
from infra.local.mailbox import write_json
from infra.local.options import from_environment
from infra.local.outputs import Outputs
from infra.local.stack import Stack
from infra.local.story import LIVE_DAYS, Story
from infra.local.timeline import Timeline, send_at_once
from infra.local.wire import Door, Webhook
from tidings.links import parse_keys
from tidings.tids import make_tid

SETTLE_SECONDS: Final = 60
"""How long the stream may take to be worked off once nothing more is sent."""

AFTER_DAYS: Final = 90
"""How long the shop goes on while the inbox stays open."""

_BIRTHDAY_IN: Final = timedelta(days=12)
"""From the figures on: after the surveys are answered, and soon enough to be waited for."""

_CLOSING_SECONDS: Final = 3
"""How long `make down` may take to stop the stack once its first part is gone."""

_HISTORY_TAKES: Final = timedelta(hours=14)
"""Shop time that sending the history is expected to take; the live days start at the midnight after it."""


@dataclass(slots=True)
class Progress:
    """One line that is written again on a terminal; a line a shop day elsewhere."""

    terminal: bool
    _day: str = ""
    _text: str = ""
    _next: float = 0.0

    def show(self, text: str, day: str) -> None:
        """Show how far the run is; `day` changes once a shop day."""
        if self.terminal and time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.2
            print(f"\r\033[K{text}", end="", flush=True)
        elif not self.terminal and self._day and day != self._day:
            print(self._text, flush=True)
        self._day, self._text = day, text

    def finish(self, text: str) -> None:
        """Leave a line that stays."""
        print(f"\r\033[K{text}" if self.terminal else text, flush=True)
        self._day = ""


@dataclass(slots=True)
class Demo:
    """One run of the demo on a stack that is up and unused."""

    outputs: Outputs
    directory: Path
    seed: int
    progress: Progress
    began: float = field(default_factory=time.monotonic)
    door: Door = field(init=False)
    inbox: Inbox = field(init=False)
    story: Story = field(init=False)
    timeline: Timeline = field(init=False)

    def __post_init__(self) -> None:
        """Find the door and the recorder."""
        self.door = Door(self.outputs.text("api_url"), self.outputs.values["webhook_secrets"])
        self.inbox = Inbox(self.outputs.text("inbox_url"))
        self.timeline = Timeline(self.outputs.clock, self.door, self.inbox)
        keys = parse_keys([self.outputs.text("track_secret")])
        self.story = Story(
            self.seed,
            self.outputs.text("inbox_url") + "pictures/",
            tid=lambda account, until: make_tid(f"shopify:customer:{account}", until, keys),
        )

    def run(self) -> dict[str, Any]:
        """The whole story; the summary. Raises LocalError when something fails."""
        self._check_unused()
        self.inbox.world(seed=self.seed)
        clock = self.outputs.clock
        start = _next_midnight(clock.now() + _HISTORY_TAKES)
        self._tell_history(start)
        start = max(start, _next_hour(clock.now()))
        self._live(start)
        self._drain()
        return self._count()

    def _check_unused(self) -> None:
        store = self.outputs.client("dynamodb")
        found = store.scan(TableName=self.outputs.values["tables"]["events"], Limit=1)
        if found["Items"]:
            raise LocalError("the stack holds an earlier run: make down, then make run")

    def _tell_history(self, start: datetime) -> None:
        told = self.story.history(start)
        sent = 0

        def look() -> None:
            nonlocal sent
            sent += 1
            self.progress.show(f"a year of history: {sent} of {len(told)} webhooks", "history")

        send_at_once(self.door, told, look)
        self._settle("history")
        people = len(self.story.past)
        self.progress.finish(f"a year of history: {people} customers, {self.door.answers.accepted} events")

    def _live(self, start: datetime) -> None:
        clock, timeline = self.outputs.clock, self.timeline
        timeline.send(self.story.live(start))
        timeline.visit(self.story.visits(start))
        timeline.expect(self.story.reactions)
        end = start + timedelta(days=LIVE_DAYS)
        self._add_daily(_daily_times(start, end))
        timeline.run(end, lambda: self._show(clock.now(), start))
        self._show(end, start, last=True)

    def go_on(self) -> None:
        """The days after the figures: the daily rule runs, and people answer what comes weeks after an order."""
        now = self.outputs.clock.now()
        end = now + timedelta(days=AFTER_DAYS)
        self._add_daily(at for at in _daily_times(now, end, AFTER_DAYS) if at > now)
        self.timeline.expect(
            readers.afterwards([*self.story.new, *self.story.past], (now + _BIRTHDAY_IN).date())
        )
        self.timeline.run(end, lambda: None)

    def _add_daily(self, times: Iterable[datetime]) -> None:
        for at in times:
            self.timeline.add(at, lambda at=at: self._invoke_daily(at))  # type: ignore[misc]

    def _show(self, now: datetime, start: datetime, last: bool = False) -> None:
        day = max(1, min(LIVE_DAYS, 1 + (now - start) // timedelta(days=1)))
        answers = self.door.answers
        text = (
            f"day {day} of {LIVE_DAYS}, {now:%a %d %b %H}:00 · {answers.accepted} events"
            f" ({answers.duplicate} repeated) · {self.inbox.count} mails"
        )
        self.progress.finish(text) if last else self.progress.show(text, f"day {day}")

    def _invoke_daily(self, at: datetime) -> None:
        """What the rule sends to its functions at five past midnight."""
        name, region = self.outputs.values["functions"]["run_daily"], self.outputs.text("region")
        event = {
            "version": "0",
            "id": f"{at:%Y%m%d}-demo",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "000000000000",
            "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "region": region,
            "resources": [f"arn:aws:events:{region}:000000000000:rule/daily"],
            "detail": {},
        }
        learning = self.outputs.values["functions"]["track_event"]
        for function, given in ((name, event), (learning, {"learn": True})):
            try:
                answer = self.outputs.client("lambda").invoke(
                    FunctionName=function, Payload=json.dumps(given)
                )
            except (BotoCoreError, ClientError) as error:
                raise LocalError(f"the daily rule's function could not be called: {error}") from None
            if answer.get("FunctionError"):
                told = answer["Payload"].read().decode()[:300]
                raise LocalError(f"the daily rule's function failed: {told}; see build/local/ministack.log")

    def _drain(self) -> None:
        """Nothing new happens; what has happened is worked off."""
        self.progress.show("working off what is left", "drain")
        self.inbox.world(rest=True)
        queue = self.outputs.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        self._wait(
            "the feedback queue",
            lambda: (
                not any(
                    int(value)
                    for value in queue.get_queue_attributes(
                        QueueUrl=self.outputs.text("feedback_queue_url"), AttributeNames=names
                    )["Attributes"].values()
                )
            ),
        )
        self._settle("end")

    def _settle(self, name: str) -> None:
        """Wait until the stream is worked off: a last event is sent, and its customer is looked for.

        Records of one shard are worked off in order, so that everything before it has been folded when it
        has.
        """
        mark = f"settled {name} {self.seed}"
        data = {"customer": {"email": "shopkeeper@example.com"}, "first_name": mark}
        now = self.outputs.clock.now()
        body = {"type": "profile_updated", "timestamp": now.isoformat(), "data": data}
        self.door.deliver(
            Webhook(now, "events", "profile_updated", json.dumps(body).encode(), f"settle-{name}")
        )
        store, table = self.outputs.client("dynamodb"), self.outputs.values["tables"]["customers"]
        self._wait("the stream", lambda: any(mark in str(item) for item in figures.scan(store, table)))

    def _wait(self, what: str, done: Callable[[], bool]) -> None:
        until = time.monotonic() + SETTLE_SECONDS
        while not done():
            if time.monotonic() > until:
                raise LocalError(
                    f"{what} is not worked off after {SETTLE_SECONDS} s: build/local/ministack.log says why"
                )
            time.sleep(0.2)

    def _count(self) -> dict[str, Any]:
        """One consistent picture: no mail is sent while the tables are read, and none is listed after."""
        self.inbox.books(hold=True)
        try:
            self.inbox.books(close=True)
            counted = figures.read(self.outputs, self.directory / "mails.json")
        finally:
            self.inbox.books(release=True)
        answers = self.door.answers
        summary = counted.summary(answers.accepted, answers.duplicate, time.monotonic() - self.began)
        write_json(self.directory / "summary.json", summary)
        self.inbox.world(rest=False)
        print(f"\n{counted.table()}\n")
        return summary


def _next_midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _next_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _daily_times(start: datetime, end: datetime, days: int = LIVE_DAYS) -> list[datetime]:
    """Five past midnight UTC of each day; when the days begin later than that, also at once."""
    first = start.replace(hour=0, minute=5)
    times = [first + timedelta(days=n) for n in range(days + 1)]
    return [max(start, first), *(at for at in times[1:] if at < end)]


def main(environ: Mapping[str, str]) -> int:
    """The exit code: 0 when the run ended well, 1 when it failed, 130 when it was stopped before its end."""
    stack, ours = None, False
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        stack = Stack(from_environment(environ, datetime.now(UTC)))
        seed = environ.get("SEED") or "1"
        if not seed.isdecimal():
            raise LocalError(f"SEED={seed} is no whole number: SEED=1, for one")
        ours = _bring_up(stack)
        demo = Demo(
            Outputs.read(stack.options.outputs), stack.options.run, int(seed), Progress(sys.stdout.isatty())
        )
        print(f"the shop is open; its mails: {demo.outputs.text('inbox_url')}", flush=True)
        summary = demo.run()
        print(
            f"{summary['mails_sent']} mails in {summary['seconds']:.0f} s; figures in {demo.directory}/summary.json"
        )
        if not environ.get("ONCE"):
            stay(demo, stack, ours)
    except LocalError as error:
        print("\n" * sys.stdout.isatty() + f"make run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if stack and (ours or environ.get("ONCE")):
            stack.down()
    return 0


def _bring_up(stack: Stack) -> bool:
    """Start the stack unless it runs; whether this call started it."""
    if stack.is_up():
        return False
    print("starting the embedded AWS", flush=True)
    stack.up()
    return True


def stay(demo: Demo, stack: Stack, ours: bool, pause: Callable[[float], None] = time.sleep) -> None:
    """Leave the inbox open until Ctrl-C, or until the stack is stopped elsewhere; meanwhile the shop goes on."""
    print(
        f"the inbox stays open at {demo.outputs.text('inbox_url')} until Ctrl-C"
        f"{' (which stops the stack too)' if ours else ''}; the shop goes on, and surveys and reviews follow",
        flush=True,
    )
    try:
        try:
            demo.go_on()
        except LocalError as error:
            pause(_CLOSING_SECONDS)
            if stack.is_up():
                print(f"make run: the shop goes on no further: {error}", file=sys.stderr)
        while stack.is_up():
            pause(1)
        print("the stack was stopped")
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main(os.environ))
