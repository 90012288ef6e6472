"""Event: the one shape in which every fact enters, and the vocabulary of its types.

A source translates a foreign fact into an Event and knows nothing of what follows; everything that follows
knows nothing of the source. No pydantic here: `receive_webhook` starts with this module.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tidings.errors import Unavailable

TYPES: Final = frozenset(
    {
        "subscribed",
        "unsubscribed",
        "opt_in_requested",
        "preferences_changed",
        "customer_registered",
        "profile_updated",
        "product_viewed",
        "cart_updated",
        "checkout_started",
        "checkout_updated",
        "order_placed",
        "order_paid",
        "order_fulfilled",
        "order_delivered",
        "order_cancelled",
        "order_refunded",
        "shipment_delayed",
        "review_posted",
        "lead_captured",
        "referral_succeeded",
        "form_answered",
        "back_in_stock_requested",
        "product_available",
        "mail_sent",
        "mail_delivered",
        "mail_delayed",
        "mail_opened",
        "mail_clicked",
        "mail_bounced",
        "mail_complained",
        "mail_rejected",
        "mail_other",
        "due",
        "product_updated",
        "product_deleted",
        "data_requested",
        "erasure_requested",
        "shop_erasure_requested",
    }
)
"""The types that Tidings itself understands; a shop's own are declared in `shop.yaml`."""

CHECKOUT_TYPES: Final = frozenset({"checkout_started", "checkout_updated"})
ORDER_TYPES: Final = frozenset(
    {"order_placed", "order_paid", "order_fulfilled", "order_delivered", "order_cancelled", "order_refunded"}
)
TOKEN_KINDS: Final = frozenset({"checkout", "cart", "order", "visitor", "message"})
"""Kinds of aliases that name no person."""

PAGE_TYPES: Final = frozenset({"product_viewed", "cart_updated"})
"""What the shop's own pages may tell (`POST /track`)."""

TRACK_KEY: Final = "/webhooks/track"
"""Parameter: the publishable key of the shop's pages; two stand there while one replaces the other."""

TID_KEYS: Final = "/keys/track"
"""Parameter: the keys of tids, `id:secret`; the first signs."""

PAGES: Final = "track"
"""What the ids of events from the shop's pages begin with."""

PLACING_TYPES: Final = frozenset({"order_placed", "order_paid", "order_cancelled"})
"""Events that prove an order, even without a word on when it was placed. A refund or a parcel only belongs to one."""

PRODUCT_TYPES: Final = frozenset({"product_updated", "product_deleted"})

PRIVACY_TYPES: Final = frozenset({"data_requested", "erasure_requested", "shop_erasure_requested"})
"""What a person, or a whole shop, asks of what is kept about them. Nothing of it is folded, no workflow sees it."""

MAX_CLOCK_SKEW_SECONDS: Final = 300
"""A fact may claim to come this far from the future; beyond, it counts as of its receipt."""

ADDRESS_KEY: Final = "/keys/address"
"""Parameter: the key of address aliases. It never changes, or customers would no longer be recognised."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fact.

    `id` names the fact, not its delivery. `identity` is whom it concerns, as far as the source could tell, and the
    partition it is stored in; `aliases` are all names the body gives for that customer, `identity` among them.
    `names_customer` tells that the body carried a customer object, which alone may merge two customers.
    `at` is the time of the fact (the body's, UTC); `dated` is false when the body had none and `at` is the receipt.
    `properties` hold plain JSON values; money is a decimal string.
    """

    id: str
    type: str
    at: datetime
    received_at: datetime
    source: str
    identity: str
    aliases: tuple[str, ...] = ()
    names_customer: bool = False
    dated: bool = True
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is named: the event waits under its token until somebody is."""
        return all(is_token(alias) for alias in (self.identity, *self.aliases))

    @property
    def key(self) -> str:
        """The event's place in the Events table as one string, `identity|id`."""
        return f"{self.identity}|{self.id}"


