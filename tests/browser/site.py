"""The pages behind links on a loopback address: the real function and templates over stores in memory."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from functions.serve_page.handler import handler
from tests import fakes
from tests.worlds import ANN, HOUR, KEY, NOW, World, email, event, subscribed
from tidings import wiring
from tidings.clock import FixedClock
from tidings.links import Link, make_link
from tidings.mail.catalogues import in_pages
from tidings.mail.messages import PAGES
from tidings.pages import Pages, Stores
from tidings.shop import Shop, load_shop

WORKFLOWS = Path(__file__).parents[2] / "workflows"
KEYS = {"k1": b"secret"}
POT = {
    "title": "Moss Teapot",
    "url": "/p/501",
    "inventory": 0,
    "status": "active",
}

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3" fill="#87a878"/></svg>'


@dataclass(frozen=True, slots=True)
class Place:
    """A page to visit: its name, what its link carries (None: it needs no link), what its address says besides, and
    the status of the page that its first button leads to."""

    page: str
    extra: str | None = ""
    query: Mapping[str, str] = field(default_factory=dict)
    answers: int = 200

    def __str__(self) -> str:
        return "-".join(filter(None, (self.page, (self.extra or "").replace(":", "-"))))


PLACES = [
    Place("unsubscribe"),
    Place("preferences"),
    Place("confirm"),
    Place("form", "survey", answers=422),
    Place("form", "birthday", answers=422),
    Place("form", "satisfaction", answers=422),
    Place("form", "back-in-stock:501"),
    Place("review", "shopify:product:501", answers=422),
    Place("contact", None, answers=422),
    Place("back-in-stock", None, {"product": "501"}, answers=422),
]
"""Every page: it is opened in every language, on a desk and on a phone, and its first button is pressed."""


class Site:
    """The demo shop's pages, Ann's links to them, and what they wrote."""

    def __init__(self, **changes: Any) -> None:
        self.shop: Shop = load_shop(WORKFLOWS / "shop.yaml").model_copy(update=changes)
        self.world = World()
        self.world.happen(
            event("customer_registered", "1", at=NOW - HOUR, **ANN), subscribed("1", at=NOW - HOUR, **ANN)
        )
        self.customer = self.world.only().id
        self.suppressions, self.products = fakes.FakeSuppressions(), fakes.FakeProducts()
        stores = Stores(
            events=self.world.events,
            suppressions=self.suppressions,
            customers=self.world.customers,
            link_keys=lambda: KEYS,
            look_up=self.products.get,
            limits=fakes.FakeLimits(),
            address_key=lambda: KEY,
        )
        self.clock = FixedClock(NOW)
        self.pages = Pages(stores, self.shop, self.clock, in_pages(PAGES, self.shop, WORKFLOWS))
        self.base = ""

    def url(self, place: Place, **query: str) -> str:
        """The address of a page."""
        link = Link(place.page, self.customer, email("ann@example.com"), "send1", place.extra or "")
        path = "/unsubscribe" if place.page == "unsubscribe" else f"/pages/{place.page}"
        told = urlencode({**place.query, **query})
        token = "" if place.extra is None else f"/{make_link(link, KEYS)}"
        return f"{self.base}{path}{token}{f'?{told}' if told else ''}"

    @property
    def told(self) -> list[Any]:
        """What the pages told, in its order."""
        return [each for each in self.world.events.rows.values() if each.source == "page"]


class _Door(BaseHTTPRequestHandler):
    """HTTP as the gateway hands it over (payload 2.0)."""

    def __init__(self, site: Site, *told: Any) -> None:
        self.site = site
        super().__init__(*told)

    def do_GET(self) -> None:
        """Look."""
        self._serve()

    def do_POST(self) -> None:
        """Act."""
        self._serve()

    def _serve(self) -> None:
        address = urlsplit(self.path)
        if address.path in ("/pot.svg", "/favicon.ico"):
            self._answer(200, {"content-type": "image/svg+xml"}, PICTURE)
            return
        parts = address.path.strip("/").split("/")
        names = ("token",) if parts[0] == "unsubscribe" else ("page", "token")
        told = {
            "rawPath": address.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "requestContext": {"http": {"method": self.command, "sourceIp": "192.0.2.7"}},
            "pathParameters": dict(zip(names, parts[1:], strict=False)),
            "queryStringParameters": dict(parse_qsl(address.query)),
            "body": self.rfile.read(int(self.headers.get("content-length") or 0)).decode(),
        }
        if parts[0] not in ("unsubscribe", "pages"):
            self._answer(404, {}, "")
            return
        answer = handler(told, None)
        self._answer(answer["statusCode"], answer["headers"], answer["body"])

    def _answer(self, status: int, headers: Mapping[str, str], text: str) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def served(site: Site) -> Iterator[Site]:
    """The site at an address of its own, for as long as this lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Door, site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site.base = f"http://127.0.0.1:{server.server_port}"
    site.products.put("shopify:product:501", {**POT, "image": f"{site.base}/pot.svg"}, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "pages", lambda: site.pages)
        yield site
    server.shutdown()
    server.server_close()
