"""The pages of `make preview` and `make map` in a real browser, from the disk, without any address outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.preview.__main__ import preview, write
from infra.preview.map import main as draw_map
from tests.browser.axe import barriers, needs_axe
from tests.browser.chromium import Page, needs_chromium

pytestmark = needs_chromium

ROOT = Path(__file__).parents[2]
FITTED = (
    "[...document.querySelectorAll('iframe')].every(f => f.contentDocument?.body"
    " && f.contentDocument.readyState === 'complete' && parseInt(f.style.height) > 300"
    " && !f.contentDocument.documentElement.outerHTML.includes('prefers-color-scheme'))"
)
"""Each mail is there, as the page's script wrote it for the chosen scheme, and has its height."""

GROUND = (
    "getComputedStyle(document.querySelector('iframe').contentDocument.querySelector('body > div')"
    "?? document.querySelector('iframe').contentDocument.body).backgroundColor"
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preview's page."""
    lived = preview(ROOT / "workflows", "abandoned-checkout", None)
    return write(lived, tmp_path_factory.mktemp("preview"))


@pytest.fixture(params=[(1440, 900), (375, 740)], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, index: Path) -> Iterator[Page]:
    """The page, opened."""
    with Page(*request.param) as opened:
        opened.open(index.as_uri())
        opened.wait(FITTED)
        yield opened


def test_mails_stand_side_by_side_whole(page: Page) -> None:
    """A desktop's 640 and a phone's 375 pixels, each as high as its mail, and the page no wider than the screen."""
    assert page.run(
        "[...document.querySelectorAll('.desk iframe')].every(f => f.contentWindow.innerWidth === 640)"
    )
    assert page.run(
        "[...document.querySelectorAll('iframe')].every(f =>"
        " f.contentDocument.documentElement.scrollHeight <= f.clientHeight)"
    )
    assert page.fits()
    assert page.problems == []


@needs_axe
def test_the_preview_has_no_barriers(page: Page) -> None:
    """Nor has the text part."""
    assert barriers(page, sure=True) == []
    page.click("[data-to=text]")
    page.wait("document.querySelector('.desk').hidden")
    assert barriers(page, sure=True) == []


def test_nothing_is_fetched(page: Page) -> None:
    """But the page itself; every picture is inside it, and shown."""
    outside = [url for url in page.requests if not url.startswith(("file:", "data:", "about:"))]
    assert outside == []
    assert page.run(
        "[...document.querySelectorAll('iframe')].flatMap(f => [...f.contentDocument.images])"
        ".every(i => i.complete && i.naturalWidth > 0)"
    )


def test_dark_is_a_click_away(page: Page) -> None:
    """As a mail program that is dark would show it, whatever the system's scheme."""
    light = page.run(GROUND)
    page.click("[data-to=dark]")
    page.wait(f"{FITTED} && {GROUND} !== '{light}'")
    page.click("[data-to=light]")
    page.wait(f"{FITTED} && {GROUND} === '{light}'")
    assert page.problems == []


def test_the_text_part_is_a_click_away(page: Page) -> None:
    """In place of the mail; and back."""
    page.click("[data-to=text]")
    page.wait("document.querySelector('.desk').hidden && !document.querySelector('.text').hidden")
    assert "Back to your cart" in page.run("document.querySelector('.text pre').textContent")
    page.click("[data-to=html]")
    page.wait("!document.querySelector('.desk').hidden && document.querySelector('.text').hidden")


def test_pictures_can_be_taken_away(page: Page) -> None:
    """To see what is read where they are not loaded."""
    page.click("[data-to=off]")
    page.wait(
        f"{FITTED} && [...document.querySelectorAll('iframe')].flatMap(f => [...f.contentDocument.images])"
        ".every(i => !i.naturalWidth)"
    )
    assert page.problems == []


@needs_axe
@pytest.mark.parametrize("width", [1440, 375])
def test_the_map_s_page_fits_the_screen_and_has_no_barriers(width: int, tmp_path: Path) -> None:
    """All pictures drawn, none wider than its place, nothing asked of anybody, and nothing in anybody's way."""
    assert (
        draw_map(["--workflows", str(ROOT / "workflows"), "--docs", str(tmp_path), "--out", str(tmp_path)])
        == 0
    )
    with Page(width, 800, dark=width < 600) as opened:
        opened.open((tmp_path / "index.html").as_uri())
        assert opened.run("document.querySelectorAll('.canvas svg').length") >= 4
        assert opened.fits()
        assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []
        assert barriers(opened, sure=True) == []
        assert opened.problems == []
