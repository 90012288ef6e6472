"""Fetches the layer's dependencies, as Lambda on arm64 needs them, when their lock has changed."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
LOCK: Final = ROOT / "layers" / "common" / "requirements.lock"
TARGET: Final = ROOT / "build" / "dependencies"


def main() -> int:
    """Returns pip's exit code, 0 when there is nothing to do."""
    stamp, current = TARGET.with_suffix(".lock"), hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == current:
        return 0
    shutil.rmtree(TARGET, ignore_errors=True)
    found = subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes",
            "--platform", "manylinux2014_aarch64", "--platform", "manylinux_2_28_aarch64",
            "--implementation", "cp", "--python-version", "3.13", "--only-binary=:all:", "--no-compile",
            "--target", str(TARGET / "python"), "-r", str(LOCK),
        ],
        check=False,
    )  # fmt: skip
    if found.returncode == 0:
        stamp.write_text(current, encoding="utf-8")
    return found.returncode


if __name__ == "__main__":
    sys.exit(main())
