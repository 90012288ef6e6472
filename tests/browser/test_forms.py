"""Forms as people fill them in: by keyboard alone, with a mistake first, and by one tap in a mail."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.browser.chromium import Page, needs_chromium
from tests.browser.site import PLACES, Site, served

pytestmark = needs_chromium

PLACE = {str(place): place for place in PLACES}
SIZES = [(1280, 800), (360, 740)]
FOCUS = "[document.activeElement.name || document.activeElement.className || document.activeElement.textContent.trim()]"


@pytest.fixture
def site() -> Iterator[Site]:
    """The demo shop's pages."""
    with served(Site()) as made:
        yield made


def stops(page: Page, last: str) -> list[str]:
    """What the tabulator comes to, up to a button."""
    found: list[str] = []
    while last not in found:
        page.press("Tab")
        found += page.run(FOCUS)
        assert len(found) < 20, found
    return found


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_a_message_by_keyboard_alone(site: Site, size: tuple[int, int]) -> None:
    """The trap is never come to; a mistake takes the focus to what is wrong, with everything typed still there."""
    with Page(*size) as page:
        page.open(site.url(PLACE["contact"]))
        assert page.run("document.querySelector('[name=website]').checkVisibility()") is False
        order = stops(page, "Send")
        assert order[-5:] == ["name", "email", "message", "news", "Send"]
        page.run("document.querySelector('[name=email]').value = 'ann@'")
        page.run("document.querySelector('[name=message]').value = 'Does it pour?'")
        page.send()
        page.wait("document.activeElement.getAttribute('role') === 'alert'")
        assert page.run("document.querySelector('[name=message]').value") == "Does it pour?"
        page.press("Tab")
        page.press("Enter")
        page.wait("document.activeElement.name === 'email'")
        page.run("document.activeElement.value = 'ann@example.com'")
        site.clock.advance(timedelta(seconds=20))
        page.send()
        assert page.run("document.querySelector('form') === null")
        (lead,) = site.told
        assert (lead.type, lead.properties["message"]) == ("lead_captured", "Does it pour?")
        assert page.problems == [each for each in page.problems if "422" in each]


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_one_tap_in_a_mail_and_one_on_the_page(site: Site, size: tuple[int, int]) -> None:
    """The answer is chosen already; looking tells nothing, sending does, once."""
    with Page(*size) as page:
        page.open(site.url(PLACE["form-satisfaction"], score="4"))
        assert page.run("document.querySelector('[name=score]:checked').value") == "4"
        assert site.told == []
        page.send()
        assert [event.properties["score"] for event in site.told] == [4]
        page.run("window.before = true")
        page.call("Page.reload")
        page.wait("!window.before && document.readyState === 'complete'")
        assert len(site.told) == 1


def test_a_birthday_has_no_year_when_none_is_told(site: Site) -> None:
    """A month from the list, a day, and nothing else."""
    with Page(360, 740) as page:
        page.speak("ko")
        page.open(site.url(PLACE["form-birthday"]))
        names = page.run("[...document.querySelectorAll('.parts [name]')].map(e => e.name)")
        assert names == ["birthday_year", "birthday_month", "birthday_day"]
        page.run("document.querySelector('[name=birthday_month]').value = '2'")
        page.run("document.querySelector('[name=birthday_day]').value = '29'")
        page.send()
        assert [event.properties["birthday"] for event in site.told] == ["--02-29"]
        assert page.problems == []
