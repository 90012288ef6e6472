"""The walk: a compiled machine played on a virtual clock."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import jsonata
import pytest

from tidings.errors import JourneyExited, SendDeferred
from tidings.workflow import compile as compiler
from tidings.workflow.model import Workflow
from tidings.workflow.walk import CannotWalk, Outcome, Timeline, evaluate_jsonata, walk

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FLOW = Workflow.model_validate(
    {
        "id": "w",
        "name": "W",
        "trigger": {"event": "subscribed"},
        "steps": [{"wait": "1 hour"}, {"send": "a"}, {"wait": "1 day"}, {"send": "b"}],
    }
)
MACHINE = compiler.compile_workflow(FLOW, "r1")
GIVEN = {"journey": "j", "wait_seconds": 3600}


class Steps:
    """Tasks that do as they are told: an answer or an error for each call, then a day's wait for ever."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[Mapping[str, Any], datetime]] = []

    def __call__(self, payload: Mapping[str, Any], now: datetime) -> Outcome:
        self.calls.append((payload, now))
        answer = self.answers.pop(0) if self.answers else 86_400
        if isinstance(answer, Exception):
            raise answer
        return Outcome({"journey": payload["journey"], "wait_seconds": answer}, f"sends {payload['step']}")


def visits(timeline: Timeline) -> list[tuple[timedelta, str]]:
    """When, after the start, each state was entered."""
    return [(visit.at - START, visit.state) for visit in timeline.visits]


def test_waits_take_the_seconds_that_the_step_before_computed() -> None:
    """Each Task is called at its moment, with what the machine passes."""
    steps = Steps(7200)
    timeline = walk(MACHINE, GIVEN, START, steps)
    hour = timedelta(hours=1)
    assert visits(timeline) == [
        (0 * hour, "Wait 1 hour"), (hour, "Send a"), (hour, "Wait 1 day"), (3 * hour, "Send b"), (3 * hour, "Done"),
    ]  # fmt: skip
    assert steps.calls[0] == ({"journey": "j", "workflow": "w", "step": "a", "rev": "r1"}, START + hour)
    assert (timeline.status, timeline.ended_at) == ("SUCCEEDED", START + 3 * hour)


def test_a_deferral_goes_back_to_the_steps_own_wait() -> None:
    """Two transitions, however long it is; the step is asked again."""
    timeline = walk(MACHINE, GIVEN, START, Steps(0, SendDeferred(600), SendDeferred(30)))
    assert timeline.states == [
        "Wait 1 hour", "Send a", "Wait 1 day", "Send b", "Wait 1 day", "Send b", "Wait 1 day", "Send b", "Done",
    ]  # fmt: skip
    assert timeline.ended_at == START + timedelta(seconds=3600 + 630)


def test_an_exit_ends_well() -> None:
    """Nothing is sent any more, and the execution succeeds."""
    timeline = walk(MACHINE, GIVEN, START, Steps(0, JourneyExited("order_placed")))
    assert timeline.states[-2:] == ["Send b", "Exited"]
    assert timeline.status == "SUCCEEDED"
    assert timeline.visits[-1].input == {"journey": "j"}


def test_an_error_that_no_catch_names_is_raised() -> None:
    """A mistake in code is none of the walk's business."""
    with pytest.raises(KeyError, match="bug"):
        walk(MACHINE, GIVEN, START, Steps(KeyError("bug")))


def test_an_execution_that_is_stopped_ends_where_it_waits() -> None:
    """At the moment of the stop; the step after it never runs."""
    stop = START + timedelta(hours=5)
    timeline = walk(MACHINE, GIVEN, START, Steps(), (stop, "order_placed"))
    assert timeline.states == ["Wait 1 hour", "Send a", "Wait 1 day"]
    assert (timeline.status, timeline.ended_at, timeline.reason) == ("ABORTED", stop, "order_placed")


def test_a_timeline_is_told_in_local_time() -> None:
    """A line a state."""
    timeline = walk(MACHINE, GIVEN, START, Steps(), (START + timedelta(hours=5), "order_placed"))
    assert timeline.text(ZoneInfo("Europe/Berlin")) == (
        "Tue 10 Mar 2026 13:00  Wait 1 hour: waits 1 hour\n"
        "Tue 10 Mar 2026 14:00  Send a: sends a\n"
        "Tue 10 Mar 2026 14:00  Wait 1 day: waits 1 day\n"
        "Tue 10 Mar 2026 18:00  stopped: order_placed\n"
    )


def test_a_state_that_it_does_not_know_is_refused() -> None:
    """Rather than passed over."""
    with pytest.raises(CannotWalk, match="X is a Map"):
        walk({"StartAt": "X", "States": {"X": {"Type": "Map"}}}, {}, START, Steps())


def test_a_machine_that_goes_round_without_end_is_refused() -> None:
    """Deferrals of a second, for ever."""
    with pytest.raises(CannotWalk, match="no end"):
        walk(MACHINE, GIVEN, START, Steps(*[SendDeferred(1)] * 6000))


