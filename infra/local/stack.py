"""Starts and stops a local stack: the embedded AWS, the template on it, the recorder."""

import importlib.util
import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from infra.local.errors import LocalError
from infra.local.options import HOST, ROOT, Options, is_free
from infra.local.processes import Processes

START_SECONDS: Final = 90.0
_NEEDED: Final = {
    "ministack": "ministack",
    "samtranslator": "aws-sam-translator",
    "awslambdaric": "awslambdaric",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """One local stack, wholly described by its options."""

    options: Options

    @property
    def processes(self) -> Processes:
        """What runs for it."""
        return Processes(self.options.directory)

    def is_up(self) -> bool:
        """Whether it runs and has told where."""
        return "ministack" in self.processes.running() and self.options.outputs.is_file()

    def up(self) -> dict[str, Any]:
        """Starts everything; returns the outputs. Raises LocalError, and stops what it had started."""
        self._check()
        self.processes.stop()  # what an interrupted start may have left
        self.options.directory.mkdir(parents=True, exist_ok=True)
        self.options.outputs.unlink(missing_ok=True)
        try:
            return self._start()
        except BaseException:
            self.down()
            raise

    def down(self) -> list[str]:
        """Stops everything; returns the names of what ran."""
        stopped = self.processes.stop()
        self.options.outputs.unlink(missing_ok=True)
        return stopped

    def _check(self) -> None:
        for module, package in _NEEDED.items():
            if importlib.util.find_spec(module) is None:
                raise LocalError(f"{package} is not installed: rm -r .venv, then make up")
        for port in (self.options.port, self.options.inbox_port):
            if not is_free(port):
                raise LocalError(f"port {port} is taken: free it, or choose another with PORT=")
        if not any((self.options.build / "packages").glob("*/*.json")):
            raise LocalError("no workflow is built: make build")

    def _start(self) -> dict[str, Any]:
        from infra.local.deploy import Deployment  # boto3 takes half a second, which `down` need not wait for

        options = self.options
        emulator = self.processes.start(
            "ministack", [sys.executable, "-m", "infra.local.emulator"], self._environment(), ROOT
        )
        self._await(f"{options.endpoint}/_ministack/health", "the embedded AWS", "ministack", emulator.poll)
        outputs = Deployment(options).run(options.clock(datetime.now(UTC)))
        _write(options.outputs, outputs)
        recorder = self.processes.start(
            "recorder",
            [
                sys.executable, "-m", "infra.local.recorder", "--port", str(options.inbox_port),
                "--forward", options.endpoint, "--dir", str(options.run), "--outputs", str(options.outputs),
            ],
            self._base(), ROOT,
        )  # fmt: skip
        self._await(options.inbox, "the recorder", "recorder", recorder.poll)
        return outputs

    def _base(self) -> dict[str, str]:
        """The environment of every process: ours, without whatever points at somebody's real AWS."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "MAKE", "PYTHON"))
        }
        path = os.pathsep.join([str(ROOT / "layers" / "common"), str(ROOT)])
        return kept | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "AWS_EC2_METADATA_DISABLED": "true"}

    def _environment(self) -> dict[str, str]:
        scratch = self.options.directory / "scratch"
        scratch.mkdir(exist_ok=True)
        return self._base() | {
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "GATEWAY_PORT": str(self.options.port),
            "MINISTACK_REGION": self.options.region,
            "AWS_DEFAULT_REGION": self.options.region,
            "AWS_ENDPOINT_URL": self.options.endpoint,
            "AUTH": "true",
            "SFN_WAIT_SCALE": repr(1 / self.options.speed),
            "IOT_MTLS_ENABLED": "0",  # these two would listen on every address
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(scratch),
        }

    def _await(self, address: str, what: str, name: str, ended: Callable[[], int | None]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and ended() is None:
            try:
                with urllib.request.urlopen(address, timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        last = _last_line(self.options.directory / f"{name}.log")
        raise LocalError(
            f"{what} did not start: {last or 'it said nothing'} (all of it in {name}.log); then make up again"
        )


def _write(path: Path, outputs: dict[str, Any]) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(outputs, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
