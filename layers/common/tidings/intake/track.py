"""What the shop's pages tell: `POST /track`, from any browser. Nothing in it is believed but a signed token.

The key only says which shop is meant, and the origin list only keeps other sites' pages out. So a page can tell
what was looked at and what is in the cart, and nothing else: no profile, no consent, no order, no time of its own. It
says who by a signed token (`tids`), else by a random name of the browser, which becomes somebody's when they are named.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from tidings.clock import Clock
from tidings.errors import BadInput, Forbidden, TooLarge, Unauthorized
from tidings.events import PAGE_TYPES, PAGES, TID_KEYS, TRACK_KEY, Event, token_alias
from tidings.intake.ingest import Answer, Parameters, Store, guarded
from tidings.links import parse_keys
from tidings.sources import Request, reading
from tidings.sources.reading import present
from tidings.tids import read_tid

MAX_BODY_BYTES: Final = 8192
MAX_ITEMS: Final = 50

SANDBOXED: Final = "null"
"""The origin of a page without one: a sandboxed frame, such as that of Shopify's custom pixels."""

PLATFORMS: Final = ("events", "shopify", "woocommerce")
"""Whose product ids and cart tokens a page names."""

_VISITOR: Final = re.compile("[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True)
class Track:
    """Takes what pages tell. All ports are injected; `origins` are those of the shop's pages, and `sandboxed` lets
    pages without an origin in."""

    store: Store
    parameters: Parameters
    clock: Clock
    origins: frozenset[str]
    sandboxed: bool = False

    def receive(self, request: Request) -> Answer:
        """Answer one page. Raises nothing for what a page sent, and nothing for an outage."""
        return guarded(lambda: self._receive(request))

    def _receive(self, request: Request) -> Answer:
        self._admit(request)
        body = reading.json_object(request.body)
        keys = self.parameters.words(TRACK_KEY)
        if not keys:
            raise Unauthorized("no key is set for pages: the operator must put one into SSM")
        if body.get("key") not in keys:
            raise Unauthorized("key is not the shop's publishable key: copy it into the snippet")
        event = self._event(body)
        new = self.store.put(event)
        counts = {"EventsAccepted" if new else "EventsDuplicate": 1}
        return Answer(204, {}, counts, {"types": [event.type], "page": True})

    def _admit(self, request: Request) -> None:
        if len(request.body) > MAX_BODY_BYTES:
            raise TooLarge(f"the body is over {MAX_BODY_BYTES} bytes: send fewer items")
        origin = request.headers.get("origin") or SANDBOXED
        if origin not in self.origins and not (origin == SANDBOXED and self.sandboxed):
            raise Forbidden(
                "this origin is not the shop's: the operator lists it in the parameter TrackOrigins"
            )

    def _event(self, body: Mapping[str, Any]) -> Event:
        now = self.clock.now()
        received_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        event_type, platform = body.get("type"), body.get("platform", PLATFORMS[0])
        if not isinstance(event_type, str) or event_type not in PAGE_TYPES:
            raise BadInput(f"type must be one of {', '.join(sorted(PAGE_TYPES))}: pages tell nothing else")
        if not isinstance(platform, str) or platform not in PLATFORMS:
            raise BadInput(f"platform must be one of {', '.join(PLATFORMS)}")
        names = self._names(body, event_type, platform, received_at)
        data = reading.mapping(body.get("data"))
        told = self._viewed(data) if event_type == "product_viewed" else _cart(data)
        told |= self._common(data, body)
        return Event(
            id=f"{PAGES}:{event_type}:{_name(body, told, received_at)}",
            type=event_type,
            at=received_at,
            received_at=received_at,
            source=platform,
            identity=names[0],
            aliases=names,
            properties=present(told),
        )

    def _names(
        self, body: Mapping[str, Any], event_type: str, platform: str, now: datetime
    ) -> tuple[str, ...]:
        """Whom it concerns, the strongest name first. A cart lies under its token, so that whoever takes it to
        the checkout is found to be the browser's, too."""
        who = read_tid(body.get("tid"), parse_keys(self.parameters.words(TID_KEYS)), now)
        visitor = body.get("visitor")
        known = isinstance(visitor, str) and _VISITOR.fullmatch(visitor)
        browser = token_alias(PAGES, "visitor", visitor) if known else None
        token = reading.identifier(body.get("cart"))
        token = token.split("?", 1)[0] if token else None
        cart = token_alias(platform, "cart", token) if token else None
        tokens = (cart, browser) if event_type == "cart_updated" else (browser, cart)
        found = tuple(name for name in (who, *tokens) if name)
        if not found:
            raise BadInput("visitor must be 8 to 64 letters, digits, _ or -: a random name of the browser")
        return found

    def _viewed(self, data: Mapping[str, Any]) -> dict[str, Any]:
        product = reading.identifier(data.get("product_id"))
        if product is None:
            raise BadInput("data.product_id is missing: the product's id")
        plain = "total" not in data and "presentment_total" not in data  # its one price is the shop's
        return {
            "product_id": product,
            "items": [{**_line(data), "quantity": 1}],
            "items_count": 1,
            "total": reading.money(data.get("price" if plain else "total")),
        }

    def _common(self, data: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        """What both types tell. A mail may link to `url`, so it must be one of the shop's pages."""
        url = reading.link(data.get("url"))
        cart = reading.identifier(body.get("cart"))
        return {
            "url": url if url and _origin(url) in self.origins else None,
            "cart": cart.split("?", 1)[0] or None if cart else None,
            "currency": reading.currency(data.get("currency")),
            "presentment_total": reading.money(data.get("presentment_total")),
            "presentment_currency": reading.currency(data.get("presentment_currency")),
        }


def _cart(data: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(data.get("items"), list):
        raise BadInput("data.items must be a list: what is in the cart, empty when it was emptied")
    lines = reading.items(data["items"])
    return {
        "items": [_line(each) for each in lines[:MAX_ITEMS]],
        "items_count": len(lines),
        "quantity": sum(
            count if (count := reading.integer(each.get("quantity"))) is not None else 1 for each in lines
        ),
        "total": reading.money(data.get("total")),
    }


def _line(item: Mapping[str, Any]) -> dict[str, Any]:
    return present(
        {
            "product_id": reading.identifier(item.get("product_id")),
            "variant_id": reading.identifier(item.get("variant_id")),
            "title": reading.text(item.get("title"), 120),
            "variant": reading.text(item.get("variant"), 60),
            "quantity": reading.integer(item.get("quantity")),
            "price": reading.money(item.get("price")),
        }
    )


def _name(body: Mapping[str, Any], told: Mapping[str, Any], now: datetime) -> str:
    """The fact's own id, by which a beacon sent twice is one event; without one, its time and a hash of it."""
    given = body.get("id")
    if isinstance(given, str) and _VISITOR.fullmatch(given):
        return given
    content = json.dumps([body.get("visitor"), told], sort_keys=True, default=str)
    return f"{reading.stamp(now)}~{hashlib.sha256(content.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _origin(url: str) -> str:
    """Of a page's address; empty for one that no browser would open."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()
