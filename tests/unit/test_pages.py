"""The pages behind links: GET asks, POST acts, and what is forged finds nothing."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from tests import fakes
from tests.worlds import ANN, NOW, SHOP, World, checkout, email, event, subscribed
from tidings.clock import FixedClock
from tidings.customer import epoch
from tidings.errors import Unavailable
from tidings.links import Unsubscribe, unsubscribe_token
from tidings.mail.catalogues import in_pages
from tidings.mail.messages import PAGES
from tidings.pages import Pages

KEYS = {"k1": b"secret"}
HOUR = timedelta(hours=1)


class Forms(HTMLParser):
    """The forms, links and scripts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


class Office:
    """Pages on fakes, and the link in Ann's mail."""

    def __init__(self, faults: fakes.Faults | None = None) -> None:
        self.faults = faults or fakes.Faults()
        self.events = fakes.FakeEvents(self.faults)
        self.suppressions = fakes.FakeSuppressions(self.faults)
        self.clock = FixedClock(NOW)
        self.pages = Pages(self.events, self.suppressions, lambda: KEYS, SHOP, self.clock)
        self.token = unsubscribe_token(Unsubscribe("c1", email("ann@example.com"), "send1"), KEYS)


def test_looking_changes_nothing() -> None:
    """A scanner that follows every link of a mail unsubscribes nobody; the page has one form, that posts to itself."""
    office = Office()
    page = office.pages.ask(office.token)
    forms = Forms(page.html)
    assert page.status == 200
    assert [(form.get("method") or "").lower() for form in forms.of("form")] == ["post"]
    assert forms.of("form")[0].get("action") in (None, "")
    assert not forms.of("script")
    assert SHOP.name in page.html
    assert office.faults.calls == []


def test_a_post_suppresses_then_tells() -> None:
    """The suppression comes first: it counts at once, whatever becomes of the event."""
    office = Office()
    assert office.pages.unsubscribe(office.token).status == 200
    assert office.faults.calls == ["suppressions.put", "events.put"]
    (suppression,) = office.suppressions.of(email("ann@example.com"))
    assert (suppression.reason, suppression.at) == ("unsubscribed", epoch(NOW))
    (event_,) = office.events.rows.values()
    assert (event_.type, event_.identity, event_.at) == ("unsubscribed", "customer:c1", NOW)
    assert event_.properties == {"send_id": "send1"}


def test_two_clicks_are_one_fact_within_a_second_and_harmless_later() -> None:
    """A mail program that posts twice, a person who comes back."""
    office = Office()
    for _ in range(2):
        office.pages.unsubscribe(office.token)
    assert len(office.events.rows) == 1
    office.clock.advance(HOUR)
    office.pages.unsubscribe(office.token)
    (suppression,) = office.suppressions.of(email("ann@example.com"))
    assert suppression.at == epoch(NOW + HOUR)


@pytest.mark.parametrize("token", ["", "k1.x.y", "../../etc/passwd", "<script>alert(1)</script>"])
def test_a_forged_link_is_404_and_shows_nothing_of_itself(token: str) -> None:
    """To GET and POST alike."""
    office = Office()
    for page in (office.pages.ask(token), office.pages.unsubscribe(token)):
        assert page.status == 404
        assert "alert(1)" not in page.html
        assert "passwd" not in page.html
    assert office.faults.calls == []


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_an_outage_is_told_and_a_second_click_completes(at: int, after: bool) -> None:
    """Cut before or after either write: the click fails, the next one leaves suppression and event."""
    office = Office(fakes.Faults(at=at, after=after))
    with pytest.raises(Unavailable):
        office.pages.unsubscribe(office.token)
    assert office.pages.unsubscribe(office.token).status == 200
    assert len(office.suppressions.of(email("ann@example.com"))) == 1
    assert len(office.events.rows) == 1


def test_the_fold_hears_of_it() -> None:
    """The event takes the consent away, and a later sign-up gives it back."""
    world = World()
    world.happen(
        event("customer_registered", "1", at=NOW - HOUR, **ANN), subscribed("1", at=NOW - HOUR, **ANN)
    )
    customer = world.only()
    pages = Pages(world.events, fakes.FakeSuppressions(), lambda: KEYS, SHOP, world.clock)
    pages.unsubscribe(unsubscribe_token(Unsubscribe(customer.id, email("ann@example.com"), "s"), KEYS))
    (told,) = [each for each in world.events.rows.values() if each.source == "page"]
    world.tracker.track(told)
    assert not world.only().accepts_marketing
    world.happen(checkout("t9", at=NOW + HOUR, **ANN), subscribed("2", at=NOW + 2 * HOUR, **ANN))
    assert world.only().accepts_marketing


@pytest.mark.parametrize(
    ("accepts", "language", "button"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko", "수신 거부"),
        ("de, ja;q=0.5", "ja", "配信停止"),
        ("zh-TW", "zh-Hant", "取消訂閱"),
        ("zh-CN", "en", "Unsubscribe"),
        ("", "en", "Unsubscribe"),
    ],
)
def test_pages_speak_the_browsers_language(accepts: str, language: str, button: str) -> None:
    """The first accepted one that there is, else the shop's; the whole page is in it."""
    office = Office()
    pages = replace(office.pages, translations=in_pages(PAGES))
    page = pages.ask(office.token, accepts)
    assert f'<html lang="{language}">' in page.html
    assert f">{button}</button>" in page.html
    for each in (
        page,
        pages.unsubscribe(office.token, accepts),
        pages.ask("x", accepts),
        pages.later(accepts),
    ):
        words = re.sub(r"<style>.*?</style>|<[^>]*>", " ", each.html, flags=re.DOTALL).replace(SHOP.name, "")
        left = re.findall(r"[A-Za-z]{3,}", words.replace(SHOP.support, ""))
        assert (left == []) is (language != "en"), left
    assert f'href="mailto:{SHOP.support}"' in pages.unsubscribe(office.token, accepts).html
    assert f'href="{SHOP.url}"' in pages.unsubscribe(office.token, accepts).html
    assert pages.later(accepts).status == 503
