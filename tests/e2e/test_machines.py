"""The walk and the compiled machines, held against a state-language interpreter that others wrote.

MiniStack runs the machines with mocked tasks (the mock configuration of Step Functions Local), waits shortened to
nothing: for the shop's workflows and for random ones, walking must give the same states with the same inputs.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.errors import JourneyExited, SendDeferred
from tidings.workflow.compile import compile_workflow
from tidings.workflow.graph import graph, start
from tidings.workflow.load import load_workflow, workflow_folders
from tidings.workflow.model import Workflow
from tidings.workflow.walk import Outcome, walk

ROOT = Path(__file__).parents[2]
WORKFLOWS = [load_workflow(folder).workflow for folder in workflow_folders(ROOT / "workflows")]
START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ROLE = "arn:aws:iam::000000000000:role/machines"

Answer = int | str | SendDeferred | JourneyExited
"""What a call of a step does: the next wait's seconds, or an error; a text is the name of any other error."""
Script = Mapping[str, Sequence[Answer]]
"""The answers of each step, in order; once they are told, it answers 60."""


@dataclass
class Interpreter:
    """MiniStack's Step Functions."""

    url: str
    client: Any
    numbers: Iterator[int]

    def run(self, workflow: Workflow, script: Script, wait_seconds: int) -> tuple[str, list[tuple[str, Any]]]:
        """(status, the states with their inputs) of an execution whose steps answer as told."""
        name = f"{workflow.id}-{next(self.numbers)}"[-60:]
        self._mock(name, workflow, script)
        definition = json.dumps(compile_workflow(workflow, "r")).replace(
            "${RunStepArn}", "arn:aws:lambda:us-east-1:000000000000:function:run-step"
        )
        machine = self.client.create_state_machine(name=name, definition=definition, roleArn=ROLE)[
            "stateMachineArn"
        ]
        execution = self.client.start_execution(
            stateMachineArn=f"{machine}#told",
            input=json.dumps({"journey": "j", "wait_seconds": wait_seconds}),
        )["executionArn"]
        deadline = time.monotonic() + 30
        while (status := self.client.describe_execution(executionArn=execution)["status"]) == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return status, self._visits(execution)

    def _mock(self, name: str, workflow: Workflow, script: Script) -> None:
        responses: dict[str, Any] = {}
        for step in graph(workflow):
            told = [*script.get(step, ()), 60]
            responses[step] = {str(at): _response(answer) for at, answer in enumerate(told)}
            responses[step][f"{len(told)}-999"] = _response(60)
        cases = {f"Send {step}": step for step in graph(workflow)}
        config = {"StateMachines": {name: {"TestCases": {"told": cases}}}, "MockedResponses": responses}
        body = json.dumps(
            {"stepfunctions._sfn_mock_config": config, "stepfunctions._SFN_WAIT_SCALE": 0}
        ).encode()
        with urllib.request.urlopen(f"{self.url}/_ministack/config", body, timeout=10) as answer:
            assert len(json.load(answer)["applied"]) == 2

    def _visits(self, execution: str) -> list[tuple[str, Any]]:
        pages = self.client.get_paginator("get_execution_history").paginate(executionArn=execution)
        entered = [event["stateEnteredEventDetails"] for page in pages for event in page["events"]
                   if "stateEnteredEventDetails" in event]  # fmt: skip
        return [(each["name"], json.loads(each["input"])) for each in entered]


def _response(answer: Answer) -> dict[str, Any]:
    match answer:
        case int():
            return {"Return": {"StatusCode": 200, "Payload": {"journey": "j", "wait_seconds": answer}}}
        case str():
            return {"Throw": {"Error": answer, "Cause": "{}"}}
        case error:
            cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
            return {"Throw": {"Error": type(error).__name__, "Cause": json.dumps(cause)}}


def walked(workflow: Workflow, script: Script, wait_seconds: int) -> tuple[str, list[tuple[str, Any]]]:
    """The same of a walk."""
    told = {step: list(answers) for step, answers in script.items()}

    def task(payload: Mapping[str, Any], now: datetime) -> Outcome:
        answers = told.get(payload["step"])
        answer = answers.pop(0) if answers else 60
        if isinstance(answer, Exception):
            raise answer
        return Outcome({"journey": payload["journey"], "wait_seconds": answer}, "sends")

    given_ = {"journey": "j", "wait_seconds": wait_seconds}
    timeline = walk(compile_workflow(workflow, "r"), given_, START, task)
    return timeline.status, [(visit.state, visit.input) for visit in timeline.visits]


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interpreter]:
    """MiniStack on a free port, for this module alone."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    folder = tmp_path_factory.mktemp("ministack")
    environ = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "AWS_ENDPOINT_URL": url}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], cwd=folder, env=environ, stdout=log, stderr=log
        )
    try:
        _await(url, process)
        client = boto3.client(
            "stepfunctions", endpoint_url=url, region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip
        yield Interpreter(url, client, count())
    finally:
        process.terminate()
        process.wait(10)


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while True:
        assert process.poll() is None
        assert time.monotonic() < deadline
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)


def defer(seconds: int) -> SendDeferred:
    """A deferral."""
    return SendDeferred(seconds)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.id)
def test_the_shops_workflows_run_as_they_walk(interpreter: Interpreter, workflow: Workflow) -> None:
    """To the end, with deferrals at each step, and with an exit at the last."""
    steps = list(graph(workflow))
    scripts: list[Script] = [
        {},
        {step: [defer(600), defer(1), 7200] for step in steps},
        {steps[-1]: [JourneyExited("order_placed")]},
    ]
    for script in scripts:
        assert interpreter.run(workflow, script, 3600) == walked(workflow, script, 3600)


answers: st.SearchStrategy[Answer] = st.one_of(
    st.integers(0, 10**7), st.integers(1, 10**7).map(defer), st.just(JourneyExited("closed"))
)


@given(
    legs_=st.lists(st.tuples(st.integers(0, 2), st.lists(answers, max_size=3)), min_size=1, max_size=6),
    wait_seconds=st.integers(0, 10**6),
)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_random_workflows_run_as_they_walk(
    interpreter: Interpreter, legs_: list[tuple[int, list[Answer]]], wait_seconds: int
) -> None:
    """Any number of waits and mails, any deferrals and exits: the same states, with the same waits."""
    steps: list[dict[str, Any]] = []
    script: dict[str, list[Answer]] = {}
    for number, (waits, told) in enumerate(legs_):
        steps += [{"wait": "1 hour"}] * waits
        steps.append({"send": f"mail-{number}"})
        script[f"mail-{number}"] = told
    workflow = Workflow.model_validate(
        {"id": "random", "name": "R", "trigger": {"event": "subscribed"}, "steps": steps}
    )
    assert interpreter.run(workflow, script, wait_seconds) == walked(workflow, script, wait_seconds)


def test_a_mistake_in_code_fails_the_execution(interpreter: Interpreter) -> None:
    """It is not retried, and not taken for an exit: the alarm on failed executions is what tells."""
    workflow = WORKFLOWS[0]
    status, states = interpreter.run(workflow, {start(workflow).id: ["KeyError", 60]}, 0)
    assert status == "FAILED"
    assert [name for name, _ in states] == ["Wait 1 hour", "Send reminder"]
