"""What SES's answers mean, by an endpoint of ours: taken, refused, or nobody knows."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.local.options import free_ports
from tests.worlds import NOW
from tidings import ports
from tidings.aws.client import client
from tidings.aws.mailer import LATER, SOON, SesMailer
from tidings.clock import FixedClock
from tidings.errors import SendRejected, SendUnknown
from tidings.mail.render import mailbox

MAIL = ports.Outgoing("ann@example.com", b"To: ann@example.com\r\n\r\nHi", {"a": "b"})


@dataclass
class Ses:
    """An endpoint that answers as told: (status, error code), or hangs up without a word. `connections` are those that
    mails came on; of what comes on one that is `gone`, nobody hears."""

    port: int
    answers: list[tuple[int, str] | None] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))

    def mailer(self, **options: Any) -> SesMailer:
        """A mailer that talks to it, as the function's does."""
        made = client("sesv2", **({"read": 2.0, "attempts": 1} | options))
        return SesMailer(made, "shop", self.clock)


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ses]:
    """SES's address, here."""
    (port,) = free_ports(1)
    told = Ses(port)

    class Desk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            connection, body = self.client_address[1], self.rfile.read(int(self.headers["Content-Length"]))
            answer = told.answers.pop(0) if told.answers else (200, "")
            if connection not in told.gone:
                told.asked.append(json.loads(body))
                told.connections.append(connection)
            if answer is None or connection in told.gone:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, code = answer
            body = json.dumps({"MessageId": "m1"} if status == 200 else {"message": code}).encode()
            self.send_response(status)
            self.send_header("x-amzn-ErrorType", code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Desk)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{port}")
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_mail_goes_out_raw_with_its_tags(ses: Ses) -> None:
    """Recipient, bytes, tags and configuration set; the answer is SES's message id."""
    assert ses.mailer().send(MAIL) == "m1"
    (asked,) = ses.asked
    assert asked["Destination"] == {"ToAddresses": ["ann@example.com"]}
    assert asked["EmailTags"] == [{"Name": "a", "Value": "b"}]
    assert asked["ConfigurationSetName"] == "shop"
    assert set(asked["Content"]) == {"Raw"}


def test_the_sender_is_told_by_the_mail_itself(ses: Ses) -> None:
    """Beside the mail SES takes no line break, which a long name in encoded words has; and its From would be lost."""
    sender = str(mailbox("hello@shop.example", "株式会社サンプルショップ公式オンラインストア"))
    assert "\r\n" in sender
    ses.mailer().send(replace(MAIL, content=f"From: {sender}\r\n\r\nHi".encode()))
    assert set(ses.asked[0]) == {"Content", "Destination", "EmailTags", "ConfigurationSetName"}


@pytest.mark.parametrize(
    ("status", "code", "retry_after"),
    [
        (429, "TooManyRequestsException", SOON),
        (400, "ThrottlingException", SOON),
        (400, "MessageRejected", LATER),
        (400, "AccountSuspendedException", LATER),
        (400, "MailFromDomainNotVerifiedException", LATER),
        (403, "AccessDeniedException", LATER),
        (404, "NotFoundException", LATER),
    ],
)
def test_what_ses_refuses_was_not_sent(ses: Ses, status: int, code: str, retry_after: int) -> None:
    """A 4xx proves it; throttling is over sooner than what people must mend. Asked once: no retry of the SDK's own."""
    ses.answers = [(status, code)]
    with pytest.raises(SendRejected, match=code) as refused:
        ses.mailer().send(MAIL)
    assert refused.value.retry_after == retry_after
    assert len(ses.asked) == 1


@pytest.mark.parametrize("answer", [(500, "InternalFailure"), (503, "ServiceUnavailable"), None])
def test_what_has_no_answer_is_unknown(ses: Ses, answer: tuple[int, str] | None) -> None:
    """SES may have taken it; asked once, since a second time might send it twice."""
    ses.answers = [answer]
    with pytest.raises(SendUnknown):
        ses.mailer().send(MAIL)
    assert len(ses.asked) == 1


def test_without_a_connection_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: the mail is still ours."""
    (port,) = free_ports(1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://127.0.0.1:{port}")
    with pytest.raises(SendRejected):
        Ses(port).mailer().send(MAIL)


def test_a_mail_takes_no_connection_that_may_be_dead(ses: Ses) -> None:
    """Mails in a row share one; what lay idle while the instance was frozen is made anew, since a mail that gets no
    answer is in doubt, and is dropped when it is marketing."""
    mailer = ses.mailer()
    for _ in range(2):
        mailer.send(MAIL)
        ses.clock.advance(timedelta(seconds=1))
    assert len(set(ses.connections)) == 1
    ses.gone.update(ses.connections)
    ses.clock.advance(timedelta(minutes=1))
    assert mailer.send(MAIL) == "m1"
    assert len(ses.asked) == 3
