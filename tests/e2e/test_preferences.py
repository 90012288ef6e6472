"""The preference centre before the deployed stack: from a mail's own link to what is mailed afterwards."""

import html
import re
from dataclasses import replace
from urllib.parse import urlencode, urljoin

import pytest

from tests.e2e.helpers.shop import Answer, Shop, eventually
from tests.e2e.helpers.stories import Told
from tests.e2e.test_journey import link_of, message, person_of, told
from tidings.customer import Customer

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def reader(shop: Shop) -> Told:
    """Somebody who subscribed, and was welcomed."""
    reader = person_of(shop, 3300)
    told(shop, reader.account(), reader.consent())
    return reader


@pytest.fixture(scope="module")
def link(shop: Shop, reader: Told) -> str:
    """The link to the preference centre in the welcome mail."""
    body = message(shop, shop.mail(reader.person.email, "welcome")).get_body(("html",))
    assert body is not None
    (found,) = re.findall(r'href="([^"]+/pages/preferences/[^"]+)"', body.get_content())
    return html.unescape(found)


def reasons(shop: Shop, reader: Told) -> set[str]:
    """Why the reader's address is not mailed."""
    alias = shop.alias(email=reader.person.email)
    return {row["reason"] for row in shop.table("suppressions").query("address = :address", address=alias)}


def chosen(answer: Answer) -> list[bytes]:
    """What a page shows as chosen."""
    return re.findall(rb'value="([a-z-]+)" checked', answer.body)


def test_looking_shows_what_holds_and_changes_nothing(shop: Shop, reader: Told, link: str) -> None:
    """All topics of somebody who said yes to all, as often as they come; in the browser's language."""
    eventually("the consent", lambda: shop.known(email=reader.person.email).accepts_marketing)
    answer = shop.call("GET", link, headers={"accept-language": "ko"})
    assert answer.status == 200
    assert b'<html lang="ko"' in answer.body
    assert chosen(answer) == [b"newsletter", b"offers", b"product-news", b"reminders", b"all"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert reasons(shop, reader) == set()


def test_another_purpose_or_a_cut_link_opens_nothing(shop: Shop, link: str) -> None:
    """Neither to look nor to act."""
    wrong = [
        link[:-1],
        link.replace("/pages/preferences/", "/unsubscribe/"),
        link.replace("preferences", "confirm"),
    ]
    for each in wrong:
        assert shop.call("GET", each).status == 404
        assert shop.call("POST", each, b"topic=offers", FORM).status == 404


def test_what_is_turned_off_counts_at_once(shop: Shop, reader: Told, link: str) -> None:
    """A suppression before the page answers, the fold after it; a reminder that is due later does not go."""
    told_ = {"topic": ["newsletter", "product-news"], "frequency": "weekly"}
    shown = {"shown": "newsletter offers product-news reminders", "shown_frequency": "all"}
    answer = shop.call("POST", link, urlencode({**told_, **shown}, doseq=True).encode(), FORM)
    assert answer.status == 200
    assert chosen(answer) == [b"newsletter", b"product-news", b"weekly"]
    assert reasons(shop, reader) == {"unsubscribed:offers", "unsubscribed:reminders"}
    customer = eventually("the fold", lambda: _weekly(shop, reader))
    assert chosen(shop.call("GET", link)) == [b"newsletter", b"product-news", b"weekly"]
    late = replace(reader, at=shop.now)
    told(shop, *late.checkouts(late.cart))
    journey = eventually("a journey", lambda: shop.journey("abandoned-checkout", customer.id))
    entry = eventually("the reminder's turn", lambda: shop.sent(journey, "reminder"))
    assert (entry["state"], entry["reason"]) == ("skipped", "no consent: reminders")


def _weekly(shop: Shop, reader: Told) -> Customer | None:
    customer = shop.known(email=reader.person.email)
    return customer if customer.last.get("preferences_changed") else None


def test_the_way_from_the_unsubscribe_page_holds(shop: Shop, reader: Told) -> None:
    """Its relative link leads to the preference centre of the same person, wherever the pages are served."""
    page = link_of(message(shop, shop.mail(reader.person.email, "welcome")))
    (way,) = re.findall(rb'href="(\.\./pages/preferences/[^"]+)"', shop.call("GET", page).body)
    assert shop.call("GET", urljoin(page, way.decode())).status == 200
