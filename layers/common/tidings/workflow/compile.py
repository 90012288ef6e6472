"""From a workflow to its state machine in Amazon States Language (JSONata).

Three small stages: `path.legs` finds the mails and the waits before each, `_named` gives their states names,
`_states` writes them. Per mail that is one Wait, whose seconds the step before it computed, and one Task.
Deterministic: the same workflow and revision give the same text.
"""

from dataclasses import dataclass
from typing import Any, Final

from tidings.durations import format_duration
from tidings.workflow.model import DateTrigger, InactiveTrigger, WaitStep, Workflow
from tidings.workflow.path import Leg, legs

MAX_NAME: Final = 80
"""Step Functions' limit on the name of a state, in characters."""

DONE: Final = "Done"
EXITED: Final = "Exited"

SECONDS: Final = "{% $states.input.wait_seconds %}"
JOURNEY: Final = "{% $states.input.journey %}"
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
    "Sandbox.Timedout",
    "Unavailable",
    "Conflict",
]
"""What time mends: Lambda's own faults, as Step Functions' best practices name them, its time-out and lost
sandbox, and two errors of ours that say so. Anything else is a mistake in code: the execution fails,
which alarms, and can be redriven once the code is mended."""

RETRY: Final[list[dict[str, Any]]] = [
    # First, and never retried: `Catch` deals with them, and no later retrier may take them up.
    {"ErrorEquals": _OWN_ERRORS, "MaxAttempts": 0},
    # A repeated step is safe, so an outage is waited out: about a day with these delays.
    {
        "ErrorEquals": _TRANSIENT,
        "IntervalSeconds": 5,
        "BackoffRate": 1.5,
        "MaxDelaySeconds": 1800,
        "MaxAttempts": 60,
        "JitterStrategy": "FULL",
    },
]


@dataclass(frozen=True, slots=True)
class Named:
    """A leg with the names of its two states."""

    leg: Leg
    wait: str
    task: str


def compile_workflow(workflow: Workflow, rev: str) -> dict[str, Any]:
    """The machine's definition. `${RunStepArn}` stands for what only the template knows.

    Its input is `{"journey": <id>, "wait_seconds": <seconds>}`; each Task passes on the same.
    """
    named = _named(workflow)
    states: dict[str, Any] = {}
    for at, each in enumerate(named):
        following = named[at + 1].wait if at + 1 < len(named) else DONE
        states |= _states(workflow, rev, each, following)
    states[DONE] = {"Type": "Succeed"}
    states[EXITED] = {"Type": "Succeed"}
    return {
        "Comment": f"{workflow.name} ({workflow.id}, revision {rev})",
        "QueryLanguage": "JSONata",
        "StartAt": named[0].wait,
        "States": states,
    }


def _named(workflow: Workflow) -> list[Named]:
    """The legs with their states' names, in the author's words and each once."""
    taken = {DONE, EXITED}
    found = []
    for at, leg in enumerate(legs(workflow)):
        wait = _unique(_wait_words(workflow, leg, is_first=at == 0), taken)
        found.append(Named(leg, wait, _unique(f"Send {leg.send.step_id}", taken)))
    return found


def _wait_words(workflow: Workflow, leg: Leg, *, is_first: bool) -> str:
    """`Wait 1 hour`, `Wait 1 day then until 10:00`; a first wait also says what the trigger waits for."""
    waits = [_words(step) for step in leg.waits if step.wait.for_ or step.wait.then_at]
    match workflow.trigger if is_first else None:
        case DateTrigger(date=date, offset=offset, at=at):
            away = f" {format_duration(offset)}" if offset else ""
            waits.insert(0, f"until {date}{away} at {at:%H:%M}")
        case InactiveTrigger(inactive=event, for_=length):
            waits.insert(0, f"for {format_duration(length)} without {event}")
    return f"Wait {', then '.join(waits)}" if waits else "At once"


def _words(step: WaitStep) -> str:
    length = format_duration(step.wait.for_) if step.wait.for_ else ""
    until = f"until {step.wait.then_at:%H:%M}" if step.wait.then_at else ""
    return f"{length} then {until}" if length and until else length or until


def _unique(name: str, taken: set[str]) -> str:
    """`name`, cut to length and numbered where it is taken; then it is taken too."""
    number, found = 1, _cut(name, "")
    while found in taken:
        number += 1
        found = _cut(name, f" ({number})")
    taken.add(found)
    return found


def _cut(name: str, suffix: str) -> str:
    room = MAX_NAME - 1 - len(suffix)
    return (name if len(name) <= room else name[: room - 1].rstrip() + "…") + suffix


def _states(workflow: Workflow, rev: str, named: Named, following: str) -> dict[str, Any]:
    return {
        named.wait: {"Type": "Wait", "Seconds": SECONDS, "Next": named.task},
        named.task: {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {
                "FunctionName": "${RunStepArn}",
                "Payload": {
                    "journey": JOURNEY,
                    "workflow": workflow.id,
                    "step": named.leg.send.step_id,
                    "rev": rev,
                },
            },
            "Output": "{% $states.result.Payload %}",
            "Retry": RETRY,
            "Catch": [
                {"ErrorEquals": ["JourneyExited"], "Output": {"journey": JOURNEY}, "Next": EXITED},
                {
                    "ErrorEquals": ["SendDeferred"],
                    "Output": {"journey": JOURNEY, "wait_seconds": DEFERRED_SECONDS},
                    "Next": named.wait,
                },
            ],
            "Next": following,
        },
    }
