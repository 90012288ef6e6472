"""An office whose pages people visit: on fakes, with a catalogue of one teapot."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from tests import fakes
from tests.unit.tags import Tags
from tests.worlds import KEY, NOW, SHOP, email
from tidings.clock import FixedClock
from tidings.events import Event
from tidings.links import Link, make_link
from tidings.pages import Pages, Request, Stores
from tidings.pages.look import Page

KEYS = {"k1": b"secret"}
FORM = "application/x-www-form-urlencoded"
POT = {
    "title": "Moss Teapot",
    "image": "https://cdn.example/pot.jpg",
    "url": "/p/501",
    "inventory": 0,
    "status": "active",
}
LETTER = {"email": "ann@example.com", "message": "Does it pour?", "name": "Ann"}


class Office:
    """Pages on fakes, with a catalogue of one teapot."""

    def __init__(self, faults: fakes.Faults | None = None) -> None:
        self.faults = faults or fakes.Faults()
        self.events = fakes.FakeEvents(self.faults)
        self.limits = fakes.FakeLimits()
        self.products = fakes.FakeProducts()
        self.products.put("shopify:product:501", POT, 0)
        self.clock = FixedClock(NOW)
        stores = Stores(
            events=self.events,
            suppressions=fakes.FakeSuppressions(self.faults),
            customers=fakes.FakeCustomers(),
            link_keys=lambda: KEYS,
            look_up=self.products.get,
            limits=self.limits,
            address_key=lambda: KEY,
        )
        self.pages = Pages(stores, SHOP, self.clock)

    def link(self, purpose: str, extra: str, send: str = "s1") -> str:
        """The token in Ann's mail."""
        return make_link(Link(purpose, "c1", email("ann@example.com"), send, extra), KEYS)

    def get(self, page: str, token: str = "", languages: str = "", **query: str) -> Page:
        """Open a page."""
        return self.pages.serve(Request("GET", page, token, languages, query))

    def post(
        self,
        page: str,
        told: Mapping[str, Any],
        token: str = "",
        query: Mapping[str, str] | None = None,
        origin: str = "203.0.113.7",
    ) -> Page:
        """Send a form."""
        body = urlencode(told, doseq=True).encode()
        return self.pages.serve(Request("POST", page, token, "", query or {}, FORM, body, origin))

    def write(self, told: Mapping[str, Any], page: str = "contact", after: float = 30, **more: Any) -> Page:
        """Open a form that anybody may send, take some seconds over it, and send it."""
        seen = Tags(self.get(page, **(more.get("query") or {})).html)
        self.clock.advance(timedelta(seconds=after))
        return self.post(page, {"showing": seen.showing, "website": "", **told}, **more)

    @property
    def told(self) -> list[Event]:
        """What was stored, in its order."""
        return list(self.events.rows.values())
