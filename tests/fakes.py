"""In-memory answers to `tidings.ports`, as strict as the tables: conditions, versions, claims.

`Faults` cuts any of them off, before or after its effect, at a chosen call.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes_around import FakeGovernor as FakeGovernor
from tests.fakes_around import FakeOperator as FakeOperator
from tidings import ports
from tidings.customer import Customer
from tidings.errors import Conflict, Unavailable
from tidings.events import Event, pointer


@dataclass
class Faults:
    """Counts calls that change something, and fails the one numbered `at`: before its effect, or `after` it."""

    at: int = 0
    after: bool = False
    calls: list[str] = field(default_factory=list)
    between: Callable[[str], None] | None = None

    def around(self, name: str, effect: Callable[[], Any]) -> Any:
        """Run a change, or fail it."""
        self.calls.append(name)
        hit = len(self.calls) == self.at
        if self.between is not None:
            self.between(name)
        if hit and not self.after:
            raise Unavailable(f"cut before {name}")
        value = effect()
        if hit:
            raise Unavailable(f"cut after {name}")
        return value


class FakeEvents:
    """The Events table."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.rows: dict[tuple[str, str], Event] = {}

    def put(self, event: Event) -> bool:
        """Store once."""

        def effect() -> bool:
            new = (event.identity, event.id) not in self.rows
            self.rows.setdefault((event.identity, event.id), event)
            return new

        return bool(self.faults.around("events.put", effect))

    def get(self, identity: str, event_id: str) -> Event | None:
        """One event."""
        return self.rows.get((identity, event_id))

    def query(self, identity: str) -> list[Event]:
        """All of one identity."""
        return [event for (whose, _), event in self.rows.items() if whose == identity]

    def naming(self, token: str) -> Event | None:
        """Whoever the token was given to last."""
        told = [event for event in self.rows.values() if pointer(event) == token]
        return max(told, key=lambda event: (event.at, event.key), default=None)

    def asking(self, product: str) -> list[tuple[str, str]]:
        """The keys of the requests for a product."""
        return [key for key, event in self.rows.items() if pointer(event) == product]


class FakeCustomers:
    """Customers and aliases."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.rows: dict[str, Customer] = {}
        self.aliases: dict[str, str] = {}

    def get(self, customer_id: str) -> Customer | None:
        """The customer, following merges."""
        customer = self.rows.get(customer_id)
        while customer is not None and customer.merged_into:
            customer = self.rows.get(customer.merged_into)
        return customer

    def resolve(self, aliases: Iterable[str]) -> dict[str, str]:
        """The claimed ones."""
        return {alias: self.aliases[alias] for alias in aliases if alias in self.aliases}

    def commit(self, commit: ports.Commit) -> None:
        """All or nothing."""

        def effect() -> None:
            for customer in filter(None, (commit.customer, commit.absorbed)):
                stored = self.rows.get(customer.id)
                if (stored.version if stored else 0) != customer.version - 1:
                    raise Conflict("version")
                if stored and stored.merged_into:
                    raise Conflict("merged")
            if any(alias in self.aliases for alias in commit.claims):
                raise Conflict("alias")
            self.rows[commit.customer.id] = commit.customer
            if commit.absorbed:
                self.rows[commit.absorbed.id] = commit.absorbed
            self.aliases.update(dict.fromkeys(commit.claims, commit.customer.id))

        self.faults.around("customers.commit", effect)

    def due(self, until: str) -> list[tuple[str, str]]:
        """The due index."""
        return [(c.id, c.due_on) for c in self.rows.values() if c.due_on and c.due_on <= until]

    def sample(self, size: int) -> list[Customer]:
        """Some customers."""
        return self.people[:size]

    @property
    def people(self) -> list[Customer]:
        """Those not merged into another."""
        return [customer for customer in self.rows.values() if not customer.merged_into]


class FakeJourneys:
    """The record of journeys."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.rows: dict[str, ports.Journey] = {}

    def get(self, journey_id: str) -> ports.Journey | None:
        """The record."""
        return self.rows.get(journey_id)

    def open(self, journey: ports.Journey) -> None:
        """Write the opening once."""
        self.faults.around("journeys.open", lambda: self.rows.setdefault(journey.id, journey))

    def of(self, customer_id: str) -> list[ports.Journey]:
        """All that began under this id."""
        found = (row for row in self.rows.values() if row.customer == customer_id)
        return sorted(found, key=lambda row: (row.entered_at, row.id))


class FakeMachines:
    """Step Functions: a name starts once, ever."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.started: dict[str, int] = {}
        self.starts: dict[str, int] = defaultdict(int)
        self.stopped: set[str] = set()
        self.answered: list[tuple[str, str]] = []

    def start(self, workflow: str, journey_id: str, wait_seconds: int) -> None:
        """Start once."""

        def effect() -> None:
            if journey_id not in self.started:
                self.starts[workflow] += 1
            self.started.setdefault(journey_id, wait_seconds)

        self.faults.around("machines.start", effect)

    def stop(self, workflow: str, journey_id: str) -> None:
        """Stop what runs; what never started can't be stopped, and may start later."""
        self.faults.around("machines.stop", lambda: self.stopped.update({journey_id} & self.started.keys()))

    def answer(self, token: str, journey_id: str) -> None:
        """Let a waiting Task go on."""
        self.faults.around("machines.answer", lambda: self.answered.append((token, journey_id)))

    @property
    def running(self) -> set[str]:
        """Started and not stopped."""
        return self.started.keys() - self.stopped


