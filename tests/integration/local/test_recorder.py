"""The recorder over a real loopback socket, between a client of SESv2 and a stand-in for the embedded AWS."""

import base64
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.local.mailbox import Mailbox
from infra.local.recorder import SEND_PATH, Office, serve


@dataclass
class Behind:
    """What stands behind the recorder: takes mail or refuses it, and remembers what it was sent."""

    refuses: bool = False
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


class _Emulator(BaseHTTPRequestHandler):
    behind: Behind

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.behind.seen.append((self.command, self.path, dict(self.headers.items()), body))
        answer = b'{"message":"not authorized"}' if self.behind.refuses else b'{"MessageId":"ses-1"}'
        self.send_response(403 if self.behind.refuses else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("x-amzn-RequestId", "r-1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_DELETE = do_POST

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@dataclass
class Bench:
    """A recorder that runs."""

    port: int
    directory: Path
    behind: Behind

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One request; status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, None if body is None else json.dumps(body), headers or {})
        answer = connection.getresponse()
        read = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, read

    def listed(self) -> list[dict[str, Any]]:
        """`mails.json`."""
        value: list[dict[str, Any]] = json.loads((self.directory / "mails.json").read_text())
        return value


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # twenty connect at once, and a busy machine accepts them late


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A recorder and what stands behind it, both on loopback."""
    behind = Behind()
    emulator = _Server(("127.0.0.1", 0), type("Bound", (_Emulator,), {"behind": behind}))
    emulator.daemon_threads = True
    office = Office(Mailbox(tmp_path), f"http://127.0.0.1:{emulator.server_port}", tmp_path / "outputs.json")
    recorder = serve(office, 0)
    for server in (emulator, recorder):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Bench(recorder.server_port, tmp_path, behind)
    for server in (recorder, emulator):
        server.shutdown()
        server.server_close()


def _send(html: str = "<html><head></head><body><p>Hello</p></body></html>") -> dict[str, Any]:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "Shop <s@example.com>",
        "Ada <a@example.com>",
        "Hello",
    )
    message["List-Unsubscribe"] = "<http://127.0.0.1/unsubscribe/t>"
    message.set_content("Hello in text")
    message.add_alternative(html, subtype="html")
    tags = {"workflow": "welcome", "step": "welcome", "class": "marketing", "journey": "j", "customer": "c"}
    return {
        "FromEmailAddress": "s@example.com",
        "Destination": {"ToAddresses": ["a@example.com"]},
        "Content": {"Raw": {"Data": base64.b64encode(message.as_bytes()).decode()}},
        "EmailTags": [{"Name": name, "Value": value} for name, value in tags.items()],
        "ConfigurationSetName": "tidings",
    }


def test_a_mail_goes_on_as_it_came_and_is_recorded(bench: Bench) -> None:
    """The emulator sees the same headers, Host among them, and the same body; the client gets its answer."""
    sent = _send()
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/…", "X-Amz-Security-Token": "t"}
    status, headers, answer = bench.ask(
        "POST", SEND_PATH, sent, {k: v.replace("…", "x") for k, v in signed.items()}
    )
    assert (status, json.loads(answer), headers["x-amzn-requestid"]) == (200, {"MessageId": "ses-1"}, "r-1")
    [(method, path, passed, body)] = bench.behind.seen
    assert (method, path, json.loads(body)) == ("POST", SEND_PATH, sent)
    assert passed["Host"] == f"127.0.0.1:{bench.port}"
    assert passed["Authorization"].startswith("AWS4-HMAC-SHA256")
    [entry] = bench.listed()
    assert (
        (bench.directory / entry["file"]).read_bytes().startswith(b"Message-ID: <ses-1@email.amazonses.com>")
    )


def test_a_refused_mail_is_not_recorded(bench: Bench) -> None:
    """What IAM turns away never counts as sent, and the client hears of it."""
    bench.behind.refuses = True
    status, _, answer = bench.ask("POST", SEND_PATH, _send())
    assert (status, json.loads(answer)["message"]) == (403, "not authorized")
    assert bench.listed() == []


def test_other_calls_of_sesv2_pass_untouched(bench: Bench) -> None:
    """Whatever else a client asks of SESv2 goes on and is not recorded."""
    status, _, _ = bench.ask("GET", "/v2/email/account")
    assert (status, bench.behind.seen[0][:2]) == (200, ("GET", "/v2/email/account"))
    assert bench.listed() == []


def test_mails_of_many_threads_are_all_kept(bench: Bench) -> None:
    """Twenty at once are twenty files and twenty lines."""
    threads = [threading.Thread(target=bench.ask, args=("POST", SEND_PATH, _send())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {entry["file"] for entry in bench.listed()}
    assert names == {f"mails/{path.name}" for path in (bench.directory / "mails").iterdir()}
    assert len(names) == 20


def test_a_mails_html_is_served_in_a_sandbox(bench: Bench) -> None:
    """Whatever a mail holds, the answer forbids scripts and every address but this machine's."""
    bench.ask(
        "POST", SEND_PATH, _send("<html><head><title>x</title></head><body><script>1</script></body></html>")
    )
    status, headers, page = bench.ask("GET", "/api/mails/1/html")
    policy = headers["content-security-policy"]
    assert status == 200
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert f"default-src 'none'; img-src http://127.0.0.1:{bench.port} data:;" in policy
    assert b'<head><base target="_blank"><title>' in page
    _, _, told = bench.ask("GET", "/api/mails/1")
    assert "Hello in text" in json.loads(told)["text"]


def test_the_page_asks_only_for_what_is_new(bench: Bench) -> None:
    """The list comes with a version; with the same version only the version comes back."""
    bench.ask("POST", SEND_PATH, _send())
    first = json.loads(bench.ask("GET", "/api/mails?version=")[2])
    assert [mail["number"] for mail in first["mails"]] == [1]
    assert "mails" not in json.loads(bench.ask("GET", f"/api/mails?version={first['version']}")[2])


def test_books_are_closed_while_nothing_is_sent(bench: Bench) -> None:
    """A held mail waits for the release, and then counts as later."""
    control = {"X-Tidings": "local"}
    bench.ask("POST", SEND_PATH, _send())
    bench.ask("POST", "/api/books", {"hold": True, "close": True}, control)
    late = threading.Thread(target=bench.ask, args=("POST", SEND_PATH, _send()))
    late.start()
    late.join(0.2)
    assert late.is_alive()
    assert len(bench.behind.seen) == 1
    bench.ask("POST", "/api/books", {"release": True}, control)
    late.join(60)
    assert (len(bench.listed()), len(bench.behind.seen)) == (1, 2)


def test_strangers_are_turned_away(bench: Bench) -> None:
    """Another site's name for this address reads nothing; its scripts, which cannot set the header, change nothing."""
    assert bench.ask("GET", "/api/mails", headers={"Host": "evil.example"})[0] == 403
    assert bench.ask("POST", "/api/books", {"close": True})[0] == 403


def test_pictures_are_drawn_here(bench: Bench) -> None:
    """A product's picture comes from the recorder; a name that is none is not found."""
    status, headers, picture = bench.ask("GET", "/pictures/teapot-moss.svg")
    assert (status, headers["content-type"], picture[:4]) == (200, "image/svg+xml", b"<svg")
    assert bench.ask("GET", "/pictures/..%2frecorder.py")[0] == 404


def test_an_emulator_that_is_gone_is_an_outage(tmp_path: Path) -> None:
    """The client gets a 503, which its caller may retry, and nothing is recorded."""
    office = Office(Mailbox(tmp_path), "http://127.0.0.1:9", tmp_path / "outputs.json")
    recorder = serve(office, 0)
    threading.Thread(target=recorder.serve_forever, args=(0.02,), daemon=True).start()
    status, _, _ = Bench(recorder.server_port, tmp_path, Behind()).ask("POST", SEND_PATH, _send())
    recorder.shutdown()
    recorder.server_close()
    assert status == 503
    assert json.loads((tmp_path / "mails.json").read_text()) == []


def test_without_a_stack_there_is_nothing_to_tell(bench: Bench) -> None:
    """Said, not broken; and told to this machine only."""
    for path in ("/api/held", "/api/story/c1"):
        assert bench.ask("GET", path)[0] == 503
        assert bench.ask("GET", path, headers={"Host": "elsewhere.example"})[0] == 403
