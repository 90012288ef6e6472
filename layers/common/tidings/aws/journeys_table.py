"""The record of how journeys began."""

from dataclasses import asdict, dataclass
from typing import Final

from tidings.aws.table import Table
from tidings.ports import Journey

BY_CUSTOMER: Final = "customer"
"""The index of a person's journeys."""


@dataclass(frozen=True, slots=True)
class JourneysTable:
    """Answers `ports.Journeys`; for the tables of persons also whose journeys there are."""

    table: Table

    def get(self, journey_id: str) -> Journey | None:
        """The record, strongly consistent."""
        item = self.table.get(id=journey_id)
        return Journey(**item) if item else None

    def open(self, journey: Journey) -> None:
        """Write the opening, unless it is written."""
        self.table.put(asdict(journey), "attribute_not_exists(id)")

    def of(self, customer_id: str) -> list[Journey]:
        """All journeys that began under this customer id, oldest first; the index is eventually consistent. What a
        customer merged in began stands under `Customer.ids`, each of its own."""
        keys = self.table.query("customer = :customer", index=BY_CUSTOMER, customer=customer_id)
        found = self.table.get_all("id", (item["id"] for item in keys), consistent=True)
        return sorted((Journey(**item) for item in found), key=lambda each: (each.entered_at, each.id))
