"""The pages behind the links in mails. GET shows and changes nothing, since scanners follow links; POST acts.

A page is a module with `show(visit)` and `act(visit, form)` beside a template of its name, listed in `PAGES`. No page
redirects, and none needs a script.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tidings.clock import Clock
from tidings.errors import BadInput, NotFound, TooLarge, Unavailable
from tidings.links import UNSUBSCRIBE, read_link
from tidings.mail.language import Translation
from tidings.pages import confirm, contact, fields, preferences, review, stock, survey, unsubscribe
from tidings.pages.fields import Form
from tidings.pages.look import Page, look
from tidings.pages.visit import Request as Request
from tidings.pages.visit import Stores as Stores
from tidings.pages.visit import Visit, visitor
from tidings.shop import Shop


@dataclass(frozen=True, slots=True)
class Served:
    """A page: what GET and POST answer. `purpose` is that of the links which open it; None: it needs no link.

    `blind`: it acts whatever the body is; mail programs post in several forms (RFC 8058).
    """

    show: Callable[[Visit], Page]
    act: Callable[[Visit, Form], Page]
    purpose: str | None
    blind: bool = False


PAGES: Final[Mapping[str, Served]] = {
    "unsubscribe": Served(unsubscribe.show, unsubscribe.act, UNSUBSCRIBE, blind=True),
    "preferences": Served(preferences.show, preferences.act, preferences.PURPOSE),
    "confirm": Served(confirm.show, confirm.act, confirm.PURPOSE),
    "form": Served(survey.show, survey.act, survey.PURPOSE),
    "review": Served(review.show, review.act, review.PURPOSE),
    contact.PAGE: Served(contact.show, contact.act, None),
    stock.PAGE: Served(stock.show, stock.act, None),
}
"""Every page by its name in addresses: `/pages/<name>/<token>`, and `/unsubscribe/<token>`."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Answers recipients, and whoever comes to a page that needs no link."""

    stores: Stores
    shop: Shop
    clock: Clock
    translations: Mapping[str, Translation] = field(default_factory=dict)

    def serve(self, request: Request) -> Page:
        """The page for a request. Raises nothing for what was sent, and nothing for an outage. HEAD, by which scanners
        ask whether a link works, is answered as GET is, without the page itself."""
        page = self._answer(request)
        return replace(page, html="") if request.method == "HEAD" else page

    def _answer(self, request: Request) -> Page:
        looks = look(self.shop, self.translations, request.languages, request.query)
        visit = Visit(
            request.page, self.stores, self.shop, self.clock.now(), looks, query=dict(request.query)
        )
        try:
            return self._serve(visit, request)
        except NotFound:
            return visit.page("message", 404, state="broken")
        except TooLarge:
            return visit.page("message", 413, state="large")
        except BadInput:
            return visit.page("message", 400, state="unreadable")
        except Unavailable as error:
            return replace(self._later(visit, request), about=str(error))

    def _serve(self, visit: Visit, request: Request) -> Page:
        served = PAGES.get(request.page)
        if served is None or (served.purpose is None and request.token):
            raise NotFound("no such page")
        keys = self.stores.link_keys()
        link = read_link(request.token, served.purpose, keys) if served.purpose else None
        machine_now = self.clock.machine_now()
        who = visitor(request.origin, machine_now, keys)
        visit = replace(visit, link=link, visitor=who, machine_now=machine_now)
        if link and not served.blind and visit.is_erased:
            raise NotFound("nothing is promised to whoever was erased")
        if request.method != "POST":
            return served.show(visit)
        return served.act(visit, {} if served.blind else fields.read(request.kind, request.body))

    def _later(self, visit: Visit, request: Request) -> Page:
        """What to say when a store cannot be reached: with all that was typed, to be sent again."""
        try:
            typed = list(fields.pairs(fields.read(request.kind, request.body)))
        except BadInput:
            typed = []
        return visit.page("message", 503, state="later", posted=request.method == "POST", typed=typed)
