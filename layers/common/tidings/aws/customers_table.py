"""Customers and aliases. One conditional put commits a fold; a transaction claims aliases and merges."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Final

from tidings import refusals
from tidings.aws.table import Table, transact
from tidings.consent import Word
from tidings.customer import Checkout, ClosedJourney, Customer, OpenJourney, Order, short
from tidings.errors import Conflict, TidingsError
from tidings.ports import Commit

DUE_SHARDS: Final = 8
"""Partitions of the due index: a day's due are read from all; each takes 1,000 writes a second."""

MERGES: Final = 20
"""How many merges are followed from one customer to the next."""

_USUAL: Final = "shopify:"
"""The source of products that most customers bought."""

_COMPLETED: Final = ("done", "completed")
_DIGEST: Final = -25
"""Where the digest of a journey's id begins, with its hyphen; the workflow's id stands before it."""

_UNCHANGED = "version = :version AND attribute_not_exists(merged_into)"


@dataclass(frozen=True, slots=True)
class CustomersTable:
    """Answers `ports.CustomerReader`, `ports.CustomerSample` and `ports.DueIndex`."""

    customers: Table

    def get(self, customer_id: str) -> Customer | None:
        """The customer, or the one they were merged into; strongly consistent."""
        for _ in range(MERGES):
            item = self.customers.get(id=customer_id)
            if item is None:
                return None
            if "merged_into" not in item:
                return from_item(item)
            customer_id = item["merged_into"]
        raise TidingsError("a customer's merges lead nowhere")

    def item(self, customer_id: str) -> Customer | None:
        """The customer of exactly this id, merged into another or not; strongly consistent."""
        found = self.customers.get(id=customer_id)
        return from_item(found) if found else None

    def due(self, until: str) -> Iterable[tuple[str, str]]:
        """(customer id, due_on) of all due up to a UTC date, inclusive; eventually consistent."""
        for shard in range(DUE_SHARDS):
            condition = "due_shard = :shard AND due_on <= :until"
            for item in self.customers.query(condition, index="due", shard=str(shard), until=until):
                yield item["id"], item["due_on"]

    def sample(self, size: int) -> Iterable[Customer]:
        """The first customers of a scan, in the order of their hashed ids; with their orders and no more."""
        wanted = ("id", "orders", "merged_into", "version", "created_at")
        for item in islice(self.customers.scan(wanted), size):
            if "merged_into" not in item:
                yield from_item(item)


@dataclass(frozen=True, slots=True)
class OwnedCustomersTable(CustomersTable):
    """Answers `ports.Customers`, for the one function that writes customers and aliases."""

    aliases: Table

    def resolve(self, aliases: Iterable[str]) -> dict[str, str]:
        """alias → customer id, for those that are claimed."""
        found = self.aliases.get_all("alias", aliases, consistent=True)
        return {item["alias"]: item["customer"] for item in found}

    def commit(self, commit: Commit) -> None:
        """All or nothing; raises Conflict when a version moved or an alias is taken."""
        if not commit.claims and commit.absorbed is None:
            item, condition, values = _replacing(commit.customer)
            if not self.customers.put(item, condition, **values):
                raise Conflict("the customer's version moved")
            return
        puts = []
        for customer in filter(None, (commit.customer, commit.absorbed)):
            item, condition, values = _replacing(customer)
            puts.append(self.customers.put_request(item, condition, **values))
        for alias in sorted(commit.claims):
            claim = {"alias": alias, "customer": commit.customer.id}
            puts.append(self.aliases.put_request(claim, "attribute_not_exists(alias)"))
        transact(self.customers.client, puts)


def _replacing(customer: Customer) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """The item, and the condition that it replaces the version before its own."""
    if customer.version == 1:
        return to_item(customer), "attribute_not_exists(id)", {}
    return to_item(customer), _UNCHANGED, {"version": customer.version - 1}


def to_item(customer: Customer) -> dict[str, Any]:
    """The customer as an item: short names inside maps, empty ones left out. Only who is due is in the
    index.
    """
    item: dict[str, Any] = {
        "id": customer.id,
        "version": customer.version,
        "created_at": customer.created_at,
        "due_on": customer.due_on,
        "due_shard": str(int(short(customer.id), 16) % DUE_SHARDS) if customer.due_on else None,
        "merged_into": customer.merged_into,
        "known": customer.known or None,
    }
    maps = {
        "partitions": customer.partitions,
        "profile": _by_time(customer.profile),
        "consent": {slot: _word(word) for slot, word in customer.consent.items()},
        "orders": {key: _order(order) for key, order in customer.orders.items()},
        "checkouts": {k: [c.updated_at, c.event, c.completed] for k, c in customer.checkouts.items()},
        "last": dict(customer.last),
        "counts": dict(customer.counts),
        "times": {name: list(times) for name, times in customer.times.items()},
        "earned": dict(customer.earned),
        "codes": dict(customer.codes),
        "segments": dict(customer.segments),
        "silent": customer.silent,
        "journeys": {k: list(asdict(j).values()) for k, j in customer.journeys.items()},
        "closed": {k: _closed(k, j) for k, j in customer.closed.items()},
        "entries": _pairs(customer.entries),
        "pending": [dict(act) for act in customer.pending],
        "seen": _seen(customer.seen),
        "refused": refusals.pack(customer.refused),
    }
    return item | {name: value for name, value in maps.items() if value}


