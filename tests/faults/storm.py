"""Everything is throttled: SES refuses half of all calls, DynamoDB and Step Functions a fifth, reads too.

From the webhook's event to the last mail, through the fold and the steps. Meanwhile events come twice and in any order,
and in the middle of any call another delivery or another journey's step may run whole.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from botocore.exceptions import ClientError

from tests.faults.aws import Mail
from tests.faults.dynamodb import CALLS, Call
from tests.faults.stage import Stage
from tests.worlds import SHOP, checkout, event, subscribed
from tidings.errors import Unavailable
from tidings.events import Event
from tidings.steps import Sender
from tidings.workflow.model import Workflow

SES_REFUSES: Final = 0.5
OTHERS_REFUSE: Final = 0.2
SDK_ATTEMPTS: Final = 2
"""As `tidings.aws.client` sets it up; calls to SES are tried once."""
INTERLEAVED: Final = 0.03
"""How many calls something else happens in the middle of."""
DOUBLED: Final = 0.3
"""Of these, where a step is running, how often the same step is run a second time beside it."""
DEPTH: Final = 3
TWICE: Final = 0.2
"""How many events the stream delivers again."""
CHUNK: Final = 6
"""Customers that share a store."""

_FLOWS: Final[tuple[dict[str, Any], ...]] = (
    {
        "id": "welcome",
        "class": "marketing",
        "trigger": {"event": "subscribed"},
        "steps": [{"wait": "10 minutes"}, {"send": "hello"}, {"wait": "2 days"}, {"send": "more"}],
    },
    {
        "id": "reminder",
        "class": "marketing",
        "priority": 80,
        "trigger": {"event": "checkout_started", "where": "event.total > 0"},
        "steps": [
            {"wait": "10 minutes"},  # both at once: they race for the slot
            {"send": "first"},
            {"wait": "1 day"},
            {"send": "second"},
            {"wait": "3 days"},
            {"send": "last"},
        ],
    },
    {
        "id": "account",
        "class": "transactional",
        "trigger": {"event": "customer_registered"},
        "steps": [{"send": "account"}, {"wait": "1 hour"}, {"send": "how-to"}],
    },
)
WORKFLOWS: Final = {flow["id"]: Workflow.model_validate({"name": flow["id"], **flow}) for flow in _FLOWS}
STEPS: Final = {flow["id"]: [step["send"] for step in flow["steps"] if "send" in step] for flow in _FLOWS}


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it."""

    journeys: int = 0
    wanted: int = 0
    accepted: int = 0
    duplicates: int = 0
    lost: int = 0
    too_soon: int = 0
    marketing_duplicates: int = 0
    transactional_lost: int = 0
    failed: int = 0
    parked: int = 0
    deferred: int = 0
    calls: int = 0
    refused: int = 0
    mail_calls: int = 0
    mail_refused: int = 0
    interleaved: int = 0
    doubled: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, name) + getattr(other, name) for name in Figures.__slots__))


