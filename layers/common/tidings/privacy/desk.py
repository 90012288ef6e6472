"""Takes requests of privacy law, by the key of their event or from an operator, and carries them out.

Whatever is handed over may come twice: a receipt says what has been done. The operator hears of each request, without
a word on who it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tidings import ports
from tidings.clock import Clock
from tidings.customer import epoch
from tidings.events import Event, customer_identity
from tidings.privacy import exporting
from tidings.privacy.belongings import Asked, Search, asked_by, asked_for
from tidings.privacy.erasing import Eraser
from tidings.privacy.gate import Tombstones, is_erased
from tidings.privacy.ports import Records, Row, Shredder, Store
from tidings.privacy.receipts import FOLDER, Receipt, document, name_of

EXPORTS: Final = "exports"


@dataclass(frozen=True, slots=True)
class PrivacyDesk:
    """Answers requests. All ports are injected."""

    records: Records
    shredder: Shredder
    eraser: Eraser
    store: Store
    suppressions: Tombstones
    operator: ports.Operator
    clock: Clock

    def answer(self, identity: str, event_id: str) -> Mapping[str, Any]:
        """Carry out what an event asks for. An event that is no request is removed, if nobody may know of it."""
        event = self.records.event(identity, event_id)
        if event is None:
            return {"done": "before"}
        match event.type:
            case "data_requested":
                return self._export(event)
            case "erasure_requested":
                return self._erase(event)
            case "shop_erasure_requested":
                self.operator.tell(
                    "A shop asked to be erased", {"what_to_do": "make erase SHOP=1, see docs/privacy.md"}
                )
                return {"told": "operator"}
            case _:
                return {"removed": self._forget(event)}

    def erase(self, who: str) -> Mapping[str, Any]:
        """Erase at an operator's word: `who` is a customer's id or an alias. Returns the receipt."""
        name = self.eraser.receipts.unfinished(name_of(f"operator|{who}"))
        return document(self.eraser.erase(asked_for(who, self._now), name, "operator"))

    def export(self, who: str) -> Mapping[str, Any]:
        """Export at an operator's word. Returns where the document is, and how many people and events it holds."""
        return self._written(asked_for(who, self._now), name_of(f"operator|{who}"))

    def gone(self, customer_id: str) -> Mapping[str, Any]:
        """Remove what came for a customer who is no more."""
        return {"removed": self.eraser.sweep(customer_id)}

    def _export(self, event: Event) -> Mapping[str, Any]:
        told = self._written(asked_by(event, self._now), name_of(event.key))
        self.operator.tell(
            "A customer asked for their data", {**told, "answer_within": "30 days of the request"}
        )
        return told

    def _written(self, asked: Asked, name: str) -> dict[str, Any]:
        found = Search(self.records, asked).find()
        place = self.store.put(f"{EXPORTS}/{name}.json", exporting.document(found, self.clock.now()))
        return {"place": place, "people": len(found.customers), "events": len(found.events)}

    def _erase(self, event: Event) -> Mapping[str, Any]:
        own, name = Row("events", {"identity": event.identity, "id": event.id}), name_of(event.key)
        asked = asked_by(event, self._now)
        receipt = self.eraser.erase(asked, name, f"{event.source} {event.type}", keep=own)
        if epoch(event.received_at) <= receipt.began_at:
            self.operator.tell("A customer was erased", self._told(receipt))
        elif self._is_back(asked, receipt):
            # A signed body may be replayed: whether this is a new wish, only a person can tell.
            self.operator.tell("An erasure that was done is asked for again", self._told(receipt))
        self.shredder.delete(own)
        return document(receipt)

    def _is_back(self, asked: Asked, receipt: Receipt) -> bool:
        """Whether somebody of these names has come since."""
        found = Search(self.records, asked).find()
        return any(customer.created_at > receipt.began_at for customer in found.customers)

    def _told(self, receipt: Receipt) -> dict[str, Any]:
        return {"receipt": f"{FOLDER}/{receipt.name}.json", "removed": receipt.removed}

    def _forget(self, event: Event) -> int:
        own = customer_identity("")
        if event.identity.startswith(own):
            return self.eraser.sweep(event.identity.removeprefix(own))
        if not is_erased(event, self.suppressions):
            return 0
        return int(self.shredder.delete(Row("events", {"identity": event.identity, "id": event.id})))

    @property
    def _now(self) -> int:
        return epoch(self.clock.now())
