"""The state machines: their shape, their names, what is caught and retried, and what they cost."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import strategies
from tidings import errors
from tidings.workflow.compile import compile_workflow
from tidings.workflow.graph import graph
from tidings.workflow.load import load_workflow, workflow_folders
from tidings.workflow.model import WaitForStep, Workflow
from tidings.workflow.naming import MAX_NAME

ROOT = Path(__file__).parents[3]
WORKFLOWS = [load_workflow(folder).workflow for folder in workflow_folders(ROOT / "workflows")]


def workflow(*steps: dict[str, Any], trigger: dict[str, Any] | None = None) -> Workflow:
    """A workflow of these steps."""
    return Workflow.model_validate(
        {"id": "w", "name": "W", "trigger": trigger or {"event": "subscribed"}, "steps": steps}
    )


def states(flow: Workflow) -> dict[str, Any]:
    """The compiled states."""
    compiled: dict[str, Any] = compile_workflow(flow, "r1")["States"]
    return compiled


@pytest.mark.parametrize("flow", WORKFLOWS, ids=lambda flow: flow.id)
def test_each_mail_is_one_wait_and_one_task(flow: Workflow) -> None:
    """A Choice only where the way parts; nothing else costs a transition but two ends."""
    compiled = states(flow)
    for name in (f"Send {step.step_id}" for step in flow.sends):
        assert [each["Type"] for each in compiled.values() if each.get("Next") == name] == ["Wait"]
    kinds = [state["Type"] for state in compiled.values()]
    nodes = graph(flow).values()
    assert kinds.count("Choice") == sum(
        len(each.branches) > 1 and not isinstance(each.step, WaitForStep) for each in nodes
    )
    assert kinds.count("Task") == sum(3 if isinstance(each.step, WaitForStep) else 1 for each in nodes)
    assert set(kinds) <= {"Wait", "Task", "Choice", "Succeed"}


def test_states_are_named_in_the_authors_words() -> None:
    """A repeated name is numbered; a mail that follows at once says so."""
    flow = workflow(
        {"send": "hello"}, {"wait": "1 day"}, {"send": "more"}, {"wait": "1 day"}, {"send": "more", "id": "again"},
        {"wait": {"for": "2 days", "then_at": "10:00"}}, {"wait": "1 hour"}, {"send": "last"}, {"send": "very-last"},
    )  # fmt: skip
    assert list(states(flow)) == [
        "At once", "Send hello", "Wait 1 day", "Send more", "Wait 1 day (2)", "Send again",
        "Wait 2 days then until 10:00, then 1 hour", "Send last", "At once (2)", "Send very-last", "Done", "Exited",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("trigger", "name"),
    [({"date": "birthday", "at": "09:00"}, "Wait until birthday at 09:00"),
     ({"date": "birthday", "offset": "-7 days"}, "Wait until birthday -7 days at 09:00"),
     ({"inactive": "order_placed", "for": "60 days"}, "Wait for 60 days without order_placed")],
)  # fmt: skip
def test_a_first_wait_says_what_a_calendar_trigger_waits_for(trigger: dict[str, Any], name: str) -> None:
    """Because the journey begins before its moment."""
    assert next(iter(states(workflow({"send": "a"}, trigger=trigger)))) == name


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
@settings(derandomize=True, deadline=None)
def test_names_are_unique_and_short_whatever_the_author_writes(legs: list[tuple[int, int, bool]]) -> None:
    """Many waits in a row, the same mail over and over, the longest names."""
    steps: list[dict[str, Any]] = []
    for number, (waits, length, daytime) in enumerate(legs):
        wait = {"for": f"{length} days", **({"then_at": "10:00"} if daytime else {})}
        steps += [{"wait": wait}] * waits * 5
        steps.append({"send": "m" * 60, "id": f"{'m' * 55}-{number}"})
    compiled = states(workflow(*steps))
    assert len(compiled) == 2 * len(legs) + 2
    assert all(len(name) < MAX_NAME for name in compiled)
    reached = {name for state in compiled.values() for name in _following(state)}
    assert reached | {next(iter(compiled))} == set(compiled)


def _following(state: dict[str, Any]) -> list[str]:
    ways = (state, *state.get("Catch", ()), *state.get("Choices", ()))
    return [each["Next"] for each in ways if "Next" in each]


@given(strategies.WORKFLOWS)
@settings(derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_workflow_compiles_to_a_machine_that_can_be_drawn(flow: Workflow) -> None:
    """Every state can be reached and leads somewhere, is named once, in printable characters, within the limits."""
    compiled = states(flow)
    for name in compiled:
        assert len(name.encode("utf-16-le")) // 2 < MAX_NAME
        assert name.isprintable()
        assert name == name.strip()
        assert "${" not in name
    reached = {name for state in compiled.values() for name in _following(state)}
    started = compile_workflow(flow, "r1")["StartAt"]
    assert reached | {started, "Exited", "Done"} == set(compiled)
    assert all(_following(state) or state["Type"] == "Succeed" for state in compiled.values())


def test_an_if_asks_and_then_chooses() -> None:
    """One Task that decides, and one Choice on its word; without waits there is no Wait."""
    flow = workflow({"if": "event.total > 5", "then": [{"send": "a"}]}, {"wait": "1 day"}, {"send": "b"})
    compiled = states(flow)
    assert compile_workflow(flow, "r1")["StartAt"] == "If event.total > 5"
    assert compiled["If event.total > 5"]["Next"] == "event.total > 5 ?"
    assert [catch["ErrorEquals"] for catch in compiled["If event.total > 5"]["Catch"]] == [["JourneyExited"]]
    assert compiled["event.total > 5 ?"] == {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input.branch = 'then' %}", "Next": "At once"},
            {"Condition": "{% $states.input.branch = 'else' %}", "Next": "Wait 1 day"},
        ],
    }


def test_the_first_step_of_a_calendars_trigger_always_waits() -> None:
    """The daily rule begins the journey before its moment."""
    flow = workflow({"set": {"tag": "x"}}, trigger={"date": "birthday"})
    assert list(states(flow)) == ["Wait until birthday at 09:00", "Tag x", "Done", "Exited"]


def test_a_wait_for_an_event_holds_a_token_and_times_out() -> None:
    """Two Tasks follow, one for either outcome; no Choice."""
    step = {"wait_for": {"event": "order_placed", "at_most": "2 days"}, "arrived": [{"send": "thanks"}]}
    compiled = states(workflow({"wait": "1 hour"}, step))
    waiting = compiled["Wait for order_placed, 2 days at most"]
    assert waiting["Resource"] == "arn:aws:states:::lambda:invoke.waitForTaskToken"
    assert waiting["TimeoutSeconds"] == 172_800
    assert waiting["Arguments"]["Payload"]["token"] == "{% $states.context.Task.Token %}"
    assert waiting["Next"] == "order_placed arrived"
    caught = {catch["ErrorEquals"][0]: catch["Next"] for catch in waiting["Catch"]}
    assert caught == {
        "JourneyExited": "Exited", "SendDeferred": "Wait 1 hour", "States.Timeout": "order_placed timed out",
    }  # fmt: skip
    outcome = compiled["order_placed timed out"]
    assert outcome["Arguments"]["Payload"]["outcome"] == "timed_out"
    assert outcome["Next"] == "Done"


def test_a_send_with_else_chooses_by_what_it_did() -> None:
    """One without goes on."""
    flow = workflow({"send": "a", "coupon": "c", "else": [{"send": "b"}]})
    compiled = states(flow)
    assert compiled["Send a"]["Next"] == "a sent ?"
    assert [rule["Next"] for rule in compiled["a sent ?"]["Choices"]] == ["Done", "At once (2)"]
    assert compiled["Send b"]["Next"] == "Done"


def test_the_definition_of_a_long_workflow_stays_under_1_mb() -> None:
    """Three hundred mails."""
    steps = [step for n in range(300) for step in ({"wait": "1 day"}, {"send": "m" * 50, "id": f"m-{n}"})]
    assert len(json.dumps(compile_workflow(workflow(*steps), "r1"))) < 1_000_000


def test_a_wait_takes_its_seconds_from_the_step_before() -> None:
    """So that zones and quiet hours cost no state."""
    wait = states(workflow({"wait": "1 day"}, {"send": "a"}))["Wait 1 day"]
    assert wait == {"Type": "Wait", "Seconds": "{% $states.input.wait_seconds %}", "Next": "Send a"}


def test_a_task_says_which_step_of_which_revision_it_is() -> None:
    """And nothing of the customer but the journey's opaque id."""
    task = states(workflow({"send": "a", "id": "first"}))["Send first"]
    assert task["Resource"] == "arn:aws:states:::lambda:invoke"
    assert task["Arguments"] == {
        "FunctionName": "${RunStepArn}",
        "Payload": {"journey": "{% $states.input.journey %}", "workflow": "w", "step": "first", "rev": "r1"},
    }


