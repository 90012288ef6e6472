"""Reviews: stars and words, for the product or order that the link names."""

from collections.abc import Mapping
from typing import Any, Final

from tidings.errors import NotFound
from tidings.events import product_identity
from tidings.fit import page as picture_of
from tidings.fit import text as line_of
from tidings.forms import stamp
from tidings.forms.catalogue import REVIEW_FORM
from tidings.forms.facts import review_posted, sent_by_link
from tidings.forms.fields import Answers, Form, one, read
from tidings.pages.asking import today
from tidings.pages.look import Page
from tidings.pages.visit import Visit

PURPOSE: Final = "review"


def show(visit: Visit) -> Page:
    """The stars, and room for words; `?rating=5` has chosen already."""
    carried = visit.query.get("rating", "")
    return _ask(visit, Answers(typed={"rating": carried} if carried in tuple("12345") else {}))


def act(visit: Visit, form: Form) -> Page:
    """Keep the review. What is sent twice is one fact."""
    answers = read(REVIEW_FORM, form, today(visit))
    if not answers.is_whole:
        return _ask(visit, answers, one(form, "showing"))
    link, (source, about) = visit.linked, _about(visit)
    sent = sent_by_link(link.customer, link.send, visit.now, one(form, "showing"))
    visit.stores.events.put(review_posted(sent, answers, about, source))
    return visit.page("review", state="done", rating=answers.values["rating"])


def _about(visit: Visit) -> tuple[str, Mapping[str, str]]:
    """The shop platform, and the ids at it that the link names: `shopify:product:501`, `shopify:order:1001` or both."""
    named = [part.split(":", 2) for part in visit.linked.extra.split("\t")]
    found = {f"{part[1]}_id": part[2] for part in named if len(part) == 3 and part[1] in ("product", "order")}
    if not found:
        raise NotFound("this link names nothing that can be reviewed")
    return named[0][0], found


def _ask(visit: Visit, answers: Answers, showing: str = "") -> Page:
    source, about = _about(visit)
    known = _product(visit, source, about.get("product_id"))
    picture = picture_of(known.get("image"))
    return visit.page(
        "review",
        422 if answers.errors else 200,
        pictures=[picture] if picture else [],
        state="ask",
        title=line_of(known.get("title")),
        picture=picture,
        answers=answers,
        showing=showing or stamp.make(PURPOSE, visit.machine_now, visit.stores.link_keys()),
    )


def _product(visit: Visit, source: str, number: str | None) -> Mapping[str, Any]:
    if number is None:
        return {}
    name = product_identity(source, number)
    return visit.stores.look_up([name]).get(name, {})
