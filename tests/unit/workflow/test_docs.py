"""The reference of the language: every example in it is right, and every word, event and function is in it."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workflow.mistakes import FILE, SCOPE
from tidings.events import TYPES
from tidings.expressions.checking import check
from tidings.expressions.functions import SIGNATURES
from tidings.expressions.views import CustomerView, EventView, Line
from tidings.workflow import schema
from tidings.workflow.check import problems
from tidings.workflow.check.scope import INTERNAL
from tidings.workflow.load import parse_workflow

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "workflows.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
REST = {
    "name": "name: Example\n",
    "trigger": "trigger: {event: order_paid}\n",
    "steps": "steps: [{send: some-mail}]\n",
}
"""What an example leaves out."""


def whole(example: str) -> str:
    """A workflow that holds an example: steps, or some of a workflow's words."""
    if example.startswith("- "):
        example = "steps:\n" + "".join(f"  {line}\n" for line in example.splitlines())
    if example.startswith("reentry: each"):
        return example
    left = (line for word, line in REST.items() if not re.search(rf"^{word}:", example, re.MULTILINE))
    return example + "".join(left)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example[:40].replace("\n", " "))
def test_each_example_compiles(example: str) -> None:
    """Whoever writes what is written there has a right workflow."""
    text = whole(example)
    assert problems(parse_workflow("example", text, FILE), SCOPE) == []


def test_there_is_an_example_of_each_word() -> None:
    """Triggers, waits, steps, and all that stands in them."""
    shown = "\n".join(EXAMPLES)
    words = set(re.findall(r"(?:^|[\s{\[-])([a-z_]+):", shown))
    assert words_of(schema.schema()) - words - {"max_age", "retired"} == set()
    assert all(word in TEXT for word in ("`max_age`", "`retired`"))


def words_of(value: Any) -> set[str]:
    """Every word that the schema knows."""
    if isinstance(value, list):
        return {word for each in value for word in words_of(each)}
    if not isinstance(value, dict):
        return set()
    own = set(value["properties"]) if isinstance(value.get("properties"), dict) else set()
    return own.union(*(words_of(each) for each in value.values()))


def test_everything_that_may_be_named_is_in_it() -> None:
    """Events, functions, and the fields of events, lines and customers."""
    told = set(re.findall(r"[A-Za-z_]+", " ".join(re.findall(r"`([^`]*)`", TEXT))))
    names = {each.name for view in (EventView, CustomerView, Line) for each in fields(view)} - {"properties"}
    assert names | (TYPES - INTERNAL) | set(SIGNATURES) <= told


@pytest.mark.parametrize(
    "expression", re.findall(r"^\| [^|]* \| `((?:[^|`]|\\\|)*)` \|$", TEXT, re.MULTILINE)
)
def test_each_expression_of_the_tables_is_right(expression: str) -> None:
    """With the shop's own words."""
    names = SCOPE.names(None)
    assert check(expression.replace("\\|", "|"), names, SCOPE.vocabulary) == []
