"""Any shop's own events: signed after the Standard Webhooks specification, shaped after
`docs/events.schema.json`.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. Unlike a shop platform's,
this sender can mend what it sends: what cannot be read is refused with the key that is wrong.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tidings.errors import BadInput, Unauthorized
from tidings.events import (
    CHECKOUT_TYPES,
    ORDER_TYPES,
    PRIVACY_TYPES,
    Event,
    account_alias,
    fact_time,
    token_alias,
)
from tidings.sources import details, reading
from tidings.sources.naming import Who, opaque, who
from tidings.sources.request import Request, Source

TOLERANCE_SECONDS: Final = 300
"""How far `webhook-timestamp` may be from the machine's clock; the specification's advice."""

RESERVED: Final = re.compile(r"mail_.*|due|opt_in_requested|product_(?!viewed$).*|shop_erasure_requested")
"""Types that only Tidings itself or a shop platform's catalogue tells."""

PLATFORMS: Final = ("events", "shopify", "woocommerce")
"""Whose customers, carts, orders and products an event may name."""

_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Standard(Source):
    """The source `events`."""

    def verify(self, request: Request, secrets: Sequence[str], machine_now: datetime) -> None:
        """Raise Unauthorized unless a `v1` signature of id, time and raw body holds and the time is near."""
        keys = [key for secret in secrets if (key := _key(secret))]
        if not keys:
            raise Unauthorized(
                "no usable secret is set for source events: the operator must put one into SSM"
            )
        delivery = request.headers.get("webhook-id", "")
        time = request.headers.get("webhook-timestamp", "")
        if not delivery or not re.fullmatch("[0-9]{1,12}", time):
            raise Unauthorized("the headers webhook-id and webhook-timestamp (seconds since 1970) are needed")
        signed = f"{delivery}.{time}.".encode("utf-8", "replace") + request.body
        given = [
            part.removeprefix("v1,").encode("utf-8", "replace")
            for part in request.headers.get("webhook-signature", "").split()
            if part.startswith("v1,")
        ]
        wanted = [base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
        matches = [hmac.compare_digest(key, signature) for key in wanted for signature in given]
        if not any(matches):
            raise Unauthorized(
                "webhook-signature does not match: sign `id.timestamp.body` with the current secret"
            )
        if abs(machine_now.timestamp() - int(time)) > TOLERANCE_SECONDS:
            raise Unauthorized(
                "webhook-timestamp is over five minutes off: sign each attempt anew, with the time of it"
            )

    def parse(self, request: Request, received_at: datetime, address_key: bytes) -> list[Event]:
        """The one event of a body; BadInput names the key that is wrong.

        Its id is `data.id`, which names the fact, else the delivery's `webhook-id`, which retries keep.
        """
        body = reading.json_object(request.body)
        event_type, platform = _type(body.get("type")), _platform(body.get("platform"))
        claimed = details.moment("timestamp", body.get("timestamp"))
        data = body.get("data")
        if not isinstance(data, dict):
            raise BadInput("data must be an object: who it concerns and what happened")
        name = details.identifier("data.id", data.get("id"))
        name = name or reading.identifier(request.headers.get("webhook-id"))
        if name is None:
            raise BadInput(
                "webhook-id is too long or holds control characters: use at most 128 plain characters"
            )
        at, dated = fact_time(claimed, received_at)
        person = _who(event_type, platform, data, address_key)
        return [
            Event(
                id=f"events:{event_type}:{opaque(name, address_key)}",
                type=event_type,
                at=at,
                received_at=received_at,
                source=platform,
                identity=person.identity,
                aliases=person.aliases,
                names_customer=person.names_customer,
                dated=dated,
                properties={} if event_type in PRIVACY_TYPES else _properties(event_type, data, at),
            )
        ]


def _key(secret: str) -> bytes:
    """The key in `whsec_<base64>`, empty when there is none. Base64 may have lost its `=`: signers read it, too."""
    text = secret.strip().removeprefix("whsec_").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _type(value: object) -> str:
    if not isinstance(value, str) or not _TYPE.fullmatch(value):
        raise BadInput("type must be lower-case letters, digits and _, a letter first: profile_updated")
    if RESERVED.fullmatch(value):
        raise BadInput(
            "type is one that Tidings tells itself (mail_…, opt_in_…, product_…, shop_…, due): use another"
        )
    return value


def _platform(value: object) -> str:
    """Whose ids the body names: the sender's own, or those of the platform whose webhooks come beside."""
    if value is None:
        return PLATFORMS[0]
    if not isinstance(value, str) or value not in PLATFORMS:
        raise BadInput(f"platform must be one of {', '.join(PLATFORMS)}, or left out")
    return value


def _who(event_type: str, platform: str, data: Mapping[str, Any], key: bytes) -> Who:
    customer = details.nested("data.customer", data.get("customer"))
    account = details.identifier("data.customer.id", customer.get("id"))
    tokens = [
        token_alias(platform, kind, token)
        for kind, name in (("checkout", "checkout"), ("cart", "cart"), ("order", "order_id"))
        if (token := details.identifier(f"data.{name}", data.get(name)))
    ]
    if len(tokens) > 1 and data.get("order_id"):
        tokens.pop()  # an order's own token serves only where there is no other
    person = who(
        account=account_alias(platform, opaque(account, key)) if account else None,
        email=reading.address(customer.get("email")),
        contact=reading.address(data.get("email")),
        tokens=tokens,
        key=key,
    )
    if person is None:
        raise BadInput(
            "data names nobody: give data.customer an id or a usable email, else data.checkout or data.cart"
        )
    if event_type in PRIVACY_TYPES and not person.names_customer:
        raise BadInput(f"data.customer is missing: {event_type} needs its id or a usable email")
    if event_type in ORDER_TYPES and not data.get("order_id"):
        raise BadInput(f"data.order_id is missing: {event_type} is counted by order")
    if event_type in CHECKOUT_TYPES and not data.get("checkout"):
        raise BadInput(f"data.checkout is missing: {event_type} needs the checkout's token")
    return person


def _properties(event_type: str, data: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    properties = details.properties(data, at, event_type)
    told = reading.stamp(at)
    if event_type in ("subscribed", "unsubscribed"):
        properties["consent"] = {"state": event_type, "at": told}
    elif event_type == "order_placed":
        properties.setdefault("placed_at", told)
    elif event_type == "checkout_started":
        properties.setdefault("started_at", told)
    return properties
