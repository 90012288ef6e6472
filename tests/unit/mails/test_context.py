from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel.core import Locale
from jinja2.exceptions import SecurityError

from tests.unit.mails import letters
from tidings import formats
from tidings.expressions.context import MAIL_NAMES
from tidings.fit import name, page
from tidings.mail import samples
from tidings.mail.render import Environment, environment, render


def test_every_promised_name_is_there() -> None:
    """What a mail may name is what the context holds: no more, no less."""
    assert set(samples.full(letters.shop())) == set(MAIL_NAMES)


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ("Ada", "Ada"),
        ("  Anne \n Marie ", "Anne Marie"),
        ("O'Neil-Łukasz", "O'Neil-Łukasz"),
        ("민준", "민준"),
        ("Null", "Null"),
        ("", None),
        ("   ", None),
        (None, None),
        ("\u200b\u200b", None),
        ("-", None),
        ("win at https://evil.example", None),
        ("www.evil.example", None),
        ("bit.ly/x free money", None),
        ("ada@example.com", None),
        ("<b>", None),
        (["Ada"], None),
        ("Maximiliane " * 20, ("Maximiliane " * 20)[:59].rstrip() + "…"),
    ],
)
def test_names_are_names(told: object, taken: str | None) -> None:
    """A greeting names a person or nobody: no advertisement, no address, no empty name, none without end."""
    assert name(told) == taken


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ("https://shop.example/a?b=c&d=e#f", "https://shop.example/a?b=c&d=e#f"),
        ("http://127.0.0.1:8080/p.svg", "http://127.0.0.1:8080/p.svg"),
        ("https://shop.example/é/안", "https://shop.example/%C3%A9/%EC%95%88"),
        ("https://shop.example/%C3%A9", "https://shop.example/%C3%A9"),
        ('https://shop.example/"onclick="x', "https://shop.example/%22onclick=%22x"),
        ("ftp://shop.example/", None),
        ("/products/cup", None),
        (5, None),
    ],
)
def test_pages_are_http(told: object, taken: str | None) -> None:
    """An address is http or https with a host, and safe inside an attribute."""
    assert page(told) == taken


def test_without_presentment_price_the_shops_stands_in() -> None:
    """`presentment_total` and its currency are always a pair."""
    event = letters.about({"total": "10.00", "currency": "USD", "presentment_total": "9"})["event"]
    assert (event.presentment_total, event.presentment_currency) == (Decimal("10.00"), "USD")
    event = letters.about(
        {"total": "10.00", "currency": "USD", "presentment_total": "9.20", "presentment_currency": "EUR"}
    )["event"]
    assert (event.presentment_total, event.presentment_currency) == (Decimal("9.20"), "EUR")


def test_catalogue_fills_what_the_line_lacks() -> None:
    """Title, picture and page come from the catalogue; a path is the shop's; a withdrawn product has no page."""
    lines = [{"product_id": "1", "quantity": 2}, {"product_id": "2", "title": "Bowl"}, {"product_id": "3"}]
    about = letters.about(
        {"items": [*lines, {"product_id": "4", "title": "Gone", "quantity": 0}], "items_count": 4},
        {
            "shopify:product:1": {
                "title": "Cup",
                "image": "https://cdn.example/1.png",
                "url": "/products/cup",
            },
            "shopify:product:2": {"title": "Old bowl", "url": "/products/bowl", "status": "archived"},
        },
    )
    cup, bowl = about["items"]
    assert (cup.title, cup.quantity, cup.price, cup.picture) == ("Cup", 2, None, "https://cdn.example/1.png")
    assert cup.url == f"{letters.shop().url}/products/cup"
    assert (bowl.title, bowl.picture, bowl.url) == ("Bowl", None, None)
    assert about["more_items"] == 1


def test_properties_of_the_shops_own_events() -> None:
    """What the views don't know is there by its name, as it came."""
    event = letters.about({"pet": "cat"})["event"]
    assert environment(False).from_string("{{ event['pet'] }}{{ event['no'] }}").render(event=event) == "cat"


