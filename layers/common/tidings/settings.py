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
    """`clock` is JSON for `clock.from_json`, empty in production. `track_origins` are the origins of the shop's pages,
    `track_sandboxed` tells whether pages without one may tell something, too."""

    events_table: str
    parameter_prefix: str
    failures_bucket: str
    clock: str = ""
    track_origins: frozenset[str] = frozenset()
    track_sandboxed: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "ReceiveWebhookSettings":
        """Read `EVENTS_TABLE`, `PARAMETER_PREFIX`, `FAILURES_BUCKET`, `CLOCK`, `TRACK_ORIGINS` (with commas) and
        `TRACK_SANDBOXED`; raises Misconfigured."""
        origins = (
            origin.strip().rstrip("/").lower() for origin in environ.get("TRACK_ORIGINS", "").split(",")
        )
        return cls(
            events_table=required(environ, "EVENTS_TABLE"),
            parameter_prefix=required(environ, "PARAMETER_PREFIX").rstrip("/"),
            failures_bucket=required(environ, "FAILURES_BUCKET"),
            clock=environ.get("CLOCK", ""),
            track_origins=frozenset(filter(None, origins)),
            track_sandboxed=environ.get("TRACK_SANDBOXED", "") == "true",
        )


@dataclass(frozen=True, slots=True)
class TrackEventSettings:
    """Tables by role, where state machines are (the ARN up to the workflow's name), and who answers for privacy."""

    tables: Mapping[str, str]
    state_machine_arn_prefix: str
    erase_customer: str
    clock: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "TrackEventSettings":
        """Read the variables; raises Misconfigured."""
        names = ("events", "customers", "aliases", "journeys", "sends", "products", "parked", "suppressions")
        return cls(
            tables=_tables(environ, names),
            state_machine_arn_prefix=required(environ, "STATE_MACHINE_ARN_PREFIX"),
            erase_customer=required(environ, "ERASE_CUSTOMER"),
            clock=environ.get("CLOCK", ""),
        )


@dataclass(frozen=True, slots=True)
class RunStepSettings:
    """`unknown_after` is in seconds of machine time; `pages_url` has no slash at its end; `stack` names the deployment
    to the operator."""

    tables: Mapping[str, str]
    packages_bucket: str
    configuration_set: str
    parameter_prefix: str
    pages_url: str
    unknown_after: int
    stack: str
    clock: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "RunStepSettings":
        """Read the variables; raises Misconfigured."""
        names = ("events", "customers", "journeys", "sends", "pace", "suppressions", "products", "health")
        return cls(
            tables=_tables(environ, names),
            packages_bucket=required(environ, "PACKAGES_BUCKET"),
            configuration_set=required(environ, "CONFIGURATION_SET"),
            parameter_prefix=required(environ, "PARAMETER_PREFIX").rstrip("/"),
            pages_url=required(environ, "PAGES_URL").rstrip("/"),
            unknown_after=int(environ.get("UNKNOWN_AFTER") or 900),
            stack=required(environ, "STACK"),
            clock=environ.get("CLOCK", ""),
        )


@dataclass(frozen=True, slots=True)
class RecordFeedbackSettings:
    """What reports of SES are written to; `stack` names the deployment to the operator."""

    tables: Mapping[str, str]
    parameter_prefix: str
    stack: str
    clock: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "RecordFeedbackSettings":
        """Read the variables; raises Misconfigured."""
        return cls(
            tables=_tables(environ, ("events", "suppressions", "health")),
            parameter_prefix=required(environ, "PARAMETER_PREFIX").rstrip("/"),
            stack=required(environ, "STACK"),
            clock=environ.get("CLOCK", ""),
        )


@dataclass(frozen=True, slots=True)
class ServePageSettings:
    """Where pages write what people say, and read what holds."""

    tables: Mapping[str, str]
    parameter_prefix: str
    clock: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "ServePageSettings":
        """Read the variables; raises Misconfigured."""
        return cls(
            tables=_tables(environ, ("events", "suppressions", "customers", "products", "limits")),
            parameter_prefix=required(environ, "PARAMETER_PREFIX").rstrip("/"),
            clock=environ.get("CLOCK", ""),
        )


@dataclass(frozen=True, slots=True)
class RunDailySettings:
    """Where the due index is, and where events go."""

    tables: Mapping[str, str]
    clock: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "RunDailySettings":
        """Read the variables; raises Misconfigured."""
        return cls(tables=_tables(environ, ("events", "customers")), clock=environ.get("CLOCK", ""))


@dataclass(frozen=True, slots=True)
class EraseCustomerSettings:
    """All tables that hold persons, by role; buckets; the ARN of a state machine up to the workflow's name."""

    tables: Mapping[str, str]
    privacy_bucket: str
    failures_bucket: str
    state_machine_arn_prefix: str
    stack: str
    parameter_prefix: str
    clock: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "EraseCustomerSettings":
        """Read the variables; raises Misconfigured."""
        names = ("events", "customers", "aliases", "journeys", "sends", "pace", "parked", "suppressions")
        return cls(
            tables=_tables(environ, names),
            privacy_bucket=required(environ, "PRIVACY_BUCKET"),
            failures_bucket=required(environ, "FAILURES_BUCKET"),
            state_machine_arn_prefix=required(environ, "STATE_MACHINE_ARN_PREFIX"),
            stack=required(environ, "STACK"),
            parameter_prefix=required(environ, "PARAMETER_PREFIX").rstrip("/"),
            clock=environ.get("CLOCK", ""),
        )


def _tables(environ: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: required(environ, f"{name.upper()}_TABLE") for name in names}
