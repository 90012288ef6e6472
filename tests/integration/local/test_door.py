"""The demo shop's door over a real loopback socket: repeats like Shopify's, and an end to patience."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.local.errors import LocalError
from infra.local.wire import RETRY_SECONDS, Door, Webhook, raw_signature

WEBHOOK = Webhook(
    datetime(2027, 2, 27, tzinfo=UTC), "shopify", "orders/create", '{"id":1,"n":"é"}'.encode(), "e1"
)


@dataclass
class Shopfront:
    """What answers the door: these statuses in turn, then 200."""

    statuses: list[int] = field(default_factory=list)
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front: Shopfront

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.front.seen.append((self.path, dict(self.headers.items()), body))
        status = self.front.statuses.pop(0) if self.front.statuses else 200
        answer = json.dumps(
            {"accepted": 1, "duplicate": 0} if status == 200 else {"error": "not now"}
        ).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def front() -> Iterator[Shopfront]:
    """A door that answers."""
    made = Shopfront()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Answering,), {"front": made}))
    server.daemon_threads = True
    made.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def _door(front: Shopfront, pauses: list[float]) -> Door:
    return Door(f"http://127.0.0.1:{front.port}/stage/", {"shopify": "new old", "events": ""}, pauses.append)


def test_a_webhook_is_repeated_until_it_is_taken(front: Shopfront) -> None:
    """Each attempt is signed over the same raw bytes; the pauses grow; the figures come from the answer."""
    pauses: list[float] = []
    front.statuses = [503, 429]
    door = _door(front, pauses)
    door.deliver(WEBHOOK)
    assert [path for path, _, _ in front.seen] == ["/stage/webhooks/shopify"] * 3
    assert {body for _, _, body in front.seen} == {WEBHOOK.body}
    assert {head["X-Shopify-Hmac-Sha256"] for _, head, _ in front.seen} == {
        raw_signature("new", WEBHOOK.body)
    }
    assert len({head["X-Shopify-Webhook-Id"] for _, head, _ in front.seen}) == 3
    assert pauses == list(RETRY_SECONDS[:2])
    assert (door.answers.accepted, door.answers.duplicate, door.answers.retried) == (1, 0, 2)


def test_patience_ends(front: Shopfront) -> None:
    """After eight repeats the run fails with what the door said."""
    front.statuses = [503] * 20
    with pytest.raises(LocalError, match=r"orders/create was refused to the end \(503 .*not now"):
        _door(front, []).deliver(WEBHOOK)
    assert len(front.seen) == 1 + len(RETRY_SECONDS)


def test_a_door_that_is_gone_is_tried_again() -> None:
    """No answer at all counts like a refusal."""
    with pytest.raises(LocalError, match=r"refused to the end \(0 "):
        Door("http://127.0.0.1:9", {"shopify": "s"}, lambda seconds: None).deliver(WEBHOOK)


def test_one_click_is_one_post_of_the_standards_form(front: Shopfront) -> None:
    """RFC 8058: POST with `List-Unsubscribe=One-Click` to the address in the header."""
    status = _door(front, []).unsubscribe(f"http://127.0.0.1:{front.port}/unsubscribe/token?x=1")
    [(path, head, body)] = front.seen
    assert (status, path, body) == (200, "/unsubscribe/token?x=1", b"List-Unsubscribe=One-Click")
    assert head["Content-Type"] == "application/x-www-form-urlencoded"