def test_locale_by_country_and_fallback() -> None:
    """`en` from Canada is Canadian English; what Babel does not know falls back to its language, then to the shop's."""
    assert str(formats.locale_of("en", "CA", "de-DE")) == "en_CA"
    assert str(formats.locale_of("en-XX", None, "de-DE")) == "en"
    assert str(formats.locale_of("xx-YY", "CA", "de-DE")) == "de_DE"
    assert str(formats.locale_of("zh-Hant-TW", "TW", "en")) == "zh_Hant_TW"
    assert str(formats.locale_of("zh-TW", None, "en")) == "zh_Hant_TW"
    assert str(formats.locale_of(None, "FR", "en-US")) == "en_US"


@pytest.mark.parametrize("value", [None, "", "NaN", "Infinity", "1e99", "abc", True, 0.1, [], "1,5"])
def test_amounts_that_are_none(value: object) -> None:
    """What is no exact, finite, sensible amount shows nothing."""
    assert formats.money(value, "USD", Locale("en")) == ""


def test_dates_are_the_recipients_in_the_mails_language() -> None:
    """An English mail to Germany writes English months and the German clock's day."""
    late = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)
    about = letters.about({}, locale="de-DE", timezone="Europe/Berlin") | {"now": late}
    template = environment(False).from_string(
        "{{ now|date }} {{ now|time }} {{ now|datetime }} {{ 1234.5|number }}"
    )
    assert template.render(about) == "10 March 2026 00:30 10 Mar 2026, 00:30 1.234,5"
    assert formats.day(None, Locale("en"), ZoneInfo("UTC")) == ""


@pytest.mark.parametrize(
    "source",
    [
        "{{ customer.__class__.__mro__ }}",
        "{{ customer|attr('__class__') }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ shop.__init__.__globals__ }}",
        "{{ event.properties.update({'a': 1}) }}",
        "{{ '%s'.format.__globals__ }}",
        "{{ '{0.__class__}'.format(customer) }}",
        "{{ cycler.__init__ }}",
    ],
)
def test_sandbox(source: str) -> None:
    """A template reaches no internals and changes nothing: it shows nothing, or fails."""
    about = samples.full(letters.shop())
    try:
        shown = Environment(escape=True).from_string(source).render(about)
    except SecurityError:
        return
    assert shown in ("", "{}")


def test_rendering_is_repeatable() -> None:
    """Equal input gives equal mails."""
    about = samples.full(letters.shop())
    source = letters.compiled()["abandoned-checkout/second-reminder"]
    assert render(source, about) == render(source, about)


def test_few_pieces_are_told_many_are_not() -> None:
    """`left` is a number only when three or fewer are there; nobody hears of an empty shelf or of a guess."""
    stock: list[object] = [3, 1, 4, 0, -2, None, True, "2"]
    lines = [{"product_id": str(place), "title": "Cup"} for place in range(len(stock))]
    known = {f"shopify:product:{place}": {"inventory": count} for place, count in enumerate(stock)}
    items = letters.about({"items": lines}, known)["items"]
    assert [item.left for item in items] == [3, 1, None, None, None, None, None, None]


def test_a_parcel_and_its_sums_are_fit_to_show() -> None:
    """Sums are exact, the tracking page is http, the day a day; what is none of it is not there."""
    told = {"subtotal": "19.90", "tax": "x", "expected_on": "2026-03-20", "taxes_included": True}
    event = letters.about({**told, "tracking_url": "javascript:1", "tracking_company": " DHL\n"})["event"]
    assert (event.subtotal, event.tax, event.taxes_included) == (Decimal("19.90"), None, True)
    assert (event.tracking_url, event.tracking_company) == (None, "DHL")
    assert event.expected_on.isoformat() == "2026-03-20"
    assert letters.about({"expected_on": "soon"})["event"].expected_on is None
