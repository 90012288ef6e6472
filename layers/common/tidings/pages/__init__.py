"""The pages behind the links in mails. GET shows and changes nothing, since scanners follow links; POST acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tidings import ports
from tidings.clock import Clock
from tidings.customer import epoch
from tidings.errors import NotFound
from tidings.events import Event, customer_identity
from tidings.links import read_unsubscribe
from tidings.shop import Shop


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

    def ask(self, token: str) -> Page:
        """GET: what the link would do, and a button that does it. Changes nothing."""
        try:
            read_unsubscribe(token, self.link_keys())
        except NotFound:
            return self._page("broken", 404)
        return self._page("ask", 200)

    def unsubscribe(self, token: str) -> Page:
        """POST: unsubscribe at once (RFC 8058). The suppression counts before the event is folded; safe to repeat."""
        try:
            link = read_unsubscribe(token, self.link_keys())
        except NotFound:
            return self._page("broken", 404)
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
        return self._page("done", 200)

    def _page(self, state: str, status: int) -> Page:
        return Page(status, _template().render(state=state, shop=self.shop))


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = ImmutableSandboxedEnvironment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("unsubscribe.html.j2")
