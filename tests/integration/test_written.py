"""`make answers`: what people wrote on the forms, read from the Events table."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto import mock_aws

from infra.deploy.answers import answers
from infra.deploy.errors import DeployError
from infra.deploy.privacy import Desk
from tests.integration.account import Account
from tests.worlds import email
from tidings.events import Event
from tidings.forms import facts
from tidings.forms.fields import Answers

NOW = datetime.now(UTC)
LOCAL: dict[str, Any] = {"region_name": "eu-west-1"}
DESK = Desk("s", "f", "b", "/t", "customers", "events", LOCAL)


def wrote(message: str, days: float = 0, **more: Any) -> Event:
    """A message."""
    sent = facts.sent_by_anybody("ann@example.com", email("ann@example.com"), NOW - timedelta(days=days), "s")
    told = {"email": "ann@example.com", "message": message, **more}
    return facts.lead_captured(sent, Answers(told), "en")[0]


def test_what_was_written_is_shown_the_latest_first() -> None:
    """With its day, its facts and its words; what has no words, and what is older, is left out."""
    with mock_aws():
        account = Account()
        by_link = facts.sent_by_link("c1", "s1", NOW - timedelta(days=1), "s")
        account.events.put(wrote("Does it pour?\nAnd how!\x1b[31m", 2, name="Ann"))
        account.events.put(
            facts.form_answered(by_link, "satisfaction", Answers({"score": 1, "comment": "x" * 900}))
        )
        account.events.put(facts.form_answered(by_link, "satisfaction", Answers({"score": 5})))
        account.events.put(wrote("long ago", 31))
        text = answers(DESK, "30")
    first, second = text.split("\n\n")
    assert "score 1" in first
    assert first.count("x") >= 900
    assert "name Ann · contact_email ann@example.com" in second
    assert "  | Does it pour?\n  | And how! [31m" in second
    assert "long ago" not in text
    assert "score 5" not in text


def test_nobody_wrote() -> None:
    """It says so."""
    with mock_aws():
        Account()
        assert answers(DESK, "7") == "nobody wrote anything in the last 7 days"


@pytest.mark.parametrize("days", ["0", "x", "-1", "99999"])
def test_the_days_are_a_number(days: str) -> None:
    """Anything else is told before anything is read."""
    with pytest.raises(DeployError, match="DAYS=7"):
        answers(DESK, days)
