"""MiniStack's Step Functions as an interpreter of machines whose steps answer as a test tells them to."""

import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import boto3

from tests.e2e.helpers.shop import PATIENCE
from tidings.workflow.compile import compile_workflow
from tidings.workflow.model import Workflow
from tidings.workflow.naming import named

Answer = tuple[int, str] | str | Exception
"""What a call of a step does: the next wait's seconds and the branch taken ("" for none), an outcome of a wait for an
event, or an error; any other text is the name of any other error."""
Script = Mapping[str, Sequence[Answer]]
"""The answers of each call, in order: by step, or `step:outcome`."""

ROLE = "arn:aws:iam::000000000000:role/machines"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:run-step"

# Called by Tasks that wait for a token, and by no other: it brings the token to the test.
_FORWARD = """import json, os, urllib.request
def handler(event, context):
    request = urllib.request.Request(os.environ["TEST_URL"], json.dumps(event).encode())
    urllib.request.urlopen(request, timeout=60).read()
"""


@dataclass
class Interpreter:
    """A running MiniStack. `answers` are those of the calls that wait for tokens, in the execution under way."""

    url: str
    client: Any
    numbers: Iterator[int] = field(default_factory=count)
    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def run(
        self, workflow: Workflow, script: Script, defaults: Mapping[str, Answer], wait_seconds: int
    ) -> tuple[str, list[tuple[str, Any]]]:
        """(status, the states with their inputs) of an execution whose steps answer as told, then by default."""
        name = f"{workflow.id}-{next(self.numbers)}"[-60:]
        self._mock(name, workflow, script, defaults)
        definition = json.dumps(compile_workflow(workflow, "r")).replace("${RunStepArn}", FUNCTION)
        machine = self.client.create_state_machine(name=name, definition=definition, roleArn=ROLE)[
            "stateMachineArn"
        ]
        execution = self.client.start_execution(
            stateMachineArn=f"{machine}#told",
            input=json.dumps({"journey": "j", "wait_seconds": wait_seconds}),
        )["executionArn"]
        deadline = time.monotonic() + PATIENCE
        while (status := self.client.describe_execution(executionArn=execution)["status"]) == "RUNNING":
            assert time.monotonic() < deadline, self._visits(execution)
            time.sleep(0.01)
        return status, self._visits(execution)

    def called(self, payload: Mapping[str, Any]) -> None:
        """Answer the token of a Task that waits."""
        answer = self.answers[payload["step"]].pop(0)
        if answer == "arrived":
            self.client.send_task_success(taskToken=payload["token"], output="{}")
            return
        error = "States.Timeout" if answer == "timed_out" else type(answer).__name__
        cause = json.dumps({"errorMessage": str(answer), "errorType": error})
        self.client.send_task_failure(taskToken=payload["token"], error=error, cause=cause)

    def _mock(self, name: str, workflow: Workflow, script: Script, defaults: Mapping[str, Answer]) -> None:
        cases, responses = {}, {}
        self.answers = {}
        for step, each in named(workflow).items():
            states = {f"{step}:{branch}": state for branch, state in each.outcomes.items()} or {
                step: each.task
            }
            if each.outcomes:
                self.answers[step] = [*script.get(step, ()), *[defaults[step]] * 20]
            for call, state in states.items():
                told = [*script.get(call, ()), *([defaults[call]] if call in defaults else [])]
                cases[state] = call
                responses[call] = {str(at): _response(answer) for at, answer in enumerate(told)}
                responses[call][f"{len(told)}-999"] = _response(told[-1])
        config = {"StateMachines": {name: {"TestCases": {"told": cases}}}, "MockedResponses": responses}
        settings = {"stepfunctions._sfn_mock_config": config, "stepfunctions._SFN_WAIT_SCALE": 0}
        with urllib.request.urlopen(
            f"{self.url}/_ministack/config", json.dumps(settings).encode(), timeout=60
        ) as answer:
            assert len(json.load(answer)["applied"]) == 2

    def _visits(self, execution: str) -> list[tuple[str, Any]]:
        pages = self.client.get_paginator("get_execution_history").paginate(executionArn=execution)
        entered = [event["stateEnteredEventDetails"] for page in pages for event in page["events"]
                   if "stateEnteredEventDetails" in event]  # fmt: skip
        return [(each["name"], json.loads(each["input"])) for each in entered]


def _response(answer: Answer) -> dict[str, Any]:
    match answer:
        case (int(seconds), str(branch)):
            output = {"journey": "j", "wait_seconds": seconds} | ({"branch": branch} if branch else {})
            return {"Return": {"StatusCode": 200, "Payload": output}}
        case str():
            return {"Throw": {"Error": answer, "Cause": "{}"}}
        case error:
            cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
            return {"Throw": {"Error": type(error).__name__, "Cause": json.dumps(cause)}}


@contextmanager
def interpreted(folder: Path) -> Iterator[Interpreter]:
    """MiniStack on a free port, and the function that waiting Tasks call."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environ = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "AWS_ENDPOINT_URL": url}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], cwd=folder, env=environ, stdout=log, stderr=log
        )
    try:
        _await(url, process)
        interpreter = Interpreter(url, _client("stepfunctions", url))
        with _listening(interpreter) as address:
            _client("lambda", url).create_function(
                FunctionName="run-step", Runtime="python3.11", Role=ROLE, Handler="index.handler",
                Code={"ZipFile": _zipped(_FORWARD)}, Environment={"Variables": {"TEST_URL": address}},
            )  # fmt: skip
            yield interpreter
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _listening(interpreter: Interpreter) -> Iterator[str]:
    """An address at which the function tells its payload."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            interpreter.called(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _client(service: str, url: str) -> Any:
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )  # fmt: skip


def _zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", source)
    return buffer.getvalue()


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None
        assert time.monotonic() < deadline
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
