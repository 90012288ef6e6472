"""YAML 1.2 files that people write, read so that a mistake can be shown with file and line. Build time only.

YAML 1.2, because a shop means the words `10:00` and `no` when it writes them.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from tidings.errors import BadInput
from tidings.words import hint, nearest

Model = TypeVar("Model", bound=BaseModel)

_DAY: Final = re.compile(r"\b(\d{4})-(\d\d?)-(\d\d?)\b")


class _Texts(RoundTripConstructor):
    """Leaves dates and moments the words that they are."""


_Texts.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_scalar)


def parse(text: str, file: Path, first_line: int = 1, *, dates: bool = True) -> Any:
    """The document in `text`, whose first line is line `first_line` of `file`. Mappings remember their lines.

    Without `dates` even `2026-03-17` is text. Raises BadInput with `file:line: what` for what is no YAML.
    """
    yaml = YAML(typ="rt")
    if not dates:
        yaml.Constructor = _Texts
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        raise BadInput(f"{file}:{line}: {error.problem or 'this is no YAML'}") from None
    except YAMLError as error:
        raise BadInput(f"{file}:{first_line}: {error}") from None
    except ValueError:
        line = text.count("\n", 0, _impossible_day(text))
        raise BadInput(f"{file}:{first_line + line}: there is no such day") from None


def _impossible_day(text: str) -> int:
    """Where the first day is that no calendar has."""
    for found in _DAY.finditer(text):
        try:
            date(*map(int, found.groups()))
        except ValueError:
            return found.start()
    return 0


def load_model(model: type[Model], text: str, file: Path, first_line: int = 1) -> Model:
    """The document in `text` as a `model`. Raises BadInput naming each mistake with its line, one a line."""
    document = parse(text, file, first_line)
    try:
        return model.model_validate({} if document is None else document)
    except ValidationError as error:
        lines = (
            f"{file}:{line_of(document, problem['loc'], first_line)}: {_explain(model, problem)}"
            for problem in _mistakes(model, error)
        )
        raise BadInput("\n".join(lines)) from None


def _mistakes(model: type[BaseModel], error: ValidationError) -> list[ErrorDetails]:
    """Each mistake once: a word that is missing because it is misspelt is told by its misspelling."""
    errors = error.errors()
    meant = {
        (*each["loc"][:-1], nearest(str(each["loc"][-1]), _words(model, each["loc"])))
        for each in errors
        if each["type"] == "extra_forbidden"
    }
    return [each for each in errors if each["type"] != "missing" or each["loc"] not in meant]


def _explain(model: type[BaseModel], error: ErrorDetails) -> str:
    place = error["loc"]
    name = str(place[-1]) if place else "the file"
    if error["type"] == "extra_forbidden":
        return f'unknown word "{name}"{hint(name, _words(model, place))}'
    if error["type"] == "missing":
        return f'"{".".join(map(str, place))}" is missing'
    return f"{'.'.join(map(str, place)) or name}: {error['msg'].removeprefix('Value error, ')}"


def _words(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The words that could stand in the last one's place."""
    here = model
    for name in place[:-1]:
        field = next(
            (each for known, each in here.model_fields.items() if (each.alias or known) == name), None
        )
        here = next(_models(field.annotation), here) if field else here
    return [field.alias or name for name, field in here.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field holds, in lists, mappings and choices too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def line_of(document: Any, path: Sequence[int | str], first_line: int = 1) -> int:
    """The line of the deepest part of `path` that the document has."""
    line = 0
    for name in path:
        try:
            place = document.lc.item(name) if isinstance(name, int) else document.lc.key(name)
            line, document = place[0], document[name]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return first_line + line
