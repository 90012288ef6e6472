"""A customer as an item: small, since each fold reads and writes it whole."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from tidings.customer import Checkout, ClosedJourney, Customer, OpenJourney, Order, short
from tidings.people import refusals
from tidings.people.consent import Word

DUE_SHARDS: Final = 8
"""Partitions of the due index: a day's due are read from all; each takes 1,000 writes a second."""

_USUAL: Final = "shopify:"
"""The source of products that most customers bought."""

LEGIBLE: Final = 512
"""Characters of memory that stay as maps, to be read in the console; beyond, they are deflated together."""

_COMMON: Final = (
    b'"pending":[{"do":"stop","journey":"silent":["times":{"counts":{"machine_opened":"mail_clicked":"mail_opened":'
    b'"mail_delivered":"mail_sent":"review_posted":"form_answered":"order_cancelled":"order_refunded":"order_delivered":'
    b'"order_fulfilled":"order_paid":"product_viewed":"cart_updated":"checkout_updated":"profile_updated":"due":'
    b'"unsubscribed":"subscribed":"customer_registered":"checkout_started":"order_placed":"last":{"codes":{"earned":{'
    b'"segments":{"refused":"/r/","checkouts":{"shopify|checkout_started:","consent":{"order":["email":["subscribed",'
    b'"page","shopify","orders":{"0.00",false,["journeys":{"entries":{"shopify:order_fulfilled:","shopify:order_placed:",'
    b'"closed":{"exited","order_placed","profile":{"registered_at":"+00:00","tags":["timezone":"America/New_York","birthday":"'
    b'"country":"US","region":"CA","currency":"USD","locale":"en-US","last_name":"first_name":"email":"@example.com",'
    b'"partitions":["shopify:customer:"known":"'
)
"""What items have in common: deflating begins with it. It never changes, or what it packed could not be read."""

_COMPLETED: Final = ("done", "completed")
_DIGEST: Final = -25
"""Where the digest of a journey's id begins, with its hyphen; the workflow's id stands before it."""


def to_item(customer: Customer) -> dict[str, Any]:
    """The customer as an item: short names inside maps, empty ones left out; what is remembered is deflated (`packed`)
    where it is long. Only who is due is in the index.
    """
    item: dict[str, Any] = {
        "id": customer.id,
        "version": customer.version,
        "created_at": customer.created_at,
        "due_on": customer.due_on,
        "due_shard": str(int(short(customer.id), 16) % DUE_SHARDS) if customer.due_on else None,
        "merged_into": customer.merged_into,
        "seen": _seen(customer.seen) or None,
    }
    maps = {
        "known": customer.known,
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
        "refused": refusals.pack(customer.refused),
    }
    memory = {name: value for name, value in maps.items() if value}
    told = json.dumps(memory, ensure_ascii=False, separators=(",", ":"), default=_plain)
    if len(told) <= LEGIBLE:
        return item | memory
    packer = zlib.compressobj(9, zdict=_COMMON)
    return item | {"packed": packer.compress(told.encode("utf-8", "surrogatepass")) + packer.flush()}


def from_item(item: Mapping[str, Any]) -> Customer:
    """The customer in an item."""
    if "packed" in item:
        told = zlib.decompressobj(zdict=_COMMON).decompress(item["packed"])
        item = {**item, **json.loads(told.decode("utf-8", "surrogatepass"))}
    return Customer(
        id=item["id"],
        created_at=item["created_at"],
        version=item["version"],
        partitions=frozenset(item.get("partitions", ())),
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
        silent=frozenset(item.get("silent", ())),
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


def _plain(value: frozenset[str] | bytes) -> list[str] | str:
    """What JSON does not know."""
    return value.hex() if isinstance(value, bytes) else sorted(value)


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


def _read_word(said: str, at: int, source: str = "", proof: bytes | str = "") -> Word:
    return Word(said, at, source, proof if isinstance(proof, str) else proof.hex())


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
