"""The crash matrix: `run_step` dies at every point of a mail, and the mails that went out are counted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, Final

from botocore.exceptions import ReadTimeoutError

from tests.faults.aws import Killed
from tests.faults.dynamodb import Call
from tests.faults.stage import REV, Stage
from tests.worlds import event, subscribed
from tidings.customer import Customer, OpenJourney, apply, epoch, new_customer
from tidings.events import Event
from tidings.ports import Commit, Journey
from tidings.steps import Sender
from tidings.workflow.model import Workflow

CLASSES: Final = ("marketing", "transactional")
UNKNOWN: Final = "nobody knows whether SES took it"
CHUNK: Final = 20
"""Mails that share a store: the fewer, the faster its queries."""
KILLS: Final = (1, 1, 1, 2, 3)
"""How often the same mail is cut off at the same point; most are once."""
ARRIVALS: Final[dict[str, tuple[float, float] | None]] = {
    "arrives": (1, 60),
    "late": (1_000, 7_200),
    "never": None,
}
"""Between which seconds SES's send event comes: in time, after the 15 minutes, or not at all."""

Strike = Callable[[Random, Call], dict[str, Any]]


def _before(random: Random, call: Call) -> dict[str, Any]:
    raise Killed


def _after(random: Random, call: Call) -> dict[str, Any]:
    call()
    raise Killed


def _amid(random: Random, call: Call) -> dict[str, Any]:
    return _before(random, call) if random.random() < 0.5 else _after(random, call)


def _silent(random: Random, call: Call) -> dict[str, Any]:
    """No answer comes; half of the mails were taken."""
    if random.random() < 0.5:
        call()
    raise ReadTimeoutError(endpoint_url="https://ses.example")


def _slot(name: str, told: dict[str, Any]) -> bool:
    """The slot is taken; transactional mail takes none, and is struck before it is written."""
    takes = name == "update_item" and told["TableName"] == "pace"
    return takes or (name == "compose" and told["class"] == "transactional")


def _claim(name: str, told: dict[str, Any]) -> bool:
    puts = name == "put_item" and told["TableName"] == "sends"
    return puts and told["Item"]["state"]["S"] == "claimed"


def _send(name: str, told: dict[str, Any]) -> bool:
    return name == "send_email"


def _settle(name: str, told: dict[str, Any]) -> bool:
    return name == "update_item" and told["TableName"] == "sends"


POINTS: Final[dict[str, tuple[Callable[[str, dict[str, Any]], bool] | None, Strike]]] = {
    "before slot": (_slot, _before),
    "before claim": (_claim, _before),
    "after claim": (_claim, _after),
    "during SES, killed": (_send, _amid),
    "during SES, no answer": (_send, _silent),
    "after SES": (_send, _after),
    "before settle": (_settle, _before),
    "after settle": (_settle, _after),
    "at any call": (None, _amid),
}
"""Where it dies: at which call, and on which side of it. `None` is any call at all, reads too."""


@dataclass
class Killer:
    """Every call passes by; at its point, `left` times more, it strikes."""

    point: str
    random: Random
    left: int = 0
    ahead: int = 0

    def __call__(self, name: str, arguments: dict[str, Any], call: Call) -> dict[str, Any]:
        """Do the call, or strike."""
        meets, strike = POINTS[self.point]
        if self.left and (meets(name, arguments) if meets else self._counted()):
            self.arm(self.left - 1)
            return strike(self.random, call)
        return call()

    def arm(self, left: int) -> None:
        """Strike that often."""
        self.left, self.ahead = left, self.random.randrange(16)

    def _counted(self) -> bool:
        self.ahead -= 1
        return self.ahead < 0


@dataclass(frozen=True, slots=True)
class Cell:
    """A case of the matrix."""

    point: str
    class_: str
    arrival: str
    mails: int
    seed: int


