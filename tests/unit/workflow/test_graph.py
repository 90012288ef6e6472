"""The way through a workflow: which nodes there are, what waits before each, and where each leads."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tidings.workflow.graph import first_wait, graph, node, shortest, wait_before
from tidings.workflow.model import Workflow

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")


def workflow(*steps: dict[str, Any]) -> Workflow:
    """A workflow of these steps."""
    return Workflow.model_validate(
        {"id": "w", "name": "W", "trigger": {"event": "subscribed"}, "steps": steps}
    )


def ways(flow: Workflow) -> dict[str, dict[str, str | None]]:
    """Where each node leads."""
    return {name: dict(each.branches) for name, each in graph(flow).items()}


def send(name: str, **more: Any) -> dict[str, Any]:
    """A step that sends."""
    return {"send": name, **more}


def test_a_node_is_a_step_and_the_waits_before_it() -> None:
    """None, one or several; a mail that goes twice has an id of its own."""
    flow = workflow(send("a"), {"wait": "1 day"}, {"wait": "2 days"}, send("b"), send("b", id="c"))
    assert [(len(each.waits), name) for name, each in graph(flow).items()] == [(0, "a"), (2, "b"), (0, "c")]
    assert ways(flow) == {"a": {"next": "b"}, "b": {"next": "c"}, "c": {"next": None}}
    assert shortest(flow) == timedelta(days=3)


def test_branches_join_what_follows() -> None:
    """Also a branch without steps; the last of all is done."""
    flow = workflow(
        {"if": "event.total > 0", "then": [send("a"), send("b")]},
        {"split": [{"name": "x", "share": "50%", "steps": [send("c")]}, {"name": "y", "share": "50%"}]},
        {"wait_for": {"event": "order_placed", "at_most": "1 day"}, "arrived": [{"set": {"tag": "t"}}]},
    )
    assert ways(flow) == {
        "if-1": {"then": "a", "else": "split-1"},
        "a": {"next": "b"},
        "b": {"next": "split-1"},
        "split-1": {"x": "c", "y": "wait-for-1"},
        "c": {"next": "wait-for-1"},
        "wait-for-1": {"arrived": "set-1", "timed_out": None},
        "set-1": {"next": None},
    }


def test_exit_ends_the_way() -> None:
    """What only follows exits is in no node."""
    flow = workflow(
        {"if": "true", "then": [{"exit": True}], "else": [{"wait": "1 day"}, send("a"), {"exit": True}]},
        send("never"),
    )
    assert ways(flow) == {"if-1": {"then": None, "else": "a"}, "a": {"next": None}}


def test_the_else_of_a_send_joins_too() -> None:
    """Without one a send leads on in one way."""
    flow = workflow(send("a", coupon="c", **{"else": [send("plain")]}), send("b"))
    assert ways(flow)["a"] == {"next": "b", "else": "plain"}
    assert ways(flow)["plain"] == {"next": "b"}


def test_steps_without_a_name_are_numbered_by_kind() -> None:
    """In the author's order, those inside others too; naming one renumbers no other."""
    inner = {"if": "false", "then": [send("a")], "id": "second"}
    flow = workflow(
        {"if": "true", "then": [inner, {"set": {"tag": "x"}}]}, {"if": "true", "then": [send("b")]}
    )
    assert list(graph(flow)) == ["if-1", "second", "a", "set-1", "if-3", "b"]


def test_a_wait_at_the_end_of_a_branch_is_a_node_of_its_own() -> None:
    """Because only that way leads through it."""
    flow = workflow(
        {"if": "true", "then": [send("a"), {"wait": "1 day"}], "else": [{"wait": "2 days"}]}, send("b")
    )
    assert ways(flow) == {
        "if-1": {"then": "a", "else": "wait-0-else"},
        "a": {"next": "wait-0-then"},
        "wait-0-then": {"next": "b"},
        "wait-0-else": {"next": "b"},
        "b": {"next": None},
    }
    assert graph(flow)["wait-0-else"].is_pause
    assert not graph(flow)["if-1"].is_pause
    assert shortest(flow) == timedelta(days=1)


def test_a_wait_that_nothing_follows_is_in_no_node() -> None:
    """In a branch as in the whole."""
    flow = workflow({"if": "true", "then": [send("a"), {"wait": "1 day"}]}, {"wait": "1 day"})
    assert ways(flow) == {"if-1": {"then": "a", "else": None}, "a": {"next": None}}


def test_the_first_wait_counts_from_the_entry_and_the_next_from_the_step_before() -> None:
    """Whenever they are asked for; nothing waits before the end."""
    flow = workflow({"wait": "1 hour"}, send("a"), {"wait": "1 day"}, send("b"))
    assert first_wait(flow, NOW - timedelta(minutes=10), NOW, ZONE) == 3000
    assert wait_before(flow, "b", NOW - timedelta(seconds=5), NOW, ZONE) == 86_395
    assert wait_before(flow, None, NOW, NOW, ZONE) == 0


def test_the_first_wait_of_a_calendar_trigger_reaches_to_its_moment() -> None:
    """The daily rule begins the journey up to two days early."""
    assert first_wait(workflow(send("a")), NOW + timedelta(hours=30), NOW, ZONE) == 30 * 3600


def test_an_unknown_node_is_an_error() -> None:
    """That names the workflow and the step."""
    with pytest.raises(KeyError, match="w has no step x"):
        node(workflow(send("a")), "x")
