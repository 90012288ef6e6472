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
