"""The inbox page's second view: what did not go or had to wait, and why somebody got a mail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from infra.local.records import Records
from tests.browser.axe import barriers, needs_axe
from tests.browser.chromium import Page, needs_chromium
from tests.browser.mailroom import Inbox, opened, recorder, troubles

pytestmark = needs_chromium

DESK, PHONE = (1280, 800), (320, 640)


def _mail(reason: str, words: str, name: str, **more: str) -> dict[str, str]:
    told = {
        "workflow": "welcome",
        "step": "best-sellers",
        "customer": f"c-{name}",
        "at": "2026-03-02T09:00:00Z",
    }
    told |= {"reason": reason, "words": words, "until": "", "state": "skipped", "name": name}
    return told | {"address": f"{name.lower()}@example.com"} | more


class FakeRecords:
    """A stack with two mails that did not go and one that waited; Ada's story is known, nobody else's."""

    def held(self) -> dict[str, Any]:
        """What did not go, and what waited."""
        late = [
            _mail("expired: weekly", "it was too late for it", "Ada"),
            _mail("expired: quota", "SES had spent its day", "<b>Ren</b>"),
        ]
        wait = [_mail("weekly", "they asked for one mail a week", "Ada", until="2026-03-06T07:00:00Z")]
        return {
            "at": "2026-03-07T10:00:00Z",
            "never": [{"reason": "expired", "words": "", "mails": late}],
            "waited": [{"reason": "weekly", "words": "they asked for one mail a week", "mails": wait}],
        }

    def story(self, customer: str) -> dict[str, Any] | None:
        """As `make explain JSON=1` tells it."""
        if customer != "c-Ada":
            return None
        line = {"at": "2026-03-02T09:00:00Z", "local": "2026-03-02T10:00:00+01:00", "what": "sent"}
        chapters = [
            {"workflow": name, "name": name.title(), "class": "marketing", "lines": [line | told]}
            for name, told in (
                ("birthday", {"text": "birthday, message other", "message_id": "other"}),
                ("welcome", {"text": "welcome, message ses-1", "message_id": "ses-1"}),
            )
        ]
        return {
            "customer": customer, "merged": [], "timezone": "Europe/Berlin", "workflows": chapters,
            "person": [line | {"what": "consent", "text": "e-mail: subscribed"}],
            "now": [line | {"what": "consent now", "text": "consent to offers: yes, <i>subscribed</i>"}],
            "nothing_happened_in": ["win-back"],
        }  # fmt: skip


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """A recorder with three mails, before a stack that is up."""
    with recorder(tmp_path, cast(Records, FakeRecords())) as box:
        yield box


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, inbox: Inbox) -> Iterator[Page]:
    """The inbox page with its mails."""
    with opened(inbox, *request.param) as shown:
        yield shown


def _text(page: Page, selector: str) -> str:
    return str(page.run(f"document.querySelector('{selector}').innerText"))


def test_why_somebody_got_a_mail_is_a_click_away(page: Page) -> None:
    """The mail's own workflow comes first, with the mail marked; their consent, and their other workflows, follow."""
    page.click(".row:nth-of-type(4)")
    page.click("[data-part=why]")
    page.wait("document.querySelector('#why h3')")
    assert _text(page, "#why h3").startswith("Welcome")
    assert _text(page, "#why .this").split("\n")[-1] == "welcome, message ses-1"
    assert page.run("document.querySelectorAll('#why .this').length") == 1
    assert _text(page, "#why time") == "Mon, 2 Mar 2026, 10:00 (09:00)"
    shown = _text(page, "#why")
    assert "<i>subscribed</i>" in shown
    assert "message other" not in shown  # folded up until somebody asks
    page.click("#why summary")
    page.wait("document.querySelector('#why details').open")
    assert "message other" in _text(page, "#why")
    assert "Nothing happened in: win-back." in shown
    assert troubles(page) == []


def test_whoever_is_not_known_is_said_to_be_unknown(page: Page) -> None:
    """A mail whose customer has no story says so."""
    page.click(".row:nth-of-type(3)")
    page.click("[data-part=why]")
    page.wait("document.querySelector('#why').innerText !== 'Looking …'")
    assert _text(page, "#why") == "Nobody has that id."


def test_what_did_not_go_is_listed_by_reason(page: Page) -> None:
    """Counted; each mail leads to the story of its customer, and the search narrows to one."""
    page.click("[data-view=held]")
    page.wait("document.querySelectorAll('.reason').length === 2")
    heads: list[str] = page.run("[...document.querySelectorAll('#held h2')].map(h => h.textContent)")
    assert heads == ["Never went 2", "Had to wait 1"]
    page.click(".reason summary")
    page.wait("document.querySelectorAll('.reason .row').length === 2")
    assert "<b>Ren</b>" in _text(page, "li:nth-of-type(2) .row")
    page.run("document.getElementById('search').focus()")
    page.call("Input.insertText", text="ada")
    page.wait("document.querySelectorAll('.reason .row').length === 1")
    page.click(".reason .row")
    page.wait("document.querySelector('#held-story h3')")
    assert _text(page, "#held-title") == "Welcome · best sellers: did not go"
    assert _text(page, "#held-why") == "It was too late for it"
    assert page.fits()
    page.click("#held-mails")
    page.wait("[...document.querySelectorAll('#list .row')].length === 2")
    assert troubles(page) == []


def test_a_wait_says_until_when(page: Page) -> None:
    """And a phone goes back from it to the list."""
    page.click("[data-view=held]")
    page.wait("document.querySelector('section + section .reason')")
    page.click("section + section .reason summary")
    page.wait("document.querySelector('.reason .row')")
    page.click(".reason .row")
    page.wait("document.querySelector('#held-story h3')")
    assert _text(page, "#held-why") == "They asked for one mail a week, until Fri, 6 Mar 2026, 07:00"
    if page.run("narrow.matches"):
        page.click("#held-back")
        page.wait("document.querySelector('.side').getBoundingClientRect().width > 0")


@needs_axe
def test_nobody_is_kept_out(page: Page) -> None:
    """axe-core finds no barrier in the list, in a mail and its story, or in what did not go."""
    found = barriers(page, sure=True)
    page.click(".row:nth-of-type(4)")
    page.click("[data-part=why]")
    page.wait("document.querySelector('#why h3')")
    found += barriers(page, sure=True)
    if page.run("narrow.matches"):
        page.click("#back")
    page.click("[data-view=held]")
    page.wait("document.querySelector('.reason')")
    page.click(".reason summary")
    page.wait("document.querySelector('.reason .row')")
    found += barriers(page, sure=True)
    page.click(".reason .row")
    page.wait("document.querySelector('#held-story h3')")
    assert found + barriers(page, sure=True) == []


def test_without_a_stack_the_page_says_so(tmp_path: Path) -> None:
    """The mails stay readable."""
    with recorder(tmp_path) as box, opened(box, *DESK) as page:
        page.click("[data-view=held]")
        page.wait("document.querySelector('#held').innerText !== 'Looking …'")
        assert _text(page, "#held") == "the embedded AWS is not up"
        page.click("[data-view=mails]")
        assert page.run("document.querySelectorAll('.row').length") == 3
