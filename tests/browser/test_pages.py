"""The pages behind links as people use them: every page, in every language, on a desk and on a phone, by keyboard, and
looked at by axe-core.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.browser.axe import barriers, needs_axe
from tests.browser.chromium import Page, needs_chromium
from tests.browser.site import PLACES, Place, Site, served
from tidings.pages import PAGES
from tidings.shop import Colours

pytestmark = needs_chromium

DESK, PHONE = (1280, 800), (320, 640)  # as narrow as 400 % of zoom makes a desk (WCAG 1.4.10)
LANGUAGES = ("en", "ko", "ja", "zh-TW")
GARISH = Colours(
    page="#ffe9a8", card="#fff6d6", text="#8a7a3c", muted="#c9b873", accent="#f2c14e", on_accent="#ffffff"
)
"""A brand whose colours nobody could read as they are."""

SEEN = """(() => {
  const e = document.activeElement, box = e.closest('.choice') ?? e, style = getComputedStyle(box);
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return [e.name || e.textContent.trim(), e.value ?? '', seen];
})()"""
"""What has the focus, and whether one sees that."""


@pytest.fixture(scope="module", params=[DESK, PHONE], ids=["desk", "phone"])
def screen(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A browser by day."""
    with Page(*request.param) as opened:
        yield opened


@pytest.fixture(scope="module")
def night() -> Iterator[Page]:
    """A phone whose owner prefers the dark."""
    with Page(*PHONE, dark=True) as opened:
        yield opened


@pytest.fixture
def site() -> Iterator[Site]:
    """The demo shop's pages."""
    with served(Site()) as made:
        yield made


def test_every_page_is_visited() -> None:
    """A page that is added is looked at."""
    assert {place.page for place in PLACES} == set(PAGES)


@needs_axe
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_page_has_no_barriers(screen: Page, site: Site, place: Place, language: str) -> None:
    """Nor has the one that its first button leads to. Nothing is wider than the screen, refused by the browser, run as
    a script, or asked of anybody else."""
    screen.speak(language)
    screen.problems.clear()
    screen.requests.clear()
    screen.open(site.url(place))
    assert screen.run("document.documentElement.lang").startswith(language[:2])
    for step in range(2):
        assert barriers(screen) == []
        assert screen.fits()
        assert screen.run("document.scripts.length === 0 && document.querySelectorAll('h1').length === 1")
        if step == 0:
            screen.send()
            status = screen.run("performance.getEntriesByType('navigation')[0].responseStatus")
            assert status == place.answers
    told = [each for each in screen.problems if f"status of {place.answers}" not in each]
    assert told == []  # Chromium counts a form that was refused as a problem, too
    assert [each for each in screen.requests if not each.startswith((site.base, "data:", "about:"))] == []


@needs_axe
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_nor_has_it_in_the_dark(night: Page, site: Site, place: Place) -> None:
    """Colours of its own, which can be read as well."""
    night.speak("en")
    night.open(site.url(place))
    assert night.run("getComputedStyle(document.querySelector('main')).backgroundColor") == "rgb(38, 36, 34)"
    assert barriers(night) == []
    night.send()
    assert barriers(night) == []


@needs_axe
@pytest.mark.parametrize("place", [PLACES[1], Place("contact", None, answers=422)], ids=str)
def test_a_garish_brand_is_made_readable(screen: Page, place: Place) -> None:
    """Contrast of WCAG AA, whatever colours the shop chose."""
    with served(Site(colours=GARISH)) as site:
        screen.speak("en")
        screen.open(site.url(place))
        assert barriers(screen) == []
        screen.send()
        assert barriers(screen) == []


@needs_axe
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_goes_wrong_has_no_barriers_either(screen: Page, site: Site, language: str) -> None:
    """A link that was cut short."""
    screen.speak(language)
    screen.open(site.url(PLACES[0])[:-1])
    assert screen.run("document.querySelector('form') === null")
    assert barriers(screen) == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_preferences_by_keyboard_alone(site: Site, size: tuple[int, int]) -> None:
    """Tab, space, arrows and enter are enough, the focus is seen at every step, and what was chosen is told."""
    with ExitStack() as stack:
        page = stack.enter_context(Page(*size))
        page.open(site.url(PLACES[1]))
        stops = []
        for _ in range(14):
            page.press("Tab")
            stops.append(tuple(page.run(SEEN)))
            if stops[-1][:2] == ("topic", "offers"):
                page.press(" ")
            if stops[-1][0] == "frequency":
                page.press("ArrowDown")
            if stops[-1][0] == "Save":
                break
        names = [stop[0] for stop in stops]
        assert names == [site.shop.name, *["topic"] * len(site.shop.topics), "frequency", "Save"]
        assert [stop for stop in stops if not stop[2]] == []
        page.run("window.before = true")
        page.press("Enter")
        page.wait("!window.before && document.readyState === 'complete'")
        assert (
            page.run("document.querySelector('[role=status]').textContent") == "Saved. It counts from now on."
        )
        assert page.run("document.querySelector('[type=checkbox][value=offers]').checked") is False
        assert page.run("document.querySelector('[type=radio][value=weekly]').checked") is True
        (told,) = site.told
        assert told.properties["frequency"] == "weekly"
        assert [name for name, on in told.properties["topics"].items() if not on] == ["offers"]
        assert page.problems == []


def test_a_reader_changes_the_language_and_back(site: Site) -> None:
    """By the links below, without losing the page."""
    with Page(*PHONE) as page:
        page.speak("en")
        page.open(site.url(PLACES[0]))
        for tag, button in (("ko", "수신 거부"), ("zh-Hant", "取消訂閱"), ("en", "Unsubscribe")):
            page.click(f"footer a[hreflang={tag}]")
            page.wait(f"document.documentElement?.lang === '{tag}' && document.readyState === 'complete'")
            assert page.run("document.querySelector('main button').textContent") == button


def test_unsubscribing_and_having_second_thoughts(site: Site) -> None:
    """From the page behind the mail's link to the preference centre: looking is harmless, the button acts, and the way
    between the pages holds."""
    with Page(*PHONE) as page:
        page.speak("en")
        page.open(site.url(PLACES[0]))
        assert site.told == []
        page.click("main .apart a")
        page.wait("location.pathname.startsWith('/pages/preferences/') && document.readyState === 'complete'")
        assert page.run("document.querySelectorAll('[name=topic]:checked').length") == len(site.shop.topics)
        page.send("main form.apart button")
        assert page.run("document.querySelectorAll('[name=topic]:checked').length") == 0
        assert [each.type for each in site.told] == ["preferences_changed"]
        assert {each.reason for each in site.suppressions.rows.values()} == {"unsubscribed"}
        assert page.problems == []
