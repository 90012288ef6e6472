"""A loopback stand-in for SESv2's address: keeps every mail, hands it on to the embedded AWS, and shows the
inbox.

`python -m infra.local.recorder --port P --forward URL [--dir build/run] [--outputs build/local/outputs.json]`

The functions' SESv2 client calls this address. Each request goes on to the embedded AWS as it came, so that
its IAM check holds; only what was accepted there is recorded, and then the mail world (`mailworld`) hears of
it.
"""

import argparse
import contextlib
import http.client
import json
import sys
import threading
import time
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from infra.local import pictures
from infra.local.mailbox import Mailbox, Recorded, parts
from infra.local.mailworld import MailWorld
from infra.local.outputs import Outputs
from infra.local.timekeeper import Timekeeper

if TYPE_CHECKING:
    from infra.local.records import Records

SEND_PATH: Final = "/v2/email/outbound-emails"
ACCOUNT_PATH: Final = "/v2/email/account"
QUOTA: Final = {"Max24HourSend": 10_000_000.0, "MaxSendRate": 1000.0, "SentLast24Hours": 0.0}
"""What the account may send here: a day of the demo is seconds, and the quota's day is the machine's."""

_PAGES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/inbox.css": ("inbox.css", "text/css; charset=utf-8"),
    "/inbox.js": ("inbox.js", "text/javascript; charset=utf-8"),
    "/why.js": ("why.js", "text/javascript; charset=utf-8"),
}
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HOP: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"}
)
_OURS: Final = frozenset({"date", "server", "content-type"})
_HOLD_SECONDS: Final = 5.0


