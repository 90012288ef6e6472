"""The snippets of docs/tracking.md as they stand there, in a real browser, before the door for pages."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.browser.chromium import PATIENCE, Page, needs_chromium
from tests.unit.sources.bodies import NOW
from tests.unit.test_ingest import FakeParameters, FakeStore
from tidings.clock import FixedClock
from tidings.events import Event
from tidings.intake.track import Track
from tidings.sources import Request
from tidings.tids import make_tid

pytestmark = needs_chromium

DOC = Path(__file__).parents[2] / "docs" / "tracking.md"
TID = make_tid("customer:abc", NOW + timedelta(days=1), {"k1": b"s"})
SHOPIFY = """
<script>
  const told = {}, stored = {tid: "", visitor: ""}, jar = {cart: "c9%3Fkey%3Dsecret"};
  const analytics = {subscribe: (name, call) => { told[name] = call; }};
  const browser = {
    localStorage: {
      getItem: async (name) => stored[name] ?? null,
      setItem: async (name, value) => { stored[name] = value; },
    },
    cookie: {get: async (name) => jar[name] ?? ""},
  };
  const place = {document: {location: {href: "%s/products/teapot?tid=TID", search: "?tid=TID"}}};
  const teapot = {
    id: "601", title: "Blue", price: {amount: 225, currencyCode: "SEK"},
    product: {id: "501", title: "Teapot", url: "/products/teapot?variant=601"},
  };
  const cup = {
    id: "gid://shopify/ProductVariant/602", title: "Default", price: {amount: 30.5, currencyCode: "SEK"},
    product: {id: "gid://shopify/Product/502", title: "Cup", url: "/products/cup"},
  };
  const init = {
    context: place,
    data: {cart: {id: "gid://shopify/Cart/c9?key=secret", lines: [{merchandise: cup, quantity: 2}]},
           shop: {paymentSettings: {currencyCode: "EUR"}}},
  };
  window.addEventListener("message", ({data}) => told[data.name]({context: place, ...data}));
</script>
<script>%s</script>
<script>
  window.onload = () => parent.postMessage(Object.keys(told).sort().join(" "), "*");
