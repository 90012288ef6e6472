"""What Gmail and Yahoo ask of every mail: the lines of docs/bulk-senders.md that show in the mail itself."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.mails import letters, markup
from tidings.clock import FixedClock
from tidings.customer import apply, new_customer
from tidings.events import Event
from tidings.mail import samples
from tidings.mail.letters import Composer
from tidings.mail.render import Mail, compose, mailbox
from tidings.steps import Letter
from tidings.workflow.load import load_workflow
from tidings.workflow.package import Package

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HIDES = re.compile(r"display:\s*none|visibility:\s*hidden|opacity:\s*0(?![.\d])|text-indent:\s*-\d{3,}")
SIZE = re.compile(r"font-size:\s*([\d.]+)")
FILLER = re.compile("[\u034f\u200c\u00a0\u00ad\ufeff\u2007]")
"""What keeps a mail's first words out of the preview after the preheader."""


@pytest.fixture(params=letters.names())
def mail(request: pytest.FixtureRequest) -> Mail:
    """Every mail of the project, to somebody of whom all is known."""
    return letters.send(request.param, samples.full(letters.shop()))


class Hidden(HTMLParser):
    """The words inside elements that are hidden, or of no size."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[bool, bool]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens an element: what hides it hides what is in it, a size holds until another."""
        if tag in markup.VOID:
            return
        style = str(dict(attrs).get("style") or "")
        hidden, tiny = self.open[-1] if self.open else (False, False)
        size = SIZE.search(style)
        self.open.append((hidden or bool(HIDES.search(style)), float(size[1]) < 1 if size else tiny))

    def handle_endtag(self, tag: str) -> None:
        """Closes one."""
        if tag not in markup.VOID and self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        """Words, or none."""
        text = FILLER.sub("", data).strip()
        if text and self.open and any(self.open[-1]):
            self.words.append(text)


def hidden_words(html: str) -> list[str]:
    """What nobody sees."""
    reader = Hidden()
    reader.feed(html)
    return reader.words


def read(raw: bytes) -> EmailMessage:
    """A mail as a program reads it."""
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def composed(workflow: str, mail: str) -> EmailMessage:
    """A mail as the step composes it, with everything that it adds."""
    definition = load_workflow(ROOT / "workflows" / workflow).workflow
    mails = {
        name.partition("/")[2]: each
        for name, each in letters.compiled().items()
        if name.startswith(f"{workflow}/")
    }
    package = Package.model_validate(
        {"workflow": workflow, "rev": "r1", "definition": definition, "shop": letters.shop(), "mails": mails}
    )
    told = {
        "email": "ada@example.com",
        "first_name": "Ada",
        "order_id": "7",
        "order_name": "#7",
        "total": "9.90",
    }
    event = Event(
        "e1",
        "order_placed",
        NOW,
        NOW,
        "shopify",
        "shopify:customer:1",
        properties={**told, "currency": "EUR"},
    )
    letter = Letter(
        package,
        mail,
        apply(new_customer("c1", event), event),
        event,
        {},
        "ada@example.com",
        "email:a",
        "j1",
        0,
        "s1",
    )
    composer = Composer("https://pages.example", lambda: {"k1": b"key"}, FixedClock(NOW))
    return read(composer(letter))


def test_marketing_unsubscribes_with_one_click() -> None:
    """RFC 8058: one https address and the header that allows the POST, both once, the same as the link in the mail."""
    found = composed("welcome", "welcome")
    assert found.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
    (header,) = found.get_all("List-Unsubscribe", [])
    assert re.fullmatch(r"<https://pages\.example/unsubscribe/[\w.=-]+>", header)
    body = found.get_body(("html",))
    assert body is not None
    assert header.strip("<>") in list(markup.addresses(body.get_content()))


def test_transactional_mail_is_not_dressed_up_as_marketing() -> None:
    """An order confirmation carries no unsubscribing, and goes out whatever was unsubscribed."""
    found = composed("order-confirmation", "confirmation")
    assert found["List-Unsubscribe"] is None
    assert found["List-Unsubscribe-Post"] is None


def test_from_is_the_shops_own_domain() -> None:
    """One From, that of shop.yaml, which SES has verified: nobody is impersonated, and DKIM's domain is its own."""
    for found in (composed("welcome", "welcome"), composed("order-confirmation", "confirmation")):
        (sender,) = found["From"].addresses
        assert sender.addr_spec == letters.shop().sender.address
        assert found["Sender"] is None
        assert not re.search(r"@(gmail|googlemail|yahoo|ymail|aol|outlook|hotmail)\.", sender.addr_spec)


def test_the_format_is_rfc_5322(mail: Mail) -> None:
    """Each header once, lines short and ending in CRLF, ASCII throughout; Date and Message-ID are left to SES."""
    one = mailbox("hello@shop.example", "Kettle & Kiln")
    raw = compose(mail, one, mailbox("ada@example.com"), {"Reply-To": "care@shop.example"})
    found = read(raw)
    assert not found.defects
    assert sorted(name.lower() for name in found) == sorted({name.lower() for name in found})
    assert {"from", "to", "subject", "mime-version", "content-type"} <= {name.lower() for name in found}
    assert found["Date"] is None
    assert found["Message-ID"] is None
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_a_text_part_says_the_same(mail: Mail) -> None:
    """Text first, HTML second; the heading of the one is in the other."""
    found = read(compose(mail, mailbox("a@shop.example"), mailbox("ada@example.com"), {}))
    assert found.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", mail.html, re.DOTALL)
    assert heading
    assert markup.words(heading[0]) in re.sub(r"\s+", " ", mail.text)


def test_nothing_is_hidden_but_the_preheader(mail: Mail) -> None:
    """What a filter reads is what a person sees."""
    assert hidden_words(mail.html) == [mail.preheader]


def test_hidden_words_are_found() -> None:
    """The reading above can fail."""
    for style in ("display:none", "visibility: hidden", "opacity:0", "display:block;font-size:0px"):
        assert hidden_words(f'<p style="{style}">buy <b>pills</b></p><p>seen</p>') == ["buy", "pills"]
    assert hidden_words('<p style="opacity:0.9">seen</p>') == []


def test_every_link_is_open_and_encrypted(mail: Mail) -> None:
    """https to a name, no shortener, no bare number, no script: people see where they go."""
    for address in markup.addresses(mail.html):
        assert re.match(r"https://[a-z0-9.-]+\.[a-z]{2,}(/|\?|$)|mailto:|tel:", address), address
        assert not re.match(r"https://(bit\.ly|t\.co|tinyurl\.com|goo\.gl|ow\.ly)/", address)


def test_the_subject_is_honest_in_form(mail: Mail) -> None:
    """No answer that is none, no shouting."""
    assert not re.match(r"(re|fwd?|aw|tr)\s*:", mail.subject, re.IGNORECASE)
    assert mail.subject != mail.subject.upper() or not re.search("[A-Za-z]{6}", mail.subject)
    assert "!!" not in mail.subject
