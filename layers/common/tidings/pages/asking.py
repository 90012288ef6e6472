"""What the pages that ask have in common: the shop's day, the months, and a door before those that anybody may send."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from babel.dates import get_month_names

from tidings.forms import stamp
from tidings.forms.catalogue import HONEYPOT
from tidings.forms.fields import Answers, Form, one
from tidings.forms.limits import limits, reached
from tidings.pages.look import Page
from tidings.pages.visit import Visit

What = Literal["", "machine", "wrong", "quick", "old", "full"]

_STATUS: Final = {"": 200, "machine": 200, "wrong": 422, "quick": 422, "old": 422, "full": 429}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a form that anybody may send is not taken. A machine is thanked like everybody, and learns nothing.

    Sent too quickly, the same stamp serves the second attempt; too old, a new one is shown with what was typed.
    """

    what: What = ""
    showing: str = ""
    seconds: int = 0

    @property
    def status(self) -> int:
        """The page's status."""
        return _STATUS[self.what]

    def caught(self, visit: Visit, template: str) -> Page | None:
        """The page of thanks for a machine."""
        return visit.page(template, state="done", news=False) if self.what == "machine" else None

    def names(self, visit: Visit, page: str) -> dict[str, Any]:
        """What the template is told."""
        showing = self.showing or stamp.make(page, visit.machine_now, visit.stores.link_keys())
        return {"trouble": self.what, "showing": showing, "honeypot": HONEYPOT}

    def dressed(self, page: Page) -> Page:
        """The page, with a word on when to come again."""
        if not self.seconds:
            return page
        return replace(page, headers={**page.headers, "retry-after": str(self.seconds)})


def door(visit: Visit, page: str, form: Form, answers: Answers) -> Trouble | None:
    """Whether a form may come in: from a person, from a fresh page, with nothing wrong, and not one too many."""
    showing = one(form, "showing")
    if one(form, HONEYPOT):
        return Trouble("machine")
    if answers.errors:
        return Trouble("wrong", showing)
    verdict = stamp.verdict(showing, page, visit.machine_now, visit.stores.link_keys())
    if verdict == "quick":
        return Trouble("quick", showing)
    if verdict == "old":
        return Trouble("old")
    asked = limits(page, visit.visitor, visit.alias(str(answers.values["email"])))
    full = reached(asked, visit.stores.limits, visit.machine_now)
    return Trouble("full", showing, full.seconds) if full else None


def today(visit: Visit) -> date:
    """The day at the shop."""
    return visit.now.astimezone(visit.shop.zone).date()


def months(visit: Visit) -> dict[int, str]:
    """The months in the reader's language."""
    return dict(get_month_names("wide", "stand-alone", visit.look.locale))
