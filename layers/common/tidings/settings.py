"""What each function is told by its environment: a frozen model each, checked when it is read."""

from collections.abc import Mapping
from dataclasses import dataclass

from tidings.errors import TidingsError


class Misconfigured(TidingsError):
    """The operator's fault: a variable is missing. The message names it."""


def required(environ: Mapping[str, str], name: str) -> str:
    """The variable's value; Misconfigured when it is missing or empty."""
    value = environ.get(name, "").strip()
    if not value:
        raise Misconfigured(
            f"the environment variable {name} is not set: the template sets it for this function"
        )
    return value


@dataclass(frozen=True, slots=True)
class ReceiveWebhookSettings:
    """`clock` is JSON for `clock.from_json`, empty in production."""

    events_table: str
    parameter_prefix: str
    clock: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "ReceiveWebhookSettings":
        """Read `EVENTS_TABLE`, `PARAMETER_PREFIX` and `CLOCK`; raises Misconfigured."""
        return cls(
            events_table=required(environ, "EVENTS_TABLE"),
            parameter_prefix=required(environ, "PARAMETER_PREFIX").rstrip("/"),
            clock=environ.get("CLOCK", ""),
        )
