"""From a workflow to its state machine in Amazon States Language (JSONata).

Three small stages: `graph.graph` finds the nodes and where each leads, `naming.named` gives their states names,
`_states` writes them. Per mail that is one Wait, whose seconds the step before it computed, and one Task; a
Choice only where the author wrote `if`, `split` or the `else` of a send. Deterministic: the same workflow and
revision give the same text.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from tidings.workflow.graph import NEXT
from tidings.workflow.model import WaitForStep, Workflow
from tidings.workflow.naming import DONE, EXITED, Named, named

MAX_BYTES: Final = 1_000_000
"""Step Functions takes definitions of up to 1 MB."""

SECONDS: Final = "{% $states.input.wait_seconds %}"
JOURNEY: Final = "{% $states.input.journey %}"
TASK: Final = "{% $states.context.Task.Token %}"
# A Python function's error reaches Step Functions as JSON in `Cause`; SendDeferred's message is the seconds.
DEFERRED_SECONDS: Final = "{% $number($parse($states.errorOutput.Cause).errorMessage) %}"

_OWN_ERRORS: Final = ["JourneyExited", "SendDeferred"]

_TRANSIENT: Final = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "Unavailable",
    "Conflict",
]
"""What time mends: Lambda's own faults, as Step Functions' best practices name them, a process that died, its time-out
and lost sandbox, and two errors of ours that say so. Anything else is a mistake in code: the execution fails,
which alarms, and can be redriven once the code is mended."""

RETRY: Final[list[dict[str, Any]]] = [
    # First, and never retried: `Catch` deals with them, and no later retrier may take them up.
    {"ErrorEquals": _OWN_ERRORS, "MaxAttempts": 0},
    # A repeated step is safe, so an outage is waited out: about a day with these delays, of which full
    # jitter takes half on the average.
    {
        "ErrorEquals": _TRANSIENT,
        "IntervalSeconds": 5,
        "BackoffRate": 1.5,
        "MaxDelaySeconds": 1800,
        "MaxAttempts": 110,
        "JitterStrategy": "FULL",
    },
]


INVOKE: Final = "arn:aws:states:::lambda:invoke"
INVOKE_AND_WAIT: Final = "arn:aws:states:::lambda:invoke.waitForTaskToken"


def compile_workflow(workflow: Workflow, rev: str) -> dict[str, Any]:
    """The machine's definition. `${RunStepArn}` stands for what only the template knows.

    Its input is `{"journey": <id>, "wait_seconds": <seconds>}`; each Task passes on the same, and its `branch` where
    a Choice follows.
    """
    nodes = named(workflow)
    states: dict[str, Any] = {}
    for each in nodes.values():
        ways = {
            name: nodes[following].first if following else DONE
            for name, following in each.node.branches.items()
        }
        states |= _states(workflow, rev, each, ways)
    states[DONE] = {"Type": "Succeed"}
    states[EXITED] = {"Type": "Succeed"}
    return {
        "Comment": f"{workflow.name} ({workflow.id}, revision {rev})".replace("${", "{"),
        "QueryLanguage": "JSONata",
        "StartAt": next(iter(nodes.values())).first,
        "States": states,
    }


def size(definition: Mapping[str, Any]) -> int:
    """A definition's length in bytes, as it is sent to Step Functions."""
    return len(json.dumps(definition, ensure_ascii=False).encode())


def _states(workflow: Workflow, rev: str, named: Named, ways: Mapping[str, str]) -> dict[str, Any]:
    """A node's states: its Wait, if it has one, its Task, and what leads on from there."""
    states: dict[str, Any] = {}
    if named.wait:
        states[named.wait] = {"Type": "Wait", "Seconds": SECONDS, "Next": named.task}
    payload = {"journey": JOURNEY, "workflow": workflow.id, "step": named.node.id, "rev": rev}
    if isinstance(named.node.step, WaitForStep):
        return states | _awaiting(named, payload, ways, named.node.step.wait_for.at_most)
    if named.choice:
        states[named.task] = _task(payload, named.choice, named.wait)
        states[named.choice] = {"Type": "Choice", "Choices": [_rule(*way) for way in ways.items()]}
    else:
        states[named.task] = _task(payload, ways[NEXT], named.wait)
    return states


def _awaiting(
    named: Named, payload: dict[str, str], ways: Mapping[str, str], at_most: timedelta
) -> dict[str, Any]:
    """The Task that waits for an event, with its token, and the Task after either outcome."""
    arrived, timed_out = named.outcomes["arrived"], named.outcomes["timed_out"]
    waiting = _task({**payload, "token": TASK}, arrived, named.wait)
    waiting |= {
        "Resource": INVOKE_AND_WAIT,
        "TimeoutSeconds": int(at_most.total_seconds()),
        "Output": {"journey": JOURNEY},
    }
    waiting["Catch"].append(
        {"ErrorEquals": ["States.Timeout"], "Output": {"journey": JOURNEY}, "Next": timed_out}
    )
    outcomes = {
        name: _task({**payload, "outcome": branch}, ways[branch], "")
        for branch, name in named.outcomes.items()
    }
    return {named.task: waiting, **outcomes}


def _rule(branch: str, following: str) -> dict[str, str]:
    """Branches are named in lower-case letters, digits, hyphens and underscores: fit to stand in quotes."""
    return {"Condition": f"{{% $states.input.branch = '{branch}' %}}", "Next": following}


def _task(payload: Mapping[str, str], following: str, wait: str) -> dict[str, Any]:
    """A call of `run_step`. What it defers goes back to `wait`; a node that has none can't defer."""
    catch: list[dict[str, Any]] = [
        {"ErrorEquals": ["JourneyExited"], "Output": {"journey": JOURNEY}, "Next": EXITED}
    ]
    if wait:
        output = {"journey": JOURNEY, "wait_seconds": DEFERRED_SECONDS}
        catch.append({"ErrorEquals": ["SendDeferred"], "Output": output, "Next": wait})
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"FunctionName": "${RunStepArn}", "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        "Retry": RETRY,
        "Catch": catch,
        "Next": following,
    }
