"""Every mail in every language: who gets which, and that nothing of it is left in another."""

import re
from datetime import date
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.core import Locale
from pydantic import ValidationError

from tests.unit.mails import letters, markup
from tidings import formats
from tidings.fit import called
from tidings.mail import samples
from tidings.mail.language import accepted, chosen
from tidings.mail.render import Mail, render
from tidings.shop import Shop

LOCALES = {"ko-KR": "ko", "ja-JP": "ja", "zh-TW": "zh-Hant"}
WHO = {"all known": samples.full, "hardly anything known": samples.sparse}
LANGUAGES = ("ko", "ja", "zh_Hant", "en")

_KEPT = re.compile(
    r"<[^>]*>|https?://\S+|\S+@\S+|Kettle & Kiln( Ltd)?|14 Quayside|Bristol BS1 4RT|United Kingdom|Instagram|Journal|"
    r"Moss Teapot|Genmaicha|Repair Kit: Gold & Lacquer|Dune Cup|Copper Kettle|Smoked Lapsang|Slate Teapot|"
    r"Tea(pots)?|Cups|Kettles|"
    r"SAMPLE10|Royal Mail|QN 1234 5678 9GB|SPRING|The carrier's depot was closed by snow\.|VIP|"
    r"Does the Moss Teapot pour without dripping\?|It does: the spout is cut by hand[^.]*\.|"
    r"0\.8 l|250 g|US|GB"
)
"""What is a name, an address, a code, a measure, or was written by others: the same in every language."""

_FOREIGN = {
    "ko": re.compile(r"[A-Za-z]{2,}|[\u3040-\u30ff\u4e00-\u9fff]"),
    "ja": re.compile(r"[A-Za-z]{2,}|[\uac00-\ud7a3]|[您們這請]"),
    "zh-Hant": re.compile(r"[A-Za-z]{2,}|[\uac00-\ud7a3\u3040-\u30ff]|[们这请发为时还东]"),
}


@pytest.fixture(params=WHO)
def who(request: pytest.FixtureRequest) -> Any:
    """One customer of whom all is known, one of whom hardly anything is."""
    return WHO[request.param]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", letters.names())
def test_nothing_is_left_untranslated(name: str, locale: str, who: Any) -> None:
    """Subject, preheader, HTML and text are in the customer's language but for names, addresses and codes; both are
    whole, short, and say which language it is."""
    marketing = letters.is_marketing(name.partition("/")[0])
    mail = letters.send(name, who(letters.shop(), locale=locale, marketing=marketing))
    language = LOCALES[locale]
    for part in (mail.subject, mail.preheader, markup.words(mail.html), mail.text):
        assert not _FOREIGN[language].search(_KEPT.sub(" ", part)), part
        assert not re.search(r"\bNone\b|\{\{|\{%|%\(|\(\)|\s님|^[,，、]|\s様", part), part
    assert f'<html lang="{language}"' in mail.html
    assert markup.problems(mail.html) == []
    assert 4 <= len(mail.subject) <= 42
    assert 4 <= len(mail.preheader) <= 70
    assert len(mail.html.encode()) < 30_000


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", letters.names())
def test_links_and_codes_are_the_same_in_every_language(name: str, locale: str) -> None:
    """A translation loses no link, picture or code, in HTML and text."""
    shop = letters.shop()
    there, here = (letters.send(name, samples.full(shop, locale=each)) for each in ("en-GB", locale))
    assert list(markup.addresses(here.html)) == list(markup.addresses(there.html))
    assert here.html.count("SAMPLE10") == there.html.count("SAMPLE10")
    assert re.findall(r"https?://\S+", here.text) == re.findall(r"https?://\S+", there.text)


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("ko_KR", "ko"),
        ("ja-JP", "ja"),
        ("zh-TW", "zh_Hant"),
        ("zh-HK", "zh_Hant"),
        ("zh-Hant", "zh_Hant"),
        ("zh-Hant-HK", "zh_Hant"),
        ("zh-CN", None),
        ("zh", None),
        ("de-DE", None),
        ("en-AU", "en"),
        ("nonsense!", None),
        ("tlh", None),
    ],
)
def test_the_locale_decides(locale: str, language: str | None) -> None:
    """Language and script must agree: Simplified Chinese has none and falls to the next that is wanted."""
    assert chosen([locale], LANGUAGES) == language
    assert chosen([locale, "ja-JP"], LANGUAGES) == (language or "ja")


