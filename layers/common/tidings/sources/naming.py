"""Who a fact concerns, and what it is called: the rules that all sources share."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidings.events import Event, address_alias, fact_time
from tidings.sources.reading import stamp


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a fact concerns: the fields of the same names in `Event`."""

    identity: str
    aliases: tuple[str, ...]
    names_customer: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """What a reader of one body hands back, before it is stamped with its receipt.

    `key` is what follows source and type in the event's id; `at` is the body's own time, None when it has none.
    """

    type: str
    key: str
    at: datetime | None
    who: Who
    properties: dict[str, Any]

    def event(self, source: str, received_at: datetime) -> Event:
        """The fact as the event it is stored as."""
        at, dated = fact_time(self.at, received_at)
        return Event(
            id=f"{source}:{self.type}:{self.key}",
            type=self.type,
            at=at,
            received_at=received_at,
            source=source,
            identity=self.who.identity,
            aliases=self.who.aliases,
            names_customer=self.who.names_customer,
            dated=dated,
            properties=self.properties,
        )


def who(
    *,
    account: str | None,
    email: str | None,
    contact: str | None,
    tokens: Iterable[str],
    key: bytes,
) -> Who | None:
    """The strongest name first: account, the customer's own address, the contact address, the tokens in
    their order.

    `account` and `email` come from a customer object; `contact` is an address beside it, which counts only
    when the object names nobody: it may be somebody else's. None when there is no name at all.
    """
    named = bool(account or email)
    address = email if named else contact
    aliases = [account, address_alias(address, key) if address else None, *tokens]
    found = tuple(dict.fromkeys(alias for alias in aliases if alias))
    return Who(found[0], found, named) if found else None


def opaque(name: str, key: bytes) -> str:
    """A name that may stand in a table's key or a log. Shops whose customers' ids are addresses get a keyed hash."""
    if "@" not in name:
        return name
    return hmac.new(key, name.casefold().encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def version(updated_at: datetime | None, content: Mapping[str, Any], key: bytes) -> str:
    """What tells one update of a thing from the next, as the last part of an event's id.

    Its `updated_at`, and a keyed hash of what is kept of it: shops state seconds, and two changes within
    one second are two facts. The same body delivered again, in whatever key order, has the same version.
    """
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    digest = hmac.new(key, canonical.encode(), hashlib.sha256).hexdigest()
    return f"{stamp(updated_at)}~{digest[:8]}" if updated_at else digest[:24]
