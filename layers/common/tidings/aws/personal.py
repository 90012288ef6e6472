"""All tables of personal data in one place, for the one function that reads them whole and deletes from them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tidings.aws import codec
from tidings.aws.customers_table import OwnedCustomersTable
from tidings.aws.events_table import EventsTable, from_image
from tidings.aws.journeys_table import JourneysTable
from tidings.aws.sends_table import PaceTable, SendsTable
from tidings.aws.suppressions_table import SuppressionsTable
from tidings.aws.table import Item, Table
from tidings.customer import Customer
from tidings.events import Event, address_alias
from tidings.mail.render import deliverable
from tidings.ports import Journey, Pace, Send, Suppression
from tidings.privacy.ports import Row

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PersonalTables:
    """Answers `privacy.ports.Records` and `privacy.ports.Shredder`. `tables` are by role."""

    tables: Mapping[str, Table]
    address_key: Callable[[], bytes] = bytes

    def customer(self, customer_id: str) -> Customer | None:
        """The item as it stands, merged into another or not."""
        return self._customers.item(customer_id)

    def resolve(self, aliases: Iterable[str]) -> dict[str, str]:
        """alias → customer id, for those that are claimed."""
        return self._customers.resolve(aliases)

    def spellings(self, address: str) -> tuple[str, str]:
        """The alias of an address as it was told, and as mail goes to it: suppressions stand under that one."""
        key = self.address_key()
        if not key:  # who only reads may do without: both are then as they were told
            return "", ""
        return address_alias(address, key), address_alias(deliverable(address) or address, key)

    def event(self, identity: str, event_id: str) -> Event | None:
        """One event."""
        return self._events.get(identity, event_id)

    def events(self, identity: str) -> Sequence[Event]:
        """All events of an identity, those that cannot be read as one among them."""
        found = self.tables["events"].query("#identity = :identity", identity=identity)
        return [_event(item) for item in found]

    def naming(self, token: str) -> Event | None:
        """The event that tells whose an order is."""
        return self._events.naming(token)

    def journeys(self, customer_ids: Iterable[str], known: Iterable[str]) -> Sequence[Journey]:
        """Those that began under these ids, and the `known` by their own."""
        table = JourneysTable(self.tables["journeys"])
        found = {journey.id: journey for each in customer_ids for journey in table.of(each)}
        named = (table.get(each) for each in sorted(set(known) - found.keys()))
        return [*found.values(), *(journey for journey in named if journey)]

    def sends(self, journey_id: str) -> Sequence[Send]:
        """The ledger of a journey."""
        return SendsTable(self.tables["sends"]).entries(journey_id)

    def pace(self, customer_id: str) -> Pace | None:
        """The pace, if there is one."""
        pace = PaceTable(self.tables["pace"]).get(customer_id)
        return pace if pace.version else None

    def parked(self, identity: str) -> Sequence[str]:
        """The ids of an identity's parked events."""
        found = self.tables["parked"].query("#identity = :identity", identity=identity)
        return [item["id"] for item in found]

    def suppressions(self, address: str) -> Sequence[Suppression]:
        """All of an address, and its counters."""
        return SuppressionsTable(self.tables["suppressions"]).rows(address)

    def delete(self, row: Row) -> bool:
        """Delete an item, if it is there; False, and nothing done, when it is not what was expected."""
        return self.tables[row.table].remove(row.key, row.expects)

    def suppress(self, suppression: Suppression) -> None:
        """Write, replacing an older one of the same reason."""
        SuppressionsTable(self.tables["suppressions"]).put(suppression)

    @property
    def _customers(self) -> OwnedCustomersTable:
        return OwnedCustomersTable(self.tables["customers"], self.tables["aliases"])

    @property
    def _events(self) -> EventsTable:
        return EventsTable(self.tables["events"].client, self.tables["events"].name)


def _event(item: Item) -> Event:
    """The event in an item; what cannot be read as one is an event of no type that tells the item as it is."""
    try:
        return from_image(codec.encode_item(item))
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is kept of somebody
        whole = {name: value for name, value in item.items() if isinstance(value, str | int | bool)}
        return Event(item["id"], "unreadable", LONG_AGO, LONG_AGO, "", item["identity"], properties=whole)
