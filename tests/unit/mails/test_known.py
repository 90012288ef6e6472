"""Links in mails tell the shop's pages who came, and nobody else's pages anything."""

from datetime import timedelta

import pytest

from tests.worlds import NOW
from tidings.mail.known import known
from tidings.mail.render import Mail
from tidings.tids import make_tid, read_tid

SHOP, TID = "https://shop.example", "k1.customer:abc.1790000000.00ff"


def linked(url: str) -> tuple[str, str]:
    """What becomes of a link, in HTML and in text."""
    mail = known(
        Mail("s", "p", f'<a class="x" href="{url}">Go</a>', f"Go: {url.replace('&amp;', '&')}."), SHOP, TID
    )
    return mail.html.split('href="')[1].split('"')[0], mail.text.removeprefix("Go: ").removesuffix(".")


@pytest.mark.parametrize(
    ("url", "html", "text"),
    [
        (SHOP, f"{SHOP}?tid={TID}", f"{SHOP}?tid={TID}"),
        (f"{SHOP}/a?b=1&amp;c=2", f"{SHOP}/a?b=1&amp;c=2&amp;tid={TID}", f"{SHOP}/a?b=1&c=2&tid={TID}"),
        (f"{SHOP}/a#top", f"{SHOP}/a?tid={TID}#top", f"{SHOP}/a?tid={TID}#top"),
        ("HTTPS://SHOP.example/a".lower(), f"{SHOP}/a?tid={TID}", f"{SHOP}/a?tid={TID}"),
    ],
)
def test_a_link_to_the_shop_tells_who_comes(url: str, html: str, text: str) -> None:
    """In both parts, before the fragment, and escaped where the mail is HTML."""
    assert linked(url) == (html, text)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.evil.example/a",
        "https://evil.example/?to=https://shop.example",
        "http://shop.example/a",
        "https://api.example/unsubscribe/k1.x.y",
        "https://shop.example@evil.example/",
        "mailto:ann@shop.example",
    ],
)
def test_a_link_to_elsewhere_stays_as_it_is(url: str) -> None:
    """Another site, another scheme, the link by which one leaves."""
    assert linked(url) == (url, url)


def test_pictures_and_words_stay_as_they_are() -> None:
    """Only where one clicks: a picture's address is fetched by machines."""
    html = f'<img src="{SHOP}/a.png"><p>{SHOP}/a</p><a href="{SHOP}/a">a</a>'
    assert known(Mail("s", "p", html, ""), SHOP, TID).html == html.replace('/a">', f'/a?tid={TID}">')
    assert known(Mail("s", "p", html, ""), "", TID).html == html


def test_a_mails_tid_holds_for_a_month() -> None:
    """And names the customer by id."""
    tid = make_tid("customer:abc", NOW + timedelta(days=30), {"k1": b"s"})
    assert read_tid(tid, {"k1": b"s"}, NOW + timedelta(days=29)) == "customer:abc"
    assert read_tid(tid, {"k1": b"s"}, NOW + timedelta(days=31)) is None
