"""From `workflows/<name>/workflow.yaml` to a typed model, or to every problem in it with its line.

A build-time module: Lambda reads packages and never YAML.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tidings import yamlfile
from tidings.errors import BadInput
from tidings.words import hint
from tidings.workflow import model

_MODELS: Final[dict[str, type[BaseModel]]] = {
    "event trigger": model.EventTrigger,
    "date trigger": model.DateTrigger,
    "inactivity trigger": model.InactiveTrigger,
    "exit": model.ExitRule,
    "wait step": model.WaitStep,
    "wait": model.WaitFor,
    "send step": model.SendStep,
}
"""By the last name that pydantic gives on the way to an error, the model whose keys were meant."""

_UNIONS: Final = {"trigger": ("trigger", model.TRIGGER_WORDS), "steps": ("step", model.STEP_WORDS)}

_KINDS: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "model_type": "words and their values",
    "dict_type": "words and their values",
}

Place = Sequence[str | int]
"""The way to a value: keys of mappings and positions in lists."""


@dataclass(frozen=True, slots=True)
class Source:
    """A workflow, and the document it was read from."""

    workflow: model.Workflow
    file: Path
    document: Any

    def problem(self, place: Place, message: str) -> str:
        """`file:line: message`, the line being that of `place` in the document."""
        return _problem(self.file, self.document, place, message)


def load_workflow(folder: Path) -> Source:
    """The workflow in `folder`, whose name is its id. Raises BadInput with every problem, one a line."""
    file = folder / "workflow.yaml"
    return parse_workflow(folder.name, file.read_text("utf-8"), file)


def parse_workflow(workflow_id: str, text: str, file: Path) -> Source:
    """The workflow that `text` describes. Raises BadInput with every problem, one a line."""
    document = yamlfile.parse(text, file)
    if not isinstance(document, dict):
        raise BadInput(f"{file}:1: a workflow is a list of words and their values, such as `name: Welcome`")
    if "id" in document:
        raise BadInput(
            _problem(file, document, ["id"], "unknown word \"id\": the folder's name is the workflow's id")
        )
    try:
        return Source(model.Workflow.model_validate({"id": workflow_id, **document}), file, document)
    except ValidationError as error:
        found = (_problem(file, document, each["loc"], explain(each)) for each in error.errors())
        raise BadInput("\n".join(dict.fromkeys(found))) from None


def workflow_folders(root: Path) -> Iterator[Path]:
    """The folders below `root` that hold a workflow, by name."""
    return (path.parent for path in sorted(root.glob("*/workflow.yaml")))


def _problem(file: Path, document: Any, place: Place, message: str) -> str:
    """Pydantic's way to an error also names the models it tried; only what the document has leads on."""
    path: list[str | int] = []
    here: Any = document
    for name in place:
        known = here if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        if name in known:
            here = here[name]
            path.append(name)
    return f"{file}:{yamlfile.line_of(document, path)}: {message}"


def explain(error: ErrorDetails) -> str:
    """What pydantic found, in the author's words: which word is wrong, and the nearest right one."""
    place, given, kind = error["loc"], error["input"], error["type"]
    name = next((str(part) for part in reversed(place) if isinstance(part, str)), "")
    if place == ("id",):
        name = "the folder's name"
    if kind == "extra_forbidden":
        return f'unknown word "{name}"{hint(name, _words(place[:-1]))}'
    if kind == "missing":
        return f'"{name}" is missing'
    if kind == "union_tag_not_found":
        return _unknown_kind(name, given)
    if kind == "literal_error":
        return f'"{name}" can\'t be "{given}"{hint(str(given), _literals(place))}'
    if kind == "value_error":
        return f'"{name}": {error["ctx"]["error"]}'
    if kind in _KINDS:
        return f'"{name}" is {_KINDS[kind]}, not {_shown(given)}'
    if kind == "string_pattern_mismatch":
        return f'"{name}" is lower-case letters, digits and single hyphens, not "{given}"'
    if kind in ("too_short", "string_too_short"):
        return f'"{name}" is empty'
    return f'"{name}" {error["msg"].removeprefix("Input ")}'


def _model_at(place: Place) -> type[BaseModel]:
    names = [part for part in place if isinstance(part, str) and part in _MODELS]
    return _MODELS[names[-1]] if names else model.Workflow


def _words(place: Place) -> list[str]:
    fields = _model_at(place).model_fields
    return [field.alias or name for name, field in fields.items() if name != "id" or "steps" in place]


def _literals(place: Place) -> list[str]:
    for name, field in _model_at(place[:-1]).model_fields.items():
        if place and (field.alias or name) == place[-1]:
            return [word for word in get_args(field.annotation) if isinstance(word, str)]
    return []


def _unknown_kind(name: str, given: Any) -> str:
    what, words = _UNIONS[name]
    example = next(iter(words))
    if not isinstance(given, dict):
        return f"a {what} is a word and its value, such as `{example}: …`, not {_shown(given)}"
    unknown = next(iter(given), "")
    return f'unknown {what} "{unknown}"{hint(str(unknown), words)}'


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else f'"{value}"'