def test_exits_and_deferrals_are_caught_by_class_name_and_never_retried() -> None:
    """An exit ends well; a deferral goes back to this step's own wait. No later retrier may take them up."""
    task = states(workflow({"send": "a"}, {"wait": "1 day"}, {"send": "b"}))["Send b"]
    assert task["Retry"][0] == {"ErrorEquals": ["JourneyExited", "SendDeferred"], "MaxAttempts": 0}
    assert [(catch["ErrorEquals"], catch["Next"]) for catch in task["Catch"]] == [
        ([errors.JourneyExited.__name__], "Exited"),
        ([errors.SendDeferred.__name__], "Wait 1 day"),
    ]


def test_only_what_time_mends_is_retried() -> None:
    """A mistake in code fails the execution, which alarms; an outage is waited out for most of a day. Full jitter takes
    half of each delay on the average."""
    retry = states(workflow({"send": "a"}))["Send a"]["Retry"][1]
    assert not {"States.ALL", "States.TaskFailed"} & set(retry["ErrorEquals"])
    assert {errors.Unavailable.__name__, errors.Conflict.__name__} <= set(retry["ErrorEquals"])
    delays = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** n, retry["MaxDelaySeconds"]) / 2
        for n in range(retry["MaxAttempts"])
    ]
    assert retry["JitterStrategy"] == "FULL"
    assert 20 * 3600 < sum(delays) < 30 * 3600


def test_the_same_workflow_compiles_to_the_same_text() -> None:
    """Byte for byte."""
    once, again = (
        json.dumps(compile_workflow(flow, "r")) for flow in (WORKFLOWS[0], WORKFLOWS[0].model_copy())
    )
    assert once == again
