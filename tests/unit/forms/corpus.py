"""Bad input that others have collected, for whoever has it beside the project; else the tests are skipped."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "badinput"


def collected(name: str) -> Any:
    """A collection, or a skip."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the collection {name} is not here")
    return json.loads(path.read_text("utf-8"))


def listed(name: str) -> list[str]:
    """The lines of a list of attacks, or a skip."""
    path = FOLDER / "patt" / name
    if not path.exists():
        pytest.skip(f"the list {name} is not here")
    return [line for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
