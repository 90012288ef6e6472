"""The demo's timeline: everything at its shop time, reactions after their mails, failures loud."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from infra.local.errors import LocalError
from infra.local.figures import Figures
from infra.local.inbox_client import Inbox, Mail
from infra.local.readers import Answers, Reaction, Visit
from infra.local.timeline import Timeline
from infra.local.wire import Door, Webhook
from tidings.clock import ScaledClock

START = datetime(2027, 2, 27, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class FakeDoor:
    """Remembers what came, and when by the shop's clock."""

    def __init__(self, clock: ScaledClock) -> None:
        self.clock = clock
        self.taken: list[tuple[str, datetime]] = []
        self.clicked: list[str] = []
        self.sent: list[tuple[str, Answers]] = []

    def deliver(self, webhook: Webhook) -> None:
        """Take one."""
        self.taken.append((webhook.topic, self.clock.now()))

    def unsubscribe(self, url: str) -> int:
        """Take one-click."""
        self.clicked.append(url)
        return 200

    def fill_in(self, url: str, answers: Answers) -> None:
        """Take a form."""
        self.sent.append((url, answers))


class FakeInbox:
    """Holds mails that come once a number of webhooks has been taken."""

    def __init__(self, door: FakeDoor, mails: list[Mail], after: int) -> None:
        self.door, self.mails, self.after = door, mails, after

    def news(self) -> list[Mail]:
        """What came."""
        if len(self.door.taken) < self.after:
            return []
        came, self.mails = self.mails, []
        return came

    def unsubscribe_link(self, number: int) -> str | None:
        """Mail 9 has none."""
        return None if number == 9 else f"http://127.0.0.1/unsubscribe/{number}"

    def page_link(self, number: int, page: str) -> str | None:
        """Mail 9 has none."""
        return None if number == 9 else f"http://127.0.0.1/pages/{page}/{number}"


def _webhook(topic: str, at: datetime) -> Webhook:
    return Webhook(at, "shopify", topic, b"{}", topic)


def _timeline(mails: list[Mail], after: int = 0) -> tuple[Timeline, FakeDoor, Callable[[datetime], None]]:
    clock = ScaledClock(START, datetime.now(UTC), 3600)
    door = FakeDoor(clock)
    inbox = cast(Inbox, FakeInbox(door, mails, after))
    timeline = Timeline(clock, cast(Door, door), inbox)
    return timeline, door, lambda until: timeline.run(until, lambda: None)


def _mail(number: int, workflow: str = "welcome") -> Mail:
    return Mail(number, workflow, "ada@example.com", START)


def test_webhooks_go_out_at_their_shop_times() -> None:
    """None before its time, none after the end."""
    timeline, door, run = _timeline([])
    times = [START + timedelta(minutes=minutes) for minutes in (20, 40, 200)]
    timeline.send(_webhook(f"t{n}", at) for n, at in enumerate(times))
    run(START + timedelta(hours=1))
    assert [topic for topic, _ in door.taken] == ["t0", "t1"]
    assert all(now >= at for (_, now), at in zip(door.taken, times, strict=False))


def test_a_reaction_waits_for_its_mail() -> None:
    """The second mail of a workflow to an address calls what was waiting for the second, once."""
    timeline, door, run = _timeline([_mail(1), _mail(2), _mail(3)])
    asked: list[datetime] = []

    def then(at: datetime) -> list[Webhook]:
        asked.append(at)
        return [_webhook("orders/create", at)]

    timeline.expect([Reaction("Ada@example.com", "welcome", 2, 30 * SECOND, then)])
    run(START + timedelta(minutes=40))
    assert [topic for topic, _ in door.taken] == ["orders/create"]
    assert asked[0] >= START + 30 * SECOND


def test_unsubscribing_uses_the_mails_own_link() -> None:
    """No webhook: the one-click address of that very mail."""
    timeline, door, run = _timeline([_mail(4, "win-back")])
    timeline.expect([Reaction("ada@example.com", "win-back", 1, SECOND, None)])
    run(START + timedelta(minutes=30))
    assert (door.taken, door.clicked) == ([], ["http://127.0.0.1/unsubscribe/4"])


def test_a_form_is_sent_by_the_mails_own_link() -> None:
    """A reaction with a page opens that mail's link to it; a visit opens a page without any mail."""
    timeline, door, run = _timeline([_mail(4)])
    weekly = {"frequency": ["weekly"]}
    timeline.expect([Reaction("ada@example.com", "welcome", 1, SECOND, None, "preferences", weekly)])
    timeline.visit([Visit(START + 300 * SECOND, "contact", {"message": ["Hello"]})])
    run(START + timedelta(minutes=30))
    pages = {"http://127.0.0.1/pages/preferences/4": weekly, "pages/contact": {"message": ["Hello"]}}
    assert dict(door.sent) == pages


def test_a_mail_without_the_page_fails_the_run() -> None:
    """Every mail's footer leads to its reader's choices."""
    timeline, _, run = _timeline([_mail(9)])
    timeline.expect([Reaction("ada@example.com", "welcome", 1, SECOND, None, "preferences")])
    with pytest.raises(LocalError, match="mail 9 has no link to the page preferences"):
        run(START + timedelta(minutes=30))


def test_a_mail_without_a_link_fails_the_run() -> None:
    """A marketing mail that cannot be unsubscribed from is a fault, not a detail."""
    timeline, _, run = _timeline([_mail(9)])
    timeline.expect([Reaction("ada@example.com", "welcome", 1, SECOND, None)])
    with pytest.raises(LocalError, match="mail 9 has no one-click address"):
        run(START + timedelta(minutes=30))


def test_what_has_begun_ends_before_the_run_does() -> None:
    """An act that takes longer than the run is waited for."""
    timeline, _, run = _timeline([])
    done = threading.Event()

    def slow() -> None:
        threading.Event().wait(0.4)
        done.set()

    timeline.add(START, slow)
    run(START + timedelta(minutes=10))
    assert done.is_set()


def test_figures_add_up_in_table_and_summary() -> None:
    """The last line of the table and the summary hold the sums."""
    figures = Figures(
        9, 3, {"welcome": 4, "win-back": 2}, {"welcome": 5, "birthday": 1}, {"welcome": 2}, {"welcome": 1},
        {"no consent": 1}, {"frequency cap": 2, "priority": 3},
    )  # fmt: skip
    lines = figures.table().splitlines()
    assert lines[-3:] == ["", "  never went: no consent 1", "  had to wait: priority 3, frequency cap 2"]
    lines = lines[:-3]
    names = [line.split()[0].strip("-") for line in lines]
    assert names == ["workflow", "birthday", "welcome", "win-back", "", "all"]
    assert lines[-1].split() == ["all", "6", "2", "1"]
    summary = figures.summary(7, 1, 12.34)
    assert summary["journeys_started"] == 6
    assert summary["mails_by_workflow"] == {"welcome": 4, "win-back": 2}
    assert summary["seconds"] == 12.3
    assert (summary["mails_skipped"], summary["deferrals_by_reason"]["priority"]) == (1, 3)
