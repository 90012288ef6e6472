"""The record of how journeys began."""

from dataclasses import asdict, dataclass

from tidings.aws.table import Table
from tidings.ports import Journey


@dataclass(frozen=True, slots=True)
class JourneysTable:
    """Answers `ports.Journeys`."""

    table: Table

    def get(self, journey_id: str) -> Journey | None:
        """The record, strongly consistent."""
        item = self.table.get(id=journey_id)
        return Journey(**item) if item else None

    def open(self, journey: Journey) -> None:
        """Write the opening, unless it is written."""
        self.table.put(asdict(journey), "attribute_not_exists(id)")
