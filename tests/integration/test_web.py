"""An operator's requests over HTTP, on the loopback address."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from infra.deploy import web
from infra.deploy.errors import DeployError


def test_a_key_goes_to_the_address_it_is_for_and_to_no_other() -> None:
    """A shop that redirects is told so to the operator: what it points to never sees the key."""
    asked: list[tuple[str, str | None]] = []

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("authorization")))
            self.send_response(302)
            self.send_header("location", "/elsewhere")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Shop) as shop:
        threading.Thread(target=shop.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{shop.server_port}/orders"
        for answer in (
            web.get(address, {"authorization": "Basic key"}),
            web.post(address, b"{}", {"authorization": "Basic key"}),
        ):
            assert (answer.status, answer.json) == (302, {})
        shop.shutdown()
    assert asked == [("/orders", "Basic key")] * 2


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://shop.example/"])
def test_only_the_web_is_asked(address: str) -> None:
    """Not a file, nor anything else that Python could open."""
    with pytest.raises(DeployError, match="no address of the web"):
        web.get(address, {})
