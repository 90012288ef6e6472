"""The way through a workflow: which waits lead to which mail, and how long they are."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tidings.workflow.model import Workflow
from tidings.workflow.path import first_wait, leg_after, leg_of, legs, next_wait, shortest

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")


def workflow(*steps: dict[str, Any]) -> Workflow:
    """A workflow of these steps."""
    return Workflow.model_validate(
        {"id": "w", "name": "W", "trigger": {"event": "subscribed"}, "steps": steps}
    )


def test_a_leg_is_the_waits_before_a_mail() -> None:
    """None, one or several."""
    flow = workflow(
        {"send": "a"}, {"wait": "1 day"}, {"wait": "2 days"}, {"send": "b"}, {"send": "b", "id": "c"}
    )
    assert [(len(leg.waits), leg.send.step_id) for leg in legs(flow)] == [(0, "a"), (2, "b"), (0, "c")]
    assert shortest(flow) == timedelta(days=3)


def test_the_leg_after_the_last_is_none() -> None:
    """A step that nobody knows is an error."""
    flow = workflow({"send": "a"}, {"wait": "1 day"}, {"send": "b"})
    after = leg_after(flow, "a")
    assert after is not None
    assert after.send.step_id == "b"
    assert leg_after(flow, "b") is None
    with pytest.raises(KeyError, match="w has no step x"):
        leg_of(flow, "x")


def test_the_first_wait_counts_from_the_entry_and_the_next_from_the_step_before() -> None:
    """Whenever they are asked for."""
    flow = workflow({"wait": "1 hour"}, {"send": "a"}, {"wait": "1 day"}, {"send": "b"})
    assert first_wait(flow, NOW - timedelta(minutes=10), NOW, ZONE) == 3000
    assert next_wait(flow, "a", NOW - timedelta(seconds=5), NOW, ZONE) == 86_395
    assert next_wait(flow, "b", NOW, NOW, ZONE) == 0


def test_the_first_wait_of_a_calendar_trigger_reaches_to_its_moment() -> None:
    """The daily rule begins the journey up to two days early."""
    flow = workflow({"send": "a"})
    assert first_wait(flow, NOW + timedelta(hours=30), NOW, ZONE) == 30 * 3600
