"""When a form was shown, signed: a machine fills it in within a second, and a copy of last week's is somebody's script.

On the machine's clock. The stamp also tells one showing from the next: what is sent twice from one is one fact.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

QUICKEST: Final = 2
"""Seconds under which nobody has read, typed and sent."""

OLDEST: Final = 24 * 3600
"""Seconds after which a form is shown anew, with what was typed."""

Verdict = Literal["good", "quick", "old"]


def make(page: str, machine_now: datetime, keys: Mapping[str, bytes], nonce: str = "") -> str:
    """A stamp for one showing of a page, signed with the first key."""
    key = next(iter(keys.values()), None)
    if key is None:
        raise ValueError("no key to sign forms with: set the parameter /keys/links")
    body = f"{int(machine_now.timestamp())}-{nonce or secrets.token_hex(4)}"
    return f"{body}-{_sign(page, body, key)}"


def verdict(stamp: str, page: str, machine_now: datetime, keys: Mapping[str, bytes]) -> Verdict:
    """How long ago the form was shown. One that this shop never signed, or for another page, is `old`: the form is
    shown again and costs nobody what they typed."""
    body, _, signature = stamp[:200].rpartition("-")
    given = signature.encode("utf-8", "replace")
    if not any(hmac.compare_digest(_sign(page, body, key).encode(), given) for key in keys.values()):
        return "old"
    age = machine_now.timestamp() - int(body.partition("-")[0])
    if age < QUICKEST:
        return "quick"
    return "good" if age <= OLDEST else "old"


def _sign(page: str, body: str, key: bytes) -> str:
    digest = hmac.new(key, f"form\n{page}\n{body}".encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:15]).decode().replace("-", "~")
