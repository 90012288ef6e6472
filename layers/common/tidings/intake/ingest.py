"""The way in: a delivery is checked, translated, stored, answered. 200 only after the event is stored.

Who is at fault decides the status: 4xx the sender, 503 an outage, after which the shop delivers again.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Protocol

from tidings.clock import Clock
from tidings.errors import BadInput, NotFound, TooLarge, Unavailable
from tidings.events import ADDRESS_KEY, Event, address_alias, only_key
from tidings.sources import SOURCES, Request

MAX_BODY_BYTES: Final = 1024 * 1024
"""An order line is about 2 KB in a Shopify body: room for 500 lines, the most a checkout takes."""


_BEFORE = re.compile(r"[^\s@<>()\[\],;:\\\"']{1,64}$")
_AFTER = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ADDRESSES = 50
"""Looked for in a body that can't be read."""


class Store(Protocol):
    """Where facts go."""

    def put(self, event: Event) -> bool:
        """Store once; False when this fact is stored already. Raises Unavailable."""
        ...


class Unread(Protocol):
    """Where deliveries wait that are genuine and could not be read."""

    def keep(self, request: Request, names: Collection[str]) -> None:
        """Store the delivery as it came; the same one twice is one. `names` are the aliases of the addresses in it,
        by which an erasure finds it. Raises Unavailable."""
        ...


class Parameters(Protocol):
    """Secrets and keys."""

    def words(self, name: str) -> Sequence[str]:
        """The words of a parameter below the prefix; none when it is missing or empty. Raises Unavailable."""
        ...

    def text(self, name: str) -> str:
        """All that it holds; nothing when it is missing or empty. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` and `body` for the sender; `counts` by metric and `about` for the log, free of personal
    data.
    """

    status: int
    body: Mapping[str, Any]
    counts: Mapping[str, int] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ingest:
    """Takes deliveries. All ports are injected."""

    store: Store
    parameters: Parameters
    clock: Clock
    unread: Unread

    def receive(self, request: Request) -> Answer:
        """Answer one delivery. Raises nothing for what a client sent, and nothing for an outage."""
        return guarded(lambda: self._receive(request))

    def _receive(self, request: Request) -> Answer:
        source = SOURCES.get(request.source)
        if source is None:
            raise NotFound(
                f"there is no such source: deliver to /webhooks/ and one of {', '.join(sorted(SOURCES))}"
            )
        if source.greets(request):
            return Answer(
                200, {"accepted": 0, "duplicate": 0}, {}, {"ignored": "the platform tries the address"}
            )
        fits = len(request.body) <= MAX_BODY_BYTES
        if not fits and not source.keeps_unread:
            raise _too_large()
        secrets = source.secrets(self.parameters.text(f"/webhooks/{request.source}"))
        source.verify(request, secrets, self.clock.machine_now())
        address_key = only_key(self.parameters.words(ADDRESS_KEY))
        now = self.clock.now()
        received_at = now.replace(
            microsecond=now.microsecond // 1000 * 1000
        )  # as precise as it need be stored
        try:
            if not fits:
                raise _too_large()
            events = source.parse(request, received_at, address_key)
        except BadInput as error:
            if not source.keeps_unread:
                raise
            return self._set_aside(request, error, address_key)
        if not events:
            return Answer(
                200, {"accepted": 0, "duplicate": 0}, {"EventsIgnored": 1}, {"ignored": "topic is not read"}
            )
        stored = [self.store.put(event) for event in events]
        accepted, duplicate = stored.count(True), stored.count(False)
        counts = {"EventsAccepted": accepted, "EventsDuplicate": duplicate}
        return Answer(
            200,
            {"accepted": accepted, "duplicate": duplicate},
            {metric: count for metric, count in counts.items() if count},
            {"types": [event.type for event in events], "accepted": accepted, "duplicate": duplicate},
        )

    def _set_aside(self, request: Request, error: BadInput, key: bytes) -> Answer:
        """Keep a genuine delivery that can't be read: a refusal would lose it, and in the end the webhook."""
        names = {address_alias(each, key) for each in _addresses(request.body.decode("utf-8", "replace"))}
        self.unread.keep(request, sorted(names))
        return Answer(
            200,
            {"accepted": 0, "duplicate": 0, "set_aside": 1},
            {"EventsParked": 1},
            {"set_aside": type(error).__name__, "why": str(error)},
        )


def _addresses(text: str) -> Iterator[str]:
    """What looks like an e-mail address, in time that grows with the text and no faster."""
    for found in islice(re.finditer("@", text), _ADDRESSES):
        at = found.start()
        local = _BEFORE.search(text[max(0, at - 64) : at])
        domain = _AFTER.match(text[at + 1 : at + 255])
        if local and domain:
            yield f"{local[0]}@{domain[0]}"


def _too_large() -> TooLarge:
    return TooLarge(f"the body is over {MAX_BODY_BYTES} bytes: subscribe to fewer fields")


def guarded(receive: Callable[[], Answer]) -> Answer:
    """The answer, or who is at fault that there is none: the sender, or an outage. Raises neither."""
    try:
        return receive()
    except BadInput as error:
        return Answer(
            error.status,
            {"error": str(error)},
            {"EventsRefused": 1},
            {"refused": type(error).__name__, "why": str(error)},
        )
    except Unavailable as error:
        return Answer(
            503,
            {"error": "nothing was stored, through no fault of the sender: deliver it again"},
            {},
            {"unavailable": str(error)},
        )


def refuse(error: BadInput) -> Answer:
    """The answer to a delivery that is unreadable before it is a Request."""
    return Answer(
        error.status, {"error": str(error)}, {"EventsRefused": 1}, {"refused": type(error).__name__}
    )
