"""Every page in the states that come after a mistake, a flood, an outage or an act: no barriers there either."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.browser.axe import barriers, needs_axe
from tests.browser.chromium import Page, needs_chromium
from tests.browser.site import PLACES, POT, Place, Site, served
from tests.worlds import email
from tidings import ports
from tidings.errors import Unavailable
from tidings.pages.visit import _Full

pytestmark = [needs_chromium, needs_axe]

PLACE = {str(place): place for place in PLACES}
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenmanufaktur & Söhne " + "m" * 50


def nothing(site: Site) -> None:
    """As it is."""


def later(**of: float) -> Callable[[Site], None]:
    """The shop's and the machine's clock go on."""
    return lambda site: site.clock.advance(timedelta(**of))


def stores(**changes: Any) -> Callable[[Site], None]:
    """A store answers otherwise."""

    def change(site: Site) -> None:
        site.pages = replace(site.pages, stores=replace(site.pages.stores, **changes))

    return change


def _cut() -> dict[str, bytes]:
    raise Unavailable("parameters")


def bounced(site: Site) -> None:
    """Mail to the address came back."""
    site.suppressions.put(ports.Suppression(email("ann@example.com"), "bounced", 1))


def product(**known: Any) -> Callable[[Site], None]:
    """The catalogue's teapot is told anew."""
    return lambda site: site.products.put("shopify:product:501", {**POT, **known}, 2)


@dataclass(frozen=True, slots=True)
class State:
    """A page, what happens `before` it is opened and `between` that and its form, which words are typed, and what
    comes: its status, and where the focus is led (`alert`) or what is told (`status`), if anything is."""

    place: str
    status: int
    before: Callable[[Site], None] = nothing
    between: Callable[[Site], None] = nothing
    typed: dict[str, str] = field(default_factory=dict)
    script: str = "0"
    button: str = "main form button"
    told: str = ""


MESSAGE = {"email": "ann@example.org", "message": "Does it pour?"}
ANSWER = "document.querySelector('[type=radio]').checked = true"
STATES = {
    "too quick": State("contact", 422, typed=MESSAGE, told="alert"),
    "too old": State("contact", 422, between=later(days=2), typed=MESSAGE, told="alert"),
    "too many": State("contact", 429, stores(limits=_Full()), later(seconds=9), MESSAGE, told="alert"),
    "outage": State("contact", 503, between=stores(link_keys=_cut), typed=MESSAGE),
    "too long": State("contact", 413, script="document.querySelector('textarea').value = 'x'.repeat(70000)"),
    "unreadable": State("contact", 400, script="document.forms[0].enctype = 'text/plain'"),
    "message sent": State("contact", 200, between=later(seconds=9), typed=MESSAGE),
    "product asked for": State(
        "back-in-stock", 200, between=later(seconds=9), typed={"email": "ann@example.org"}
    ),
    "product of a long name": State("back-in-stock", 422, product(title=LONG), told="alert"),
    "product back by now": State("back-in-stock", 200, between=product(inventory=5)),
    "survey answered": State("form-survey", 200, typed={"birthday_day": "3", "birthday_month": "4"}),
    "no such day": State(
        "form-birthday", 422, typed={"birthday_day": "31", "birthday_month": "2"}, told="alert"
    ),
    "satisfied": State("form-satisfaction", 200, script=ANSWER),
    "reviewed": State("review-shopify-product-501", 200, script=ANSWER),
    "nothing any more": State("preferences", 200, button="main form.apart button", told="status"),
    "blocked": State("preferences", 200, bounced, told="status"),
    "on hold": State(
        "preferences", 200, script="document.querySelector('[value=paused]').checked = true", told="status"
    ),
}


@pytest.fixture(scope="module", params=[(1280, 800), (320, 640)], ids=["desk", "phone"])
def screen(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A browser, in English."""
    with Page(*request.param) as opened:
        opened.speak("en")
        yield opened


@pytest.mark.parametrize("name", STATES)
def test_no_state_has_barriers(screen: Page, name: str) -> None:
    """Nor is it wider than the screen; what is wrong takes the focus, what was done is told, and no form loses what
    was typed into it."""
    state = STATES[name]
    with served(Site()) as site:
        state.before(site)
        screen.open(site.url(PLACE[state.place]))
        for field_, words in state.typed.items():
            screen.run(f"document.querySelector('[name={field_}]').value = {words!r}")
        screen.run(state.script)
        state.between(site)
        screen.send(state.button)
        assert screen.run("performance.getEntriesByType('navigation')[0].responseStatus") == state.status
        if state.told == "alert":
            screen.wait("document.activeElement.getAttribute('role') === 'alert'")
        elif state.told:
            assert screen.run(f"document.querySelector('[role={state.told}]').innerText") != ""
        if state.status != 200 and state.typed:
            held = (
                "[...document.querySelectorAll('main form :is(input, select, textarea)')].map(e => e.value)"
            )
            assert {*state.typed.values()} <= {*screen.run(held)}
        assert barriers(screen) == []
        assert screen.fits()


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_letters_twice_as_large_fit_every_page(screen: Page, place: Place) -> None:
    """WCAG 1.4.4, on a phone too: nothing sticks out sideways."""
    with served(Site()) as site:
        screen.open(site.url(place))
        screen.run("document.documentElement.style.fontSize = '200%'")
        assert screen.fits()
