"""The walk and the compiled machines, held against a state-language interpreter that others wrote.

MiniStack runs the machines with mocked tasks (the mock configuration of Step Functions Local), waits shortened to
nothing: for the shop's workflows and for random ones, walking must give the same states with the same inputs. A
Task that waits for an event really waits: its token comes to the test, which answers it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.helpers.interpreter import Answer, Interpreter, Script, interpreted
from tests.strategies import WORKFLOWS as RANDOM
from tests.unit.workflow.mistakes import FILE, RIGHT
from tidings.errors import JourneyExited, SendDeferred
from tidings.workflow.compile import compile_workflow
from tidings.workflow.graph import start
from tidings.workflow.load import load_workflow, parse_workflow, workflow_folders
from tidings.workflow.model import Workflow
from tidings.workflow.naming import Named, named
from tidings.workflow.walk import Outcome, walk

ROOT = Path(__file__).parents[2]
WORKFLOWS = [
    *(load_workflow(folder).workflow for folder in workflow_folders(ROOT / "workflows")),
    parse_workflow("whole", RIGHT, FILE).workflow,
]
START = datetime.fromisoformat("2026-03-10T12:00:00+00:00")


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interpreter]:
    """MiniStack on a free port, for this module alone."""
    with interpreted(tmp_path_factory.mktemp("ministack")) as running:
        yield running


def walked(workflow: Workflow, script: Script, wait_seconds: int) -> tuple[str, list[tuple[str, Any]]]:
    """(status, the states with their inputs) of a walk."""
    told = {call: list(answers) for call, answers in script.items()}

    def task(payload: Any, now: datetime) -> Outcome:
        call = f"{payload['step']}:{payload['outcome']}" if "outcome" in payload else payload["step"]
        answer = told[call].pop(0) if told.get(call) else default(nodes[payload["step"]], call)
        if isinstance(answer, Exception):
            raise answer
        if "token" in payload:
            return Outcome({}, "waits", now + timedelta(minutes=1) if answer == "arrived" else None)
        assert isinstance(answer, tuple)
        output = {"journey": payload["journey"], "wait_seconds": answer[0]}
        return Outcome(output | ({"branch": answer[1]} if answer[1] else {}), "does")

    nodes = named(workflow)
    given_ = {"journey": "j", "wait_seconds": wait_seconds}
    timeline = walk(compile_workflow(workflow, "r"), given_, START, task)
    return timeline.status, [(visit.state, visit.input) for visit in timeline.visits]


def default(each: Named, call: str) -> Answer:
    """What a call answers once its script is told: it goes on by the first branch."""
    if each.outcomes:
        return (60, "") if ":" in call else "timed_out"
    return 60, next(iter(each.node.branches)) if each.choice else ""


def calls(workflow: Workflow) -> dict[str, list[Answer]]:
    """Each call of a step, by step and outcome, with the answers that it may give."""
    found: dict[str, list[Answer]] = {}
    for name, each in named(workflow).items():
        defers: list[Answer] = [SendDeferred(600)] if each.wait else []
        if each.outcomes:
            found[name] = ["arrived", "timed_out", JourneyExited("closed"), *defers]
            found |= {f"{name}:{outcome}": [(7200, ""), (0, "")] for outcome in each.outcomes}
        else:
            branches = list(each.node.branches) if each.choice else [""]
            found[name] = [*((7200, branch) for branch in branches), JourneyExited("order_placed"), *defers]
    return found


def same(interpreter: Interpreter, workflow: Workflow, script: Script, wait_seconds: int) -> bool:
    """Whether both give the same, from the first state to the last."""
    defaults = {
        call: default(each, call) for name, each in named(workflow).items() for call in _calls(name, each)
    }
    run = interpreter.run(workflow, script, defaults, wait_seconds)
    assert run == walked(workflow, script, wait_seconds)
    return True


def _calls(name: str, each: Named) -> list[str]:
    return [name, *(f"{name}:{outcome}" for outcome in each.outcomes)]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.id)
def test_the_shops_workflows_run_as_they_walk(interpreter: Interpreter, workflow: Workflow) -> None:
    """Every branch of each step once, and every deferral and exit."""
    possible = calls(workflow)
    scripts: list[Script] = [{}]
    scripts += [
        {call: [answers[at % len(answers)]] for call, answers in possible.items()}
        for at in range(max(map(len, possible.values())))
    ]
    scripts.append(
        {
            call: [SendDeferred(1), SendDeferred(600)]
            for call, answers in possible.items()
            if isinstance(answers[-1], SendDeferred)
        }
    )
    assert all(same(interpreter, workflow, script, 3600) for script in scripts)


@st.composite
def plays(draw: st.DrawFn) -> tuple[Workflow, dict[str, list[Answer]]]:
    """A workflow, and what its steps answer."""
    workflow = draw(RANDOM)
    script = {
        call: draw(st.lists(st.sampled_from(answers), max_size=2))
        for call, answers in calls(workflow).items()
    }
    return workflow, script


@given(play=plays(), wait_seconds=st.integers(0, 10**6))
@settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
def test_random_workflows_run_as_they_walk(
    interpreter: Interpreter, play: tuple[Workflow, dict[str, list[Answer]]], wait_seconds: int
) -> None:
    """Any steps in any order, any deferrals, exits, branches and outcomes: the same states, with the same waits."""
    workflow, script = play
    assert same(interpreter, workflow, script, wait_seconds)


def test_a_mistake_in_code_fails_the_execution(interpreter: Interpreter) -> None:
    """It is not retried, and not taken for an exit: the alarm on failed executions is what tells."""
    workflow = next(each for each in WORKFLOWS if each.id == "welcome")
    defaults = {name: default(each, name) for name, each in named(workflow).items()}
    status, states = interpreter.run(workflow, {start(workflow).id: ["KeyError"]}, defaults, 0)
    assert status == "FAILED"
    assert [name for name, _ in states] == ["At once", "Send welcome"]
