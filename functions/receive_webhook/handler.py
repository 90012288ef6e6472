"""POST /webhooks/{source} and POST /track: an HTTP API event (payload 2.0) in, the answer out."""

import base64
import binascii
import json
from typing import Any

from tidings import observe, wiring
from tidings.errors import BadInput
from tidings.intake.ingest import Answer, refuse
from tidings.sources import SOURCES, Request

PAGES = "POST /track"


@observe.discreet
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one delivery."""
    source = ""
    try:
        request = to_request(event)
        source = request.source
        door = wiring.track() if event.get("routeKey") == PAGES else wiring.ingest()
        answer = door.receive(request)
    except BadInput as error:
        answer = refuse(error)
    observe.count(answer.counts)
    _log(answer, source)
    if answer.status == 204:
        return {"statusCode": 204}
    return {
        "statusCode": answer.status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(answer.body),
    }


def to_request(event: dict[str, Any]) -> Request:
    """The delivery as it was sent; BadInput when the gateway's base64 does not hold."""
    source = (event.get("pathParameters") or {}).get("source") or event.get("rawPath", "").rsplit("/", 1)[-1]
    body: str = event.get("body") or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError):
        raise BadInput("the body could not be decoded: send JSON in UTF-8") from None
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    return Request(source=str(source), headers=headers, body=raw)


def _log(answer: Answer, source: str) -> None:
    level = "error" if answer.status >= 500 else "warning" if answer.status >= 400 else "info"
    known = {"source": source} if source in SOURCES else {}  # a stranger may ask for anything
    getattr(observe.logger(), level)("webhook", extra={"status": answer.status, **known, **answer.about})
