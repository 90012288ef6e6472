"""Resolves the dependencies anew and writes the hash-locked lists, with uv in its own environment."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_RUN_TIME: Final = "layers/common/requirements.txt"
_LISTS: Final = (
    ("requirements.lock", [_RUN_TIME, "--group", "local", "--group", "dev"]),
    # What Lambda gets is what the tests ran with.
    ("layers/common/requirements.lock", [_RUN_TIME, "--constraints", "requirements.lock"]),
    ("infra/deploy/requirements.lock", ["infra/deploy/requirements.txt"]),
    ("tests/browser/requirements.lock", ["--no-deps", "tests/browser/requirements.txt"]),
)


def main() -> int:
    """Returns 0, or uv's exit code when a list cannot be resolved."""
    for target, sources in _LISTS:
        command = [
            sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--upgrade", "--universal",
            "--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url",
            "--no-emit-find-links", "--python-version", "3.11", *sources, "-o", target,
        ]  # fmt: skip
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code:
            return code
        print(f"locked {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