def batches(journeys: int) -> list[tuple[int, int]]:
    """(number of the batch, its journeys): the runs that make up so many."""
    most = CHUNK * len(WORKFLOWS)
    return [(start // most, min(most, journeys - start)) for start in range(0, journeys, most)]


def run(
    batch: tuple[int, int], seed: int, made: Callable[[Sender], Sender] = lambda sender: sender
) -> Figures:
    """Let a batch of journeys live."""
    return Storm(Random(f"{seed} storm {batch[0]}"), batch[1], made).run()


@dataclass
class Storm:
    """One shop in it."""

    random: Random
    count: int
    made: Callable[[Sender], Sender]
    waiting: list[Event] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    tally: Counter[str] = field(default_factory=Counter)
    depth: int = 0

    def run(self) -> Figures:
        """Until every machine has ended and every event is folded."""
        self.stage = Stage(WORKFLOWS, self.random, self.around, lambda: self.random.uniform(1, 60))
        self.stage.sends_with(self.made)
        stream = self._story()
        self.random.shuffle(stream)
        for told in stream:
            self._come(told)
        while self._goes_on():
            pass
        return self._figures()

    # ---- what refuses ----

    def around(self, name: str, arguments: dict[str, Any], call: Call) -> dict[str, Any]:
        """Do the call, or refuse it; sometimes something else comes first."""
        if self.depth < DEPTH and self.random.random() < INTERLEAVED:
            self.tally["interleaved"] += 1
            self._meanwhile()
        if name == "send_email":
            self.tally["mail_calls"] += 1
            if self.random.random() < SES_REFUSES:
                self.tally["mail_refused"] += 1
                raise _throttled(name, "TooManyRequestsException", 429)
            return call()
        if name == "compose":
            return call()
        for _ in range(SDK_ATTEMPTS):
            self.tally["calls"] += 1
            if self.random.random() >= OTHERS_REFUSE:
                return call()
            self.tally["refused"] += 1
        return self._refuse(name, arguments)

    def _refuse(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if name == "batch_get_item" and self.random.random() < 0.5:
            nothing: dict[str, list[Any]] = {table: [] for table in arguments["RequestItems"]}
            return {"Responses": nothing, "UnprocessedKeys": arguments["RequestItems"]}
        if name == "transact_write_items" and self.random.random() < 0.5:
            told = {"CancellationReasons": [{"Code": "None"}, {"Code": "ThrottlingError"}]}
            raise _throttled(name, "TransactionCanceledException", 400, **told)
        codes = ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"]
        raise _throttled(name, self.random.choice(codes) if name in CALLS else "ThrottlingException", 400)

    def _meanwhile(self) -> None:
        self.depth += 1
        try:
            if self.busy and self.random.random() < DOUBLED:
                self._again(self.random.choice(sorted(self.busy)))
            else:
                self._next(self.stage.clock.now())
        finally:
            self.depth -= 1

    # ---- what happens ----

    def _story(self) -> list[Event]:
        """The webhooks: as many as begin that many journeys."""
        told: list[Event] = []
        at = self.stage.clock.now()
        for number in range(-(-self.count // len(WORKFLOWS))):
            who: dict[str, Any] = {"account": str(number), "address": f"c{number}@example.com"}
            told += [
                event("customer_registered", str(number), at=at, **who),
                subscribed(str(number), at=at - timedelta(minutes=1), **who),
                checkout(f"t{number}", at=at - timedelta(minutes=1), **who),
            ]
        return told[: self.count]

    def _come(self, told: Event) -> None:
        """A fact comes in, as often as its sender must try, and goes on the stream, sometimes twice."""
        while True:
            try:
                self.stage.events.put(told)
                break
            except Unavailable:
                continue
        self.waiting += [told] * (2 if self.random.random() < TWICE else 1)

    def _goes_on(self) -> bool:
        """One thing more; False when nothing is left."""
        for told in self.stage.ses.due():
            self._come(told)
        if self._next(self.stage.clock.now()):
            return True
        times = [each.walking.at for each in self.stage.states.executions.values() if each.is_under_way]
        times += [told.received_at for told in self.stage.ses.events]
        if times:
            self.stage.clock.time = max(self.stage.clock.time, min(times))
        return bool(times)

    def _next(self, now: object) -> bool:
        """A delivery or a machine's next state, whichever chance takes; False when neither is there."""
        ready = [name for name, each in self._machines() if each.walking.at <= self.stage.clock.now()]
        if self.waiting and (not ready or self.random.random() < 0.5):
            self._deliver(self.waiting.pop(self.random.randrange(len(self.waiting))))
        elif ready:
            self._step(self.random.choice(ready))
        else:
            return False
        return True

    def _machines(self) -> Iterator[tuple[str, Any]]:
        machines = self.stage.states.executions.items()
        return ((name, each) for name, each in machines if each.is_under_way and name not in self.busy)

    def _deliver(self, told: Event) -> None:
        """An outage hands the record back to the stream."""
        try:
            self.stage.tracker.track_all([told])
        except Unavailable:
            self.waiting.append(told)

    def _step(self, journey: str) -> None:
        self.busy.add(journey)
        execution = self.stage.states.executions[journey]
        execution.walking.at = max(execution.walking.at, self.stage.clock.now())
        execution.step(self.stage.task, self.random)
        self.busy.discard(journey)

    # ---- what came of it ----

    def _again(self, journey: str) -> None:
        """A Task is invoked twice, as when Step Functions loses the first answer; nobody hears this one's."""
        if journey in self.stage.called:
            self.tally["doubled"] += 1
            with suppress(Exception):
                self.stage.task(self.stage.called[journey], self.stage.clock.now())

    def _figures(self) -> Figures:
        self.depth, calm = DEPTH, Figures(**{n: self.tally[n] for n in self.tally if n in Figures.__slots__})
        begun = list(self.stage.states.executions)
        wanted: list[Mail] = [
            (journey, step) for journey in begun for step in STEPS[journey.rpartition("-")[0]]
        ]
        accepted = self.stage.ses.accepted
        return replace(
            calm,
            journeys=len(begun),
            wanted=len(wanted),
            accepted=accepted.total(),
            duplicates=sum(times - 1 for times in accepted.values()),
            lost=sum(mail not in accepted for mail in wanted),
            too_soon=self._too_soon(),
            marketing_duplicates=sum(accepted[mail] - 1 for mail in accepted if _is_marketing(mail)),
            transactional_lost=sum(mail not in accepted for mail in wanted if not _is_marketing(mail)),
            failed=sum(bool(each.failed) for each in self.stage.states.executions.values()),
            parked=self.stage.counters.counts["EventsParked"],
            deferred=self.stage.counters.counts["MailsDeferred"],
        )

    def _too_soon(self) -> int:
        """How often a customer got a marketing mail that a cap keeps back; slots are in whole seconds."""
        whose: dict[str, list[datetime]] = {}
        for at, customer, mail in self.stage.ses.times:
            if _is_marketing(mail):
                whose.setdefault(customer, []).append(at)
        return sum(
            later - earlier < cap.within - timedelta(seconds=1)
            for times in whose.values()
            for cap in SHOP.frequency_cap
            for earlier, later in zip(times, times[cap.at_most :], strict=False)
        )


def _is_marketing(mail: Mail) -> bool:
    return WORKFLOWS[mail[0].rpartition("-")[0]].is_marketing


def _throttled(operation: str, code: str, status: int, **told: Any) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "slower"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer | told, operation)
