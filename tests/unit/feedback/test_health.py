"""How a workflow's mails are received, and what follows when they are received badly."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests import fakes
from tests.unit.feedback.office import Office, bounce, message
from tests.worlds import NOW, email
from tidings.clock import FixedClock
from tidings.errors import Unavailable
from tidings.pacing.health import PAUSED, Health, Pause, Record, resumed
from tidings.pacing.limits import Limits

TODAY = f"{NOW:%Y-%m-%d}"


class FakeHealths:
    """The table of counts, days and pauses."""

    def __init__(self) -> None:
        self.days: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self.pauses: dict[str, Pause] = {}
        self.warned: set[tuple[str, str, str]] = set()
        self.down = False

    def add(self, workflow: str, day: str, counts: Mapping[str, int]) -> None:
        """Add."""
        if self.down:
            raise Unavailable("down")
        self.days[workflow][day].update(counts)

    def record(self, workflow: str, since: str) -> Record:
        """The days from then on."""
        days = {day: dict(counts) for day, counts in self.days[workflow].items() if day >= since}
        return Record(days, self.pauses.get(workflow))

    def pause_of(self, workflow: str) -> Pause | None:
        """The pause."""
        return self.pauses.get(workflow)

    def pause(self, pause: Pause) -> bool:
        """Pause once."""
        known = self.pauses.get(pause.workflow)
        if known and known.paused:
            return False
        self.pauses[pause.workflow] = pause
        return True

    def told(self, workflow: str) -> None:
        """The operator knows."""
        self.pauses[workflow] = replace(self.pauses[workflow], told=True)

    def warn(self, workflow: str, day: str, what: str) -> bool:
        """Once a day."""
        new = (workflow, day, what) not in self.warned
        self.warned.add((workflow, day, what))
        return new


@dataclass
class Ward(Office):
    """An office that minds health; a batch a message, unless told otherwise."""

    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store, self.operator, self.clock = FakeHealths(), fakes.FakeOperator(), FixedClock(NOW)
        self.health = Health(self.store, self.operator, self.clock, self.limits)
        self.feedback = replace(self.feedback, health=self.health, clock=self.clock)

    def sent(self, count: int, day: str = TODAY, workflow: str = "welcome") -> None:
        """So many mails went out."""
        self.store.add(workflow, day, {"sent": count})

    def batch(self, *messages: object) -> None:
        """Take a batch in, and settle."""
        self.record(*messages)
        self.feedback.settle()

    @property
    def paused(self) -> set[str]:
        """The workflows that are."""
        return {name for name, pause in self.store.pauses.items() if pause.paused}

    @property
    def told(self) -> list[str]:
        """What the operator was told."""
        return [what for what, _ in self.operator.told]


def bounces(count: int, start: int = 0, class_: str = "marketing") -> list[dict[str, Any]]:
    """So many mails bounce hard."""
    found = [bounce(name=f"b{start + number}") for number in range(count)]
    for each in found:
        each["detail"]["mail"]["tags"]["class"] = [class_]
    return found


def complaints(count: int, start: int = 0) -> list[dict[str, Any]]:
    """So many readers complain."""
    return [message("Complaint", name=f"c{start + number}") for number in range(count)]


def test_reports_are_counted_by_workflow_and_day_once() -> None:
    """However often they come."""
    ward = Ward()
    told = [message("Send", name="m1"), message("Send", name="m2"), *bounces(1), *complaints(1)]
    late = message("Complaint", name="m9", at="2026-03-09T23:59:59.000Z")
    ward.batch(*told, *told)
    ward.batch(*told, late)
    assert ward.store.days["welcome"][TODAY] == {"sent": 2, "bounced": 1, "complained": 1}
    assert ward.store.days["welcome"]["2026-03-09"] == {"complained": 1}


@pytest.mark.parametrize(
    "list_", ["OnAccountSuppressionList", "OnTenantSuppressionList", "EmailValidationSuppressed"]
)
def test_what_ses_kept_back_itself_harms_nobody(list_: str) -> None:
    """Neither does a mail without a workflow, nor an open."""
    ward = Ward()
    ward.batch(bounce("Permanent", list_), message("Send", {}), message("Open"))
    ward.batch(message("Complaint", complaintSubType=list_))
    assert not ward.store.days["welcome"]
    assert (email("ann@example.com"), "bounced") in ward.suppressed


@pytest.mark.parametrize(
    ("sent", "bad", "paused"),
    [
        (1000, bounces(50), False),
        (1000, bounces(51), True),
        (100, bounces(10), False),
        (100, bounces(11), True),
        (3, bounces(3), False),
        (2000, complaints(2), False),
        (2000, complaints(3), True),
        (100, complaints(1), False),
        (100, complaints(2), True),
    ],
    ids=lambda value: str(len(value)) if isinstance(value, list) else None,
)
def test_above_the_limit_a_workflow_pauses_itself(sent: int, bad: list[dict[str, Any]], paused: bool) -> None:
    """Five in a hundred bounce, one in a thousand complains; a rate is taken over 200 mails at least, and 1,000."""
    ward = Ward()
    ward.sent(sent)
    ward.batch(*bad)
    assert ward.paused == ({"welcome"} if paused else set())
    assert ward.told.count(PAUSED) == paused


def test_it_says_so_once_with_the_figures() -> None:
    """And how to resume."""
    ward = Ward()
    ward.sent(1000)
    for start in range(0, 100, 10):
        ward.batch(*bounces(10, start))
    (detail,) = (detail for what, detail in ward.operator.told if what == PAUSED)
    assert detail == {
        "workflow": "welcome", "bounces": "60 of 1000", "rate": "6 %", "limit": "5 %",
        "resume": "make resume WORKFLOW=welcome",
    }  # fmt: skip
    assert ward.told == ["many bounces", PAUSED]


def test_above_the_warning_the_operator_hears_of_it_once_a_day() -> None:
    """The workflow goes on."""
    ward = Ward()
    ward.sent(1000)
    ward.batch(*bounces(30))
    ward.batch(*bounces(2, 30))
    assert ward.told == ["many bounces"]
    ward.clock.advance(timedelta(days=1))
    ward.batch(*bounces(1, 32))
    assert ward.told == ["many bounces"] * 2
    assert ward.paused == set()


def test_transactional_mail_is_never_paused() -> None:
    """Somebody waits for it; the operator is told instead."""
    ward = Ward()
    ward.sent(1000)
    ward.batch(*bounces(80, class_="transactional"))
    assert ward.paused == set()
    assert ward.told == ["many bounces"]


def test_only_the_last_days_count() -> None:
    """Seven, as the setting says."""
    ward = Ward()
    ward.store.add("welcome", f"{NOW - timedelta(days=8):%Y-%m-%d}", {"sent": 1000, "bounced": 500})
    ward.batch(*bounces(1))
    assert ward.told == []


def test_a_resumption_forgives_what_was_counted() -> None:
    """Else the next bounce would pause it again; what comes after counts anew."""
    ward = Ward()
    ward.sent(1000)
    ward.batch(*bounces(60))
    record = ward.store.record("welcome", "2026-01-01")
    ward.store.pauses["welcome"] = resumed(record, NOW.date(), 1, "welcome", "a person")
    ward.batch(*bounces(5, 60))
    assert ward.paused == set()
    ward.batch(*bounces(6, 65))
    assert ward.paused == {"welcome"}
    assert ward.told.count(PAUSED) == 2


def test_a_pause_of_which_the_operator_could_not_be_told_is_told_later() -> None:
    """By the next bad news of that workflow."""
    ward = Ward()
    ward.sent(1000)
    ward.store.pauses["welcome"] = Pause("welcome", True, reason="bounces")
    ward.batch(*bounces(60))
    assert ward.told == [PAUSED]
    assert ward.store.pauses["welcome"].told


def test_an_outage_of_the_counts_holds_no_report_up() -> None:
    """They wait for the next batch."""
    ward = Ward()
    ward.store.down = True
    ward.batch(*bounces(3))
    ward.store.down = False
    ward.batch(*bounces(1, 3))
    assert ward.store.days["welcome"][TODAY] == {"bounced": 4}


def test_mails_that_ses_rejected_are_told() -> None:
    """Once a day: they never reach anybody."""
    ward = Ward()
    ward.batch(message("Reject", name="m1", reason="Bad content"), message("Reject", name="m2"))
    assert ward.operator.told == [("SES rejected mails", {"workflow": "welcome"})]


def test_the_day_is_the_events_own() -> None:
    """Whatever the instance's clock says."""
    ward = Ward()
    ward.clock.time = datetime(2026, 3, 11, 0, 5, tzinfo=UTC)
    ward.batch(*bounces(1))
    assert list(ward.store.days["welcome"]) == [TODAY]
    assert ward.store.record("welcome", f"{date(2026, 3, 4):%Y-%m-%d}").total("2026-03-04") == {"bounced": 1}
