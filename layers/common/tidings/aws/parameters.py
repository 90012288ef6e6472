"""Secrets and keys from SSM Parameter Store, read together and kept for a while."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from tidings.aws.client import code, outages
from tidings.clock import Clock
from tidings.errors import Unavailable

log = logging.getLogger(__name__)

KEEP: Final = timedelta(minutes=5)
"""How long values are used before they are read again: a new secret holds everywhere after this."""

RETRY: Final = timedelta(seconds=20)
"""How soon a failed reading is tried again while older values serve."""


@dataclass(slots=True)
class Parameters:
    """Parameters below a prefix, all of `names` in one call; times are the machine's.

    `connect` gives an SSM client when the first value is asked for.
    """

    connect: Callable[[], Any]
    prefix: str
    names: tuple[str, ...]
    clock: Clock
    _client: Any = None
    _values: Mapping[str, str] | None = None
    _until: datetime | None = field(default=None)

    def words(self, name: str) -> tuple[str, ...]:
        """The whitespace-separated words of a parameter; otherwise as `text`."""
        return tuple(self.text(name).split())

    def text(self, name: str) -> str:
        """What a parameter holds; nothing when it is missing or empty.

        When reading fails, what was read last goes on serving. Raises Unavailable when nothing ever was.
        """
        if name not in self.names:
            raise KeyError(f"{name} is not among the parameters read here")
        now = self.clock.machine_now()
        if self._values is None or self._until is None or now >= self._until:
            self._refresh(now)
        return (self._values or {}).get(name, "")

    def _refresh(self, now: datetime) -> None:
        try:
            self._values = self._read()
            self._until = now + KEEP
        except Unavailable as error:
            if self._values is None:
                raise
            log.warning("parameters could not be read again: %s", error)
            self._until = now + RETRY

    def _read(self) -> dict[str, str]:
        if self._client is None:
            self._client = self.connect()
        try:
            with outages():
                answer = self._client.get_parameters(
                    Names=[self.prefix + name for name in self.names], WithDecryption=True
                )
        except ClientError as error:
            raise Unavailable(f"GetParameters: {code(error)}") from error
        found = {parameter["Name"]: parameter["Value"] for parameter in answer["Parameters"]}
        return {name: found.get(self.prefix + name, "") for name in self.names}