def from_item(item: Mapping[str, Any]) -> Customer:
    """The customer in an item."""
    return Customer(
        id=item["id"],
        created_at=item["created_at"],
        version=item["version"],
        partitions=item.get("partitions", frozenset()),
        profile=_read_by_time(item.get("profile", {})),
        consent={slot: _read_word(*value) for slot, value in item.get("consent", {}).items()},
        orders={key: _read_order(*value) for key, value in item.get("orders", {}).items()},
        checkouts={key: Checkout(*value) for key, value in item.get("checkouts", {}).items()},
        last=item.get("last", {}),
        counts=item.get("counts", {}),
        times={name: tuple(times) for name, times in item.get("times", {}).items()},
        earned=item.get("earned", {}),
        codes=item.get("codes", {}),
        segments=item.get("segments", {}),
        silent=item.get("silent", frozenset()),
        known=item.get("known", ""),
        journeys={key: OpenJourney(*value) for key, value in item.get("journeys", {}).items()},
        closed={key: _read_closed(key, value) for key, value in item.get("closed", {}).items()},
        entries=_stamped(item.get("entries", {})),
        pending=tuple(item.get("pending", ())),
        seen=_read_seen(item.get("seen", b"")),
        refused=refusals.unpack(item.get("refused", "")),
        due_on=item.get("due_on"),
        merged_into=item.get("merged_into"),
    )


def _order(order: Order) -> list[Any]:
    """What was bought comes flat, product and pieces in turn, and not at all when it is forgotten; so do refunds."""
    flat = [value for name, pieces in order.items for value in (_compact(name), pieces)]
    back = [value for refund in order.refunds for value in refund]
    told = [order.placed_at, order.total, order.told_at, order.cancelled]
    return [*told, flat, back] if back else [*told, flat] if flat else told


def _read_order(
    placed_at: int,
    total: str,
    told_at: int,
    cancelled: bool,
    flat: Sequence[Any] = (),
    back: Sequence[Any] = (),
) -> Order:
    items = tuple((_product(name), pieces) for name, pieces in _in_pairs(flat))
    return Order(placed_at, total, told_at, cancelled, items, _in_pairs(back))


def _compact(product: str) -> str | int:
    """A product of Shopify's is its number, which takes a third of the room; others keep their source."""
    number = product.removeprefix(_USUAL)
    plain = number != product and number.isascii() and number.isdigit() and number[0] != "0"
    return int(number) if plain and len(number) < 16 else product


def _product(kept: str | int) -> str:
    return f"{_USUAL}{kept}" if isinstance(kept, int) else kept


def _in_pairs(flat: Sequence[Any]) -> tuple[tuple[Any, Any], ...]:
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _pairs(stamped: Mapping[str, tuple[Any, int]]) -> dict[str, list[Any]]:
    return {name: list(pair) for name, pair in stamped.items()}


def _stamped(pairs: Mapping[str, list[Any]]) -> dict[str, tuple[Any, int]]:
    return {name: (value, at) for name, (value, at) in pairs.items()}


def _by_time(stamped: Mapping[str, tuple[Any, int]]) -> dict[str, dict[str, Any]]:
    """Values by the time of their fact, since most come several at a time: `{"1770976680": {"country": "US"}}`."""
    times: dict[str, dict[str, Any]] = {}
    for name, (value, at) in stamped.items():
        times.setdefault(str(at), {})[name] = value
    return times


def _read_by_time(kept: Mapping[str, Any]) -> dict[str, tuple[Any, int]]:
    """Earlier items hold `{"country": ["US", 1770976680]}`."""
    if any(isinstance(value, list) for value in kept.values()):
        return _stamped(kept)
    return {name: (value, int(at)) for at, told in kept.items() for name, value in told.items()}


def _word(word: Word) -> list[Any]:
    """What was said, its time, and where it is known its source and the hash of its event in half the room."""
    told: list[Any] = [word.said, word.at]
    return [*told, word.source, bytes.fromhex(word.proof)] if word.source or word.proof else told


def _read_word(said: str, at: int, source: str = "", proof: bytes = b"") -> Word:
    return Word(said, at, source, proof.hex())


def _closed(journey: str, closed: ClosedJourney) -> list[Any]:
    """Most were completed, and their ids begin with the workflow's: then the time says it all."""
    if (closed.outcome, closed.reason) == _COMPLETED and journey[:_DIGEST] == closed.workflow:
        return [closed.at]
    return list(asdict(closed).values())


def _read_closed(journey: str, kept: Sequence[Any]) -> ClosedJourney:
    return ClosedJourney(journey[:_DIGEST], *_COMPLETED, kept[0]) if len(kept) == 1 else ClosedJourney(*kept)


def _seen(seen: Mapping[str, int]) -> bytes:
    """Two bytes of the day and six of the hash each; in a map of texts it would be three times as much."""
    return b"".join(day.to_bytes(2) + bytes.fromhex(key) for key, day in sorted(seen.items()))


def _read_seen(kept: bytes | Mapping[str, int]) -> dict[str, int]:
    """Earlier items hold a map of hashes and days."""
    if isinstance(kept, Mapping):
        return dict(kept)
    each = (kept[at : at + 8] for at in range(0, len(kept), 8))
    return {part[2:].hex(): int.from_bytes(part[:2]) for part in each}
