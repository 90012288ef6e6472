"""YAML 1.2 files that people write, read so that a mistake can be shown with file and line. Build time only.

YAML 1.2, because a shop means the words `10:00` and `no` when it writes them.
"""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from tidings.errors import BadInput

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
            f"{file}:{line_of(document, problem['loc'], first_line)}: "
            f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise BadInput("\n".join(lines)) from None


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
