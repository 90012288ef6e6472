"""GET and POST of /unsubscribe/{token}, /pages/{page}/{token} and /pages/{page}: an HTTP API event (payload 2.0) in,
a page out.
"""

import base64
import binascii
from typing import Any

from tidings import observe, wiring
from tidings.links import UNSUBSCRIBE
from tidings.pages import Request


@observe.discreet
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Serve a page. Only a POST changes anything."""
    page = wiring.pages().serve(to_request(event))
    if page.about:
        observe.logger().error("page", extra={"unavailable": page.about})
    return {"statusCode": page.status, "headers": dict(page.headers), "body": page.html}


def to_request(event: dict[str, Any]) -> Request:
    """The request as it was sent."""
    http = event["requestContext"]["http"]
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    path = {str(name): str(value) for name, value in (event.get("pathParameters") or {}).items()}
    return Request(
        method=http["method"],
        page=path.get("page", UNSUBSCRIBE),  # whose route names no page
        token=path.get("token", ""),
        languages=headers.get("accept-language", ""),
        query={str(name): str(value) for name, value in (event.get("queryStringParameters") or {}).items()},
        kind=headers.get("content-type", ""),
        body=_body(event),
        origin=str(http.get("sourceIp") or ""),
    )


def _body(event: dict[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    try:
        return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError):
        return b"\xff"  # which no form is
