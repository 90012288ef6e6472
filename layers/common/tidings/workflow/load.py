"""From `workflows/<name>/workflow.yaml` to a typed model, or to every problem in it with its line.

A build-time module: Lambda reads packages and never YAML.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from tidings import yamlfile
from tidings.errors import BadInput
from tidings.words import hint, nearest
from tidings.workflow import model

_MODELS: Final[dict[str, type[BaseModel]]] = {
    "event trigger": model.EventTrigger,
    "segment trigger": model.SegmentTrigger,
    "segment_left trigger": model.SegmentLeftTrigger,
    "date trigger": model.DateTrigger,
    "inactivity trigger": model.InactiveTrigger,
    "exit": model.ExitRule,
    "goal": model.Goal,
    "wait step": model.WaitStep,
    "wait": model.WaitFor,
    "quiet wait": model.WaitQuiet,
    "weekday wait": model.WaitWeekday,
    "until wait": model.WaitUntil,
    "send step": model.SendStep,
    "if step": model.IfStep,
    "split step": model.SplitStep,
    "split": model.Share,
    "set step": model.SetStep,
    "set tag": model.SetTag,
    "set untag": model.SetUntag,
    "set field": model.SetField,
    "wait_for step": model.WaitForStep,
    "wait_for": model.Awaited,
    "exit step": model.ExitStep,
}
"""By the last name that pydantic gives on the way to an error, the model whose keys were meant."""

_UNIONS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "trigger": ("trigger", model.TRIGGER_WORDS),
    "set": ("setting", model.SET_WORDS),
}
_STEPS: Final = ("step", model.STEP_WORDS)

_WAITS: Final = (model.WaitFor, model.WaitQuiet, model.WaitWeekday, model.WaitUntil)

_KINDS: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "model_type": "words and their values",
    "dict_type": "words and their values",
    "model_attributes_type": "words and their values",
    "scalar_type": "a text, a number, true or false",
}

_SCALARS: Final = dict.fromkeys(("str", "bool", "int", "float"), ("to", "scalar_type"))
"""What pydantic tried for a value that may be any of these."""

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
        found = (_problem(file, document, _place(each), explain(each)) for each in _mistakes(error))
        raise BadInput("\n".join(dict.fromkeys(found))) from None


def _mistakes(error: ValidationError) -> list[ErrorDetails]:
    """Each mistake once: a word that is missing because it is misspelt is told by its misspelling."""
    errors = error.errors()
    meant = {
        (*each["loc"][:-1], nearest(str(each["loc"][-1]), _words(each["loc"][:-1])))
        for each in errors
        if each["type"] == "extra_forbidden"
    }
    return [each for each in errors if each["type"] != "missing" or each["loc"] not in meant]


def _place(error: ErrorDetails) -> Place:
    """Where a mistake stands: an unknown kind of thing at its first word."""
    given = error["input"]
    if error["type"] == "union_tag_not_found" and isinstance(given, dict) and given:
        return (*error["loc"], next(iter(given)))
    return error["loc"]


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
        return _unknown_word(name, place)
    if kind == "missing":
        return f'"{name}" is missing{_example(place)}'
    if kind == "union_tag_not_found":
        return _unknown_kind(place, given)
    if place[-2:] == ("exit step", "exit"):
        return f'"exit" as a step is written `exit: true`, not {_shown(given)}'
    if kind == "literal_error":
        return f'"{name}" can\'t be "{given}"{hint(str(given), _literals(place))}'
    if kind == "value_error":
        words = error["ctx"]["error"]
        return f"{words}" if name.endswith((" wait", " step")) else f'"{name}": {words}'
    if name in _SCALARS:
        name, kind = _SCALARS[name]
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


def _unknown_word(name: str, place: Place) -> str:
    """An unknown key; a second action in one step, and `else` where it can't stand, are common mistakes."""
    here = _model_at(place[:-1])
    words = _words(place[:-1])
    if here in _WAITS:
        words = sorted({word for each in _WAITS for word in _fields(each)})
        if name in words:
            return f'"{name}" does not go with {" and ".join(f"`{word}`" for word in _fields(here))}'
    if name in model.TRIGGER_WORDS and "trigger" in place:
        return f'"{name}" is another trigger: a workflow has one'
    if name in model.STEP_WORDS and _is_step(place[:-1]):
        return f'"{name}" is a step of its own: begin it with "- "'
    return f'unknown word "{name}"{hint(name, words)}'


def _is_step(place: Place) -> bool:
    return bool(place) and place[-1] in model.STEP_WORDS.values()


def _fields(kind: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in kind.model_fields.items()]


def _words(place: Place) -> list[str]:
    return [name for name in _fields(_model_at(place)) if name != "id" or "steps" in place]


def _field(place: Place) -> FieldInfo | None:
    fields = _model_at(place[:-1]).model_fields.items()
    return next((field for name, field in fields if (field.alias or name) == place[-1]), None)


def _example(place: Place) -> str:
    field = _field(place)
    example = field.examples[0] if field and field.examples else None
    return f", such as `{place[-1]}: {example}`" if isinstance(example, str) else ""


def _literals(place: Place) -> list[str]:
    field = _field(place)
    return [str(word) for word in get_args(field.annotation)] if field else []


def _unknown_kind(place: Place, given: Any) -> str:
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    what, words = _UNIONS.get(name, _STEPS)
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
