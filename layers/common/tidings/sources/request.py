"""What a source is handed: one delivery, as bytes and headers, before anything in it is believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from tidings.events import Event


@dataclass(frozen=True, slots=True)
class Request:
    """One delivery. `headers` have lower-case names; `body` are the raw bytes that were signed."""

    source: str
    headers: Mapping[str, str]
    body: bytes


class Source(Protocol):
    """A shop platform: checks that a delivery is genuine and translates it. Knows nothing of what follows."""

    keeps_unread: ClassVar[bool] = False
    """Whether what is genuine and can't be read is set aside and answered 200, because the platform would deliver
    nothing again and give the webhook up for a refusal."""

    def greets(self, request: Request) -> bool:
        """Whether it is how the platform tries an address out: unsigned, answered 200, and without effect."""
        return False

    def secrets(self, told: str) -> list[str]:
        """The secrets that a parameter holds: one, or two while they are rotated. No secret holds white space."""
        return told.split()

    def verify(self, request: Request, secrets: Sequence[str], machine_now: datetime) -> None:
        """Raise Unauthorized unless one of the secrets signed the body; without any nothing is genuine."""
        ...

    def parse(self, request: Request, received_at: datetime, address_key: bytes) -> list[Event]:
        """The facts in the body, none for a topic that is not read. Raises nothing but BadInput.

        `received_at` is shop time, UTC; `address_key` is the key of `events.address_alias`.
        """
        ...