@dataclass(frozen=True, slots=True)
class Row:
    """What became of a cell's mails. `dropped` because nobody knows, of which `gone` had gone out; `failed` are
    executions that ended with an error."""

    cell: Cell
    accepted: int = 0
    duplicates: int = 0
    lost: int = 0
    twice: int = 0
    dropped: int = 0
    gone: int = 0
    failed: int = 0

    def __add__(self, other: "Row") -> "Row":
        names = ("accepted", "duplicates", "lost", "twice", "dropped", "gone", "failed")
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in names})


def cells(mails: int, seed: int) -> Iterator[Cell]:
    """The whole matrix."""
    for point in POINTS:
        for class_ in CLASSES:
            for arrival in ARRIVALS:
                yield Cell(point, class_, arrival, mails, seed)


def run(cell: Cell, made: Callable[[Sender], Sender] = lambda sender: sender) -> Row:
    """Send a cell's mails; `made` may put another sender in the place of the real one."""
    row = Row(cell)
    for start in range(0, cell.mails, CHUNK):
        row += _chunk(cell, start, min(CHUNK, cell.mails - start), made)
    return row


def _chunk(cell: Cell, start: int, count: int, made: Callable[[Sender], Sender]) -> Row:
    random = Random(f"{cell.seed} {cell.point} {cell.class_} {cell.arrival} {start}")
    killer = Killer(cell.point, random)
    span = ARRIVALS[cell.arrival]
    stage = Stage(
        {"mail": _workflow(cell.class_)},
        random,
        around=killer,
        arrival=lambda: random.uniform(*span) if span else None,
    )
    stage.sends_with(made)
    for number in range(count):
        journey = _begin(stage, f"c{number}")
        killer.arm(random.choice(KILLS))
        stage.live(journey, come=lambda told: _quietly(killer, lambda: stage.events.put(told)))
        killer.arm(0)
    return _counted(cell, stage, count)


def _quietly(killer: Killer, do: Callable[[], object]) -> None:
    """Somebody else's process, which lives."""
    left, killer.left = killer.left, 0
    do()
    killer.left = left


def _counted(cell: Cell, stage: Stage, count: int) -> Row:
    row = Row(cell)
    for number in range(count):
        journey = f"j-c{number}"
        times = stage.ses.accepted[journey, "mail"]
        entries = stage.sends.entries(journey)
        dropped = [(entry.state, entry.reason) for entry in entries] == [("dropped", UNKNOWN)]
        row += Row(
            cell,
            accepted=times,
            duplicates=max(0, times - 1),
            lost=int(not times),
            twice=int(times > 1),
            dropped=int(dropped),
            gone=int(dropped and times > 0),
            failed=int(bool(stage.states.executions[journey].failed)),
        )
    return row


def _workflow(class_: str) -> Workflow:
    told = {"id": "mail", "name": "Mail", "class": class_, "trigger": {"event": "order_placed"}}
    return Workflow.model_validate({**told, "steps": [{"send": "mail"}]})


def _begin(stage: Stage, name: str) -> str:
    """A customer who consents, with an open journey, written as the fold writes them."""
    at, journey = stage.clock.now(), f"j-{name}"
    who: dict[str, Any] = {"account": name, "address": f"{name}@example.com", "received": at}
    told = subscribed(name, at=at - timedelta(days=1), **who)
    trigger = event("order_placed", name, at=at, order_id=name, placed_at=at.isoformat(), total="30", **who)
    customer = _folded(name, told, trigger)
    opened = {journey: OpenJourney("mail", epoch(at), epoch(at))}
    stage.events.put(trigger)
    stage.customers.commit(Commit(replace(customer, version=1, journeys=opened)))
    stage.journeys.open(Journey(journey, "mail", name, trigger.key, name, REV, epoch(at), epoch(at)))
    stage.machines.start("mail", journey, 0)
    return journey


def _folded(name: str, *events: Event) -> Customer:
    customer = new_customer(name, events[0])
    for each in events:
        customer = apply(customer, each)
    return customer