class FakeSends:
    """The ledger."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.rows: dict[tuple[str, str], ports.Send] = {}

    def get(self, journey_id: str, step: str) -> ports.Send | None:
        """The entry."""
        return self.rows.get((journey_id, step))

    def entries(self, journey_id: str) -> list[ports.Send]:
        """All of a journey."""
        return [row for (journey, _), row in self.rows.items() if journey == journey_id]

    def claim(self, send: ports.Send, was: ports.Send | None) -> None:
        """Write over what was read, known as in the table by its state and attempt."""

        def effect() -> None:
            row = self.rows.get((send.journey, send.step))
            if (row and (row.state, row.attempt)) != (was and (was.state, was.attempt)):
                raise Conflict("claimed by another")
            self.rows[send.journey, send.step] = send

        self.faults.around("sends.claim", effect)

    def settle(self, send: ports.Send) -> None:
        """End this attempt."""

        def effect() -> None:
            row = self.rows.get((send.journey, send.step))
            if row != send and (row is None or (row.state, row.attempt) != ("claimed", send.attempt)):
                raise Conflict("not this attempt's")
            self.rows[send.journey, send.step] = send

        self.faults.around("sends.settle", effect)

    def is_final(self, journey_id: str) -> bool:
        """Whether the last step ended."""
        return any(
            row.final and row.state not in ("deferred", "claimed", "released", "waiting")
            for (journey, _), row in self.rows.items()
            if journey == journey_id
        )


class FakePaces:
    """The pace of each customer."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.rows: dict[str, ports.Pace] = {}

    def get(self, customer_id: str) -> ports.Pace:
        """The pace."""
        return self.rows.get(customer_id, ports.Pace(customer_id))

    def put(self, pace: ports.Pace) -> None:
        """Replace the version before."""

        def effect() -> None:
            if self.get(pace.customer).version != pace.version - 1:
                raise Conflict("pace")
            self.rows[pace.customer] = pace

        self.faults.around("paces.put", effect)


class FakeSuppressions:
    """Suppressions by address alias."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.rows: dict[tuple[str, str], ports.Suppression] = {}
        self.soft: dict[str, dict[str, int]] = defaultdict(dict)

    def of(self, address: str) -> Sequence[ports.Suppression]:
        """All of an address."""
        return [row for (alias, _), row in self.rows.items() if alias == address]

    def put(self, suppression: ports.Suppression) -> None:
        """Write."""

        def effect() -> None:
            known = self.rows.get((suppression.address, suppression.reason))
            if known is None or known.at < suppression.at:
                self.rows[suppression.address, suppression.reason] = suppression

        self.faults.around("suppressions.put", effect)

    def bounced_softly(self, address: str, message: str, sent: int) -> Sequence[int]:
        """Count a mail once."""

        def effect() -> None:
            self.soft[address][message] = sent

        self.faults.around("suppressions.soft", effect)
        return sorted(self.soft[address].values())


class FakeLimits:
    """Counts by key."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.rows: dict[str, int] = {}
        self.until: dict[str, int] = {}

    def take(self, key: str, most: int, until: int) -> bool:
        """One more, while there is room."""

        def effect() -> bool:
            if self.rows.get(key, 0) >= most:
                return False
            self.rows[key] = self.rows.get(key, 0) + 1
            self.until[key] = until
            return True

        return bool(self.faults.around("limits.take", effect))


class FakeProducts:
    """The catalogue."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[Mapping[str, Any], int]] = {}

    def put(self, product_id: str, product: Mapping[str, Any], at: int) -> None:
        """Newest wins."""
        if product_id not in self.rows or self.rows[product_id][1] <= at:
            self.rows[product_id] = (product, at)

    def get(self, product_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """The known ones."""
        return {key: self.rows[key][0] for key in product_ids if key in self.rows}


class FakeParked:
    """Parked events."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], str] = {}

    def put(self, identity: str, event_id: str, error: str, at: int) -> None:
        """Note."""
        self.rows[identity, event_id] = error

    def remove(self, identity: str, event_id: str) -> None:
        """Forget."""
        self.rows.pop((identity, event_id), None)


class FakeMailer:
    """SES: raises the next of `reject` before it takes a mail, the next of `lose_answer` after."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.sent: list[ports.Outgoing] = []
        self.reject: list[Exception] = []
        self.lose_answer: list[Exception] = []

    def send(self, mail: ports.Outgoing) -> str:
        """Take a mail."""

        def effect() -> str:
            if self.reject:
                raise self.reject.pop(0)
            self.sent.append(mail)
            if self.lose_answer:
                raise self.lose_answer.pop(0)
            return f"m{len(self.sent)}"

        return str(self.faults.around("mailer.send", effect))


class FakeCounters:
    """Counts."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = defaultdict(int)

    def count(self, metric: str, by: int = 1) -> None:
        """Add."""
        self.counts[metric] += by


class FakeDesk:
    """Where requests of privacy law go: notes the keys that it is handed."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.asked: list[tuple[str, str]] = []
        self.gone_for: list[str] = []

    def ask(self, event: Event) -> None:
        """Note."""
        self.faults.around("desk.ask", lambda: self.asked.append((event.identity, event.id)))

    def gone(self, customer_id: str) -> None:
        """Note."""
        self.gone_for.append(customer_id)