</script>
"""


def snippet(name: str) -> str:
    """A code block of the docs by the word after its language."""
    found = re.search(rf"^```\w+ {name}\n(.*?)^```$", DOC.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"docs/tracking.md has no block {name}"
    return found[1]


class Shop:
    """A site with two pages, and the door for pages at another address."""

    def __init__(self) -> None:
        self.store, self.answers = FakeStore(), list[tuple[str, str, int]]()
        self.pages = {"/favicon.ico": " "}
        self.site = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.api = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.site.server_port}"
        self.track = f"http://127.0.0.1:{self.api.server_port}/track"
        parameters = FakeParameters({"/webhooks/track": ("pk_1",), "/keys/track": ("k1:s",)})
        self.door = Track(self.store, parameters, FixedClock(NOW), frozenset({self.url}), sandboxed=True)

    def filled(self, name: str) -> str:
        """A snippet with this shop's address and key."""
        return snippet(name).replace("https://YOUR-API/track", self.track).replace("pk_YOUR-KEY", "pk_1")

    def _handler(shop) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = shop.pages.get(self.path.split("?")[0])
                self._answer(200 if page else 404, (page or "").encode())

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = shop.door.receive(Request("track", headers, raw))
                kind = headers.get("content-type", "")
                shop.answers.append((headers.get("origin", ""), kind, answer.status))
                self._answer(answer.status, json.dumps(answer.body).encode() if answer.body else b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        return Handler

    def events(self, page: Page, number: int) -> list[Event]:
        """The first events stored, once there are as many, in the order in which they came."""
        until = monotonic() + PATIENCE
        while len(self.answers) < number and monotonic() < until:
            page.run("new Promise(done => setTimeout(done, 25))")
        assert [status for _, _, status in self.answers] == [204] * number
        return list(self.store.events.values())


@pytest.fixture
def shop() -> Iterator[Shop]:
    """The shop, open."""
    shop = Shop()
    for server in (shop.site, shop.api):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield shop
    for server in (shop.site, shop.api):
        server.shutdown()
        server.server_close()


@pytest.fixture
def page() -> Iterator[Page]:
    """A browser."""
    with Page(1280, 800) as opened:
        yield opened


def test_the_snippet_for_any_page_tells_views_and_carts(shop: Shop, page: Page) -> None:
    """A view, a cart, an emptied cart, each a beacon without a preflight; the browser keeps its name."""
    shop.pages["/teapot"] = f"<title>Teapot</title>{shop.filled('page')}"
    page.open(f"{shop.url}/teapot?size=1#top")
    page.run("tidings.viewed({product_id: '501', title: 'Teapot', price: '19.90', currency: 'EUR'})")
    (view,) = shop.events(page, 1)
    assert view.type == "product_viewed"
    assert view.is_anonymous
    assert view.properties["url"] == f"{shop.url}/teapot"
    assert view.properties["items"][0]["title"] == "Teapot"
    page.run("tidings.cart({token: 'c7', items: [{product_id: '501', quantity: 2}], total: '39.80'})")
    shop.events(page, 2)
    page.run("tidings.cart({token: 'c7', items: []})")
    _, cart, emptied = shop.events(page, 3)
    assert cart.aliases == ("events:cart:c7", view.identity)
    assert cart.properties["total"] == "39.80"
    assert emptied.properties["items"] == []
    assert {(origin, kind) for origin, kind, _ in shop.answers} == {(shop.url, "text/plain;charset=UTF-8")}
    page.open(f"{shop.url}/teapot")
    page.run("tidings.viewed({product_id: '502'})")
    assert shop.events(page, 4)[3].identity == view.identity
    assert page.problems == []


def test_the_snippet_stores_and_tells_nothing_until_it_is_called(shop: Shop, page: Page) -> None:
    """Consent comes first; once forgotten, the browser has another name."""
    shop.pages["/teapot"] = shop.filled("page")
    page.open(f"{shop.url}/teapot?tid={TID}")
    assert page.run("localStorage.length") == 0
    assert [url for url in page.requests if url.startswith(shop.track)] == []
    page.run("tidings.viewed({product_id: '501'})")
    page.wait("localStorage.length === 2")
    page.run("tidings.forget()")
    assert page.run("localStorage.length") == 0
    page.run("tidings.viewed({product_id: '501'})")
    first, second = shop.events(page, 2)
    assert first.identity == "customer:abc"
    assert second.is_anonymous
    assert second.identity not in first.aliases


def test_a_mails_link_tells_who_and_leaves_the_address_bar_clean(shop: Shop, page: Page) -> None:
    """The tid is taken out of the address and later pages know it; a backend's tid serves as well."""
    shop.pages["/teapot"] = shop.filled("page")
    page.open(f"{shop.url}/teapot?size=1&tid={TID}#top")
    page.run("tidings.viewed({product_id: '501'})")
    assert page.run("location.href") == f"{shop.url}/teapot?size=1#top"
    page.open(f"{shop.url}/teapot")
    page.run("tidings.viewed({product_id: '502'})")
    assert [event.identity for event in shop.events(page, 2)] == ["customer:abc"] * 2
    account = make_tid("events:customer:c-7", NOW + timedelta(days=1), {"k1": b"s"})
    page.run(f"tidings.known({json.dumps(account)}); tidings.viewed({{product_id: '503'}})")
    assert shop.events(page, 3)[2].identity == "events:customer:c-7"


def test_the_snippet_works_where_storage_is_blocked(shop: Shop, page: Page) -> None:
    """A frame without an origin has no storage: the page's own memory serves as long as it is open."""
    inner = shop.filled("page").replace(
        "</script>", "tidings.viewed({product_id: '501'});tidings.viewed({product_id: '2'})</script>"
    )
    shop.pages["/frame"] = inner
    shop.pages["/host"] = "<iframe sandbox='allow-scripts' src='/frame'></iframe>"
    page.open(f"{shop.url}/host")
    first, second = shop.events(page, 2)
    assert first.identity == second.identity
    assert {origin for origin, _, _ in shop.answers} == {"null"}


def publish(page: Page, name: str, data: dict[str, Any] | str, **told: Any) -> None:
    """Something happens in Shopify's shop."""
    event = {"name": name, "id": f"sh-0a1b2c3d-{name}", "data": data, **told}
    page.run(f"document.querySelector('iframe').contentWindow.postMessage({json.dumps(event)}, '*')")


def test_shopifys_pixel_tells_views_and_the_whole_cart(shop: Shop, page: Page) -> None:
    """In a sandboxed frame as Shopify runs it, against stubs of its three objects: ids lose their gid, the cart is
    what it was at the start and what was put in, by the token that webhooks know."""
    pixel = SHOPIFY.replace("%s", shop.url, 1).replace("%s", shop.filled("pixel"), 1).replace("TID", "")
    shop.pages["/frame"] = pixel
    shop.pages["/host"] = (
        "<script>onmessage = e => { window.ready = e.data }</script>"
        "<iframe sandbox='allow-scripts allow-forms' src='/frame'></iframe>"
    )
    page.open(f"{shop.url}/host")
    page.wait("window.ready")
    assert page.run("ready").split() == [
        "cart_viewed", "product_added_to_cart", "product_removed_from_cart", "product_viewed", "tidings_known",
    ]  # fmt: skip
    variant = {
        "id": "601", "title": "Blue", "price": {"amount": 225, "currencyCode": "SEK"},
        "product": {"id": "501", "title": "Teapot", "url": "/products/teapot?variant=601"},
    }  # fmt: skip
    publish(page, "product_viewed", {"productVariant": variant})
    view = shop.events(page, 1)[0]
    assert view.source == "shopify"
    assert view.properties["product_id"] == "501"
    assert view.properties["url"] == f"{shop.url}/products/teapot"
    assert (view.properties["presentment_total"], view.properties["presentment_currency"]) == (
        "225.00",
        "SEK",
    )
    assert "total" not in view.properties
    publish(page, "product_added_to_cart", {"cartLine": {"merchandise": variant, "quantity": 1}})
    cart = shop.events(page, 2)[1]
    assert cart.aliases == ("shopify:cart:c9", view.identity)
    cup = {"product_id": "502", "variant_id": "602", "title": "Cup", "variant": "Default", "quantity": 2}
    pot = {"product_id": "501", "variant_id": "601", "title": "Teapot", "variant": "Blue", "quantity": 1}
    assert cart.properties["items"] == [{**cup, "price": "30.5"}, {**pot, "price": "225"}]
    assert cart.properties["presentment_total"] == "286.00"
    publish(page, "product_removed_from_cart", {"cartLine": {"merchandise": variant, "quantity": 1}})
    assert [item["product_id"] for item in shop.events(page, 3)[2].properties["items"]] == ["502"]
    publish(page, "cart_viewed", {"cart": {"id": "x", "lines": []}})
    assert shop.events(page, 4)[3].properties["items"] == []
    assert {origin for origin, _, _ in shop.answers} == {"null"}
    assert [kind for _, kind, _ in shop.answers] == ["text/plain;charset=UTF-8"] * 4
    assert page.problems == []


def test_shopifys_pixel_knows_who_came_by_a_mail_or_is_logged_in(shop: Shop, page: Page) -> None:
    """From the page's address, and from what the theme publishes."""
    pixel = SHOPIFY.replace("%s", shop.url, 1).replace("%s", shop.filled("pixel"), 1)
    shop.pages["/frame"] = pixel.replace("TID", TID, 2)
    shop.pages["/known"] = pixel.replace("TID", "")
    variant = {"id": "1", "title": "", "price": {"amount": 1, "currencyCode": "EUR"}, "product": {"id": "2"}}
    for number, frame, who in ((1, "/frame", "customer:abc"), (2, "/known", "shopify:customer:7")):
        shop.pages["/host"] = (
            "<script>onmessage = e => { window.ready = e.data }</script>"
            f"<iframe sandbox='allow-scripts' src='{frame}'></iframe>"
        )
        page.open(f"{shop.url}/host")
        page.wait("window.ready")
        if frame == "/known":
            tid = make_tid("shopify:customer:7", NOW + timedelta(days=1), {"k1": b"s"})
            publish(page, "tidings_known", {}, customData={"tid": tid})
        publish(page, "product_viewed", {"productVariant": variant}, id=f"sh-{frame[1:]}-12345")
        found = shop.events(page, number)[-1]
        assert found.identity == who
        assert found.properties["total"] == "1.00"
