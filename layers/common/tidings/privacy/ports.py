"""What this room asks of the world beside `tidings.ports`: to read as it stands, and to delete."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tidings.customer import Customer
from tidings.events import Event
from tidings.ports import Journey, Pace, Send, Suppression


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a table, by its key; `expects` are attributes that it must still have."""

    table: str
    key: Mapping[str, str]
    expects: Mapping[str, Any] = field(default_factory=dict)


class Records(Protocol):
    """Everything kept of anybody, strongly consistent but for indexes."""

    def customer(self, customer_id: str) -> Customer | None:
        """The item as it stands, merged into another or not."""
        ...

    def resolve(self, aliases: Iterable[str]) -> dict[str, str]:
        """alias → customer id, for those that are claimed."""
        ...

    def spellings(self, address: str) -> tuple[str, str]:
        """The alias of an address as it was told, and as mail goes to it: suppressions stand under that one."""
        ...

    def event(self, identity: str, event_id: str) -> Event | None:
        """One event."""
        ...

    def events(self, identity: str) -> Sequence[Event]:
        """All events of an identity."""
        ...

    def naming(self, token: str) -> Event | None:
        """The event that tells whose an order is."""
        ...

    def journeys(self, customer_ids: Iterable[str], known: Iterable[str]) -> Sequence[Journey]:
        """Those that began under these ids, and the `known` by their own."""
        ...

    def sends(self, journey_id: str) -> Sequence[Send]:
        """The ledger of a journey."""
        ...

    def pace(self, customer_id: str) -> Pace | None:
        """The pace, if there is one."""
        ...

    def parked(self, identity: str) -> Sequence[str]:
        """The ids of an identity's parked events."""
        ...

    def suppressions(self, address: str) -> Sequence[Suppression]:
        """All of an address or person, and its counters."""
        ...


class Shredder(Protocol):
    """Deletes, and nothing else does."""

    def delete(self, row: Row) -> bool:
        """Delete an item, if it is there; False, and nothing done, when it is not what was expected."""
        ...

    def suppress(self, suppression: Suppression) -> None:
        """Write, replacing an older one of the same reason."""
        ...


class Stopper(Protocol):
    """Stops executions."""

    def stop(self, workflow: str, journey_id: str) -> None:
        """Stop it; nothing when it is over or never was."""
        ...


class Store(Protocol):
    """A private bucket."""

    def get(self, name: str) -> str | None:
        """A document, if there is one."""
        ...

    def put(self, name: str, text: str) -> str:
        """Write it; returns its address."""
        ...


class Failures(Protocol):
    """Batches that the fold could not take, for somebody to replay."""

    def naming(self, identities: frozenset[str]) -> Sequence[str]:
        """The batches that hold events of these identities, and deliveries that name them, by name."""
        ...

    def remove(self, identities: frozenset[str]) -> int:
        """Delete the deliveries that could not be read and that name these and nobody else; how many there were."""
        ...
