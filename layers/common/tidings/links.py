"""Signed links for recipients. A token carries ids, a key id and a signature: no address, nothing to forge.

What a link is for is signed with it: a link to one page opens no other. Keys that ever signed never retire: a link in
a mail of years ago still works.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tidings.errors import NotFound

UNSUBSCRIBE: Final = "unsubscribe"
PURPOSES: Final = frozenset({UNSUBSCRIBE, "preferences", "confirm", "form", "review"})
"""What links are for: each a page, of which `form` has many."""

LONGEST: Final = 1500
"""Characters of a token that are looked at; the longest that is made has a few hundred."""


@dataclass(frozen=True, slots=True)
class Link:
    """Who may do what: the customer, the alias of the address that got the mail, and the mail it was.

    `extra` is the name of a form, or what is reviewed; a link to unsubscribe has none.
    """

    purpose: str
    customer: str
    address: str
    send: str
    extra: str = ""


def parse_keys(words: Iterable[str]) -> dict[str, bytes]:
    """Keys by id from words `id:secret`, the first of which signs. A word without a secret is no key."""
    pairs = (word.partition(":") for word in words)
    return {key_id: secret.encode() for key_id, _, secret in pairs if key_id and secret}


def make_link(link: Link, keys: Mapping[str, bytes]) -> str:
    """A token for one person, mail and purpose, signed with the first key. Raises ValueError without a key."""
    if not keys:
        raise ValueError("no key to sign links with: set the parameter /keys/links")
    key_id, key = next(iter(keys.items()))
    body = f"{key_id}.{_encode(_pack(link))}"
    return f"{body}.{_encode(_sign(link.purpose, body, key))}"


def read_link(token: str, purpose: str, keys: Mapping[str, bytes]) -> Link:
    """What a token says. Raises `NotFound` when it was not signed for `purpose` by one of `keys`, whatever is wrong
    with it."""
    try:
        if len(token) > LONGEST:
            raise ValueError("length")
        body, _, signature = token.rpartition(".")
        key_id, _, payload = body.rpartition(".")  # an operator's key id may hold a dot; a payload has none
        key = keys[key_id]
        if not hmac.compare_digest(_decode(signature), _sign(purpose, body, key)):
            raise ValueError("signature")
        if _encode(_decode(signature)) != signature:
            raise ValueError("spelling")  # base64 has several spellings of one value; one link is one text
        customer, address, send, *extra = _decode(payload).decode().split("\n")
        if len(extra) != (purpose != UNSUBSCRIBE):
            raise ValueError("parts")
    except (KeyError, ValueError, binascii.Error):
        raise NotFound("this link was not made by this shop, or was cut short: copy it whole") from None
    return Link(purpose, customer, address, send, *extra)


@dataclass(frozen=True, slots=True)
class Doors:
    """The addresses of the pages for one recipient of one mail. `base` has no slash at its end."""

    base: str
    customer: str
    address: str
    send: str
    keys: Mapping[str, bytes]

    def url(self, purpose: str, extra: str = "") -> str:
        """The address of a page."""
        token = make_link(Link(purpose, self.customer, self.address, self.send, extra), self.keys)
        return f"{self.base}/{UNSUBSCRIBE if purpose == UNSUBSCRIBE else f'pages/{purpose}'}/{token}"


def _pack(link: Link) -> bytes:
    parts = [link.customer, link.address, link.send]
    if link.purpose != UNSUBSCRIBE:  # whose form is that of the first links
        parts.append(link.extra)
    elif link.extra:
        raise ValueError("a link to unsubscribe carries nothing else")
    if link.purpose not in PURPOSES or any("\n" in part for part in parts):
        raise ValueError(f"no such link: {link.purpose!r}")
    return "\n".join(parts).encode()


def _sign(purpose: str, body: str, key: bytes) -> bytes:
    return hmac.new(key, f"{purpose}\n{body}".encode(), hashlib.sha256).digest()[:20]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("not ASCII")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
