"""Slots and plans in DynamoDB: two workflows that wake in the same second, each between the other's look and write."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from tests.fakes import FakeMailer
from tests.integration.account import Account
from tests.unit.test_steps import package
from tests.worlds import ANN, DAY, HOUR, NOW, checkout, event, stepper_of, subscribed
from tidings.customer import epoch
from tidings.errors import SendDeferred
from tidings.ports import Pace, Paces, Plan, Send
from tidings.steps import Request, Stepper

STEPS = {"welcome": "welcome", "abandoned-checkout": "reminder"}


@dataclass
class Meanwhile:
    """Paces into whose first write somebody else's whole step falls: both have read before either writes."""

    paces: Paces
    step: Callable[[], None]
    is_over: bool = False

    def get(self, customer_id: str) -> Pace:
        """As it is."""
        return self.paces.get(customer_id)

    def put(self, pace: Pace) -> None:
        """First the other's step, then this write."""
        if not self.is_over:
            self.is_over = True
            self.step()
        self.paces.put(pace)


@dataclass
class Pair:
    """A customer with two open journeys, an hour after both began."""

    account: Account

    def __post_init__(self) -> None:
        self.mailer = FakeMailer()
        self.account.happen(event("customer_registered", "1", at=NOW - DAY, **ANN))
        self.account.happen(subscribed("1", at=NOW, **ANN), checkout("t1", at=NOW, **ANN))
        self.journeys = {each.workflow: name for name, each in self.account.only().journeys.items()}
        self.account.clock.advance(HOUR)
        self.deferred: dict[str, int] = {}

    def run(self, workflow: str, paces: Paces | None = None) -> None:
        """The first mail of a workflow, now."""
        try:
            request = Request(self.journeys[workflow], workflow, STEPS[workflow], "r1")
            self.stepper(paces or self.account.paces).run(request)
        except SendDeferred as deferred:
            self.deferred[workflow] = deferred.seconds

    def stepper(self, paces: Paces) -> Stepper:
        """With these paces."""
        return stepper_of(
            self.account,
            paces=paces,
            mailer=self.mailer,
            package=lambda workflow, rev: package(workflow),
            compose=lambda letter: letter.mail.encode(),
        )


@pytest.mark.parametrize(("first", "between"), [tuple(STEPS), tuple(reversed(STEPS))])
def test_two_that_wake_in_the_same_second_never_both_pass(account: Account, first: str, between: str) -> None:
    """The one that wrote first has the slot; the other reads again and waits for the cap, with the reason kept."""
    pair = Pair(account)
    pair.run(first, Meanwhile(account.paces, lambda: pair.run(between)))
    assert [mail.content.decode() for mail in pair.mailer.sent] == [STEPS[between]]
    assert pair.deferred == {first: 16 * 3600}
    pace = account.paces.get(account.only().id)
    assert list(pace.sends) == [f"{pair.journeys[between]}#{STEPS[between]}"]
    assert pace.planned[pair.journeys[first]].at == epoch(NOW + 17 * HOUR)
    entry = account.sends.get(pair.journeys[first], STEPS[first])
    assert entry is not None
    assert (entry.state, entry.attempt) == ("deferred", 0)
    assert entry.told["deferred"] == [[epoch(NOW + HOUR), "frequency cap", epoch(NOW + 17 * HOUR)]]


def test_a_deferred_mail_goes_when_its_moment_has_come(account: Account) -> None:
    """The entry that says deferred is claimed and settled like one that is new."""
    pair = Pair(account)
    pair.run("welcome")
    pair.run("abandoned-checkout")
    account.clock.advance(timedelta(seconds=pair.deferred["abandoned-checkout"]))
    pair.run("abandoned-checkout")
    assert [mail.content for mail in pair.mailer.sent] == [b"welcome", b"reminder"]
    entry = account.sends.get(pair.journeys["abandoned-checkout"], "reminder")
    assert entry is not None
    assert (entry.state, entry.attempt, len(entry.told["deferred"])) == ("sent", 1, 1)
    assert not account.sends.is_final(pair.journeys["abandoned-checkout"])


def test_plans_come_back_as_they_were_written(account: Account) -> None:
    """A pace from before there were plans has none."""
    pace = Pace("c1", 1, {"j1#hello": epoch(NOW)}, {"j1": Plan(epoch(NOW + DAY), 50, epoch(NOW))})
    account.paces.put(pace)
    assert account.paces.get("c1") == pace
    account.dynamodb.put_item(
        TableName="pace",
        Item={"customer": {"S": "c2"}, "version": {"N": "1"}, "sends": {"M": {"a#b": {"N": "7"}}}},
    )
    assert account.paces.get("c2") == Pace("c2", 1, {"a#b": 7})


def test_a_journey_whose_last_mail_waits_is_not_over(account: Account) -> None:
    """Else the fold would close it, and the mail would never go."""
    last = Send("j1", "hello", "deferred", "c1", attempt=0, final=True)
    account.sends.claim(last, None)
    assert not account.sends.is_final("j1")
    account.sends.claim(replace(last, state="claimed", attempt=1), last)
    account.sends.settle(replace(last, state="sent", attempt=1))
    assert account.sends.is_final("j1")
