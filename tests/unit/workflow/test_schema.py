"""The JSON Schema that editors read: current, told in full, and of one mind with the model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.unit.workflow.mistakes import FILE, RIGHT, STRUCTURE, Mistake
from tidings import yamlfile
from tidings.errors import BadInput
from tidings.workflow import schema

ROOT = Path(__file__).parents[3]
SCHEMA = Draft7Validator(schema.schema())
UNTOLD = {"offset: -1 hours, at"}
"""What is wrong only because of another word beside it: the check tells, the editor does not."""


def is_valid(text: str) -> bool:
    """Whether an editor would mark nothing."""
    try:
        return SCHEMA.is_valid(yamlfile.parse(text, FILE))
    except BadInput:
        return False


def test_the_committed_schema_is_current() -> None:
    """Mend: `make build`, and commit workflows/workflow.schema.json."""
    Draft7Validator.check_schema(schema.schema())
    assert schema.is_current(ROOT / "workflows")


def fields(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field that an author may write, with where it is."""
    if isinstance(value, dict):
        for name, field in (value.get("properties") or {}).items():
            yield f"{path}.{name}", field
        for name, each in value.items():
            yield from fields(each, f"{path}.{name}")


def test_each_word_has_a_description_and_an_example() -> None:
    """That is what an editor shows beside it."""
    found = dict(fields(schema.schema()))
    assert len(found) > 50
    assert [
        name for name, field in found.items() if not (field.get("description") and field.get("examples"))
    ] == []


def test_the_examples_are_right() -> None:
    """Each fits the field that it is an example of."""
    whole = schema.schema()
    wrong = [
        (name, example)
        for name, field in fields(whole)
        for example in field["examples"]
        if not Draft7Validator({**field, "$defs": whole["$defs"]}).is_valid(example)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "file", sorted(ROOT.glob("workflows/*/workflow.yaml")), ids=lambda file: file.parent.name
)
def test_this_shops_workflows_are_valid(file: Path) -> None:
    """Nothing is marked in them."""
    assert [
        error.message for error in SCHEMA.iter_errors(yamlfile.parse(file.read_text("utf-8"), file))
    ] == []


def test_a_workflow_of_every_word_is_valid() -> None:
    """With every step and wait."""
    assert is_valid(RIGHT)


@pytest.mark.parametrize("mistake", STRUCTURE, ids=lambda mistake: f"{mistake[2]}: {mistake[1].strip()[:50]}")
def test_what_the_model_refuses_is_marked(mistake: Mistake) -> None:
    """While it is written, before any check."""
    right, wrong, _, _ = mistake
    assert is_valid(RIGHT.replace(right, wrong, 1)) is (wrong in UNTOLD)
