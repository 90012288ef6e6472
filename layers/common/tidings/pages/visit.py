"""A visit: who stands before a page, by which link, and what the page may do for them."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from tidings import ports
from tidings.customer import epoch
from tidings.events import Event, address_alias, customer_identity, only_key
from tidings.forms.limits import place
from tidings.goods.recommend import Lookup
from tidings.links import Link, make_link
from tidings.pages.look import Look, Page
from tidings.shop import Shop

SOURCE: Final = "page"
"""The source of events that pages tell."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a browser or mail program asks. `languages` is its Accept-Language header, `kind` its body's content type,
    `origin` the network address that it came from."""

    method: str
    page: str
    token: str = ""
    languages: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    body: bytes = b""
    origin: str = ""


class _Full:
    """No room for anything: what nobody counts is not let in."""

    def take(self, key: str, most: int, until: int) -> bool:
        """None."""
        return False


@dataclass(frozen=True, slots=True)
class Stores:
    """What pages read and write. `look_up` asks the catalogue for products, `address_key` hashes addresses."""

    events: ports.Events
    suppressions: ports.Suppressions
    customers: ports.CustomerReader
    link_keys: Callable[[], Mapping[str, bytes]]
    look_up: Lookup = lambda products: {}
    limits: ports.Limits = field(default_factory=_Full)
    address_key: Callable[[], bytes] = lambda: only_key(())


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to one page. `link` is None on a page that needs none; `visitor` names the network address that it
    came from, for this day and by nobody else. `machine_now` is what stamps and limits go by, `now` the shop's time."""

    page_name: str
    stores: Stores
    shop: Shop
    now: datetime
    look: Look
    link: Link | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    visitor: str = ""
    machine_now: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @property
    def linked(self) -> Link:
        """The link, on a page that only a link opens."""
        if self.link is None:
            raise ValueError(f"the page {self.page_name} is opened without a link")
        return self.link

    @property
    def is_erased(self) -> bool:
        """Whether the person behind the link was erased since: there is nobody to keep anything of."""
        if self.stores.customers.get(self.linked.customer) is not None:
            return False
        return any(each.reason == "erased" for each in self.stores.suppressions.of(self.linked.address))

    def page(self, template: str, status: int = 200, *, pictures: Iterable[str] = (), **names: Any) -> Page:
        """A page in the shop's brand and the reader's language. `pictures` are addresses of what it shows."""
        return self.look.page(template, status, pictures, {"visit": self, **names})

    def way(self, purpose: str, extra: str = "") -> str:
        """The relative address of another page for the same person, in the language that they chose."""
        link = replace(self.linked, purpose=purpose, extra=extra)
        up = "../pages" if self.page_name == "unsubscribe" else ".."
        said = f"?lang={self.look.language}" if "lang" in self.query else ""
        return f"{up}/{purpose}/{make_link(link, self.stores.link_keys())}{said}"

    def alias(self, address: str) -> str:
        """The alias of an e-mail address that somebody typed."""
        return address_alias(address, self.stores.address_key())

    def suppress(self, reason: str) -> None:
        """Let no such mail go to the link's address, nor to its person at another, from now on and before any event
        is folded."""
        for name in (self.linked.address, customer_identity(self.linked.customer)):
            self.stores.suppressions.put(ports.Suppression(name, reason, epoch(self.now)))

    def tell(self, type_: str, name: str | None = None, **properties: Any) -> Event:
        """Store what the link's customer did. `name` is what makes it this fact: the mail, if nothing else. Two clicks
        within a second are one; the same again later is a later fact."""
        link = self.linked
        event = Event(
            id=f"{SOURCE}:{type_}:{name or link.send}:{self.now:%Y%m%dT%H%M%S}",
            type=type_,
            at=self.now,
            received_at=self.now,
            source=SOURCE,
            identity=customer_identity(link.customer),
            properties={"send_id": link.send, **properties},
        )
        self.stores.events.put(event)
        return event


def visitor(origin: str, now: datetime, keys: Mapping[str, bytes]) -> str:
    """A network address, or a household's, as a name that holds for a day, and that nobody else can make. Empty without
    an address."""
    key = next(iter(keys.values()), b"")
    if not origin or not key:
        return ""
    named = f"visitor\n{now:%Y-%m-%d}\n{place(origin)}"
    return hmac.new(key, named.encode(), hashlib.sha256).hexdigest()[:32]
