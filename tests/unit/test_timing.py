"""When a journey's next mail may come: what rivals and first waits are told beforehand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.lives import CAPPED, QUIET, flow
from tests.worlds import DAY, HOUR, NOW
from tidings.customer import Customer, epoch
from tidings.expressions.views import EventView
from tidings.ports import Plan
from tidings.shop import Shop
from tidings.timing import Timing
from tidings.workflow.graph import start
from tidings.workflow.model import Workflow

ANN = Customer("c1", 0)
MAIL: dict[str, Any] = {"send": "m"}


def wait(length: str) -> dict[str, Any]:
    """A wait."""
    return {"wait": length}


def timing(workflow: Workflow, shop: Shop = CAPPED, **names: Any) -> Timing:
    """Ann's."""
    return Timing(workflow, shop, ANN, lambda: names)


@pytest.mark.parametrize(
    ("steps", "hours"),
    [
        ([wait("3 hours"), MAIL], 3),
        ([{"set": {"tag": "t"}}, wait("3 hours"), MAIL], 3),
        (
            [
                {
                    "if": "event.total > 1",
                    "then": [wait("5 hours"), MAIL],
                    "else": [wait("4 hours"), {"send": "n"}],
                }
            ],
            4,
        ),
        ([{"if": "event.total > 1", "then": [wait("5 hours"), MAIL]}, wait("2 hours"), {"send": "n"}], 2),
        ([{"wait_for": {"event": "form_answered", "at_most": "6 hours"}, "timed_out": [MAIL]}], 6),
        (
            [
                {
                    "wait_for": {"event": "form_answered", "at_most": "6 hours"},
                    "arrived": [MAIL],
                    "timed_out": [{"exit": True}],
                }
            ],
            None,
        ),
        ([{"if": "event.total > 1", "then": [{"set": {"tag": "t"}}]}], None),
    ],
    ids=["wait", "set", "either side", "joined", "timed out", "arrived", "no mail"],
)
def test_the_next_mail_is_expected_at_the_earliest(steps: list[dict[str, Any]], hours: int | None) -> None:
    """Of both sides of an `if` the earlier; of a `wait_for` its time-out, for what is waited for may never come."""
    workflow = flow("a", *steps)
    found = timing(workflow).next_mail(start(workflow).id, NOW)
    assert found == (None if hours is None else NOW + hours * HOUR)


def test_of_a_split_the_customers_own_side_counts() -> None:
    """They always fall on the same one."""
    sides = [
        {"name": "a", "share": "50%", "steps": [wait("1 hour"), MAIL]},
        {"name": "b", "share": "50%", "steps": [wait("2 hours"), {"send": "n"}]},
    ]
    workflow = flow("a", {"split": sides, "id": "test"})
    expected = {
        Timing(workflow, CAPPED, Customer(f"c{number}", 0)).next_mail(start(workflow).id, NOW)
        for number in range(20)
    }
    assert expected == {NOW + HOUR, NOW + 2 * HOUR}


def test_a_plan_keeps_out_of_quiet_hours_where_its_workflow_does() -> None:
    """Sixteen hours from eight in the morning are midnight."""
    steps = wait("16 hours"), MAIL
    morning = NOW + DAY
    plan = timing(flow("a", *steps, priority=70), QUIET).plan("m", NOW)
    assert plan is not None
    assert morning <= datetime.fromtimestamp(plan.at, UTC) < morning + timedelta(minutes=10)
    assert (plan.priority, plan.due) == (70, plan.at)
    bold = timing(flow("a", *steps, quiet_hours=False), QUIET).plan("m", NOW)
    assert bold is not None
    assert datetime.fromtimestamp(bold.at, UTC) >= morning


def test_an_answer_within_the_hour_goes_at_night() -> None:
    """Where its workflow says `quiet_hours: false`; an hour and a minute later it waits for the morning."""
    night, morning = NOW + 16 * HOUR, NOW + DAY
    soon, late = (
        timing(flow("a", wait(length), MAIL, quiet_hours=False), QUIET).plan("m", night)
        for length in ("1 hour", "61 minutes")
    )
    assert soon == Plan(epoch(night + HOUR), 50, epoch(night + HOUR))
    assert late is not None
    assert datetime.fromtimestamp(late.at, UTC) >= morning


def test_transactional_mail_plans_nothing() -> None:
    """It takes no slot, so it is nobody's rival; nor does the end of a journey."""
    workflow = flow("a", wait("1 hour"), MAIL, **{"class": "transactional"})
    assert timing(workflow).plan("m", NOW) is None
    assert timing(flow("a", MAIL)).plan(None, NOW) is None


def test_a_late_mail_that_wakes_at_night_waits_for_the_morning_too() -> None:
    """Its moment was by day; the journey began late."""
    workflow = flow("a", wait("1 hour"), MAIL)
    seconds = timing(workflow, QUIET).seconds(start(workflow), NOW, NOW + 16 * HOUR)
    assert 8 * 3600 <= seconds < 8 * 3600 + 600
    assert timing(workflow).seconds(start(workflow), NOW, NOW + 16 * HOUR) == 0


def test_an_until_is_told_what_it_names() -> None:
    """And only an `until` asks for it."""
    workflow = flow("a", {"wait": {"until": "event.at", "offset": "3 hours"}}, MAIL)
    view = EventView("e", "checkout_started", NOW)
    assert timing(workflow, event=view).next_mail("m", NOW) == NOW + 3 * HOUR

    def never() -> dict[str, Any]:
        raise AssertionError("asked")

    other = flow("a", wait("1 hour"), MAIL)
    assert Timing(other, CAPPED, ANN, never).next_mail("m", NOW) == NOW + HOUR