BRANCHING = Workflow.model_validate(
    {
        "id": "w",
        "name": "W",
        "trigger": {"event": "subscribed"},
        "steps": [
            {"if": "event.total > 5", "then": [{"send": "a"}]},
            {"wait_for": {"event": "order_placed", "at_most": "2 days"}, "timed_out": [{"send": "b"}]},
        ],
    }
)
BRANCHING_MACHINE = compiler.compile_workflow(BRANCHING, "r1")


def told(branch: str, answered_at: datetime | None) -> Any:
    """Steps of that workflow: the `if` goes one way, the event comes then or never."""

    def task(payload: Mapping[str, Any], now: datetime) -> Outcome:
        output = {"journey": payload["journey"], "wait_seconds": 0, "branch": branch}
        return Outcome(output, payload["step"], answered_at)

    return task


def test_a_choice_goes_the_way_that_its_task_named() -> None:
    """And costs no time."""
    later = START + timedelta(hours=3)
    timeline = walk(BRANCHING_MACHINE, GIVEN, START, told("then", later))
    assert timeline.states == [
        "If event.total > 5", "event.total > 5 ?", "At once", "Send a", "Wait for order_placed, 2 days at most",
        "order_placed arrived", "Done",
    ]  # fmt: skip
    assert timeline.ended_at == later
    assert "Send a" not in walk(BRANCHING_MACHINE, GIVEN, START, told("else", later)).states


def test_a_branch_that_is_none_fails_as_on_aws() -> None:
    """Rather than going some way."""
    with pytest.raises(CannotWalk, match=r"no choice of event\.total > 5 \? matches"):
        walk(BRANCHING_MACHINE, GIVEN, START, told("maybe", None))


@pytest.mark.parametrize("answered", [None, START + timedelta(days=2), START + timedelta(days=9)])
def test_a_token_that_nobody_answers_in_time_times_out(answered: datetime | None) -> None:
    """On the virtual clock, to the second."""
    timeline = walk(BRANCHING_MACHINE, GIVEN, START, told("else", answered))
    assert timeline.states[3:] == ["order_placed timed out", "At once (2)", "Send b", "Done"]
    assert timeline.ended_at == START + timedelta(days=2)


def test_a_token_that_is_answered_already_goes_on_at_once() -> None:
    """The event came before anybody waited."""
    timeline = walk(BRANCHING_MACHINE, GIVEN, START, told("else", START - timedelta(days=1)))
    assert timeline.states[3:] == ["order_placed arrived", "Done"]
    assert timeline.ended_at == START


def test_an_execution_that_is_stopped_while_it_waits_for_an_event_ends_there() -> None:
    """At the moment of the stop."""
    stop = START + timedelta(hours=1)
    timeline = walk(BRANCHING_MACHINE, GIVEN, START, told("else", None), (stop, "unsubscribed"))
    assert (timeline.status, timeline.ended_at) == ("ABORTED", stop)


STATES = {
    "context": {"Task": {"Token": "t"}},
    "input": {"journey": "j", "wait_seconds": 3600, "branch": "then"},
    "result": {"Payload": {"journey": "j", "wait_seconds": 5}},
    "errorOutput": {
        "Error": "SendDeferred",
        "Cause": json.dumps({"errorMessage": "90", "errorType": "SendDeferred"}),
    },
}


def expressions(value: Any) -> set[str]:
    """Every JSONata expression in a definition."""
    if isinstance(value, dict):
        return {found for each in value.values() for found in expressions(each)}
    if isinstance(value, list):
        return {found for each in value for found in expressions(each)}
    return {value[2:-2].strip()} if isinstance(value, str) and value.startswith("{%") else set()


@pytest.mark.parametrize("source", sorted(expressions([MACHINE, BRANCHING_MACHINE])))
def test_expressions_mean_what_jsonata_means_by_them(source: str) -> None:
    """Each that the compiler writes, against an interpreter that others wrote."""
    theirs = jsonata.Jsonata.jsonata(source)
    theirs.register_lambda("parse", json.loads)
    theirs.assign("states", STATES)
    assert evaluate_jsonata(source, STATES) == theirs.evaluate(None)


@pytest.mark.parametrize("branch", ["then", "else", "thenn"])
def test_a_comparison_means_what_jsonata_means_by_it(branch: str) -> None:
    """True and false alike."""
    source = f"$states.input.branch = '{branch}'"
    assert evaluate_jsonata(source, STATES) is (branch == "then")


@pytest.mark.parametrize(
    "source",
    ["$states.input.nothing", "$states.input.journey & 'x'", "$eval('1')", "$number(1", "1 + 1", "", "$parse",
     "journey",
     "$states.input.", "$states.input.journey.", "$number($states.input.wait_seconds))", "$states.input[0]",
     "$states.input.branch = then", "$states.input.branch = 'then' = 'else'", "'then' = $states.input.branch"],
)  # fmt: skip
def test_expressions_beyond_the_compilers_are_refused(source: str) -> None:
    """The walk must not guess; on AWS an expression that gives nothing fails the execution."""
    with pytest.raises(CannotWalk):
        evaluate_jsonata(source, STATES)
