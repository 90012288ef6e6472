"""The pages behind the links in mails. GET shows and changes nothing, since scanners follow links; POST acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tidings import ports
from tidings.clock import Clock
from tidings.customer import epoch
from tidings.errors import NotFound
from tidings.events import Event, customer_identity
from tidings.links import read_unsubscribe
from tidings.mail.language import Translation, accepted, chosen, dressed, tag
from tidings.shop import Shop

WRITTEN_IN: Final = "en"
"""The language of the templates, which catalogues beside them translate."""


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page and its status."""

    status: int
    html: str


@dataclass(frozen=True, slots=True)
class Pages:
    """Answers recipients."""

    events: ports.Events
    suppressions: ports.Suppressions
    link_keys: Callable[[], Mapping[str, bytes]]
    shop: Shop
    clock: Clock
    translations: Mapping[str, Translation] = field(default_factory=dict)

    def ask(self, token: str, languages: str = "") -> Page:
        """GET: what the link would do, and a button that does it. Changes nothing.

        `languages` is what the reader's browser accepts (Accept-Language).
        """
        try:
            read_unsubscribe(token, self.link_keys())
        except NotFound:
            return self._page("broken", 404, languages)
        return self._page("ask", 200, languages)

    def unsubscribe(self, token: str, languages: str = "") -> Page:
        """POST: unsubscribe at once (RFC 8058). The suppression counts before the event is folded; safe to repeat."""
        try:
            link = read_unsubscribe(token, self.link_keys())
        except NotFound:
            return self._page("broken", 404, languages)
        now = self.clock.now()
        self.suppressions.put(ports.Suppression(link.address, "unsubscribed", epoch(now)))
        self.events.put(
            Event(
                id=f"page:unsubscribed:{link.send}:{now:%Y%m%dT%H%M%S}",
                type="unsubscribed",
                at=now,
                received_at=now,
                source="page",
                identity=customer_identity(link.customer),
                properties={"send_id": link.send},
            )
        )
        return self._page("done", 200, languages)

    def later(self, languages: str = "") -> Page:
        """What to say when a store cannot be reached."""
        return self._page("later", 503, languages)

    def _page(self, state: str, status: int, languages: str) -> Page:
        wanted = (*accepted(languages), self.shop.default_locale)
        found = chosen(wanted, (*self.translations, WRITTEN_IN)) or WRITTEN_IN
        language, translation = tag(found), self.translations.get(found)
        words = translation.names if translation else {}
        shop = dressed(self.shop, language, translation)
        return Page(status, _template().render(state=state, shop=shop, language=language, **words))


@cache
def _template() -> Template:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    return environment.get_template("unsubscribe.html.j2")
