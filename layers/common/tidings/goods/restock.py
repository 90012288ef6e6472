"""A product can be bought again: whoever asked to hear of it is told, by an event of their own.

The catalogue is written after everybody was told, so a crash in between tells them again, which is the same fact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from tidings import ports
from tidings.clock import Clock
from tidings.customer import short
from tidings.events import Event
from tidings.goods.wares import on_sale

LATEST: Final = timedelta(days=60)
"""A request is answered within this time: `back-in-stock` waits no longer."""

MOST: Final = 1000
"""Requests answered at once, so that one product holds up nobody else's events for long."""

REQUEST: Final = "page:back_in_stock_requested:"
"""What the ids of requests begin with; their day follows."""


@dataclass(frozen=True, slots=True)
class Restock:
    """Watches the catalogue. All ports are injected."""

    events: ports.Events
    products: ports.Products
    clock: Clock
    most: int = MOST

    def look(self, event: Event) -> int:
        """Tell those who asked, if this word on a product is that it can be bought again; how many were told."""
        if not on_sale(event.properties) or not self._was_out(event):
            return 0
        told = (self.events.put(each) for each in self._asking(event.identity, event.received_at))
        return sum(islice(filter(None, told), self.most))

    def _was_out(self, event: Event) -> bool:
        known = self.products.get([event.identity]).get(event.identity)
        if known is None or on_sale(known):
            return False
        return str(event.properties.get("updated_at") or "9") >= str(known.get("updated_at") or "")

    def _asking(self, product: str, now: datetime) -> Iterator[Event]:
        """What to tell each of them; a request is answered once."""
        source, _, number = product.split(":", 2)
        first = (now - LATEST).strftime("%Y-%m-%d")
        for identity, request in self.events.asking(product):
            if request.removeprefix(REQUEST)[:10] < first:
                continue
            yield Event(
                id=f"restock:product_available:{short(f'{identity}|{request}')}",
                type="product_available",
                at=now,
                received_at=now,
                source=source,
                identity=identity,
                properties={"product_id": number},
            )
