"""Surveys: what a mail asks, answered on a page. A link in the mail may carry the answer, and nothing is told before it
is sent: scanners follow links."""

from typing import Final

from tidings.errors import NotFound
from tidings.forms import stamp
from tidings.forms.catalogue import CONFIRMATIONS, questions
from tidings.forms.facts import form_answered, sent_by_link
from tidings.forms.fields import Answers, Field, Form, one, read
from tidings.pages.asking import months, today
from tidings.pages.look import Page
from tidings.pages.visit import Visit

PURPOSE: Final = "form"


def show(visit: Visit) -> Page:
    """The questions. What the address carries besides is chosen already: `?score=5`."""
    fields = _fields(visit)
    carried = {each.name: visit.query.get(each.name, "") for each in fields if each.kind == "stars"}
    return _ask(
        visit, Answers(typed={name: value for name, value in carried.items() if value in tuple("12345")})
    )


def act(visit: Visit, form: Form) -> Page:
    """Keep the answers. What is sent twice is one fact."""
    fields = _fields(visit)
    answers = read(fields, form, today(visit), something=True)
    if not answers.is_whole:
        return _ask(visit, answers, one(form, "showing"))
    link = visit.linked
    name, about = _name(visit)
    sent = sent_by_link(link.customer, link.send, visit.now, one(form, "showing"))
    visit.stores.events.put(form_answered(sent, name, answers, about))
    return visit.page("survey", state="done", form=name)


def _name(visit: Visit) -> tuple[str, dict[str, str]]:
    """The form's name, and what it confirms: `back-in-stock:501`."""
    name, _, about = visit.linked.extra.partition(":")
    return name, {CONFIRMATIONS[name]: about} if about and name in CONFIRMATIONS else {}


def _fields(visit: Visit) -> list[Field]:
    (name, _), shop = _name(visit), visit.shop
    if name in CONFIRMATIONS:
        return []
    if name not in shop.forms:
        raise NotFound("the shop has no such form any more")
    return questions(shop.forms[name], shop.interests, shop.rewards)


def _ask(visit: Visit, answers: Answers, showing: str = "") -> Page:
    return visit.page(
        "survey",
        422 if answers.errors else 200,
        state="ask",
        form=_name(visit)[0],
        asked=[each.name for each in _fields(visit)],
        answers=answers,
        months=months(visit),
        showing=showing or stamp.make(PURPOSE, visit.machine_now, visit.stores.link_keys()),
    )