class Office:
    """What the recorder's requests share: the mailbox, the mail world, and the way to the embedded AWS."""

    def __init__(self, mailbox: Mailbox, forward: str, outputs: Path) -> None:
        self.mailbox = mailbox
        self.forward = urlsplit(forward)
        self.outputs_path = outputs
        self.open = threading.Event()
        self.open.set()
        self.seed: int | None = None
        self._lock = threading.Lock()
        self._outputs: Outputs | None = None
        self._world: MailWorld | None = None
        self._records: Records | None = None

    def outputs(self) -> Outputs | None:
        """The stack's outputs; None until they are written."""
        if self._outputs is None:
            try:
                self._outputs = Outputs.read(self.outputs_path)
            except (OSError, ValueError):
                return None
        return self._outputs

    def world(self) -> MailWorld | None:
        """The mail world; None until the stack's outputs say where its queue is."""
        outputs = self.outputs()
        if outputs is None:
            return None
        with self._lock:
            if self._world is None:
                queue_url, queue = outputs.text("feedback_queue_url"), outputs.client("sqs")

                def put(bodies: list[str]) -> None:
                    entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
                    queue.send_message_batch(QueueUrl=queue_url, Entries=entries)

                self._world = MailWorld(outputs.clock, outputs.text("region"), put, self.seed)
                self._world.start()
            return self._world

    def records(self) -> "Records | None":
        """The stack's tables; None until the stack's outputs say which."""
        from infra.local.records import Records  # slow to import, and only for who asks why

        outputs = self.outputs()
        with self._lock:
            if self._records is None and outputs is not None:
                self._records = Records(outputs)
            return self._records

    def pass_on(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """A request to the embedded AWS, with its headers as they came; status, headers and body of the
        answer.
        """
        connection = http.client.HTTPConnection(
            self.forward.hostname or "127.0.0.1", self.forward.port, timeout=30
        )
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                if name.lower() not in _HOP:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def record(self, headers: list[tuple[str, str]], body: bytes, answer: bytes) -> None:
        """Keep an accepted mail and tell the mail world."""
        outputs, request = self.outputs(), json.loads(body)
        now = outputs.clock.now() if outputs else datetime.now(UTC)
        mail = self.mailbox.record(headers, request, str(json.loads(answer).get("MessageId", "")), now)
        world = self.world()
        if mail and world:
            world.receive(mail, parts(self.mailbox.raw(mail.number) or b"").html)

    def listing(self, version: str) -> dict[str, Any]:
        """The inbox list, or only its version when that is the one the reader has."""
        mails, world, outputs = self.mailbox.mails(), self._world, self.outputs()
        current = f"{len(mails)}.{world.told if world else 0}"
        told: dict[str, Any] = {"version": current, "clock": outputs.values.get("clock") if outputs else None}
        if version != current:
            told["mails"] = [_row(mail, world) for mail in mails]
        return told

    def control(self, what: str, value: dict[str, Any]) -> dict[str, Any] | None:
        """What the demo may ask for: `world` (seed, rest) and `books` (hold, close, release); None for
        anything else.
        """
        if what == "world":
            if "seed" in value:
                self.seed = int(value["seed"])
            world = self.world()
            if world:
                world.seed = self.seed
                world.rest(bool(value.get("rest", False)))
            return {"told": world.told if world else 0}
        if what == "books":
            if value.get("hold"):
                self.open.clear()
            kept = self.mailbox.close_books() if value.get("close") else self.mailbox.mails()
            if value.get("release"):
                self.open.set()
            return {"mails": len(kept)}
        return None


def _row(mail: Recorded, world: MailWorld | None) -> dict[str, Any]:
    marks = world.marks.get(mail.number, []) if world else []
    return mail.listed() | {"number": mail.number, "later": mail.after, "marks": list(marks)}


class Desk(BaseHTTPRequestHandler):
    """One HTTP request to the recorder."""

    protocol_version = "HTTP/1.1"
    server_version = "tidings-recorder"
    disable_nagle_algorithm = True  # an answer is two small packets: the second would wait for 40 ms
    office: Office

    def do_GET(self) -> None:
        """The page, its data, a picture; anything of SESv2 goes on."""
        path, _, query = self.path.partition("?")
        if path.startswith("/v2/"):
            return self._relay()
        if not self._is_local():
            return self._say(HTTPStatus.FORBIDDEN, b"local requests only", "text/plain")
        if path in _PAGES:
            name, kind = _PAGES[path]
            page = (Path(__file__).parent / "inbox" / name).read_bytes()
            return self._say(HTTPStatus.OK, page, kind, [("Content-Security-Policy", _PAGE_POLICY)])
        if path == "/api/mails":
            return self._say_json(self.office.listing(query.removeprefix("version=")))
        if path == "/api/held" or path.startswith("/api/story/"):
            return self._tell(path)
        if path.startswith("/api/mails/"):
            return self._mail(*path.removeprefix("/api/mails/").partition("/")[::2])
        picture = pictures.draw(path.removeprefix("/pictures/")) if path.startswith("/pictures/") else None
        if picture:
            return self._say(HTTPStatus.OK, picture, "image/svg+xml", [("Cache-Control", "max-age=86400")])
        return self._say(HTTPStatus.NOT_FOUND, b"no such page", "text/plain")

    def do_POST(self) -> None:
        """A mail to send, or one of the demo's requests; anything else of SESv2 goes on."""
        if not self.path.startswith("/api/"):
            return self._relay()
        if not self._is_local() or self.headers.get("X-Tidings") != "local":
            return self._say(HTTPStatus.FORBIDDEN, b"local requests only", "text/plain")
        value = json.loads(self._body() or b"{}")
        told = self.office.control(self.path.removeprefix("/api/"), value)
        if told is None:
            return self._say(HTTPStatus.NOT_FOUND, b"no such request", "text/plain")
        return self._say_json(told)

    def do_PUT(self) -> None:
        """SESv2 only."""
        self._relay()

    def do_DELETE(self) -> None:
        """SESv2 only."""
        self._relay()

    def _relay(self) -> None:
        body = self._body()
        sending = self.command == "POST" and self.path.partition("?")[0].rstrip("/") == SEND_PATH
        if sending:
            self.office.open.wait(_HOLD_SECONDS)
        try:
            status, headers, answer = self.office.pass_on(self.command, self.path, self.headers.items(), body)
        except OSError as error:
            told = json.dumps({"message": f"the embedded AWS does not answer: {error}"}).encode()
            return self._say(HTTPStatus.SERVICE_UNAVAILABLE, told, "application/json")
        if sending and status == HTTPStatus.OK:
            self.office.record(self.headers.items(), body, answer)
        if self.command == "GET" and self.path == ACCOUNT_PATH and status == HTTPStatus.OK:
            answer = json.dumps({**json.loads(answer), "SendQuota": QUOTA}).encode()
        kept = [
            (name, value)
            for name, value in headers
            if name.lower() not in _HOP | {"date", "server", "content-type"}
        ]
        kind = next((value for name, value in headers if name.lower() == "content-type"), "application/json")
        return self._say(status, answer, kind, kept)

    def _mail(self, number: str, part: str) -> None:
        raw = self.office.mailbox.raw(int(number)) if number.isdigit() else None
        if raw is None or part not in ("", "html", "raw"):
            return self._say(HTTPStatus.NOT_FOUND, b"no such mail", "text/plain")
        if part == "raw":
            name = f'attachment; filename="{int(number):04d}.eml"'
            return self._say(HTTPStatus.OK, raw, "message/rfc822", [("Content-Disposition", name)])
        taken = parts(raw)
        if part == "":
            return self._say_json(taken.as_json() | {"html": bool(taken.html)})
        here = f"http://{self.headers.get('Host', '')}"
        policy = (
            f"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src {here} data:; "
            "style-src 'unsafe-inline'; font-src data:; form-action 'none'; base-uri 'none'; "
            "frame-ancestors 'self'"
        )
        page = _in_new_window(taken.html).encode()
        return self._say(
            HTTPStatus.OK, page, "text/html; charset=utf-8", [("Content-Security-Policy", policy)]
        )

    def _tell(self, path: str) -> None:
        """What the tables say."""
        records = self.office.records()
        if records is None:
            return self._say(HTTPStatus.SERVICE_UNAVAILABLE, b"the embedded AWS is not up", "text/plain")
        try:
            told = records.held() if path == "/api/held" else records.story(path.removeprefix("/api/story/"))
        except Exception as error:  # noqa: BLE001 - boto3's errors have no common base
            said = f"the embedded AWS does not answer: {error}".encode()
            return self._say(HTTPStatus.SERVICE_UNAVAILABLE, said, "text/plain")
        if told is None:
            return self._say(HTTPStatus.NOT_FOUND, b"nobody has that id", "text/plain")
        return self._say_json(told)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _is_local(self) -> bool:
        """Whether the browser meant this machine: a name from elsewhere that resolves here is turned away."""
        return urlsplit(f"//{self.headers.get('Host', '')}").hostname in ("127.0.0.1", "localhost", "::1")

    def _say_json(self, value: object) -> None:
        self._say(HTTPStatus.OK, json.dumps(value, ensure_ascii=False).encode(), "application/json")

    def _say(self, status: int, body: bytes, kind: str, headers: list[tuple[str, str]] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        for name, value in headers or []:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: the page asks every second."""


def _in_new_window(html: str) -> str:
    """The mail with its links opening beside the inbox; the sandbox keeps it from doing more."""
    head = html.lower().find("<head")
    end = html.find(">", head) + 1 if head >= 0 else 0
    return html[:end] + '<base target="_blank">' + html[end:]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # journeys that wake at once connect at once


def serve(office: Office, port: int) -> ThreadingHTTPServer:
    """A server on 127.0.0.1, ready to be run; port 0 takes a free one. OSError when the port is taken."""
    desk = type("BoundDesk", (Desk,), {"office": office})
    return _Server(("127.0.0.1", port), desk)


def main() -> int:
    """Run until stopped. 1 when the port is taken."""
    parser = argparse.ArgumentParser(
        prog="infra.local.recorder", description="record mails and show the inbox"
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--forward", required=True, help="address of the embedded AWS")
    parser.add_argument("--dir", type=Path, default=Path("build/run"))
    parser.add_argument("--outputs", type=Path, default=Path("build/local/outputs.json"))
    given = parser.parse_args()
    office = Office(Mailbox(given.dir), given.forward, given.outputs)
    try:
        server = serve(office, given.port)
    except OSError as error:
        print(
            f"the inbox cannot listen on port {given.port} ({error.strerror}): choose another with PORT=",
            file=sys.stderr,
        )
        return 1
    threading.Thread(target=_wait_for_stack, args=(office,), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


def _wait_for_stack(office: Office) -> None:
    """Load what is slow (boto3) before the first mail comes; then keep the time of Tasks that wait."""
    while office.world() is None:
        time.sleep(0.5)
    outputs = office.outputs()
    if outputs is not None:
        Timekeeper(outputs).run()


if __name__ == "__main__":
    sys.exit(main())
