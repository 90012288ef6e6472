"""Plays a compiled machine on a virtual clock: the very definition that is deployed, without AWS.

It knows the states and the JSONata that `compile` writes and refuses everything else, so that it cannot mean
something different. A raised error goes the way the deployed `Catch` sends it; what no `Catch` names (on AWS
it is retried, or fails the execution) is raised to whoever walks. A task token is answered when the task says so,
or the Task's time-out passes on the same clock.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tidings.durations import format_duration
from tidings.errors import TidingsError

MAX_STATES: Final = 10_000
"""More than any journey has; a definition that goes round without end stops here."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a Task did: its output, and the words for the timeline.

    Of a Task that waits for its token, `answered_at` is when somebody answers it: None for never.
    """

    output: Mapping[str, Any]
    what: str
    answered_at: datetime | None = None


Task = Callable[[Mapping[str, Any], datetime], Outcome]
"""Does what the function would with this payload at this moment; raises what it would."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A state that was entered at a moment with an input, and what happened in it."""

    at: datetime
    state: str
    input: Mapping[str, Any]
    what: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A journey from its start to its end. `status` is SUCCEEDED or, when it was stopped, ABORTED."""

    visits: tuple[Visit, ...]
    ended_at: datetime
    status: str
    reason: str = ""

    @property
    def states(self) -> list[str]:
        """The names of the states, in order."""
        return [visit.state for visit in self.visits]

    def text(self, zone: ZoneInfo) -> str:
        """The timeline for people: a line a state, times on the clocks of `zone`."""
        told = [(visit.at, f"{visit.state}: {visit.what}") for visit in self.visits]
        if self.status == "ABORTED":
            told.append((self.ended_at, f"stopped: {self.reason}"))
        return "".join(f"{at.astimezone(zone):%a %d %b %Y %H:%M}  {what}\n" for at, what in told)


class CannotWalk(TidingsError):
    """The definition holds something that the walk does not know."""


def walk(
    definition: Mapping[str, Any],
    given: Mapping[str, Any],
    start: datetime,
    task: Task,
    stop: tuple[datetime, str] | None = None,
) -> Timeline:
    """Play a definition from `start` with this input.

    `stop` is the moment, and the reason, at which it is stopped from outside. Raises CannotWalk, and what
    `task` raises that no `Catch` of the definition names.
    """
    visits: list[Visit] = []
    now, name, value = start, definition["StartAt"], dict(given)
    for _ in range(MAX_STATES):
        if stop is not None and now >= stop[0]:
            return Timeline(tuple(visits), max(start, stop[0]), "ABORTED", stop[1])
        state = definition["States"][name]
        match state["Type"]:
            case "Wait":
                seconds = _evaluate(state["Seconds"], {"input": value})
                visits.append(Visit(now, name, value, _waited(seconds)))
                now += timedelta(seconds=seconds)
                name = state["Next"]
            case "Task":
                following, output, what, then = _run(state, value, now, task)
                visits.append(Visit(now, name, value, what))
                name, value, now = following, output, then
            case "Choice":
                following = _choose(name, state, value)
                visits.append(Visit(now, name, value, f"goes on to {following}"))
                name = following
            case "Succeed":
                visits.append(Visit(now, name, value, "the end"))
                return Timeline(tuple(visits), now, "SUCCEEDED")
            case unknown:
                raise CannotWalk(f"{name} is a {unknown}")
    raise CannotWalk(f"no end after {MAX_STATES} states")


def _waited(seconds: int) -> str:
    if not seconds:
        return "goes on at once"
    length = timedelta(seconds=seconds)
    return f"waits {length if seconds % 3600 else format_duration(length)}"


def _choose(name: str, state: Mapping[str, Any], value: Any) -> str:
    for rule in state["Choices"]:
        if _evaluate(rule["Condition"], {"input": value}) is True:
            return str(rule["Next"])
    raise CannotWalk(f"no choice of {name} matches")  # on AWS the execution fails


def _run(
    state: Mapping[str, Any], value: Any, now: datetime, task: Task
) -> tuple[str, dict[str, Any], str, datetime]:
    """(next state, its input, what happened, when it is over) of a Task."""
    waits = state["Resource"].endswith(".waitForTaskToken")
    known = {"input": value, "context": {"Task": {"Token": f"token at {now.isoformat()}"}} if waits else {}}
    payload = _evaluate(state["Arguments"], known)["Payload"]
    try:
        outcome = task(payload, now)
    except Exception as error:
        name = type(error).__name__
        # What Lambda's Python runtime makes of an exception.
        cause = json.dumps({"errorMessage": str(error), "errorType": name})
        caught = _caught(state, value, name, cause)
        if caught is None:
            raise
        return *caught, f"{name} {error}".rstrip(), now
    known["result"] = {"Payload": dict(outcome.output)}
    if not waits:
        return state["Next"], _evaluate(state["Output"], known), outcome.what, now
    end = now + timedelta(seconds=state["TimeoutSeconds"])
    if outcome.answered_at is not None and outcome.answered_at < end:
        return state["Next"], _evaluate(state["Output"], known), outcome.what, max(now, outcome.answered_at)
    caught = _caught(state, value, "States.Timeout", "")
    if caught is None:
        raise CannotWalk("a time-out that nothing catches")
    return *caught, outcome.what, end


def _caught(state: Mapping[str, Any], value: Any, name: str, cause: str) -> tuple[str, dict[str, Any]] | None:
    """(next state, its input) by the first catcher that names an error; None when none does."""
    for catcher in state.get("Catch", ()):
        if name in catcher["ErrorEquals"]:
            known = {"input": value, "errorOutput": {"Error": name, "Cause": cause}}
            return catcher["Next"], _evaluate(catcher["Output"], known)
    return None


# ---- the JSONata that compile writes: paths from $states, $number(…), $parse(…), a comparison with a text ----

_TOKEN: Final = re.compile(r"\s*(\$?[A-Za-z_]\w*|[().=]|'[^'\\]*')")
_FUNCTIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "$number": lambda value: json.loads(value) if isinstance(value, str) else value,
    "$parse": json.loads,
}


def _evaluate(template: Any, states: Mapping[str, Any]) -> Any:
    """A field of a state with each `{% … %}` in it replaced by its value."""
    if isinstance(template, Mapping):
        return {key: _evaluate(each, states) for key, each in template.items()}
    if isinstance(template, list):
        return [_evaluate(each, states) for each in template]
    if isinstance(template, str) and template.startswith("{%") and template.endswith("%}"):
        return evaluate_jsonata(template[2:-2].strip(), states)
    return template


def evaluate_jsonata(source: str, states: Mapping[str, Any]) -> Any:
    """The value of an expression in which `$states` is `states`. Raises CannotWalk for anything else."""
    tokens = _TOKEN.findall(source)
    if "".join(tokens).replace(" ", "") != source.replace(" ", ""):
        raise CannotWalk(f"unknown expression: {source}")

    def primary() -> Any:
        name = tokens.pop(0)
        if name == "$states":
            return states
        if name not in _FUNCTIONS or not tokens or tokens.pop(0) != "(":
            raise CannotWalk(f"unknown expression: {source}")
        argument = path()
        if not tokens or tokens.pop(0) != ")":
            raise CannotWalk(f"unknown expression: {source}")
        return _FUNCTIONS[name](argument)

    def path() -> Any:
        found = primary()
        while tokens[:1] == ["."]:
            try:
                found = found[tokens[1]]
            except (KeyError, IndexError, TypeError):
                # AWS fails an execution whose expression gives nothing.
                raise CannotWalk(f"nothing there: {source}") from None
            del tokens[:2]
        return found

    value = path() if tokens else None
    if tokens[:1] == ["="] and len(tokens) == 2 and tokens[1].startswith("'"):
        value, tokens = value == tokens[1][1:-1], []
    if tokens or value is None:
        raise CannotWalk(f"unknown expression: {source}")
    return value
