"""Erasing a person. It may be cut off anywhere and is taken up by its next run.

The order: a receipt that remembers whom, the suppression `erased`, the executions, then everything, the customer's item
last and only as it was read: an event folded meanwhile starts another round. The request itself goes after the receipt.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from tidings.clock import Clock
from tidings.customer import epoch
from tidings.errors import Unavailable
from tidings.events import kind_of
from tidings.ports import Suppression
from tidings.privacy.belongings import Asked, Belongings, Search
from tidings.privacy.ports import Failures, Records, Row, Shredder, Stopper
from tidings.privacy.receipts import Receipt, Receipts

ERASED: Final = "erased"

UNREAD: Final = "unread deliveries"
"""What a receipt calls those removed from the failures bucket."""

ROUNDS: Final = 8
"""How often a person is looked for again because something was folded meanwhile."""


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases. All ports are injected."""

    records: Records
    shredder: Shredder
    machines: Stopper
    receipts: Receipts
    failures: Failures
    clock: Clock

    def erase(self, asked: Asked, name: str, request: str, keep: Row | None = None) -> Receipt:
        """Remove everything of whom is asked for, but `keep`. A finished receipt of this name is returned as it is.

        Raises Unavailable on an outage: the next run goes on from there.
        """
        receipt = self.receipts.load(name) or Receipt(name, request, epoch(self.clock.now()))
        if receipt.finished_at is not None:
            return receipt
        for _ in range(ROUNDS):
            found = Search(self.records, receipt.resumed(asked)).find()
            receipt = receipt.planning(found)
            self.receipts.save(receipt)
            self._suppress(found, receipt.began_at)
            rows = [row for row in found.rows() if row != keep]
            if not rows:
                return self._finished(receipt, found)
            for journey in found.running:
                self.machines.stop(journey.workflow, journey.id)
            receipt = replace(receipt, stopped=receipt.stopped + len(found.running))
            for row in rows:
                self.shredder.delete(row)
        raise Unavailable("the customer is being written to without end; try again")

    def sweep(self, customer_id: str) -> int:
        """Remove what came for a customer who is no more; nothing when they are there. Returns how many items."""
        if self.records.customer(customer_id) is not None:
            return 0
        asked = Asked(until=epoch(self.clock.now()), ids=frozenset({customer_id}))
        found = Search(self.records, asked).find()
        for journey in found.running:
            self.machines.stop(journey.workflow, journey.id)
        return [self.shredder.delete(row) for row in found.rows()].count(True)

    def _suppress(self, found: Belongings, at: int) -> None:
        for address in sorted(found.addresses):
            self.shredder.suppress(Suppression(address, ERASED, at))
        for name in sorted(found.accounts | found.orders):
            self.shredder.suppress(Suppression(tombstone(name), ERASED, at))

    def _finished(self, receipt: Receipt, found: Belongings) -> Receipt:
        unread = self.failures.remove(receipt.names)
        counted = {**(receipt.counted or {}), **({UNREAD: unread} if unread else {})}
        ended = replace(
            receipt,
            counted=counted,
            finished_at=epoch(self.clock.now()),
            failures=tuple(self.failures.naming(receipt.names)),
            planned=None,
        )
        self.receipts.save(ended)
        return ended


def tombstone(name: str) -> str:
    """Under which a person's name is remembered as erased: an address by its keyed hash, an account by a hash, and so
    an order, of which a parcel or a refund may yet come that names nobody."""
    if name.startswith("email:"):
        return name
    kind = "order" if kind_of(name) == "order" else "account"
    return f"{kind}:{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