def test_a_language_of_the_country_goes_first() -> None:
    """Brazil reads Brazilian Portuguese, Angola what there is; Serbian in Latin letters is not Cyrillic."""
    assert chosen(["pt-BR"], ("pt_PT", "pt_BR")) == "pt_BR"
    assert chosen(["pt-AO"], ("pt_BR", "pt")) == "pt"
    assert chosen(["sr-Latn"], ("sr",)) is None


def test_without_a_locale_the_shops_language() -> None:
    """A Korean shop writes Korean to whom it knows nothing of, and to whose language it has not."""
    shop = Shop.model_validate({**letters.shop().model_dump(by_alias=True), "default_locale": "ko-KR"})
    source = letters.compiled()["birthday/birthday"]
    for about in (samples.sparse(shop), samples.sparse(shop, locale="de-DE")):
        assert '<html lang="ko"' in render(source, about).html
    assert '<html lang="en"' in render(source, samples.sparse(shop, locale="en-US")).html


def test_browsers_say_what_they_accept() -> None:
    """By weight; what is none, or not wanted, is left out."""
    assert accepted("en;q=0.3, ko-KR, ja;q=0.8, fr;q=0, *;q=0.1") == ["ko-KR", "ja", "en"]
    assert accepted("") == accepted("\x00;;;q=,,,") == []


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("서연", "김", "김서연"),
        ("花子", "山田", "山田花子"),
        ("怡君", "林", "林怡君"),
        ("김서연", "김", "김서연"),
        ("Ada", "Lovelace", "Ada"),
        ("Grace", "김", "Grace"),
        (None, "佐々木", "佐々木"),
        (None, "Lovelace", None),
        ("Ada", None, "Ada"),
        (None, None, None),
    ],
)
def test_names_are_written_as_their_bearers_write_them(
    first: str | None, last: str | None, shown: str | None
) -> None:
    """Family name first in Hangul, Han and Kana; elsewhere the first name alone."""
    assert called(first, last) == shown


def greet(shop: Shop, **told: Any) -> Mail:
    """A mail with a greeting."""
    about = letters.about({}, **told)
    return render(letters.compiled()["abandoned-checkout/reminder"], {**about, "shop": shop})


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"country": "AU", "first_name": "Ada"}, "Servus Ada,"),
        ({"country": "AU"}, "Servus!"),
        ({"country": "DE", "first_name": "Ada"}, "Hello Ada,"),
        ({"first_name": "Ada"}, "Hello Ada,"),
        (
            {"country": "AU", "locale": "ko-KR", "first_name": "서연", "last_name": "김"},
            "김서연님, 안녕하세요.",
        ),
        (
            {"country": "KR", "locale": "ko-KR", "first_name": "서연", "last_name": "김"},
            "안녕하세요, 김서연님",
        ),
        ({"country": "KR", "first_name": "Ada"}, "안녕하세요, Ada님"),
        ({"country": "KR", "locale": "ko-KR"}, "안녕하세요."),
        ({"country": "JP", "locale": "ja-JP", "first_name": "花子"}, "花子様、こんにちは。"),
        ({"country": "TW", "locale": "zh-TW"}, "您好，"),
        ({"country": "KR", "first_name": "<b>x</b>"}, "Hello,"),
        ({"country": "KR", "first_name": "A & {name}"}, "Hello,"),
        ({"country": "KR", "first_name": "O'Neil & Co"}, "안녕하세요, O'Neil & Co님"),
    ],
)
def test_greetings_by_country(told: dict[str, str], said: str) -> None:
    """The shop's word for a country, where the mail speaks a language of that country or the shop's own; else the
    word of the mail's language. Without a name the one for those, and no empty place."""
    shop = letters.shop().model_dump(by_alias=True)
    greetings = {"AU": {"named": "Servus {name},", "plain": "Servus!"}, "KR": "안녕하세요, {name}님"}
    mail = greet(Shop.model_validate({**shop, "greetings": greetings}), **told)
    assert f"\n\n{said}\n\n" in mail.text
    assert said in markup.words(mail.html)


