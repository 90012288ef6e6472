"""What can be chosen about a local stack, and how the make targets pass it: PORT, SPEED, ORIGIN."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from infra.local.errors import LocalError

HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 4566
DEFAULT_SPEED: Final = 3600.0
"""Shop seconds per machine second: an hour a second, so that the emulator's latency stays within the hour."""

Number = TypeVar("Number", int, float)

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Options:
    """One local stack.

    `directory` holds its outputs, logs and process ids, `build` the products of `make build`, `run` what the
    recorder writes; `machines` is the generated template of the workflows. `port` is the embedded AWS's,
    `inbox_port` the recorder's. `origin` is the shop's time at the start.
    """

    port: int
    inbox_port: int
    speed: float
    origin: datetime
    name: str = "tidings"
    region: str = "us-east-1"
    directory: Path = ROOT / "build" / "local"
    build: Path = ROOT / "build"
    run: Path = ROOT / "build" / "run"
    machines: Path = ROOT / "infra" / "workflows.yaml"

    @property
    def endpoint(self) -> str:
        """The embedded AWS's address."""
        return f"http://{HOST}:{self.port}"

    @property
    def inbox(self) -> str:
        """The recorder's address."""
        return f"http://{HOST}:{self.inbox_port}"

    @property
    def outputs(self) -> Path:
        """Where the stack tells about itself."""
        return self.directory / "outputs.json"

    def clock(self, started: datetime) -> dict[str, Any]:
        """The clock that starts now: `started` is machine time, UTC."""
        return {"origin": self.origin.isoformat(), "started": started.isoformat(), "speed": self.speed}


def from_environment(environ: Mapping[str, str], now: datetime) -> Options:
    """The options that PORT, SPEED and ORIGIN ask for; `now` is machine time, UTC. Raises LocalError."""
    port = _number(environ.get("PORT") or str(DEFAULT_PORT), "PORT", int)
    if not 1024 <= port < 65535:
        raise LocalError(f"PORT={port} is out of range: choose one from 1024 to 65534")
    speed = _number(environ.get("SPEED") or str(DEFAULT_SPEED), "SPEED", float)
    if not speed > 0:
        raise LocalError("SPEED must be more than 0: shop seconds per machine second, 3600 by default")
    text = environ.get("ORIGIN", "")
    return Options(port, port + 1, speed, _time(text) if text else default_origin(now))


def default_origin(now: datetime) -> datetime:
    """The latest 26 February, 06:00 UTC, that is 30 days past: the demo's days then meet the end of February.

    A shop time that lies behind the machine's also lets a body with the machine's time count as of its
    receipt, as any fact from the future does.
    """
    latest = now - timedelta(days=30)
    origin = datetime(latest.year, 2, 26, 6, tzinfo=UTC)
    return origin if origin <= latest else origin.replace(year=latest.year - 1)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody has at the moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def is_free(port: int) -> bool:
    """Whether nobody listens on that port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _number(text: str, name: str, kind: Callable[[str], Number]) -> Number:
    try:
        return kind(text)
    except ValueError:
        raise LocalError(f"{name}={text} is not a number: leave it out, or give one") from None


def _time(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise LocalError(f"ORIGIN={text} is no time: write it as 2026-02-26T06:00:00Z") from None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
