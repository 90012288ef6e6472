import re
from typing import Any

import pytest

from tests.unit.mails import letters, markup
from tidings.mail import samples
from tidings.mail.render import Mail

WHO = {"all known": samples.full, "hardly anything known": samples.sparse}


@pytest.fixture(params=WHO)
def about(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One customer of whom all is known, one of whom hardly anything is."""
    return WHO[request.param](letters.shop())


@pytest.fixture(params=letters.names())
def mail(request: pytest.FixtureRequest, about: dict[str, Any]) -> Mail:
    """Every mail of the project, rendered for both."""
    return letters.send(request.param, about)


def test_html_is_whole(mail: Mail) -> None:
    """Tags balance, in Outlook's reading too."""
    assert markup.problems(mail.html) == []


def test_nothing_is_missing_visibly(mail: Mail) -> None:
    """Whatever is unknown, no `None`, no greeting of nobody, no tag of a template, no empty picture or link."""
    for part in (mail.subject, mail.preheader, markup.words(mail.html), mail.text):
        assert not re.search(r"\bNone\b|Undefined|\{\{|\{%|jinja|Hello\s+,|\s,|, !|\(\)", part), part
    assert all(address for address in markup.addresses(mail.html))


def test_subject_and_preheader_are_short_lines(mail: Mail) -> None:
    """Both exist, on one line, of a length that inboxes show."""
    assert 5 < len(mail.subject) < 70
    assert 5 < len(mail.preheader) < 110


def test_small(mail: Mail) -> None:
    """Far below what Gmail cuts off."""
    assert len(mail.html.encode()) < 30_000


def test_unsubscribe_and_postal_address(mail: Mail) -> None:
    """Both stand in HTML and in text, the link clickable."""
    assert samples.UNSUBSCRIBE in markup.addresses(mail.html)
    assert samples.UNSUBSCRIBE in mail.text
    for line in letters.shop().address:
        assert line in markup.words(mail.html)
        assert line in mail.text


def test_readers_are_helped(mail: Mail) -> None:
    """A language, a hidden preheader before the first words, dark colours, layout tables that say so."""
    assert '<html lang="en"' in mail.html
    assert mail.html.index(mail.preheader.split("&")[0][:20]) < mail.html.index("<h1>")
    assert "prefers-color-scheme: dark" in mail.html
    assert 'name="color-scheme"' in mail.html


def test_text_part_reads_well(mail: Mail) -> None:
    """Short paragraphs with a blank line between them, no HTML, no run of blank lines, every button's address."""
    assert not re.search(r"\n{3}|<(?!https?://)|&\w+;|[ \t]\n|\n[ \t]", mail.text)
    assert len(mail.text.split("\n\n")) >= 5
    for address in markup.buttons(mail.html):
        written = address.removeprefix("mailto:").partition("?")[0] if "@" in address else f": {address}\n"
        assert written in mail.text


def test_items_show_price_and_picture() -> None:
    """Each line has its price in the customer's currency; one without a picture has no cell for it."""
    mail = letters.send("abandoned-checkout/second-reminder", samples.full(letters.shop()))
    assert [address for address in markup.addresses(mail.html) if address.endswith(".jpg")] == [
        f"{letters.shop().url}/p/1.jpg",
        f"{letters.shop().url}/p/2.jpg",
    ]
    shown = markup.words(mail.html)
    assert "Moss Teapot" in shown
    assert "2 × £21.00" in shown
    assert "£42.00" in shown
    assert "Repair Kit: Gold & Lacquer" in shown
    row = mail.html[: mail.html.index("Repair Kit")].rsplit("<tr>", 1)[1]
    assert row.count("<td") == 1
    assert 'colspan="2"' in row


def test_lines_beyond_the_first_are_counted() -> None:
    """Of 250 lines twelve are shown, the rest is a number, in HTML and text."""
    lines = [{"product_id": str(n), "title": f"Cup {n}", "quantity": 1, "price": "1.00"} for n in range(12)]
    lines += [{"product_id": str(n), "quantity": 1} for n in range(12, 99)]
    told = {"items": lines, "items_count": 250, "presentment_currency": "USD", "presentment_total": "250.00"}
    mail = letters.send("abandoned-checkout/second-reminder", letters.about(told))
    assert mail.text.count("\nCup ") == mail.html.count("<b>Cup ") == 12
    assert "and 238 more things" in markup.words(mail.html)
    assert "and 238 more things" in mail.text


@pytest.mark.parametrize(
    ("locale", "currency", "price", "shown"),
    [
        ("ja-JP", "JPY", "6400", "￥6,400"),
        ("en-US", "JPY", "6400", "¥6,400"),
        ("ar-KW", "KWD", "12.5", "12.500"),
        ("de-DE", "EUR", "1234.5", "1.234,50 €"),
        ("en", "USD", "64.00", "$64.00"),
        ("nonsense!", "USD", "64.00", "$64.00"),
    ],
)
def test_money_in_locale_and_currency(locale: str, currency: str, price: str, shown: str) -> None:
    """Yen have no decimals, Kuwaiti dinars three; the customer's locale writes them, the shop's when it is none."""
    line = {"product_id": "1", "title": "Cup", "quantity": 1, "price": price}
    told = {"items": [line], "presentment_currency": currency, "presentment_total": price}
    mail = letters.send("abandoned-checkout/second-reminder", letters.about(told, locale=locale))
    assert markup.words(mail.html).count(shown) == 2
