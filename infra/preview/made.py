"""Customers made up for a workflow, fullest first: whoever first begins a journey is the one that is shown."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from infra.preview.shelf import line
from infra.preview.story import DEFAULT_START, FEEDBACK, Person, read
from tidings.shop import Shop
from tidings.workflow.model import DateTrigger, EventTrigger, InactiveTrigger, Workflow

FACTS: Final[dict[str, Any]] = {
    "id": "ada",
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "locale": "en-GB",
    "country": "GB",
    "timezone": "Europe/London",
    "birthday": "1990-04-14",
    "tags": ["tea"],
}
_MADE: Final = Path("a made customer")
_OWN: Final[dict[str, Any]] = {
    "text": "example",
    "number": 7,
    "boolean": True,
    "date": "2026-04-14",
    "list": ["one"],
}
_BASKET: Final = {
    "items": [line(1), line(8, 2), line(12)],
    "checkout": "c-1",
    "cart": "cart-1",
    "url": "https://kettleandkiln.example/checkouts/c-1/recover",
    "subtotal": "130.00",
    "shipping": "4.50",
    "tax": "20.25",
    "total": "154.75",
    "date": "2026-04-02",
    "tracking_company": "Royal Mail",
    "tracking_number": "QN 1234 5678 9GB",
    "tracking_url": "https://parcels.example/QN123456789GB",
    "expected_on": "2026-03-20",
    "reason": "The carrier's depot was closed by snow.",
}  # fmt: skip


def stories(workflow: Workflow, shop: Shop, told: Person | None = None) -> Iterator[Person]:
    """Candidates for this workflow. `told` is who they are and what the shop sells, where somebody says so."""
    known = _facts(workflow, shop, told.facts if told else FACTS)
    # Last, somebody whose birthday nobody knows: a survey asks for it.
    strangers = () if told else ({name: value for name, value in known.items() if name != "birthday"},)
    for facts, history in ((who, each) for who in (known, *strangers) for each in _histories(workflow)):
        moments = sorted([*history, *_cause(workflow, shop)], key=lambda each: each[0])
        events = [{"type": kind, "at": at.isoformat(), **more} for at, kind, more in moments]
        person = read({"customer": facts, "events": events}, _MADE, shop)
        yield replace(person, products=told.products, until=told.until) if told else person


Told = tuple[datetime, str, dict[str, Any]]
"""When, what, and what else is told of it."""


def _ago(days: float) -> datetime:
    return DEFAULT_START - timedelta(days=days)


def _order(number: int, days: float, *lines: dict[str, Any], **more: Any) -> Told:
    return _ago(days), "order_placed", {"order_id": str(number), "items": list(lines) or [line(3)], **more}


def _joined(days: float, *, but: str) -> list[Told]:
    told: list[Told] = [
        (_ago(days), "customer_registered", {}),
        (_ago(days - 0.001), "subscribed", {"confirmed": True}),
    ]
    return [each for each in told if each[1] != but]


def _histories(workflow: Workflow) -> Iterator[list[Told]]:
    """What happened before the workflow's own cause: a customer who bought once; who is new; who buys often; who
    looked, filled a cart, went to the checkout; who clicks much; who brought friends; who fell silent; who
    came back."""
    trigger = workflow.trigger
    cause = _told_by(trigger.event) if isinstance(trigger, EventTrigger) else ""
    joined = _joined(300, but=cause)
    once = [*joined, _order(900, 120, line(3))]
    # Whoever falls silent does so once.
    yield from (joined, once) if isinstance(trigger, InactiveTrigger) else (once, joined)
    yield [*_joined(2, but=cause)]
    often = [*joined, *(_order(900 + at, 200 - 20 * at, line(9), line(2)) for at in range(9))]
    yield often
    for far in ("product_viewed", "cart_updated", "checkout_started"):
        yield [*joined, (_ago(0.2), far, dict(_BASKET))]
    clicks: list[Told] = [
        (_ago(20 - at), "mail_clicked", {"link": "https://kettleandkiln.example/"}) for at in range(12)
    ]
    yield [*joined, *clicks]
    yield [*joined, *((_ago(30 - at), "referral_succeeded", {}) for at in range(3))]
    yield [*joined, *((_ago(1 - at / 100), "referral_succeeded", {}) for at in range(8))]
    yield [*joined, _order(900, 62, line(3)), (_ago(61), "product_viewed", dict(_BASKET))]
    yield [*joined, _order(900, 130, line(3)), _order(901, 1, line(1)), (_ago(0.5), "mail_clicked", {})]


def _cause(workflow: Workflow, shop: Shop) -> Iterator[Told]:
    """What the workflow waits for."""
    match workflow.trigger:
        case EventTrigger(event=event):
            yield DEFAULT_START, _told_by(event), _details(event, shop)
        case InactiveTrigger(inactive=event):
            yield DEFAULT_START, event, _details(event, shop)
        case DateTrigger():
            yield _ago(30), "profile_updated", {}


def _told_by(event: str) -> str:
    """The event that a shop tells when this happens."""
    return "subscribed" if event == "opt_in_requested" else event


def _details(event: str, shop: Shop) -> dict[str, Any]:
    if event in FEEDBACK:
        return {"link": "https://kettleandkiln.example/products/moss-teapot"}
    if event in shop.events:
        return {name: _OWN[kind] for name, kind in shop.events[event].items()}
    if event == "subscribed":
        return {"confirmed": True}
    if event in ("opt_in_requested", "unsubscribed", "customer_registered", "profile_updated"):
        return {}
    if event == "back_in_stock_requested":
        return {**line(1), "items": [line(1)]}
    if event == "product_viewed":
        return {**line(1), "items": [line(1)], "url": "https://kettleandkiln.example/products/1"}
    return {**_BASKET, "order_id": "1001", "order_name": "#1001"}


def _facts(workflow: Workflow, shop: Shop, told: Mapping[str, Any]) -> dict[str, Any]:
    """With what the workflow's date needs."""
    facts = dict(told)
    match workflow.trigger:
        case DateTrigger(date="registered_at"):
            facts.setdefault("registered_at", _ago(340).isoformat())
        case DateTrigger(date="birthday"):
            facts.setdefault("birthday", FACTS["birthday"])
        case DateTrigger(date=date):
            fields = {date.removeprefix("fields."): "2020-04-14", **facts.get("fields", {})}
            facts["fields"] = {name: value for name, value in fields.items() if name in shop.fields}
    return facts
