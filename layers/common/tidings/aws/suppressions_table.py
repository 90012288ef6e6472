"""Addresses that must not be mailed, and why."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tidings.aws.table import Table
from tidings.ports import Suppression


@dataclass(frozen=True, slots=True)
class SuppressionsTable:
    """Answers `ports.Suppressions`."""

    table: Table

    def of(self, address: str) -> Sequence[Suppression]:
        """All that hold for one address, strongly consistent."""
        found = self.table.query("address = :address", address=address)
        return [Suppression(item["address"], item["reason"], item["at"]) for item in found]

    def put(self, suppression: Suppression) -> None:
        """Write, replacing an older one of the same reason."""
        self.table.put(asdict(suppression))
