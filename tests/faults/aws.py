"""What AWS does around a step: SES that takes mails and tells of them, Step Functions that tries a dead Task again."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from tests.faults.dynamodb import Around
from tidings.clock import FixedClock
from tidings.events import Event, customer_identity
from tidings.workflow.compile import RETRY
from tidings.workflow.walk import Task, Walking

PREFIX: Final = "arn:aws:states:eu-west-1:123456789012:stateMachine:shop-"
_RETRIER: Final = RETRY[1]

Mail = tuple[str, str]
"""A mail by its journey and step."""


class Killed(BaseException):
    """The process is gone: nothing in it runs any more, `except Exception` least of all."""


@dataclass
class Ses:
    """SES's client. `accepted` counts how often each mail went out, `times` when and to whom; `arrival` gives the
    seconds after which the send event of one comes, None for never; every call passes by `around`."""

    clock: FixedClock
    arrival: Callable[[], float | None]
    around: Around = lambda name, arguments, call: call()
    accepted: Counter[Mail] = field(default_factory=Counter)
    times: list[tuple[datetime, str, Mail]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def send_email(self, **request: Any) -> dict[str, Any]:
        """Take a mail, or do what `around` makes of it."""
        return self.around("send_email", request, lambda: self._accept(request))

    def close(self) -> None:
        """Its connections are made anew."""

    def _accept(self, request: Mapping[str, Any]) -> dict[str, Any]:
        tags = {tag["Name"]: tag["Value"] for tag in request["EmailTags"]}
        self.accepted[tags["journey"], tags["step"]] += 1
        self.times.append((self.clock.now(), tags["customer"], (tags["journey"], tags["step"])))
        message_id = f"m{self.accepted.total()}"
        if (seconds := self.arrival()) is not None:
            self.events.append(_told(tags, message_id, self.clock.now(), timedelta(seconds=seconds)))
        return {"MessageId": message_id}

    def due(self) -> list[Event]:
        """The send events that have come by now, each once."""
        come = [event for event in self.events if event.received_at <= self.clock.now()]
        self.events = [event for event in self.events if event.received_at > self.clock.now()]
        return come


def _told(tags: Mapping[str, str], message_id: str, at: datetime, after: timedelta) -> Event:
    return Event(
        id=f"ses:mail_sent:{tags['send_id']}",
        type="mail_sent",
        at=at,
        received_at=at + after,
        source="ses",
        identity=customer_identity(tags["customer"]),
        properties={"message_id": message_id},
    )


@dataclass
class Execution:
    """A machine under way. `failed` is the error that ended it, "" for none."""

    walking: Walking
    retries: int = 0
    failed: str = ""

    @property
    def is_under_way(self) -> bool:
        """Whether it goes on by itself."""
        return self.walking.is_under_way and not self.failed

    def step(self, task: Task, random: Random) -> None:
        """The next state. A Task that failed is tried again as its `Retry` says; what that does not name is raised."""
        try:
            self.walking.step(task)
        except (Killed, Exception) as error:
            name = "Runtime.ExitError" if isinstance(error, Killed) else type(error).__name__
            if name not in _RETRIER["ErrorEquals"]:
                raise
            if self.retries >= _RETRIER["MaxAttempts"]:
                self.failed = name
                return
            most = _RETRIER["IntervalSeconds"] * _RETRIER["BackoffRate"] ** self.retries
            self.walking.at += timedelta(seconds=random.random() * min(most, _RETRIER["MaxDelaySeconds"]))
            self.retries += 1
        else:
            self.retries = 0


@dataclass
class States:
    """Step Functions' client: executions by name."""

    definitions: Mapping[str, Mapping[str, Any]]
    clock: FixedClock
    around: Around = lambda name, arguments, call: call()
    executions: dict[str, Execution] = field(default_factory=dict)

    def start_execution(self, **request: Any) -> dict[str, Any]:
        """Start it, once."""
        return self.around("start_execution", request, lambda: self._start(request))

    def stop_execution(self, **request: Any) -> dict[str, Any]:
        """Stop what runs."""
        return self.around("stop_execution", request, lambda: self._stop(request))

    def _start(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["name"] not in self.executions:
            definition = self.definitions[request["stateMachineArn"].removeprefix(PREFIX)]
            walking = Walking(definition, json.loads(request["input"]), self.clock.now())
            self.executions[request["name"]] = Execution(walking)
        return {}

    def _stop(self, request: Mapping[str, Any]) -> dict[str, Any]:
        execution = self.executions.get(request["executionArn"].rpartition(":")[2])
        if execution is not None and execution.is_under_way:
            execution.walking.stop(self.clock.now(), request["cause"])
        return {}
