"""A customer's story from a file: who it is, and what happens. The words are those of docs/events.md.

Each event is read by the source that reads the shop's own events, so that a preview refuses what the door refuses.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from tidings import yamlfile
from tidings.customer import epoch
from tidings.durations import parse_duration
from tidings.errors import BadInput
from tidings.events import CHECKOUT_TYPES, ORDER_TYPES, TYPES, Event, customer_identity
from tidings.feedback import SUPPRESSING
from tidings.ports import Suppression
from tidings.shop import Shop
from tidings.sources.request import Request
from tidings.sources.standard import RESERVED, Standard
from tidings.words import hint
from tidings.workflow.check.scope import INTERNAL

WORDS: Final = ("customer", "events", "products", "until")
FACTS: Final = (
    "id", "email", "first_name", "last_name", "locale", "country", "timezone", "birthday", "tags", "fields",
    "registered_at", "accepts_marketing",
)  # fmt: skip
PRODUCT: Final = (
    "title", "image", "url", "price", "product_type", "vendor", "category", "tags", "inventory", "status",
)  # fmt: skip
FEEDBACK: Final = frozenset(
    {"mail_delivered", "mail_opened", "mail_clicked", "mail_bounced", "mail_complained"}
)
"""What SES tells of mails; a story may tell it, too."""

TOLD: Final = frozenset(t for t in TYPES - INTERNAL if not RESERVED.fullmatch(t)) | FEEDBACK
DEFAULT_START: Final = datetime(2026, 3, 17, 15, 4, tzinfo=UTC)
"""When a story begins that does not say when."""

ME: Final = "customer"
"""The id of whoever lives a story, as `play` has it; chance falls by it."""

_KEY: Final = b"only a preview"
_NAMED: Final = re.compile(r"(?:data\.)?(customer\.)?([a-z_]+)\b")


@dataclass(frozen=True, slots=True)
class Person:
    """A customer and what happens to them. `products` are the file's, by the catalogue's id."""

    events: tuple[Event, ...]
    products: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    until: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def suppressions(self) -> list[Suppression]:
        """From when on no mail goes to the address: after a bounce or a complaint."""
        reasons = ((event, SUPPRESSING.get(event.type)) for event in self.events)
        return [Suppression("", reason, epoch(event.received_at)) for event, reason in reasons if reason]

    @property
    def name(self) -> str:
        """How to call them."""
        names = [str(self.facts[key]) for key in ("first_name", "last_name") if self.facts.get(key)]
        return " ".join(names) or str(self.facts.get("email", "A customer"))


def load(file: Path, shop: Shop) -> Person:
    """The person that a file tells of. Raises BadInput with every mistake, `file:line: what`."""
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise BadInput(f"{file}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file}:1: this is no UTF-8 text") from None
    return read(yamlfile.parse(text, file, dates=False), file, shop)


def read(document: Any, file: Path, shop: Shop) -> Person:
    """The person that a document tells of. Raises BadInput with every mistake, one a line."""
    return _Reader(document, file, shop).read()


class _Reader:
    def __init__(self, document: Any, file: Path, shop: Shop) -> None:
        self.document, self.file, self.shop = document, file, shop
        self.problems: list[tuple[int, str]] = []

    def read(self) -> Person:
        if not isinstance(self.document, dict):
            raise BadInput(
                f"{self.file}:1: a story is words and their values, such as `customer: …` and `events: …`"
            )
        for word in self.document:
            if word not in WORDS:
                self._note([word], f'unknown word "{word}"{hint(str(word), WORDS)}')
        facts = self._facts()
        zone = self._zone(facts)
        events = list(self._events(facts, zone))
        products = self._products()
        until = self._time(["until"], self.document.get("until"), zone)
        if self.problems:
            raise BadInput("\n".join(text for _, text in sorted(set(self.problems))))
        return Person(tuple(events), products, until, facts)

    def _note(self, place: list[str | int], message: str) -> None:
        line = yamlfile.line_of(self.document, place)
        self.problems.append((line, f"{self.file}:{line}: {message}"))

    def _facts(self) -> dict[str, Any]:
        given = self.document.get("customer")
        if not isinstance(given, dict | None):
            self._note(["customer"], '"customer" is words and their values, such as `email: …`')
        told = given if isinstance(given, dict) else {}
        for word in told:
            if word not in FACTS:
                where = (
                    "; the shop's own go below `fields`"
                    if not hint(str(word), FACTS).startswith("; did")
                    else ""
                )
                self._note(["customer", word], f'unknown fact "{word}"{hint(str(word), FACTS)}{where}')
        facts: dict[str, Any] = {key: _plain(value) for key, value in told.items() if key in FACTS}
        facts.setdefault("id", "preview")
        for name in facts.get("fields") or ():
            if name not in self.shop.fields:
                known = hint(str(name), self.shop.fields)
                self._note(["customer", "fields", name], f'shop.yaml declares no field "{name}"{known}')
        return facts

    def _zone(self, facts: Mapping[str, Any]) -> ZoneInfo:
        try:
            return ZoneInfo(facts["timezone"]) if "timezone" in facts else self.shop.zone
        except (ValueError, KeyError, OSError, TypeError):
            return self.shop.zone  # its event says what is wrong with it

    def _events(self, facts: Mapping[str, Any], zone: ZoneInfo) -> Iterator[Event]:
        listed = self.document.get("events") or []
        if not isinstance(listed, list):
            self._note(["events"], '"events" is a list: each begins with "- type: …"')
            return
        before = DEFAULT_START - timedelta(days=1)
        for number, told in enumerate(listed):
            if not isinstance(told, dict) or "type" not in told:
                self._note(["events", number], "an event is words and their values, `type` among them")
                continue
            at = self._at(number, told, before, zone)
            if number and at < before:
                self._note(["events", number], "comes before the event above it: tell them in order")
            # No two at one moment: what began a journey is told by its time.
            at = max(at, before + timedelta(seconds=1)) if number else at
            event = self._event(number, told, at, facts, first=number == 0)
            if event is not None:
                yield event
            before = at

    def _at(self, number: int, told: Mapping[str, Any], before: datetime, zone: ZoneInfo) -> datetime:
        if "at" in told and "after" in told:
            self._note(
                ["events", number, "after"],
                '"at" names the moment, "after" counts from the event above: not both',
            )
        if "after" in told:
            try:
                return before + parse_duration(str(told["after"]))
            except ValueError as error:
                self._note(["events", number, "after"], str(error))
        found = self._time(["events", number, "at"], told.get("at"), zone)
        return found or before + timedelta(days=1)

    def _time(self, place: list[str | int], given: Any, zone: ZoneInfo) -> datetime | None:
        """A moment; without an offset, on the customer's clock."""
        if given is None:
            return None
        try:
            found = datetime.fromisoformat(str(given).replace(" ", "T", 1))
        except ValueError:
            self._note(place, f'"{given}" is no moment: write one such as 2026-03-17 15:04')
            return None
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)

    def _event(
        self, number: int, told: Mapping[str, Any], at: datetime, facts: Mapping[str, Any], *, first: bool
    ) -> Event | None:
        kind = str(told["type"])
        known = TOLD | set(self.shop.events)
        if kind not in known:
            self._note(["events", number, "type"], f'unknown event "{kind}"{hint(kind, known)}')
            return None
        data = {name: _plain(value) for name, value in told.items() if name not in ("type", "at", "after")}
        if kind in FEEDBACK:
            return Event(f"ses:{kind}:{number}", kind, at, at, "ses", customer_identity(ME), properties=data)
        data["customer"] = (
            dict(facts) if first else {key: facts[key] for key in ("id", "email") if key in facts}
        )
        _complete(data, kind, number, self.shop)
        body = {"type": kind, "timestamp": at.isoformat(), "data": data}
        try:
            request = Request("events", {"webhook-id": str(number)}, json.dumps(body).encode())
            return Standard().parse(request, at, _KEY)[0]
        except BadInput as error:
            self._refused(number, str(error))
            return None

    def _refused(self, number: int, message: str) -> None:
        """Show a refusal of the door's at the line it is about."""
        said = re.sub(r"\bdata\.", "", message)
        named = _NAMED.match(message)
        place: list[str | int] = ["events", number]
        if named:
            facts = self.document.get("customer") or {}
            about_facts = named[1] or (named[2] in facts and named[2] not in self.document["events"][number])
            place = ["customer", named[2]] if about_facts else [*place, named[2]]
        self._note(place, said)

    def _products(self) -> dict[str, Mapping[str, Any]]:
        told = self.document.get("products") or {}
        if not isinstance(told, dict):
            self._note(["products"], '"products" is a mapping: each product by its id')
            return {}
        found = {}
        for number, product in told.items():
            if not isinstance(product, dict):
                self._note(["products", number], "a product is words and their values, such as `title: …`")
                continue
            for word in product:
                if word not in PRODUCT:
                    self._note(["products", number, word], f'unknown word "{word}"{hint(str(word), PRODUCT)}')
            found[f"events:product:{number}"] = _plain(product)
        return found


def _complete(data: dict[str, Any], kind: str, number: int, shop: Shop) -> None:
    """Put in what a story need not say: tokens, the currency, the sum of the lines."""
    if kind in ORDER_TYPES:
        data.setdefault("order_id", "1001")
    if kind in CHECKOUT_TYPES:
        data.setdefault("checkout", "preview")
    if kind == "cart_updated":
        data.setdefault("cart", "preview")
    lines = data.get("items")
    if isinstance(lines, list) and "total" not in data and all(isinstance(line, dict) for line in lines):
        try:
            total = sum(
                (Decimal(str(line.get("price", 0))) * int(line.get("quantity", 1)) for line in lines),
                Decimal(0),
            )
        except (InvalidOperation, ValueError, TypeError):
            return  # whoever reads the lines says what is wrong with them
        data["total"] = f"{total:.2f}"
    if "total" in data:
        data.setdefault("currency", shop.currency)


def _plain(value: Any) -> Any:
    """A value of a YAML document as JSON knows it."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else str(value)
