"""`make faults`, smaller; and the proof that it sees what it looks for: broken senders, whose figures are not zero."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace

import pytest

from tests.faults import storm
from tests.faults.__main__ import Options, costs, is_broken, promise, table, throttled
from tests.faults.matrix import CLASSES, POINTS, Cell, Row, cells, run
from tidings import ports
from tidings.errors import SendDeferred
from tidings.steps import Sender
from tidings.steps.scene import Scene
from tidings.workflow.model import SendStep

KEPT = "marketing duplicates: 0, transactional lost: 0"


@pytest.mark.parametrize("point", POINTS)
def test_no_marketing_mail_goes_twice_and_no_transactional_mail_is_lost(point: str) -> None:
    """Whichever point it dies at, and whether SES tells of its mails in time, late or never."""
    rows = [run(cell) for cell in cells(8, seed=3) if cell.point == point]
    assert len(rows) == 6
    assert promise(rows, storm.Figures()) == KEPT
    assert not is_broken(rows, storm.Figures(), Options(journeys=0))
    for row in rows:
        # Every mail has an end: it went out, or is known to be dropped.
        assert row.accepted - row.duplicates + row.lost == row.cell.mails
        assert row.lost == row.dropped - row.gone


def test_what_is_known_costs_nothing() -> None:
    """Cut off before the claim, or after the settlement, or with SES's event in time: every mail once, unless SES never
    had it."""
    for class_ in CLASSES:
        for point in ("before slot", "before claim", "after settle"):
            row = run(Cell(point, class_, "never", 10, 1))
            assert (row.accepted, row.duplicates, row.lost) == (10, 0, 0)
        row = run(Cell("before settle", class_, "arrives", 10, 1))
        assert (row.accepted, row.duplicates, row.lost, row.dropped) == (10, 0, 0, 0)


def test_a_seed_tells_a_run() -> None:
    """The same chance, the same figures; another, others."""
    cell = Cell("at any call", "transactional", "never", 20, 1)
    assert run(cell) == run(cell)
    batch = storm.batches(9)[0]
    assert storm.run(batch, seed=1) == storm.run(batch, seed=1) != storm.run(batch, seed=2)


def test_throttled_everywhere_all_mails_go_and_none_twice() -> None:
    """SES refuses half of all calls, everything else a fifth, reads too; things happen in between."""
    told = sum((storm.run(batch, seed=5) for batch in storm.batches(45)), storm.Figures())
    assert (told.journeys, told.wanted, told.accepted) == (45, 105, 105)
    assert (told.duplicates, told.lost, told.too_soon, told.failed, told.parked) == (0, 0, 0, 0, 0)
    assert 0.4 < told.mail_refused / told.mail_calls < 0.6
    assert 0.17 < told.refused / told.calls < 0.23
    assert told.interleaved > 50
    assert told.doubled > 10
    assert told.deferred > told.mail_refused


# ---- it can fail ----


class SettlesFirst(Sender):
    """Notes the mail as sent before SES has it."""

    def _claim(self, scene: Scene, send: ports.Send) -> None:
        super()._claim(scene, send)
        if send.state == "claimed":
            self.sends.settle(replace(send, state="sent"))

    def _settled(self, send: ports.Send, metric: str) -> ports.Send:
        return send


class ClaimsLast(Sender):
    """Claims the mail when SES has it."""

    def _claim(self, scene: Scene, send: ports.Send) -> None:
        if send.state != "claimed":
            super()._claim(scene, send)

    def _settled(self, send: ports.Send, metric: str) -> ports.Send:
        self.sends.claim(send, None)
        return send


class Forgets(Sender):
    """Tries to note how an attempt ended once, and no more."""

    def _settled(self, send: ports.Send, metric: str) -> ports.Send:
        self.sends.settle(send)
        return send


class Asks(Sender):
    """Asks for leave, and goes without."""

    def _admitted(self, scene: Scene, step: SendStep, claim: ports.Send) -> None:
        with suppress(SendDeferred):
            super()._admitted(scene, step, claim)


def instead(kind: type[Sender]) -> Callable[[Sender], Sender]:
    """Makes such a sender of the real one."""
    return lambda sender: kind(**{each.name: getattr(sender, each.name) for each in fields(sender)})


@pytest.mark.parametrize(
    ("kind", "point", "class_"),
    [
        (SettlesFirst, "during SES, killed", "transactional"),
        (SettlesFirst, "at any call", "transactional"),
        (ClaimsLast, "after SES", "marketing"),
        (ClaimsLast, "at any call", "marketing"),
    ],
)
def test_a_broken_sender_is_seen(kind: type[Sender], point: str, class_: str) -> None:
    """A settlement before the mail loses some; a claim after it sends some twice."""
    row = run(Cell(point, class_, "never", 40, 1), instead(kind))
    assert row.lost if class_ == "transactional" else row.duplicates
    assert promise([row], storm.Figures()) != KEPT
    assert is_broken([row], storm.Figures(), Options(journeys=0))


def test_a_sender_that_forgets_is_seen() -> None:
    """What SES refused and the throttled ledger did not take is dropped as unknown."""
    told = sum((storm.run(batch, 5, instead(Forgets)) for batch in storm.batches(72)), storm.Figures())
    assert told.lost
    assert is_broken([], told, Options(journeys=72))
    assert told.duplicates == 0


def test_a_sender_that_does_not_wait_is_seen() -> None:
    """Mails above the caps."""
    told = storm.run(storm.batches(9)[0], 5, instead(Asks))
    assert told.too_soon
    assert is_broken([], told, Options(journeys=9))


def test_the_figures_are_told() -> None:
    """A line for each case, the costs, and the throttling."""
    row = Row(Cell("after SES", "marketing", "never", 200, 1), accepted=200, dropped=200, gone=200)
    assert list(table([row], Options()))[-1].split() == [
        "after", "SES", "marketing", "never", "200", "200", "0", "0", "200",
    ]  # fmt: skip
    assert "200 of 200 marketing mails dropped as nobody knows (200 had" in list(costs([row]))[-1]
    assert "0 twice, 0 lost, 0 above a cap" in next(iter(throttled(storm.Figures())))
