"""axe-core on a page: what would stand in the way of somebody who sees, hears or moves otherwise."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.browser.chromium import Page

AXE: Final = Path(__file__).parents[2] / "build" / "axe" / "axe_playwright_python" / "axe.min.js"
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="no axe-core here: make build/axe/.ready")
"""Of tests that let axe-core look."""


def barriers(page: Page, *, sure: bool = False) -> list[str]:
    """What axe-core finds, and what it could not make out, a line each; empty on a page without barriers. `sure` leaves
    out what it could not make out: text in a drawing, a frame that no script may look into."""
    page.run(AXE.read_text("utf-8") + ";0")
    tags = json.dumps(
        {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations", "incomplete"]}
    )
    found = page.run(
        f"axe.run(document, {tags}).then(r => ({{passes: r.passes.length,"
        f" found: [...r.violations, ...({json.dumps(sure)} ? [] : r.incomplete)]"
        ".map(v => `${v.id}: ${v.help}: ${v.nodes.map(n => n.target.join(' ') + ' ' +"
        " [...n.any, ...n.all, ...n.none].map(c => c.message).join('; ')).join(' | ')}`)}))"
    )
    assert found["passes"] > 10, "axe-core looked at nothing"
    told: list[str] = found["found"]
    return told
