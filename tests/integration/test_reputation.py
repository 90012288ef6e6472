"""Soft bounces, health and the shared rate on the template's tables; SES's quota as its API tells it."""

import re
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.deploy import reputation
from infra.deploy.errors import DeployError
from infra.deploy.release import ROOT
from tests.integration.account import Account
from tidings.aws.health_table import HealthTable
from tidings.aws.quota import Leases, SesAccount
from tidings.aws.table import Table
from tidings.errors import Unavailable
from tidings.pacing.governor import Quota
from tidings.pacing.health import Pause, resumed
from tidings.ports import Suppression


@pytest.fixture
def account() -> Iterator[Account]:
    """An account with the template's tables."""
    with mock_aws():
        yield Account()


def test_a_soft_bounce_is_a_count_and_no_suppression(account: Account) -> None:
    """Once a mail; the reader of suppressions never sees it."""
    table = account.suppressions
    assert table.bounced_softly("email:a", "m1", 100) == [100]
    assert table.bounced_softly("email:a", "m2", 50) == [50, 100]
    assert table.bounced_softly("email:a", "m1", 100) == [50, 100]
    assert table.bounced_softly("email:b", "m1", 7) == [7]
    assert table.of("email:a") == []
    assert [each.reason for each in table.rows("email:a")] == ["soft"]  # whoever is erased loses it, too


def test_soft_bounces_are_forgotten_but_for_the_latest(account: Account) -> None:
    """A mailbox that is full for years fills no item."""
    for number in range(60):
        account.suppressions.bounced_softly("email:a", f"m{number}", number)
    assert account.suppressions.bounced_softly("email:a", "m60", 60)[0] >= 19
    (item,) = account.scan("suppressions")
    assert len(item) <= 42


def test_a_suppression_keeps_its_latest_moment(account: Account) -> None:
    """Whatever comes first."""
    for at in (20, 10, 30, 30, 25):
        account.suppressions.put(Suppression("email:a", "bounced", at))
    assert account.suppressions.of("email:a") == [Suppression("email:a", "bounced", 30)]


def test_health_is_counted_by_day_and_a_pause_stands_beside_it(account: Account) -> None:
    """Counts add up; a pause is written once, told once, and ended by a resumption."""
    health = HealthTable(Table(account.dynamodb, "health"))
    health.add("welcome", "2026-03-10", {"sent": 3, "bounced": 1})
    health.add("welcome", "2026-03-10", {"sent": 2})
    health.add("welcome", "2026-03-01", {"sent": 9})
    health.add("birthday", "2026-03-10", {"sent": 1})
    assert health.pause_of("welcome") is None
    assert health.warn("welcome", "2026-03-10", "many_bounces")
    assert not health.warn("welcome", "2026-03-10", "many_bounces")
    assert health.record("welcome", "2026-03-03").days == {"2026-03-10": {"sent": 5, "bounced": 1}}
    pause = Pause("welcome", True, 100, "itself", "bounces")
    assert health.pause(pause)
    assert not health.pause(Pause("welcome", True, 200, "itself", "bounces"))
    health.told("welcome")
    record = health.record("welcome", "2026-03-03")
    assert record.pause is not None
    assert (record.pause.at, record.pause.told, record.pause.reason) == (100, True, "bounces")
    health.resume(resumed(record, account.clock.now().date(), 300, "welcome", "a person"))
    after = health.record("welcome", "2026-03-03")
    assert after.pause == health.pause_of("welcome")
    assert after.pause is not None
    assert not after.pause.paused
    assert after.total("2026-03-03") == {}
    health.add("welcome", "2026-03-10", {"sent": 1})
    assert health.record("welcome", "2026-03-03").total("2026-03-03") == {"sent": 1}
    assert health.pause(pause)


def test_instances_share_a_counter_that_forgets_itself(account: Account) -> None:
    """One item a second, with the time after which DynamoDB removes it; no customer's pace is ever one of them."""
    leases = Leases(Table(account.dynamodb, "pace"))
    assert [leases.take("rate:5", units, 900) for units in (1, 2, 1)] == [1, 3, 4]
    (item,) = account.scan("pace")
    assert (item["customer"]["S"], item["expires"]["N"]) == ("#rate:5", "900")


def test_the_quota_is_what_ses_tells(account: Account) -> None:
    """Nobody waits for it: whatever goes wrong is an outage."""

    class Client:
        """SES's, as its documentation has it."""

        def __init__(self, *answers: object) -> None:
            self.answers = list(answers)

        def get_account(self) -> object:
            """The next answer."""
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    quota = {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 12.0}
    told = {"SendQuota": quota, "SendingEnabled": True, "EnforcementStatus": "HEALTHY"}
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetAccount")
    client = Client(told, {}, denied)
    assert SesAccount(client).quota() == Quota(14, 50000, 12, True, "HEALTHY")
    assert SesAccount(client).quota() == Quota(0, 0, 0)
    with pytest.raises(Unavailable):
        SesAccount(client).quota()


@pytest.fixture
def desk(account: Account, monkeypatch: pytest.MonkeyPatch) -> reputation.Desk:
    """What the operator's commands work on."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "t")
    client = {"region_name": "eu-west-1", "aws_access_key_id": "t", "aws_secret_access_key": "t"}
    return reputation.Desk("health", client, account.clock, ROOT / "workflows")


def test_a_workflow_is_paused_and_resumed_by_hand(desk: reputation.Desk) -> None:
    """Each says what it did, and twice changes nothing."""
    assert reputation.pause(desk, "welcome").startswith("welcome is paused")
    assert reputation.pause(desk, "welcome").startswith("welcome was paused already")
    assert "paused by hand since 2026-03-10 12:00 UTC" in reputation.health(desk)
    assert reputation.resume(desk, "birthday") == "birthday is not paused; paused: welcome"
    assert reputation.resume(desk, "welcome").startswith("welcome goes on")
    assert reputation.resume(desk, "welcome") == "welcome is not paused; paused: none"
    assert reputation.pause(desk, "welcome").startswith("welcome is paused")


@pytest.mark.parametrize(
    ("workflow", "told"),
    [("", "say which: WORKFLOW=<name>; paused: none"), ("welcom", 'did you mean "welcome"'),
     ("order-confirmation", "somebody waits for its mails")],
)  # fmt: skip
def test_what_cannot_be_paused_is_told(desk: reputation.Desk, workflow: str, told: str) -> None:
    """A wrong name, none, or a workflow that somebody waits for."""
    with pytest.raises(DeployError, match=re.escape(told)):
        reputation.pause(desk, workflow)


def test_health_is_a_table(desk: reputation.Desk) -> None:
    """Of the workflows that have sent, with the rates that are judged."""
    desk.health.add("welcome", "2026-03-10", {"sent": 1000, "bounced": 20, "complained": 1})
    header, line = reputation.health(desk).splitlines()
    assert header.split() == ["workflow", "sent", "bounces", "complaints"]
    assert line.split() == ["welcome", "1000", "20", "(2", "%)", "1", "(0.1", "%)"]
