"""What happens to Ann, in words that stories are told with. Times are UTC, `2026-03-10 12:00`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.worlds import checkout, event, order, subscribed
from tidings.events import Event
from tidings.ports import Suppression

WHO: dict[str, Any] = {"account": "1", "address": "ann@example.com"}


def at(text: str) -> datetime:
    """`2026-03-10 12:00`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def joined(when: str, **more: Any) -> Event:
    """Ann subscribes, on a day before the workflow's own beginning."""
    return subscribed(f"s{when}", at=at(when), received=at(when), **WHO, **more)


def left(when: str, **more: Any) -> Event:
    """Ann leaves a checkout."""
    return checkout(f"c{when}", at=at(when), received=at(when), **{**WHO, **more})


def changed(since: str, when: str) -> Event:
    """Ann changes something at the checkout that she began at `since`."""
    return checkout(f"c{since}", type_="checkout_updated", at=at(when), received=at(when), **WHO)


def bought(when: str, number: str = "", **more: Any) -> Event:
    """Ann buys."""
    return order(number or f"o{when}", at=at(when), received=at(when), **WHO, **more)


def registered(when: str, **more: Any) -> Event:
    """Ann opens an account."""
    return event("customer_registered", f"r{when}", at=at(when), received=at(when), **WHO, **more)


def asked(when: str, **more: Any) -> Event:
    """Ann asks the shop something."""
    return event("lead_captured", f"l{when}", at=at(when), received=at(when), **WHO, **more)


def happened(type_: str, when: str, number: str = "1001", **more: Any) -> Event:
    """Something becomes of an order of Ann's: it is sent, delivered, late, cancelled, paid back."""
    return event(type_, f"{number}-{when}", at=at(when), received=at(when), order_id=number, **WHO, **more)


def viewed(when: str, product: str = "1") -> Event:
    """Ann looks at a product."""
    items = [{"product_id": product, "title": "Cup"}]
    return event(
        "product_viewed", f"v{when}", at=at(when), received=at(when), items=items, items_count=1, **WHO
    )


def put(when: str, pieces: int = 1) -> Event:
    """Ann puts something into her cart, or takes everything out."""
    items = [{"product_id": "1", "title": "Cup", "quantity": pieces}] if pieces else []
    told = {"items": items, "items_count": len(items), "cart": "k1"}
    return event("cart_updated", f"k{when}", at=at(when), received=at(when), **told, **WHO)


def told(when: str, **profile: Any) -> Event:
    """Ann's profile changes."""
    return event("profile_updated", f"p{when}", at=at(when), received=at(when), **WHO, **profile)


def unsubscribed(when: str) -> Event:
    """Ann takes her consent back."""
    state = {"state": "unsubscribed", "at": at(when).isoformat()}
    return event("unsubscribed", f"u{when}", at=at(when), received=at(when), consent=state, **WHO)


def bounced(when: str) -> Suppression:
    """Ann's address is found dead."""
    return Suppression("ann", "bounced", int(at(when).timestamp()))


Stories = dict[str, tuple[Sequence[Event], Sequence[Suppression]]]
"""By title: what happens, and which addresses are suppressed when."""
