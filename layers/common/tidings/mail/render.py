"""A compiled mail and a context become a Mail, and a Mail becomes MIME bytes. Pure, sandboxed, precompiled.

Whatever a stranger wrote stays data: HTML is escaped, templates reach no attribute that begins with an
underscore, and no value can end a header's line. A name without a value shows as nothing, never as `None`.
"""

import re
import unicodedata
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from html import unescape
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.core import Locale
from jinja2 import ChainableUndefined, Template, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tidings import formats
from tidings.errors import BadInput
from tidings.mail.language import Translation, chosen, dressed, greeting, tag, worded
from tidings.shop import Colours, Fonts, Shop

_UNSHOWABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_SPACE: Final = re.compile(r"\s+")
_SPACES: Final = re.compile(r"[ \t]{2,}")
_AROUND_BREAK: Final = re.compile(r"[ \t]*\n[ \t]*")
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_GAP_IN_HAN: Final = re.compile(r"([。！？])(?:[ \t]*\n)?[ \t]+(?=[^\s<])")
"""Between sentences that stand on lines of their own in a template: Japanese and Chinese have no space there."""

_TAG: Final = re.compile(r"<[^>]*>")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_LOCAL_PART: Final = (
    re.compile(  # no encoded word: a mail server on the way may decode it into another address
        r"(?!.*=\?[^?]*\?[bBqQ]\?)"
        r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    )
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HEADER_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9 !#$%&'*+/?^_`{|}~-]*")
_NAME_ENDS: Final = re.compile(r'["\\<>]')
_WORD_BYTES: Final = 42
"""Of text in one encoded word, which may have 75 characters (RFC 2047)."""

_LINE: Final = 76
_LINES: Final = ("subject", "preheader")
_SETTINGS: Final = frozenset({Shop, Colours, Fonts})
_OWN_HEADERS: Final = frozenset(
    {"from", "to", "cc", "bcc", "sender", "subject", "mime-version", "content-type"}
)


@dataclass(frozen=True, slots=True)
class Mail:
    """What a recipient gets to read."""

    subject: str
    preheader: str
    html: str
    text: str


class Environment(ImmutableSandboxedEnvironment):
    """Jinja2 as mails use it: filters for money, dates and numbers, `{% trans %}`, no way out."""

    def __init__(self, *, escape: bool) -> None:
        super().__init__(
            autoescape=escape,
            undefined=ChainableUndefined,
            finalize=showable,
            extensions=["jinja2.ext.i18n"],
        )
        self.policies["ext.i18n.trimmed"] = True
        self.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
        self.filters.update(
            money=_money, number=_number, date=_date, time=_time, datetime=_datetime, plain=_plain
        )

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """As the sandbox says; it need not look long at the shop's settings, which half of all names are of."""
        return (type(obj) in _SETTINGS and attr[:1] != "_") or super().is_safe_attribute(obj, attr, value)


def showable(value: object) -> object:
    """`value` as it may stand in a mail: nothing for None; text without control and half characters, and
    without overrides of its direction."""
    if value is None:
        return ""
    if isinstance(value, str) and not value.isprintable():
        return type(value)(_UNSHOWABLE.sub("", value))
    return value


@pass_context
def _money(context: Context, value: object, currency: object = None) -> str:
    """`{{ event.presentment_total|money(event.presentment_currency) }}`; without a currency, the shop's."""
    if currency is None:
        currency = getattr(context.get("shop"), "currency", None)
    return formats.money(value, currency, _locale(context))


@pass_context
def _number(context: Context, value: object) -> str:
    """`{{ event.items_count|number }}`"""
    return formats.number(value, _locale(context))


@pass_context
def _date(context: Context, value: object, form: str = "long") -> str:
    """`{{ now|date }}`: the day where the recipient is, in the mail's language."""
    return formats.day(value, _spoken(context), _zone(context), form)


@pass_context
def _time(context: Context, value: object, form: str = "short") -> str:
    """`{{ now|time }}`: the recipient's clock."""
    return formats.clock_time(value, _spoken(context), _zone(context), form)


@pass_context
def _datetime(context: Context, value: object, form: str = "medium") -> str:
    """`{{ now|datetime }}`"""
    return formats.day_and_time(value, _spoken(context), _zone(context), form)


def _plain(value: object) -> str:
    """HTML without its tags, for text parts."""
    return unescape(_TAG.sub("", str(value)))


def _locale(context: Context) -> Locale:
    return formats.locale_of(context.get("locale"), None, "en")


def _spoken(context: Context) -> Locale:
    """The mail's language as it is written in the recipient's country: English dates in an English mail."""
    return formats.locale_of(context.get("language"), _locale(context).territory, "en")


def _zone(context: Context) -> ZoneInfo:
    return ZoneInfo(context.get("timezone") or "UTC")


@lru_cache(maxsize=2)
def environment(escape: bool) -> Environment:
    """The one for HTML (`escape`), the one for plain text."""
    return Environment(escape=escape)


@lru_cache(maxsize=1024)
def _template(source: str, escape: bool) -> Template:
    return environment(escape).from_string(source)


def render(source: Mapping[str, Any], context: Mapping[str, Any]) -> Mail:
    """The mail for one recipient.

    `source` is a package's entry: Jinja2 source of `subject`, `preheader`, `html` and `text`, and its `translations`
    by language. `context` holds what `context.MAIL_NAMES` lists. Equal input gives equal output.
    """
    told, translation = _spoken_to(source.get("translations") or {}, context)
    lines = [source[name] if translation is None else translation.whole(source[name]) for name in _LINES]
    subject, preheader = (_line(_template(line, False).render(told)) for line in lines)
    whole = {**told, "subject": subject, "preheader": preheader}
    text = _template(source["text"], False).render(whole)
    html = _template(source["html"], True).render(whole)
    if str(told.get("language"))[:2] in ("ja", "zh"):
        html, text = _GAP_IN_HAN.sub(r"\1", html), _GAP_IN_HAN.sub(r"\1", text)
    return Mail(
        subject=subject,
        preheader=preheader,
        html=html,
        text=_BLANK_LINES.sub("\n\n", _AROUND_BREAK.sub("\n", _SPACES.sub(" ", text))).strip() + "\n",
    )


def _spoken_to(
    translations: Mapping[str, Translation], context: Mapping[str, Any]
) -> tuple[dict[str, Any], Translation | None]:
    """The context in the language of this mail and recipient, and the mail's words in it."""
    shop, customer, told = context.get("shop"), context.get("customer"), dict(context)
    if not isinstance(shop, Shop):
        return told, None
    found = chosen((context["locale"], shop.default_locale), (*translations, shop.written_in))
    language, translation = tag(found or shop.written_in), translations.get(found or shop.written_in)
    country, name = getattr(customer, "country", None), getattr(customer, "name", None)
    told |= {
        "language": language,
        "shop": dressed(shop, language, translation),
        "coupon": worded(context.get("coupon"), shop, language, translation),
        "greeting": greeting(shop, country, language, name),
    }
    return {**told, **(translation.names if translation else {})}, translation


def _line(value: str) -> str:
    return _SPACE.sub(" ", value).strip()


def header_text(value: str) -> str:
    """`value` as it may stand in a header: one line, no control and no half characters."""
    return _line(_CONTROL.sub(" ", value))


def deliverable(address: str) -> str | None:
    """The address as SES takes it: ASCII, an internationalised domain in Punycode.

    None for what SES cannot deliver to: a local part beyond ASCII (it has no SMTPUTF8), or no address at all.
    """
    local, at, domain = address.strip().rpartition("@")
    if not at or len(local) > 64 or not _LOCAL_PART.fullmatch(local):
        return None
    labels = [_ascii_label(label) for label in domain.split(".")]
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    whole = f"{local}@{'.'.join(labels)}"
    return whole if len(whole) <= 254 else None


def _ascii_label(label: str) -> str:
    """A label of a domain in ASCII, "" when it has none.

    Python's codec knows IDNA 2003, which turns `ß` into `ss` and so names another domain; the characters
    that IDNA 2008 keeps are encoded without its mapping. A capital `Σ` is a `σ` wherever it stands.
    """
    lower = unicodedata.normalize("NFC", "".join(map(str.lower, label)))
    if lower.isascii():
        return lower
    try:
        if any(character in lower for character in "ßς\u200c\u200d"):
            return "xn--" + lower.encode("punycode").decode("ascii")
        return lower.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address that SES delivers to, and whose it is. As text: what a header holds, ASCII."""

    address: str
    name: str = ""

    def __str__(self) -> str:
        name = _NAME_ENDS.sub("", header_text(self.name)).strip()
        if not name:
            return self.address
        if not name.isascii() or "=?" in name:
            return f"{_encoded_words(name)} <{self.address}>"
        return f"{name} <{self.address}>" if _PLAIN_NAME.fullmatch(name) else f'"{name}" <{self.address}>'


def mailbox(address: str, name: str = "") -> Mailbox:
    """An address with its display name for a header. Raises BadInput when SES can't deliver to it."""
    found = deliverable(address)
    if found is None:
        raise BadInput("this address can't be mailed: SES takes an ASCII local part and a domain name")
    return Mailbox(found, header_text(name)[:100])


def compose(mail: Mail, sender: Mailbox, recipient: Mailbox, headers: Mapping[str, str]) -> bytes:
    """The mail as MIME: multipart/alternative, text first, every line ASCII and under 1,000 characters.

    `headers` come beside From, To and Subject: `Reply-To`, `List-Unsubscribe`, `List-Unsubscribe-Post`. SES
    adds Date and Message-ID. Equal input gives equal bytes. Raises BadInput for a header that is none.

    Made by hand: before its latest patch releases the standard library dropped quotes and escapes when it
    folded a display name, so that a stranger's name could become the recipient (CPython issues 80222, 121284).
    """
    lines = [f"From: {sender}", f"To: {recipient}", f"Subject: {_unstructured(mail.subject)}"]
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise BadInput(f"{name!r} is not a header to add")
        if not value.isascii() or header_text(value) != value or len(value) > 900:
            raise BadInput(f"the header {name} must be one line of ASCII")
        lines.append(f"{name}: {value}")
    boundary = "tidings-" + sha256(f"{mail.text}{mail.html}".encode("utf-8", "replace")).hexdigest()[:24]
    lines += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative; boundary="{boundary}"', ""]
    for subtype, body in (("plain", mail.text), ("html", mail.html)):
        lines += [f"--{boundary}", f'Content-Type: text/{subtype}; charset="utf-8"']
        lines += ["Content-Transfer-Encoding: quoted-printable", "", _quoted_printable(body)]
    return "\r\n".join([*lines, f"--{boundary}--", ""]).encode("ascii")


def _quoted_printable(body: str) -> str:
    unix = body.replace("\r\n", "\n").replace("\r", "\n")
    encoded = b2a_qp(unix.encode("utf-8", "replace"), istext=True).decode("ascii")
    return encoded.replace("\n", "\r\n")


def _unstructured(value: str) -> str:
    """A text for a header, in encoded words where it isn't plain ASCII on a line or looks like such a word."""
    line = header_text(value)
    return line if line.isascii() and "=?" not in line and len(line) < _LINE else _encoded_words(line)


def _encoded_words(line: str) -> str:
    """RFC 2047: words of whole characters, one a line."""
    words, word = [], b""
    for character in line:
        encoded = character.encode("utf-8", "replace")
        if len(word) + len(encoded) > _WORD_BYTES:
            words.append(word)
            word = b""
        word += encoded
    return "\r\n ".join(f"=?utf-8?B?{b64encode(each).decode()}?=" for each in [*words, word])


def unsubscribe_headers(url: str) -> dict[str, str]:
    """The headers that let a mail program unsubscribe with one click (RFC 8058). BadInput unless http(s)."""
    if not re.fullmatch(r"https?://[!-;=?-~]+", url):
        raise BadInput("an unsubscribe link is an http or https address")
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
