"""The inbox page as people use it, in a real browser, on a desk and on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.axe import barriers, needs_axe
from tests.browser.chromium import Page, needs_chromium
from tests.browser.mailroom import Inbox, opened, recorder, troubles

pytestmark = needs_chromium

DESK, PHONE = (1280, 800), (375, 740)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """A recorder with three mails."""
    with recorder(tmp_path) as box:
        yield box


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, inbox: Inbox) -> Iterator[Page]:
    """The inbox page with its mails, once as wide as a desk's and once as a phone's."""
    with opened(inbox, *request.param) as shown:
        yield shown


def _subject(page: Page) -> str:
    return str(page.run("document.getElementById('subject').textContent"))


def _rows(page: Page) -> list[str]:
    rows: list[str] = page.run("[...document.querySelectorAll('.row .about')].map(r => r.textContent)")
    return rows


def test_a_mail_is_a_click_away_and_so_are_its_parts(page: Page) -> None:
    """The newest mail comes first; a click shows it, and its text and headers are one more click away."""
    assert _rows(page)[0].startswith("<b>Still</b>")
    page.click(".row:nth-of-type(3)")
    assert _subject(page) == "Your cup is still here"
    page.wait("getComputedStyle(document.getElementById('frame')).display !== 'none'")
    page.wait("document.getElementById('text').textContent.includes('Words for Ren')")
    page.click("[data-part=text]")
    assert page.run("document.getElementById('text').hidden") is False
    page.click("[data-part=headers]")
    assert "ses-1@email.amazonses.com" in page.run("document.getElementById('headers').textContent")


def test_nothing_leaves_this_machine_and_nothing_gets_in(page: Page, inbox: Inbox) -> None:
    """A mail's pictures from elsewhere are not fetched, its scripts do not run, the page itself asks only here."""
    page.click(".row:nth-of-type(2)")
    page.wait("document.getElementById('text').textContent.includes('Words')")
    page.wait_for(lambda: any("pictures/teapot" in url for url in page.requests), "the mail's own picture")
    assert page.run("document.title") == "Tidings inbox"
    assert page.run("document.getElementById('frame').sandbox.contains('allow-scripts')") is False
    page.wait_for(lambda: page.refused, "the picture from elsewhere is refused")
    page.wait_for(lambda: any("Blocked script" in each for each in page.problems), "its script is blocked")
    assert set(page.refused) == {"https://elsewhere.example/pixel.png"}
    away = [url for url in page.requests if not url.startswith((inbox.url, "data:"))]
    assert away == []
    assert troubles(page) == []


def test_it_fits_its_width(page: Page) -> None:
    """Nothing sticks out sideways, in the list or in a mail."""
    assert page.fits()
    page.click(".row:nth-of-type(2)")
    assert page.fits()
    inside = (
        "[...document.querySelectorAll('.bar > *')]"
        ".every(e => e.getBoundingClientRect().right <= document.documentElement.clientWidth)"
    )
    assert page.run(inside)


@needs_axe
@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_inbox_has_no_barriers(inbox: Inbox, size: tuple[int, int], dark: bool) -> None:
    """Nor have its list, a mail and its parts, by day and by night."""
    with opened(inbox, *size, dark=dark) as page:
        assert barriers(page, sure=True) == []
        page.click(".row:nth-of-type(2)")
        page.wait("document.getElementById('text').textContent.includes('Words')")
        for part in ("html", "text", "headers"):
            page.click(f"[data-part={part}]")
            assert barriers(page, sure=True) == []


def test_filters_by_workflow_and_customer(page: Page) -> None:
    """A chip narrows to a workflow, the search to a customer; both together to what fits both."""
    page.click(".chip:nth-of-type(2)")
    assert len(_rows(page)) == 2
    page.run("document.getElementById('search').focus()")
    page.call("Input.insertText", text="ada")
    page.wait("document.querySelectorAll('.row').length === 1")
    page.click(".chip:nth-of-type(1)")
    page.wait("document.querySelectorAll('.row').length === 2")
    page.call("Input.insertText", text=" nobody")
    page.wait("document.querySelectorAll('.row').length === 0")
    assert page.run("document.getElementById('empty').hidden") is False


def test_new_mails_appear_by_themselves(page: Page, inbox: Inbox) -> None:
    """A mail that comes while the page is open joins the list, and the chosen one stays chosen."""
    page.click(".row:nth-of-type(4)")
    assert _subject(page) == "Welcome"
    inbox.send("Wren", "birthday", "birthday", "Happy birthday")
    page.wait("document.querySelectorAll('.row').length === 4")
    assert _subject(page) == "Welcome"
    assert page.run("document.querySelector('.row[aria-selected=true] .about').textContent") == "Welcome"


def test_arrows_move_through_the_mails(inbox: Inbox) -> None:
    """Down goes to the older mail, up to the newer, as far as there are any."""
    with opened(inbox, *DESK) as page:
        seen = []
        for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
            page.press(key)
            seen.append(_subject(page)[:7])
        assert seen == ["Your cu", "Welcome", "Welcome", "Your cu"]


def test_a_phone_goes_back_to_the_list(inbox: Inbox) -> None:
    """On a phone a mail covers the list, and the way back leads to it."""
    with opened(inbox, *PHONE) as page:
        visible = "document.querySelector('.side').getBoundingClientRect().width > 0"
        page.click(".row:nth-of-type(2)")
        assert not page.run(visible)
        page.click("#back")
        assert page.run(visible)
        page.click(".row:nth-of-type(2)")
        page.run("history.back()")
        page.wait(visible)