@pytest.mark.parametrize(
    "greeting", ["Hello", "Hello {name} {x}", {"named": "Hi {name}", "plain": "Hi {name}"}]
)
def test_greetings_name_the_customer_once(greeting: object) -> None:
    """A greeting without `{name}`, or with braces that mean nothing, is refused when it is read."""
    shop = letters.shop().model_dump(by_alias=True)
    with pytest.raises(ValidationError, match=r"write \{name\} where the name belongs"):
        Shop.model_validate({**shop, "greetings": {"DE": greeting}})


@pytest.mark.parametrize(
    ("locale", "form", "shown"),
    [
        ("en_US", "MMMM y", "March 2026"),
        ("ko_KR", "MMMM y", "2026년 3월"),
        ("ja_JP", "MMMM y", "2026年3月"),
        ("zh_Hant_TW", "MMMM y", "2026年3月"),
        ("zh_Hant_TW", "MMMM d", "3月17日"),
        ("de_DE", "EEEE", "Dienstag"),
        ("en_US", "MMMM d, y", "March 17, 2026"),
        ("ko_KR", "long", "2026년 3월 17일"),
    ],
)
def test_dates_keep_the_order_of_the_language(locale: str, form: str, shown: str) -> None:
    """Fields alone are put in order; a pattern with more in it is taken to the letter."""
    assert formats.day(date(2026, 3, 17), Locale.parse(locale), ZoneInfo("UTC"), form) == shown


def test_plurals() -> None:
    """One and many in English, one form in Korean, each with its number."""
    lines = [{"product_id": str(n), "title": f"Cup {n}", "quantity": 1, "price": "1.00"} for n in range(12)]
    for more, english in ((1, "and one more thing"), (3, "and 3 more things")):
        told = {"items": lines, "items_count": 12 + more}
        for locale, said in (
            ("en-US", english),
            ("ko-KR", f"그 밖에 {more}개 더"),
            ("ja-JP", f"ほか{more}点"),
        ):
            mail = letters.send("abandoned-checkout/second-reminder", letters.about(told, locale=locale))
            assert said in mail.text


def test_fonts_have_the_letters() -> None:
    """Fonts of the language stand before the generic family, the shop's own before them; English has the shop's."""
    sources = letters.compiled()["birthday/birthday"]
    stacks = {
        locale: unescape(render(sources, samples.full(letters.shop(), locale=locale)).html)
        for locale in ("en-GB", *LOCALES)
    }
    for locale, family in (("ko-KR", "Malgun Gothic"), ("ja-JP", "Yu Gothic"), ("zh-TW", "PingFang TC")):
        assert re.search(rf"Georgia[^;\"]*{family}[^;\"]*, serif", stacks[locale])
        assert family not in stacks["en-GB"]
    assert "keep-all" in stacks["ko-KR"]
    assert "keep-all" not in stacks["en-GB"] + stacks["ja-JP"]


def test_a_coupons_words_are_in_the_mails_language() -> None:
    """The shop's own words in the shop's language, their translation, else the figure alone."""
    shop = letters.shop()
    source = letters.compiled()["birthday/birthday"]
    named = shop.coupons["birthday"]
    other = named.model_copy(update={"description": "a surprise of 15%"})
    for coupon, locale, said in (
        (named, "en-GB", "15% off your birthday present"),
        (named, "ko-KR", "생일 선물 15% 할인"),
        (named, "zh-TW", "生日禮 85 折"),
        (other, "ko-KR", "\n\n15% 할인\n"),
    ):
        assert said in render(source, {**samples.full(shop, locale=locale), "coupon": coupon}).text
