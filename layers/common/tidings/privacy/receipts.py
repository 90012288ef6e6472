"""What an erasure has removed: a document that begins with it and ends with it, so that a crash can be taken up.

While it is unfinished it holds the names that were found; finished, it holds counts, times and opaque ids.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tidings.privacy.belongings import Asked, Belongings
from tidings.privacy.ports import Store

FOLDER: Final = "receipts"

EXPIRES: Final = {
    "exports that were asked for": "30 days",
    "hashes that forms are counted by": "2 days",
    "batches in the failures bucket": "90 days",
    "deliveries there that could not be read": "30 days",
    "messages in the queues of failures and dead letters": "14 days",
    "point-in-time backups of the tables": "35 days",
    "histories of executions, opaque ids only": "90 days",
}
"""What is left to its own end, and how long that takes."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """`counted` is what of each table is gone for sure, `planned` what the round under way found there. Times are
    epoch seconds of shop time."""

    name: str
    request: str
    began_at: int
    finished_at: int | None = None
    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    counted: Mapping[str, int] | None = None
    planned: Mapping[str, int] | None = None
    stopped: int = 0
    suppressed: int = 0
    failures: tuple[str, ...] = ()

    @property
    def removed(self) -> int:
        """All items."""
        return sum((self.counted or {}).values())

    def resumed(self, asked: Asked) -> Asked:
        """Whom it means, with all names found before it was cut off."""
        return replace(asked, until=self.began_at, names=asked.names | self.names, ids=asked.ids | self.ids)

    def planning(self, found: Belongings) -> "Receipt":
        """Before a round: what the one before has planned and is not found any more is gone."""
        now = count(found)
        gone = Counter(self.planned or {}) - Counter(now)
        return replace(
            self,
            ids=self.ids | found.ids,
            names=self.names | found.names,
            counted=dict(Counter(self.counted or {}) + gone),
            planned=now,
            suppressed=max(self.suppressed, len(found.addresses)),
        )


def count(found: Belongings) -> dict[str, int]:
    """Items to be deleted, by table."""
    return dict(Counter(row.table for row in found.rows()))


def name_of(text: str) -> str:
    """The name of a request's receipt; it does not tell whose it is."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Receipts:
    """Kept in a private bucket."""

    store: Store

    def load(self, name: str) -> Receipt | None:
        """The receipt of that name, finished or not."""
        text = self.store.get(f"{FOLDER}/{name}.json")
        if text is None:
            return None
        told = json.loads(text)
        state = told.get("state", {})
        return Receipt(
            name=name,
            request=told["request"],
            began_at=told["began_at"],
            finished_at=told.get("finished_at"),
            ids=frozenset(told["customers"]),
            names=frozenset(state.get("names", ())),
            counted=told["removed"],
            planned=state.get("planned"),
            stopped=told["executions_stopped"],
            suppressed=told["addresses_suppressed"],
            failures=tuple(told["failures"]),
        )

    def save(self, receipt: Receipt) -> str:
        """Write it; returns its address."""
        return self.store.put(f"{FOLDER}/{receipt.name}.json", json.dumps(document(receipt), indent=1))

    def unfinished(self, base: str) -> str:
        """The name of an operator's receipt: of the one that was cut off, else the next."""
        number = 1
        while (found := self.load(f"{base}-{number}")) is not None and found.finished_at is not None:
            number += 1
        return f"{base}-{number}"


def document(receipt: Receipt) -> dict[str, Any]:
    """The receipt as it is kept and shown."""
    told: dict[str, Any] = {
        "receipt": receipt.name,
        "request": receipt.request,
        "began_at": receipt.began_at,
        "finished_at": receipt.finished_at,
        "customers": _sorted(receipt.ids),
        "removed": dict(receipt.counted or {}),
        "executions_stopped": receipt.stopped,
        "addresses_suppressed": receipt.suppressed,
        "failures": list(receipt.failures),
        "expires_by_itself": dict(EXPIRES),
    }
    if receipt.finished_at is None:
        told["state"] = {"names": _sorted(receipt.names), "planned": dict(receipt.planned or {})}
    return told


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names)
