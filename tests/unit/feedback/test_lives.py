"""A person's whole life, told by the shop, a page and SES at once: in any order, and again, it is the same life."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes_around import FakeOperator
from tests.unit.feedback.office import Office, bounce, message
from tests.unit.feedback.test_health import FakeHealths
from tests.worlds import ANN, DAY, HOUR, NOW, World, essence, event, order, subscribed
from tidings.clock import FixedClock
from tidings.events import Event
from tidings.feedback import Feedback
from tidings.pacing.health import Health

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Life:
    """One customer, of whom both doors hear."""

    world: World = field(default_factory=World)
    office: Office = field(default_factory=Office)
    healths: FakeHealths = field(default_factory=FakeHealths)

    def __post_init__(self) -> None:
        health = Health(self.healths, FakeOperator(), FixedClock(NOW))
        self.office.feedback = replace(self.office.feedback, health=health)
        self.world.happen(event("customer_registered", "1", at=NOW - 30 * DAY, **ANN))
        self.customer = self.world.only().id

    def hear(self, told: Event | Callable[[str], dict[str, Any]]) -> None:
        """One fact of the shop, or one report of SES and what it becomes."""
        if isinstance(told, Event):
            self.world.happen(told)
            return
        feedback: Feedback = self.office.feedback
        feedback.record(told(self.customer))
        feedback.settle()
        self.world.happen(*self.office.events.rows.values())

    def known(self) -> tuple[Any, ...]:
        """All that is kept of it."""
        sure = self.office.suppressions
        days = {name: {day: dict(n) for day, n in told.items()} for name, told in self.healths.days.items()}
        person, counted = self.world.only(), dict(self.office.counters.counts)
        heard = sorted(each.id for each in self.office.events.rows.values())
        return essence(person), dict(person.counts), sure.rows, sure.soft, counted, days, heard


def ses(kind: str, at: str, **told: Any) -> Callable[[str], dict[str, Any]]:
    """A report of a mail of the customer's."""

    def report(customer: str) -> dict[str, Any]:
        return message(kind, {"customer": customer, "workflow": "welcome", "send_id": "s1"}, at, **told)

    return report


def soft(day: int) -> Callable[[str], dict[str, Any]]:
    """A full mailbox, for the mail of a day."""
    sent = f"2026-03-{day:02}T10:00:00.000Z"
    return lambda _: bounce("Transient", "MailboxFull", name=f"n{day}", sent=sent, status="4.2.2")


TOLD: list[Event | Callable[[str], dict[str, Any]]] = [
    subscribed("1", at=NOW - 20 * DAY, **ANN),
    order("9", at=NOW - 10 * DAY, **ANN),
    event("unsubscribed", "2", at=NOW - HOUR, **ANN),
    subscribed("3", at=NOW - 2 * HOUR, **ANN),
    ses("Send", ""),
    ses("Delivery", "2026-03-10T10:00:02.000Z"),
    ses("Open", "2026-03-10T10:30:00.000Z", userAgent=FIREFOX),
    ses("Open", "2026-03-10T10:31:00.000Z", userAgent=FIREFOX, isBotEvent="Likely"),
    ses("Click", "2026-03-10T10:40:00.000Z", userAgent=FIREFOX, link="https://shop.example/a"),
    *(soft(day) for day in (1, 2, 4, 6, 8)),
    lambda _: bounce(name="m2", sent="2026-03-09T10:00:00.000Z"),
    ses("Complaint", "2026-03-10T11:00:00.000Z", complainedRecipients=[{"emailAddress": "ann@example.com"}]),
    ses("Teleport", "2026-03-10T11:00:00.000Z", place="Mars"),
    ses("Teleport", "2026-03-10T11:00:00.000Z", place="Venus"),
]


@cache
def plain() -> tuple[Any, ...]:
    """What is known after all of it, told once and in its order."""
    return lived(TOLD)


def lived(told: list[Event | Callable[[str], dict[str, Any]]]) -> tuple[Any, ...]:
    """What is known after all of it, in this order."""
    life = Life()
    for each in told:
        life.hear(each)
    return life.known()


@given(order_=st.permutations(TOLD), again=st.lists(st.sampled_from(TOLD), max_size=8))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_a_life_is_the_same_told_in_any_order_and_again(order_: Any, again: Any) -> None:
    """Profile, consent, orders, what happened last and how often; suppressions with their times, soft bounces; the
    counts of the shop's and of the workflow's mails."""
    assert lived([*again, *order_, *again]) == plain()


def test_that_life_is_one() -> None:
    """A comparison of nothings proves nothing."""
    _, counts, suppressed, bounced, counted, days, heard = plain()
    assert counts == {"mail_opened": 1, "mail_clicked": 1, "machine_opened": 1}
    assert {reason for _, reason in suppressed} == {"bounced", "complained", "unsubscribed"}
    assert [len(mails) for mails in bounced.values()] == [5]
    assert counted == {"Bounces": 6, "Complaints": 1}
    assert len(heard) == 14
    assert days["welcome"]["2026-03-10"] == {"sent": 1, "complained": 1}
