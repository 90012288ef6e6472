"""A recorder that runs, with mails in it, for the tests of its inbox page."""

import base64
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra.local.mailbox import Mailbox
from infra.local.recorder import SEND_PATH, Office, serve
from infra.local.records import Records
from tests.browser.chromium import Page

HOSTILE = (
    "<html><head></head><body><p id='hello'>Hello Ada</p>"
    "<img src='https://elsewhere.example/pixel.png'><img src='{here}pictures/teapot-moss.svg'>"
    "<script>parent.document.title = 'taken over'</script></body></html>"
)


class _Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"MessageId":"ses-1"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


class Inbox:
    """A recorder that runs, and the way to send it mail."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/"

    def send(self, name: str, workflow: str, step: str, subject: str) -> None:
        """One mail to somebody of that name."""
        message = EmailMessage()
        address = f"{name.lower()}@example.com"
        message["From"], message["To"], message["Subject"] = (
            "Shop <s@example.com>",
            f"{name} <{address}>",
            subject,
        )
        message.set_content(f"Words for {name}")
        message.add_alternative(HOSTILE.replace("{here}", self.url), subtype="html")
        tags = {
            "workflow": workflow,
            "step": step,
            "class": "marketing",
            "journey": "j",
            "customer": f"c-{name}",
        }
        body = {
            "Destination": {"ToAddresses": [address]},
            "Content": {"Raw": {"Data": base64.b64encode(message.as_bytes()).decode()}},
            "EmailTags": [{"Name": tag, "Value": value} for tag, value in tags.items()],
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", SEND_PATH, json.dumps(body))
        assert connection.getresponse().status == 200
        connection.close()


class Told(Office):
    """An office that has these records."""

    told: Records | None = None

    def records(self) -> Records | None:
        """As they were given."""
        return self.told


@contextmanager
def recorder(directory: Path, records: Records | None = None) -> Iterator[Inbox]:
    """A recorder with three mails; `records` answers for the stack's tables, None when no stack is up."""
    taker = ThreadingHTTPServer(("127.0.0.1", 0), _Taker)
    office = Told(Mailbox(directory), f"http://127.0.0.1:{taker.server_port}", directory / "outputs.json")
    office.told = records
    server = serve(office, 0)
    taker.daemon_threads = True
    for each in (taker, server):
        threading.Thread(target=each.serve_forever, args=(0.02,), daemon=True).start()
    box = Inbox(server.server_port)
    for name, workflow, step, subject in (
        ("Ada", "welcome", "welcome", "Welcome"),
        ("Ren", "abandoned-checkout", "reminder", "Your cup is still here"),
        (
            "Ada",
            "abandoned-checkout",
            "second-reminder",
            "<b>Still</b> thinking it over, with a long subject line?",
        ),
    ):
        box.send(name, workflow, step, subject)
    yield box
    for each in (server, taker):
        each.shutdown()
        each.server_close()


def troubles(page: Page) -> list[str]:
    """What went wrong on the inbox page itself: a mail may ask for what its frame does not give."""
    return [each for each in page.problems if not each.endswith("/html")]


@contextmanager
def opened(inbox: Inbox, width: int, height: int, dark: bool = False) -> Iterator[Page]:
    """The inbox page in a browser of that size, once its three mails are listed."""
    with Page(width, height, dark) as page:
        page.open(inbox.url)
        page.wait("document.querySelectorAll('.row').length === 3")
        yield page
