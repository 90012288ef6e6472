"""The record of journeys."""

from dataclasses import asdict, dataclass, fields

from tidings.aws.table import Table
from tidings.ports import Journey

_FIELDS = {field.name for field in fields(Journey)}


@dataclass(frozen=True, slots=True)
class JourneysTable:
    """Answers `ports.Journeys`."""

    table: Table

    def get(self, journey_id: str) -> Journey | None:
        """The record, strongly consistent."""
        item = self.table.get(id=journey_id)
        return Journey(**{name: item[name] for name in item if name in _FIELDS}) if item else None

    def open(self, journey: Journey) -> None:
        """Write the opening, unless it is written."""
        self.table.put(asdict(journey), "attribute_not_exists(id)")

    def close(self, journey_id: str, state: str, reason: str, at: int) -> None:
        """Write the end, unless it has ended."""
        changes = {"state": state, "reason": reason, "closed_at": at}
        self.table.update({"id": journey_id}, changes, "#0 = :open", open="open")
