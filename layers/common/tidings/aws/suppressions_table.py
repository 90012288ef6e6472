"""Addresses that must not be mailed, and why; beside them, the soft bounces of each."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from tidings.aws.table import Table
from tidings.ports import Suppression

SOFT: Final = "soft"
"""The sort key under which an address's soft bounces stand: a count, no suppression."""

_MAIL: Final = "m:"
_KEPT: Final = 40
"""Soft bounces remembered of an address: more than any setting asks for."""


@dataclass(frozen=True, slots=True)
class SuppressionsTable:
    """Answers `ports.Suppressions`."""

    table: Table

    def of(self, address: str) -> Sequence[Suppression]:
        """All that hold for one address, strongly consistent."""
        return [each for each in self.rows(address) if each.reason != SOFT]

    def rows(self, address: str) -> Sequence[Suppression]:
        """All that is kept of one address, its soft bounces too."""
        found = self.table.query("address = :address", address=address)
        return [Suppression(item["address"], item["reason"], item.get("at", 0)) for item in found]

    def put(self, suppression: Suppression) -> None:
        """Write, unless one of the same reason and a later moment is there."""
        self.table.put(asdict(suppression), "attribute_not_exists(#at) OR #at < :now", now=suppression.at)

    def bounced_softly(self, address: str, message: str, sent: int) -> Sequence[int]:
        """Note that a mail sent then bounced softly, once a mail; when all that did were sent."""
        key = {"address": address, "reason": SOFT}
        item = self.table.add(key, {}, {f"{_MAIL}{message}": sent})
        mails = {name: at for name, at in item.items() if name.startswith(_MAIL)}
        if len(mails) > _KEPT:
            oldest = sorted(mails, key=lambda name: (mails[name], name))[: len(mails) - _KEPT]
            self.table.forget(key, oldest)
        return sorted(mails.values())
