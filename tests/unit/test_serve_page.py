"""The function that serves pages only translates: the gateway's event to a request, whatever it holds."""

import base64
from typing import Any

import pytest

from functions.serve_page.handler import to_request


def gateway(path: str, names: dict[str, str] | None, **told: Any) -> dict[str, Any]:
    """An HTTP API request, payload 2.0."""
    http = {"method": told.pop("method", "GET"), "path": path, "sourceIp": "192.0.2.7"}
    return {"rawPath": path, "requestContext": {"http": http}, "pathParameters": names, **told}


@pytest.mark.parametrize(
    ("path", "names", "page", "token"),
    [
        ("/unsubscribe/k1.a.b", {"token": "k1.a.b"}, "unsubscribe", "k1.a.b"),
        ("/pages/preferences/k1.a.b", {"page": "preferences", "token": "k1.a.b"}, "preferences", "k1.a.b"),
        ("/pages/contact", {"page": "contact"}, "contact", ""),
        ("/unsubscribe/", None, "unsubscribe", ""),
    ],
)
def test_the_route_says_which_page(path: str, names: dict[str, str] | None, page: str, token: str) -> None:
    """And what the link's token is."""
    request = to_request(gateway(path, names))
    assert (request.method, request.page, request.token, request.origin) == ("GET", page, token, "192.0.2.7")
    assert (request.languages, dict(request.query), request.kind, request.body) == ("", {}, "", b"")


def test_headers_query_and_body_come_along() -> None:
    """Names of headers in small letters; the body decoded where the gateway encoded it."""
    told = {
        "method": "POST",
        "headers": {"Accept-Language": "ko", "Content-Type": "application/x-www-form-urlencoded"},
        "queryStringParameters": {"lang": "ja"},
    }
    names = {"page": "form", "token": "t"}
    plain = to_request(gateway("/pages/form/t", names, body="a=1", **told))
    assert (plain.method, plain.languages, dict(plain.query)) == ("POST", "ko", {"lang": "ja"})
    assert (plain.kind, plain.body) == ("application/x-www-form-urlencoded", b"a=1")
    encoded = base64.b64encode("a=한".encode()).decode()
    assert (
        to_request(gateway("/pages/form/t", names, body=encoded, isBase64Encoded=True)).body
        == "a=한".encode()
    )


@pytest.mark.parametrize("body", ["not base64!", "YQ", "한글"])
def test_a_body_that_cannot_be_decoded_is_no_form(body: str) -> None:
    """It is refused where a form is read, and not with an error here."""
    request = to_request(gateway("/pages/form/t", {"page": "form"}, body=body, isBase64Encoded=True))
    assert request.body == b"\xff"
