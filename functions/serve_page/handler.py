"""GET and POST /unsubscribe/{token}: an HTTP API event (payload 2.0) in, a page out."""

from typing import Any

from tidings import observe, wiring
from tidings.errors import Unavailable

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Serve the page behind a link. Only a POST changes anything."""
    token = str((event.get("pathParameters") or {}).get("token") or event["rawPath"].rsplit("/", 1)[-1])
    pages = wiring.pages()
    languages = str((event.get("headers") or {}).get("accept-language") or "")
    try:
        page = pages.unsubscribe(token, languages) if _is_post(event) else pages.ask(token, languages)
    except Unavailable as error:
        observe.logger().error("page", extra={"unavailable": str(error)})
        page = pages.later(languages)
    return {"statusCode": page.status, "headers": HEADERS, "body": page.html}


def _is_post(event: dict[str, Any]) -> bool:
    return bool(event["requestContext"]["http"]["method"] == "POST")
