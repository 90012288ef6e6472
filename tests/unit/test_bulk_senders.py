"""docs/bulk-senders.md names a test or a check for each line, and each of them is there."""

import ast
import re
from pathlib import Path

import pytest

from infra.deploy import doctor
from infra.local import overrides

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "bulk-senders.md").read_text(encoding="utf-8")
LINES = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| asked")]
TESTS = sorted(set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", PAGE)))
CHECKS = sorted(set(re.findall(r"doctor: ([\w-]+)", PAGE)) - {"name"})


def test_the_page_has_its_lines() -> None:
    """A pattern that finds nothing proves nothing."""
    assert len(LINES) >= 25
    assert len(TESTS) >= 20
    assert len(CHECKS) >= 10


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("|")[1].strip()[:40])
def test_a_line_says_what_shows_it(line: str) -> None:
    """A test, a check, or why there is neither."""
    shown = line.rstrip("|").rsplit("|", 1)[1].strip()
    assert re.search(r"tests/|doctor: |does not apply|nothing to do|look at one mail", shown)


@pytest.mark.parametrize(("file", "name"), TESTS, ids=[name for _, name in TESTS])
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    """In that file, by that name."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_that_is_named_is_there(name: str) -> None:
    """By the name that make doctor prints."""
    assert name in {check.name for check in doctor.CHECKS}


def test_mail_is_encrypted_wherever_it_can_be() -> None:
    """TLS is offered to every receiver; to require it would lose the order confirmations of those without."""
    resources = overrides.load(ROOT / "infra" / "mail.yaml")["Resources"]
    assert resources["ConfigurationSet"]["Properties"]["DeliveryOptions"] == {"TlsPolicy": "OPTIONAL"}