def account_alias(source: str, customer_id: object) -> str:
    """The alias of a customer's account at a source: `shopify:customer:123`."""
    return f"{source}:customer:{customer_id}"


def token_alias(source: str, kind: str, token: object) -> str:
    """The alias of something nobody may have put a name to yet: kind is `checkout`, `cart`, `order` or `visitor`."""
    return f"{source}:{kind}:{token}"


def is_token(alias: str) -> bool:
    """Whether an alias names a checkout, cart, order or browser rather than a person."""
    return kind_of(alias) in TOKEN_KINDS


def kind_of(alias: str) -> str:
    """`customer`, `checkout`, `cart`, `order` or `visitor`: the middle of `source:kind:name`; empty for others."""
    parts = alias.split(":", 2)
    return parts[1] if len(parts) == 3 else ""


def is_signed_page(event: "Event") -> bool:
    """Whether a page told the event of somebody whom a signed token named."""
    return event.id.startswith(f"{PAGES}:") and not is_token(event.identity)


def is_machine(event: "Event") -> bool:
    """Whether no person did it: pictures that a mail program fetched, links that a scanner followed."""
    return bool(event.properties.get("machine")) and event.type in ("mail_opened", "mail_clicked")


def order_token(event: "Event") -> str | None:
    """The token of the order that an event is about."""
    number = event.properties.get("order_id")
    return token_alias(event.source, "order", number) if number else None


def pointer(event: "Event") -> str | None:
    """The token that an event gives an owner to: it is found by it when a fact of that token names nobody.

    An order placed points from the order, a known customer's checkout from its cart; who asked for a product is found
    by the product. Others claim their tokens, or tell nothing new.
    """
    if event.type == "back_in_stock_requested":
        return product_identity(event.source, event.properties.get("product_id"))
    if event.is_anonymous:
        return None
    if event.type == "order_placed":
        return order_token(event)
    if event.type == "checkout_started" and event.names_customer and event.properties.get("cart"):
        return token_alias(event.source, "cart", event.properties["cart"])
    return None


def customer_identity(customer: str) -> str:
    """The identity of events that Tidings itself appends about a customer it knows by id."""
    return f"customer:{customer}"


def product_identity(source: str, product_id: object) -> str:
    """The identity of a product's events."""
    return f"{source}:product:{product_id}"


def shop_identity(source: str, shop_id: object) -> str:
    """The identity of what concerns a whole shop."""
    return f"{source}:shop:{shop_id}"


def normalize_address(address: str) -> str:
    """An e-mail address as it is compared: NFC, no surrounding space, lower case throughout.

    RFC 5321 lets the local part be case sensitive; no provider in use is, and shops store both spellings.
    """
    return unicodedata.normalize("NFC", address.strip()).lower()


def address_alias(address: str, key: bytes) -> str:
    """The alias of an e-mail address: a keyed hash (HMAC-SHA-256, 128 bits), so that no table key holds the address."""
    if not key:
        raise ValueError("the address key is empty")
    digest = hmac.new(key, normalize_address(address).encode(), hashlib.sha256).hexdigest()
    return f"email:{digest[:32]}"


def only_key(words: Sequence[str]) -> bytes:
    """The key of address aliases from its parameter's words. Raises Unavailable until the operator has set it."""
    if not words:
        raise Unavailable(f"the parameter {ADDRESS_KEY} is not set: without it nobody can be recognised")
    return words[0].encode()


def fact_time(claimed: datetime | None, received_at: datetime) -> tuple[datetime, bool]:
    """(`at`, `dated`) for a fact that claims a time: one from the future counts as of its receipt."""
    if claimed is None:
        return received_at, False
    claimed = claimed.astimezone(UTC)
    if (claimed - received_at).total_seconds() > MAX_CLOCK_SKEW_SECONDS:
        return received_at, True
    return claimed, True
