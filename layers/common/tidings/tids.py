"""Tids: signed tokens that tell a page of the shop who is looking, without an address in them.

`<key id>.<who>.<expires>.<signature>`: who is `customer:<id>` (our links in mails) or `<platform>:customer:<account>`
(the shop's own backend), expires whole epoch seconds, and the signature the hex of HMAC-SHA-256 over `tid.` and all
that stands before it. Plain text, so that a template language with nothing but an HMAC filter can make one.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

LIMIT: Final = 512
"""Characters of a tid that is looked at."""

SHORT: Final = 32
"""Digits of a signature that are enough, and keep links in mails short; a backend may give all 64."""

_WHO: Final = re.compile(
    r"customer:[0-9a-zA-Z_-]{1,64}|(shopify|woocommerce|events):customer:[^\x00-\x20\x7f]{1,128}"
)


def make_tid(who: str, expires: datetime, keys: Mapping[str, bytes]) -> str:
    """A token for somebody, signed with the first key. Raises ValueError without a key or for no such name."""
    if not keys or not _WHO.fullmatch(who):
        raise ValueError("a tid needs a key and the name of a customer or account")
    key_id, key = next(iter(keys.items()))
    told = f"{key_id}.{who}.{int(expires.timestamp())}"
    return f"{told}.{_sign(told, key)[:SHORT]}"


def read_tid(token: object, keys: Mapping[str, bytes], now: datetime) -> str | None:
    """Whom a token names; None for one that no key signed, that has expired, or that is none at all."""
    if not isinstance(token, str) or len(token) > LIMIT:
        return None
    told, _, signature = token.rpartition(".")
    named, _, expires = told.rpartition(".")
    for key_id, key in keys.items():
        if not named.startswith(f"{key_id}.") or not re.fullmatch("[0-9]{1,12}", expires):
            continue
        who = named[len(key_id) + 1 :]
        written = (
            signature.lower() if signature.isupper() else signature
        )  # no third way: one token is one text
        given = written.encode("utf-8", "replace")
        signed = _sign(told, key).encode()
        wanted = signed[:SHORT] if len(given) == SHORT else signed
        if hmac.compare_digest(wanted, given) and _WHO.fullmatch(who):
            return who if now.timestamp() < int(expires) else None
    return None


def _sign(told: str, key: bytes) -> str:
    return hmac.new(key, f"tid.{told}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
