"""The signature that shop platforms put beside a body: base64 of its HMAC-SHA-256, and nothing else is signed."""

import base64
import hmac
from collections.abc import Sequence

from tidings.errors import Unauthorized
from tidings.sources.request import Request


def verify_body(request: Request, header: str, keys: Sequence[str], mend: str) -> None:
    """Raise Unauthorized, with the `mend`, unless what the header holds is the raw body's under one of the keys; empty
    ones are none.

    There is no time in the signature: a body may be replayed, and is then one event, as its id names the fact.
    """
    usable = [key for key in keys if key]
    if not usable:
        raise Unauthorized(f"no secret is set for source {request.source}: the operator must put it into SSM")
    given = request.headers.get(header.lower(), "").encode("utf-8", "replace")
    # All keys are tried: the time that it takes does not tell which one held.
    matches = [hmac.compare_digest(_signature(key, request.body), given) for key in usable]
    if not any(matches):
        raise Unauthorized(f"{header} does not match the body: {mend}")


def _signature(key: str, body: bytes) -> bytes:
    return base64.b64encode(hmac.digest(key.encode(), body, "sha256"))
