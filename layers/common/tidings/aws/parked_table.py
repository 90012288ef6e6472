"""Events that failed for their own sake, by key; the Events table keeps the bodies."""

from dataclasses import dataclass

from tidings.aws.table import Table


@dataclass(frozen=True, slots=True)
class ParkedTable:
    """Answers `ports.Parked`."""

    table: Table

    def put(self, identity: str, event_id: str, error: str, at: int) -> None:
        """Note a failed event."""
        self.table.put({"identity": identity, "id": event_id, "error": error, "at": at})

    def remove(self, identity: str, event_id: str) -> None:
        """It went through."""
        self.table.delete(identity=identity, id=event_id)
