"""GET, HEAD and POST of /unsubscribe/{token}, /pages/{page}/{token} and /pages/{page}: an HTTP API event (payload 2.0)
in, a page out.
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
    headers = {name.lower(): value for name, value in _texts(event.get("headers")).items()}
    path = _texts(event.get("pathParameters"))
    return Request(
        method=http["method"],
        page=path.get("page", UNSUBSCRIBE),  # whose route names no page
        token=path.get("token", ""),
        languages=headers.get("accept-language", ""),
        query=_texts(event.get("queryStringParameters")),
        kind=headers.get("content-type", ""),
        body=_body(event),
        origin=str(http.get("sourceIp") or ""),
    )


def _texts(told: dict[str, Any] | None) -> dict[str, str]:
    """Names and values without half characters, which no page could write again."""
    return {_whole(name): _whole(value) for name, value in (told or {}).items()}


def _whole(text: object) -> str:
    return str(text).encode("utf-8", "replace").decode()


def _body(event: dict[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    try:
        return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError):
        return b"\xff"  # which no form is
