"""Signed links for recipients. A token carries ids, a key id and a signature: no address, nothing to forge.

Keys for unsubscribing never retire: a link in a mail of years ago still works.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidings.errors import NotFound

PURPOSE = b"unsubscribe\n"


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Who unsubscribes: the customer, the alias of the address that got the mail, and the mail it was."""

    customer: str
    address: str
    send: str


def parse_keys(words: Iterable[str]) -> dict[str, bytes]:
    """Keys by id from words `id:secret`, the first of which signs. A word without a secret is no key."""
    pairs = (word.partition(":") for word in words)
    return {key_id: secret.encode() for key_id, _, secret in pairs if key_id and secret}


def unsubscribe_token(link: Unsubscribe, keys: Mapping[str, bytes]) -> str:
    """A token for one person and mail, signed with the first key. Raises ValueError without a key."""
    if not keys:
        raise ValueError("no key to sign links with: set the parameter /keys/links")
    key_id, key = next(iter(keys.items()))
    body = f"{key_id}.{_encode(_pack(link))}"
    return f"{body}.{_encode(_sign(body, key))}"


def read_unsubscribe(token: str, keys: Mapping[str, bytes]) -> Unsubscribe:
    """What a token says. Raises `NotFound` when it was not signed by one of `keys`, whatever is wrong with it."""
    try:
        body, _, signature = token.rpartition(".")
        key_id, _, payload = body.rpartition(".")  # an operator's key id may hold a dot; a payload has none
        key = keys[key_id]
        if not hmac.compare_digest(_decode(signature), _sign(body, key)):
            raise ValueError("signature")
        if _encode(_decode(signature)) != signature:
            raise ValueError("spelling")  # base64 has several spellings of one value; one link is one text
        customer, address, send = _decode(payload).decode().split("\n")
    except (KeyError, ValueError, binascii.Error):
        raise NotFound("this link was not made by this shop, or was cut short: copy it whole") from None
    return Unsubscribe(customer, address, send)


def _pack(link: Unsubscribe) -> bytes:
    return f"{link.customer}\n{link.address}\n{link.send}".encode()


def _sign(body: str, key: bytes) -> bytes:
    return hmac.new(key, PURPOSE + body.encode(), hashlib.sha256).digest()[:20]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("not ASCII")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
