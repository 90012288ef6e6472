"""Back in stock: whoever wants a product that is sold out leaves an address. `?product=shopify:501` says which.

Anybody's page, like the contact form. The product must be the shop's own, so that nothing else can be asked for.
"""

from collections.abc import Mapping
from typing import Any, Final

from tidings.errors import NotFound
from tidings.events import product_identity
from tidings.fit import page as picture_of
from tidings.fit import text as line_of
from tidings.forms.catalogue import STOCK_FORM
from tidings.forms.facts import back_in_stock_requested, sent_by_anybody
from tidings.forms.fields import Answers, Form, one, read
from tidings.goods.wares import on_sale, product_page
from tidings.intake.track import PLATFORMS
from tidings.pages.asking import Trouble, door, today
from tidings.pages.look import Page
from tidings.pages.visit import Visit

PAGE: Final = "back-in-stock"


def show(visit: Visit) -> Page:
    """The product, and a field for an address; where it can be bought, the way to it."""
    return _ask(visit, Answers())


def act(visit: Visit, form: Form) -> Page:
    """Keep the request."""
    source, number, known = _product(visit)
    if on_sale(known):
        return _ask(visit, Answers())
    answers = read(STOCK_FORM, form, today(visit))
    trouble = door(visit, PAGE, form, answers)
    if trouble is not None:
        return trouble.caught(visit, "stock") or _ask(visit, answers, trouble)
    address, title = str(answers.values["email"]), line_of(known.get("title"))
    sent = sent_by_anybody(address, visit.alias(address), visit.now, one(form, "showing"))
    visit.stores.events.put(back_in_stock_requested(sent, number, source, title))
    return visit.page("stock", state="done")


def _product(visit: Visit) -> tuple[str, str, Mapping[str, Any]]:
    """Platform, id and what the catalogue has. Raises NotFound for what is not the shop's."""
    source, _, number = visit.query.get("product", "").rpartition(":")
    source = source or "shopify"
    name = product_identity(source, number)
    if source not in PLATFORMS or not 0 < len(number) <= 128:
        raise NotFound("no such product")
    known = visit.stores.look_up([name]).get(name)
    if not known or known.get("status") not in (None, "active") or line_of(known.get("title")) is None:
        raise NotFound("no such product")
    return source, number, known


def _ask(visit: Visit, answers: Answers, trouble: Trouble | None = None) -> Page:
    found = trouble or Trouble()
    _, _, known = _product(visit)
    picture = picture_of(known.get("image"))
    page = visit.page(
        "stock",
        found.status,
        pictures=[picture] if picture else [],
        state="there" if on_sale(known) else "ask",
        title=line_of(known.get("title")),
        picture=picture,
        url=product_page(known, visit.shop.url) or visit.shop.url,
        answers=answers,
        **found.names(visit, PAGE),
    )
    return found.dressed(page)
