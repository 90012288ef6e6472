"""Bodies to post: real ones from the corpus, made ones from the demo shop's; times and names set as one likes.

`expected` reads off a body, in the plainest way, what must come of it.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tidings.events import PRIVACY_TYPES
from tidings.sources.shopify import TOPICS

CORPUS: Final = Path(__file__).parents[4] / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(
    not (CORPUS / "shopify").is_dir(), reason="the corpus is not beside this checkout"
)

Body = dict[str, Any]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")
_ADDRESSES: Final = ("email", "contact_email", "email_address")
_TOKENS: Final = ("token", "cart_token", "checkout_token")


@dataclass(frozen=True, slots=True)
class Hook:
    """A body under its topic."""

    name: str
    topic: str
    body: Body

    @property
    def raw(self) -> bytes:
        """The body as it is sent."""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


def real() -> Iterator[Hook]:
    """Every body of the corpus whose topic is read and folded."""
    for path in sorted((CORPUS / "shopify" / "docs").glob("*.json")):
        topic = path.stem.split("@")[0].replace("__", "/")
        if topic in TOPICS and TOPICS[topic][1] not in PRIVACY_TYPES:
            yield Hook(path.stem, topic, json.loads(path.read_text("utf-8")))
    for path in sorted((CORPUS / "shopify" / "derived_edge").glob("*.json")):
        resource, act = path.stem.split("__")[0].rsplit("_", 1)
        if f"{resource}/{act}" in TOPICS:
            yield Hook(path.stem, f"{resource}/{act}", json.loads(path.read_text("utf-8")))


def renamed(hook: Hook, number: int) -> Hook:
    """The same about somebody and something else: ids, tokens and addresses made distinct by `number`."""
    body = copy.deepcopy(hook.body)
    _rename(body, number)
    return Hook(f"{hook.name}#{number}", hook.topic, body)


def _rename(value: Any, number: int) -> None:
    if isinstance(value, list):
        for each in value:
            _rename(each, number)
    if not isinstance(value, dict):
        return
    kind = str(value.get("admin_graphql_api_id") or "").rpartition("/")[0]
    for key, held in value.items():
        if key in _ADDRESSES and held:
            value[key] = f"n{number}.{held}"
        elif key in _TOKENS and held:
            value[key] = f"{number:06d}{held}"
        elif key in ("id", "customer_id", "checkout_id", "order_id") and held:
            value[key] = 6_000_000_000_000 + number
        else:
            _rename(held, number)
    if kind:
        value["admin_graphql_api_id"] = f"{kind}/{6_000_000_000_000 + number}"


def retimed(hook: Hook, at: datetime) -> Hook:
    """The same with every time in it set to `at`."""
    return Hook(hook.name, hook.topic, _retime(hook.body, at.isoformat()))


def _retime(value: Any, at: str) -> Any:
    if isinstance(value, dict):
        return {key: _retime(held, at) for key, held in value.items()}
    if isinstance(value, list):
        return [_retime(held, at) for held in value]
    return at if isinstance(value, str) and _TIME.fullmatch(value) else value


@dataclass(frozen=True, slots=True)
class Expected:
    """What one body alone must lead to. `who` are the names by which `Shop.customer` finds the customer; empty when
    nobody is told of, or nothing about them is looked at.
    """

    who: Mapping[str, Any] = field(default_factory=dict)
    orders: int = 0
    subscribed: bool = False
    workflows: tuple[str, ...] = ()


def expected(hook: Hook) -> Expected:
    """For a body with times of now, about somebody of whom nothing else is known."""
    body, resource = hook.body, hook.topic.partition("/")[0]
    if resource == "fulfillments":
        return Expected({"email": body["email"]})  # nobody else is known: the order was never told
    if resource not in ("orders", "checkouts", "customers", "customers_email_marketing_consent"):
        return Expected()
    if resource == "customers":
        subscribed = _agrees(body)
        return Expected({"account": body["id"]}, 0, subscribed, ("welcome",) if subscribed else ())
    if resource == "customers_email_marketing_consent":
        subscribed = _agrees(body)
        return Expected({"account": body["customer_id"]}, 0, subscribed, ("welcome",) if subscribed else ())
    who = _buyer(body)
    if resource == "checkouts":
        left = bool(who) and Decimal(body["total_price"]) > 0 and not body.get("completed_at")
        return Expected(who, workflows=("abandoned-checkout",) if left else ())
    # Who ticks the box while ordering has bought: there is nothing to welcome them to.
    cancelled = hook.topic == "orders/cancelled" or bool(body.get("cancelled_at"))
    agrees = bool(who) and bool(body.get("buyer_accepts_marketing"))
    return Expected(who, 0 if cancelled or not who else 1, agrees)


def _agrees(body: Body) -> bool:
    return bool((body.get("email_marketing_consent") or {}).get("state") == "subscribed")


def _buyer(body: Body) -> dict[str, Any]:
    customer = body.get("customer") or {}
    if customer.get("id"):
        return {"account": customer["id"]}
    address = customer.get("email") or body.get("email") or body.get("contact_email")
    return {"email": address} if address else {}
