"""The contact form: anybody's, so it is counted, stamped, and has a field that only machines fill in.

Whoever writes says which address is theirs, and nobody has proven it: see docs/decisions/forms.md.
"""

from typing import Final

from tidings.forms.catalogue import CONTACT_FORM
from tidings.forms.facts import lead_captured, sent_by_anybody
from tidings.forms.fields import Answers, Form, one, read
from tidings.pages.asking import Trouble, door, today
from tidings.pages.look import Page
from tidings.pages.visit import Visit

PAGE: Final = "contact"


def show(visit: Visit) -> Page:
    """The form."""
    return _ask(visit, Answers())


def act(visit: Visit, form: Form) -> Page:
    """Keep the message. Whatever is wrong, the form comes back with all that was typed."""
    answers = read(CONTACT_FORM, form, today(visit))
    trouble = door(visit, PAGE, form, answers)
    if trouble is not None:
        return trouble.caught(visit, PAGE) or _ask(visit, answers, trouble)
    address = str(answers.values["email"])
    sent = sent_by_anybody(address, visit.alias(address), visit.now, one(form, "showing"))
    for event in lead_captured(sent, answers, visit.look.language):
        visit.stores.events.put(event)
    return visit.page(PAGE, state="done", news="news" in answers.values)


def _ask(visit: Visit, answers: Answers, trouble: Trouble | None = None) -> Page:
    found = trouble or Trouble()
    return found.dressed(
        visit.page(PAGE, found.status, state="ask", answers=answers, **found.names(visit, PAGE))
    )
