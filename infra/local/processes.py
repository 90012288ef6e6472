"""Processes that outlive the command that started them, known by a file of process ids."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of one stack. Each leads a session of its own, so that its children end with it."""

    directory: Path

    def start(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], cwd: Path
    ) -> subprocess.Popen[bytes]:
        """Starts one; what it prints goes to `<name>.log`."""
        with (self.directory / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                list(command), env=dict(environ), cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self._write({**self._read(), name: process.pid})
        return process

    def running(self) -> list[str]:
        """The names of those that still run."""
        return [name for name, pid in self._read().items() if self._is_ours(pid)]

    def stop(self) -> list[str]:
        """Ends all, with their children; returns the names of those that ran."""
        groups = {name: pid for name, pid in self._read().items() if self._is_ours(pid)}
        for ending in (signal.SIGTERM, signal.SIGKILL):
            for pid in groups.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, ending)
            deadline = time.monotonic() + GRACE_SECONDS
            while any(_group_lives(pid) for pid in groups.values()) and time.monotonic() < deadline:
                time.sleep(0.05)
        self._path.unlink(missing_ok=True)
        return list(groups)

    @property
    def _path(self) -> Path:
        return self.directory / "processes.json"

    def _read(self) -> dict[str, int]:
        try:
            found: dict[str, int] = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found

    def _write(self, pids: Mapping[str, int]) -> None:
        self._path.write_text(json.dumps(pids), encoding="utf-8")

    def _is_ours(self, pid: int) -> bool:
        """Whether it runs and is one of ours: a process id may have gone to somebody else since."""
        if not _group_lives(pid):
            return False
        return "infra.local" in _command(pid)


def _group_lives(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child of ours that ended stays a zombie until it is asked for
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _command(pid: int) -> str:
    listed = Path(f"/proc/{pid}/cmdline")
    if listed.exists():
        return listed.read_text(encoding="utf-8", errors="replace").replace("\0", " ")
    return subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
