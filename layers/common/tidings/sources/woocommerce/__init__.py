"""WooCommerce webhooks: the ping, the signature, the topics, and the facts in a body.

WooCommerce signs the raw body and nothing else: topic, resource, event and source in headers are anybody's word. So
the body must have the shape of its topic, and times are the body's. It delivers each thing once and never again, and
gives a webhook up after more than five answers in a row that are no success: what is genuine and can't be read is set
aside instead of refused. Source: woocommerce/woocommerce, includes/class-wc-webhook.php (`deliver`,
`generate_signature`, `deliver_ping`, `failed_delivery`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final

from tidings.errors import BadInput
from tidings.events import Event
from tidings.sources import reading
from tidings.sources.naming import Fact
from tidings.sources.request import Request, Source
from tidings.sources.signature import verify_body
from tidings.sources.woocommerce import orders, people, products, shapes

Reader = Callable[[Mapping[str, Any], bytes], list[Fact]]

TOPICS: Final = MappingProxyType[str, tuple[str, Reader]](
    {
        "order.created": ("order", orders.created),
        "order.updated": ("order", orders.updated),
        "order.restored": ("order", orders.updated),
        "customer.created": ("customer", people.created),
        "customer.updated": ("customer", people.updated),
        "product.created": ("product", products.product),
        "product.updated": ("product", products.product),
        "product.restored": ("product", products.product),
        "product.deleted": ("deletion", products.deletion),
    }
)
"""Topic → the shape its body must have, and who reads it. All others are ignored: coupons tell of nobody, an order in
the bin is the shop's tidying up, and a user who was deleted has not asked to be forgotten."""

_PING = re.compile(rb"webhook_id=[0-9]{1,20}", re.ASCII)
_ENTITY = re.compile("&(?:lt|gt|amp|quot|#0*(?:34|38|39|60|62)|#[xX]0*(?:22|26|27));")
_NAMED: Final = MappingProxyType({"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'})


class WooCommerce(Source):
    """The source `woocommerce`."""

    keeps_unread: ClassVar[bool] = True

    def greets(self, request: Request) -> bool:
        """The ping when a webhook is saved: `webhook_id=5`, a form, unsigned. Anything but 200 refuses the webhook."""
        signed = "x-wc-webhook-signature" in request.headers
        return not signed and _PING.fullmatch(request.body.strip()) is not None

    def secrets(self, told: str) -> list[str]:
        """One of each line: a secret that WooCommerce made by itself may hold spaces, and a piece of it could be
        guessed."""
        return [secret for line in told.splitlines() if (secret := line.strip())]

    def verify(self, request: Request, secrets: Sequence[str], machine_now: datetime) -> None:
        """Raise Unauthorized unless `X-WC-Webhook-Signature` is the raw body's under one of the secrets."""
        verify_body(
            request,
            "X-WC-Webhook-Signature",
            [decoded(secret) for secret in secrets],
            "enter the current secret in the webhook",
        )

    def parse(self, request: Request, received_at: datetime, address_key: bytes) -> list[Event]:
        """The facts in a body, none for a topic not read or when nothing is told; BadInput for a body of another
        shape."""
        topic = request.headers.get("x-wc-webhook-topic", "").strip().lower()
        if not topic:
            raise BadInput("the header X-WC-Webhook-Topic is missing: it says what the body is")
        if topic not in TOPICS:
            return []
        shape, read = TOPICS[topic]
        body = reading.json_object(request.body)
        shapes.check(topic, shape, body)
        return [fact.event("woocommerce", received_at) for fact in read(body, address_key)]


def decoded(secret: str) -> str:
    """The key that WooCommerce signs with: the secret as it is stored, with the entities of the characters that HTML
    escapes decoded once (`wp_specialchars_decode`). A secret without `&` is its own key."""
    return _ENTITY.sub(lambda found: _character(found[0]), secret)


def _character(entity: str) -> str:
    if entity in _NAMED:
        return _NAMED[entity]
    digits = entity[2:-1]
    return chr(int(digits[1:], 16) if digits[0] in "xX" else int(digits))
