"""Strangers write names, titles and addresses of pages. Whatever they write stays data."""

import email
import json
import re
from email import policy
from pathlib import Path
from typing import Any

import pytest

from tests.unit.mails import letters, markup
from tidings.mail.render import compose, mailbox

BAD_INPUT = Path(__file__).parents[4] / "shared" / "corpus" / "badinput"
OWN = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!--[if mso]><h1>Outlook</h1><![endif]-->",
    "--><style>*{display:none}</style><!--",
    "]]></td></table>",
    "{{ 7*7 }}{% raw %}{{ ''.__class__.__mro__ }}",
    "%(name)s %s {0} ${x}",
    "line\r\nBcc: victim@example.com\r\n\r\nbody",
    "\ud800 half \udfff",
    "\x00\x08\x1b[31m\u202egnp.exe",
    "𝕬𝖉𝖆 👩🏽‍🚀 안녕 مرحبا",
    "a" * 5000,
    "̍̍̍" * 400,
]


def _hostile(value: str, locale: str | None = None) -> dict[str, Any]:
    """A context with `value` in every field a stranger can fill; the locale may be a good one."""
    line = dict.fromkeys(("product_id", "variant_id", "title", "variant", "sku", "price"), value)
    told: dict[str, Any] = dict.fromkeys(
        ("total", "currency", "presentment_total", "presentment_currency", "url", "order_name"), value
    )
    told |= dict.fromkeys(("tracking_company", "tracking_number", "tracking_url", "reason"), value)
    told |= dict.fromkeys(("subtotal", "discount", "shipping", "tax", "expected_on"), value)
    told |= dict.fromkeys(("question", "answer"), value)
    told |= {
        "order_id": value,
        "checkout_id": value,
        "discount_codes": [value],
        "items": [line],
        "items_count": 3,
    }
    product = {"title": value, "image": value, "url": value, "price": value, "product_type": value}
    return letters.about(
        {**told, "fields": {"size": value}},
        {f"shopify:product:{value}": product},
        email="ada@example.com",
        first_name=value,
        last_name=value,
        locale=locale or value,
        country=value,
        timezone=value,
        birthday=value,
        tags=[value],
    )


def _check(value: str, names: list[str], locale: str | None = None) -> None:
    about = _hostile(value, locale)
    for name in names:
        mail = letters.send(name, about)
        assert markup.problems(mail.html) == []
        tags = {tag for tag, _ in markup.shape(mail.html)}
        assert tags <= {
            *(
                "html",
                "head",
                "title",
                "meta",
                "style",
                "body",
                "div",
                "table",
                "tbody",
                "tr",
                "td",
                "a",
                "p",
            ),
            *("h1", "h2", "b", "br", "span", "img"),
        }
        assert not [n for _, names in markup.shape(mail.html) for n in names if n.startswith("on")]
        assert all(re.match(r"https?://|mailto:", address) for address in markup.addresses(mail.html))
        for part in (mail.subject, mail.preheader, mail.html, mail.text):
            part.encode()
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", part)
        assert "\n" not in mail.subject + mail.preheader
        raw = compose(mail, mailbox("shop@example.com", value), mailbox("ada@example.com", value), {})
        read = email.message_from_bytes(raw, policy=policy.default)
        assert sorted(read.keys()) == ["Content-Type", "From", "MIME-Version", "Subject", "To"]
        assert [address.addr_spec for address in read["To"].addresses] == ["ada@example.com"]
        assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("locale", [None, "ko-KR", "ja-JP", "zh-TW"])
@pytest.mark.parametrize("value", OWN, ids=range(len(OWN)))
def test_hostile_strings_stay_data(value: str, locale: str | None) -> None:
    """In every field at once: the HTML keeps its tags, the headers their number, no address is other than http; in
    translations as in the original."""
    _check(value, letters.names(), locale)


def test_markup_of_a_title_is_shown_not_obeyed() -> None:
    """A title that looks like HTML or a template is read by the customer as it was written."""
    title = '<b onclick="x()">{{ 7*7 }}</b> & "co"'
    told = {"items": [{"product_id": "1", "title": title, "quantity": 1}]}
    mail = letters.send("abandoned-checkout/second-reminder", letters.about(told))
    assert title in markup.words(mail.html)
    assert title in mail.text
    assert title in mail.preheader


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " jAvAsCrIpT:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "//evil.example/x",
        "https://",
        "https://user:pw@evil.example/",
        "https://shop.example/\r\nBcc: x",
        "http://[::1",
        "https:\\\\evil.example",
        "",
    ],
)
def test_addresses_that_are_no_pages_are_dropped(url: str) -> None:
    """A recovery link, picture or page that is not http(s) is not there; the button leads to the shop."""
    told = {"url": url, "items": [{"product_id": "1", "title": "Cup", "quantity": 1}]}
    products = {"shopify:product:1": {"image": url, "url": url}}
    mail = letters.send("abandoned-checkout/second-reminder", letters.about(told, products))
    allowed = {letters.shop().url, letters.LINK, f"mailto:{letters.shop().support}"}
    own = {each for each in markup.addresses(mail.html) if each.startswith("https://pages.example/pages/")}
    assert (
        set(markup.addresses(mail.html)) - {str(place.url) for place in letters.shop().social} - own
        == allowed
    )


def test_corpus_of_bad_input_stays_data() -> None:
    """The collected naughty strings, header injections and template injections, where the corpus is at hand."""
    if not BAD_INPUT.is_dir():
        pytest.skip("the corpus of bad input is not beside this checkout")
    values: list[str] = []
    for name in ("blns.json", "header_injection.shared.json", "ssti_jinja2_from_patt.json"):
        values += [
            value for value in json.loads((BAD_INPUT / name).read_text("utf-8")) if isinstance(value, str)
        ]
    values += (
        (BAD_INPUT / "patt" / "XSS_Injection_Intruders_IntrudersXSS.txt").read_text("utf-8").splitlines()
    )
    for value in values:
        _check(value, ["abandoned-checkout/second-reminder"])
