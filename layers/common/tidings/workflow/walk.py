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
    walking = Walking(definition, given, start)
    while walking.is_under_way:
        if stop is not None and walking.at >= stop[0]:
            walking.stop(max(start, stop[0]), stop[1])
        else:
            walking.step(task)
    return walking.timeline


class Walking:
    """A walk under way, state by state, for whoever has other things to tell between.

    `at` is when it goes on by itself; `token` is that of a Task that waits to be answered until then, else "".
    """

    def __init__(self, definition: Mapping[str, Any], given: Mapping[str, Any], start: datetime) -> None:
        """Nothing has happened yet; the first state is entered at `start`."""
        self.at, self.token = start, ""
        self._states: Mapping[str, Any] = definition["States"]
        self._name, self._value = str(definition["StartAt"]), dict(given)
        self._visits: list[Visit] = []
        self._end: tuple[str, str] | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether it has not ended."""
        return self._end is None

    @property
    def timeline(self) -> Timeline:
        """What has happened so far; of a walk under way with an empty status."""
        status, reason = self._end or ("", "")
        return Timeline(tuple(self._visits), self.at, status, reason)

    def stop(self, at: datetime, reason: str) -> None:
        """It is stopped from outside."""
        self.at, self.token, self._end = at, "", ("ABORTED", reason)

    def answer(self, at: datetime) -> None:
        """Whoever holds its token lets it go on; nothing when it does not wait."""
        if self.token:
            state, self.token = self._states[self._name], ""
            self._value = _evaluate(state["Output"], {"input": self._value, "result": {"Payload": {}}})
            self._name, self.at = state["Next"], max(at, self._visits[-1].at)

    def step(self, task: Task) -> None:
        """Let the next thing happen, at `at`. Raises CannotWalk, and what `task` raises uncaught."""
        if len(self._visits) >= MAX_STATES:
            raise CannotWalk(f"no end after {MAX_STATES} states")
        state = self._states[self._name]
        if self.token:
            self._time_out(state)
            return
        match state["Type"]:
            case "Wait":
                seconds = _evaluate(state["Seconds"], {"input": self._value})
                self._visit(_waited(seconds))
                self._name, self.at = state["Next"], self.at + timedelta(seconds=seconds)
            case "Task":
                self._run(state, task)
            case "Choice":
                following = _choose(self._name, state, self._value)
                self._visit(f"goes on to {following}")
                self._name = following
            case "Succeed":
                self._visit("the end")
                self._end = "SUCCEEDED", ""
            case unknown:
                raise CannotWalk(f"{self._name} is a {unknown}")

    def _visit(self, what: str) -> None:
        self._visits.append(Visit(self.at, self._name, self._value, what))

    def _run(self, state: Mapping[str, Any], task: Task) -> None:
        waits = state["Resource"].endswith(".waitForTaskToken")
        token = f"{self._name} at {self.at.isoformat()}" if waits else ""
        known = {"input": self._value, "context": {"Task": {"Token": token}} if waits else {}}
        payload = _evaluate(state["Arguments"], known)["Payload"]
        try:
            outcome = task(payload, self.at)
        except Exception as error:
            name = type(error).__name__
            # What Lambda's Python runtime makes of an exception.
            cause = json.dumps({"errorMessage": str(error), "errorType": name})
            following = _caught(state, self._value, name, cause)
            if following is None:
                raise
            reason = getattr(error, "reason", "")
            self._visit(f"put off: {reason}" if reason else f"{name} {error}".rstrip())
            self._name, self._value = following
            return
        self._visit(outcome.what)
        if waits:
            self.token, self.at = token, self.at + timedelta(seconds=state["TimeoutSeconds"])
            if outcome.answered_at is not None and outcome.answered_at < self.at:
                self.answer(outcome.answered_at)
            return
        known["result"] = {"Payload": dict(outcome.output)}
        self._name, self._value = state["Next"], _evaluate(state["Output"], known)

    def _time_out(self, state: Mapping[str, Any]) -> None:
        caught = _caught(state, self._value, "States.Timeout", "")
        if caught is None:
            raise CannotWalk("an uncaught time-out")
        self.token, (self._name, self._value) = "", caught


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
