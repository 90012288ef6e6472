import email
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.errors import BadInput
from tidings.mail.render import Mail, compose, deliverable, mailbox, unsubscribe_headers

MAIL = Mail("Grüße aus Köln 🎁", "pre", "<p>héllo – 안녕</p>\n", "héllo – 안녕\n")


def _read(raw: bytes) -> EmailMessage:
    read = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def _body(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def test_parts_headers_and_bytes() -> None:
    """Text before HTML, both as they were; the headers that were given; every byte ASCII, every line short."""
    headers = {
        "Reply-To": "care@shop.example",
        **unsubscribe_headers("https://pages.example/unsubscribe/a.b-c_d"),
    }
    raw = compose(
        MAIL, mailbox("hello@shop.example", "Kettle & Kiln, Ltd."), mailbox("ada@example.com"), headers
    )
    read = _read(raw)
    assert read["Subject"] == MAIL.subject
    assert str(read["From"]) == '"Kettle & Kiln, Ltd." <hello@shop.example>'
    assert str(read["To"]) == "ada@example.com"
    assert read["Reply-To"] == "care@shop.example"
    assert read["List-Unsubscribe"] == "<https://pages.example/unsubscribe/a.b-c_d>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    assert _body(read, "plain") == MAIL.text.rstrip("\n") or _body(read, "plain") == MAIL.text
    assert "<p>héllo – 안녕</p>" in _body(read, "html")
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_same_input_same_bytes() -> None:
    """Nothing random: a mail can be compared with what was sent."""
    one = mailbox("a@shop.example")
    assert compose(MAIL, one, one, {}) == compose(MAIL, one, one, {})


ANY_TEXT = st.text(st.characters(codec=None), max_size=300)


@given(subject=ANY_TEXT, name=ANY_TEXT)
def test_no_text_breaks_a_header(subject: str, name: str) -> None:
    """Whatever subject and name hold, half characters among it: the same headers, one recipient, lines under 998."""
    mail = Mail(subject, "", subject, name)
    raw = compose(mail, mailbox("hello@shop.example", name), mailbox("ada@example.com", name), {})
    read = _read(raw)
    assert sorted(read.keys()) == ["Content-Type", "From", "MIME-Version", "Subject", "To"]
    assert [each.addr_spec for each in read["To"].addresses] == ["ada@example.com"]
    assert [each.addr_spec for each in read["From"].addresses] == ["hello@shop.example"]
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not read["To"].defects


@given(st.text(max_size=200).map(lambda text: " ".join(text.split())))
def test_subject_survives(subject: str) -> None:
    """A subject of whole characters on one line is read as it was written."""
    shown = "".join(character for character in subject if character.isprintable())
    mail = Mail(shown, "", "h", "t")
    read = _read(compose(mail, mailbox("a@shop.example"), mailbox("b@shop.example"), {}))
    assert "".join(str(read["Subject"]).split()) == "".join(shown.split())


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada.Byron+tea@Example.COM", "Ada.Byron+tea@example.com"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("info@straße.example", "info@xn--strae-oqa.example"),
        ("info@stra\u00dfe-o\u0308.example", "info@xn--strae--eta0q.example"),
        ("info@ΟΔΟΣ.example", "info@xn--pxavbq.example"),
        ("안녕@example.com", None),
        ("a@b", None),
        ("a@-b.com", None),
        ("a..b@example.com", None),
        ("a b@example.com", None),
        ('"a b"@example.com', None),
        ("a@example.com,b@example.com", None),
        ("a@example.com\r\nBcc: b@example.com", None),
        ("a@[127.0.0.1]", None),
        ("a@" + "b" * 64 + ".com", None),
        ("a" * 65 + "@example.com", None),
        ("=?utf-8?q?b=40example.com=3e=20?=@example.com", None),
        ("a=?b@example.com", "a=?b@example.com"),
        ("", None),
    ],
)
def test_addresses_that_ses_delivers_to(address: str, taken: str | None) -> None:
    """ASCII local parts and domains that Punycode can say; everything else is nobody SES can reach."""
    assert deliverable(address) == taken


def test_undeliverable_address_is_refused() -> None:
    """No mail is composed to it."""
    with pytest.raises(BadInput, match="can't be mailed"):
        mailbox("안녕@example.com")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Bcc", "x@example.com"),
        ("X-A\r\nBcc", "x"),
        ("X-A", "1\r\nBcc: x@example.com"),
        ("subject", "x"),
        ("X-A", "é"),
    ],
)
def test_headers_that_are_none(name: str, value: str) -> None:
    """Recipients and subject have their own places; a header is one line of ASCII."""
    with pytest.raises(BadInput):
        compose(MAIL, mailbox("a@shop.example"), mailbox("b@shop.example"), {name: value})


@pytest.mark.parametrize("url", ["javascript:x", "https://x.example/>\r\nBcc: y", "https://x.example/ y", ""])
def test_unsubscribe_address_is_a_page(url: str) -> None:
    """Only http and https, nothing that ends the header's value."""
    with pytest.raises(BadInput):
        unsubscribe_headers(url)
