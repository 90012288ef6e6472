"""The tables of a play, in memory: of one customer, one process and no outage, so nothing here can conflict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tidings import ports
from tidings.clock import Clock
from tidings.customer import Customer, epoch
from tidings.events import Event, pointer


@dataclass(slots=True)
class Events:
    """The facts; `fresh` are those put and not yet folded."""

    rows: dict[tuple[str, str], Event] = field(default_factory=dict)
    fresh: list[Event] = field(default_factory=list)

    def put(self, event: Event) -> bool:
        """Store once."""
        if (event.identity, event.id) in self.rows:
            return False
        self.rows[event.identity, event.id] = event
        self.fresh.append(event)
        return True

    def get(self, identity: str, event_id: str) -> Event | None:
        """One event."""
        return self.rows.get((identity, event_id))

    def query(self, identity: str) -> list[Event]:
        """All of one identity."""
        return [event for (whose, _), event in self.rows.items() if whose == identity]

    def naming(self, token: str) -> Event | None:
        """The latest that tells whose a token is."""
        told = [event for event in self.rows.values() if pointer(event) == token]
        return max(told, key=lambda event: (event.at, event.key), default=None)

    def asking(self, product: str) -> list[tuple[str, str]]:
        """The keys of the requests for a product."""
        return [key for key, event in self.rows.items() if pointer(event) == product]


@dataclass(slots=True)
class Customers:
    """Customers and their aliases."""

    rows: dict[str, Customer] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    def get(self, customer_id: str) -> Customer | None:
        """The customer, following merges."""
        customer = self.rows.get(customer_id)
        while customer is not None and customer.merged_into:
            customer = self.rows.get(customer.merged_into)
        return customer

    def resolve(self, aliases: Iterable[str]) -> dict[str, str]:
        """Those that are claimed."""
        return {alias: self.aliases[alias] for alias in aliases if alias in self.aliases}

    def commit(self, commit: ports.Commit) -> None:
        """Write."""
        self.rows |= {each.id: each for each in (commit.customer, commit.absorbed) if each is not None}
        self.aliases |= dict.fromkeys(commit.claims, commit.customer.id)


@dataclass(slots=True)
class Journeys:
    """How journeys began."""

    rows: dict[str, ports.Journey] = field(default_factory=dict)

    def get(self, journey_id: str) -> ports.Journey | None:
        """The record."""
        return self.rows.get(journey_id)

    def open(self, journey: ports.Journey) -> None:
        """Write once."""
        self.rows.setdefault(journey.id, journey)


@dataclass(slots=True)
class Sends:
    """The ledger."""

    rows: dict[tuple[str, str], ports.Send] = field(default_factory=dict)

    def entries(self, journey_id: str) -> Sequence[ports.Send]:
        """All of a journey."""
        return [entry for (journey, _), entry in self.rows.items() if journey == journey_id]

    def claim(self, send: ports.Send, was: ports.Send | None) -> None:
        """Write."""
        self.rows[send.journey, send.step] = send

    def settle(self, send: ports.Send) -> None:
        """Write."""
        self.rows[send.journey, send.step] = send

    def is_final(self, journey_id: str) -> bool:
        """Whether the last step has ended."""
        open_ = ("deferred", "claimed", "released", "waiting")
        return any(entry.final and entry.state not in open_ for entry in self.entries(journey_id))


@dataclass(slots=True)
class Paces:
    """How often customers are mailed."""

    rows: dict[str, ports.Pace] = field(default_factory=dict)

    def get(self, customer_id: str) -> ports.Pace:
        """The pace."""
        return self.rows.get(customer_id, ports.Pace(customer_id))

    def put(self, pace: ports.Pace) -> None:
        """Replace."""
        self.rows[pace.customer] = pace


@dataclass(frozen=True, slots=True)
class Suppressions:
    """Those that a story tells, from their moment on; whatever the address, it is the customer's."""

    told: Sequence[ports.Suppression]
    clock: Clock

    def of(self, address: str) -> Sequence[ports.Suppression]:
        """All that hold now."""
        return [each for each in self.told if each.at <= epoch(self.clock.now())]

    def put(self, suppression: ports.Suppression) -> None:
        """A story tells its own."""


@dataclass(frozen=True, slots=True)
class Products:
    """A catalogue that a story may bring, and what the story tells of products."""

    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    told: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def put(self, product_id: str, product: Mapping[str, Any], at: int) -> None:
        """The latest word."""
        self.told[product_id] = product

    def get(self, product_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Those that are known."""
        known = {**self.rows, **self.told}
        return {name: known[name] for name in product_ids if name in known}


@dataclass(slots=True)
class Mailer:
    """SES, which takes everything. `sent` are the mails with their moments."""

    clock: Clock
    sent: list[tuple[datetime, ports.Outgoing]] = field(default_factory=list)

    def send(self, mail: ports.Outgoing) -> str:
        """Take it."""
        self.sent.append((self.clock.now(), mail))
        return str(len(self.sent))


@dataclass(frozen=True, slots=True)
class Quiet:
    """Counts nothing and parks nothing."""

    def count(self, metric: str, by: int = 1) -> None:
        """Nobody reads it."""

    def put(self, identity: str, event_id: str, error: str, at: int) -> None:
        """An error in a play is raised to whoever plays."""

    def remove(self, identity: str, event_id: str) -> None:
        """Nothing is parked."""
