"""A mail's file taken apart: front matter and body. Build time only."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from tidings import yamlfile
from tidings.errors import BadInput

SUFFIX: Final = ".mjml.j2"


class Variant(BaseModel):
    """Another subject or preheader for the same mail, to be compared by a step's `test`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str | None = Field(default=None, min_length=1)
    preheader: str | None = Field(default=None, min_length=1)


class FrontMatter(BaseModel):
    """What stands above a mail's MJML, between two lines of `---`. Its texts are Jinja2 themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str = Field(min_length=1)
    preheader: str = Field(min_length=1)
    text: str | None = Field(default=None, min_length=1)
    variants: dict[Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")], Variant] = {}


@dataclass(frozen=True, slots=True)
class Source:
    """A mail's file, taken apart. `first_line` is where the MJML begins, `lines` where the fields begin."""

    file: Path
    front: FrontMatter
    body: str
    first_line: int
    lines: Mapping[str, int]


def take_apart(file: Path) -> Source:
    """A mail's front matter and body. Raises BadInput."""
    return _taken_apart(file, file.read_text("utf-8"))


@lru_cache(maxsize=1024)
def _taken_apart(file: Path, text: str) -> Source:
    """Kept, because a mail is compiled, its variants are, and its words are looked for."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].strip() != "---" or "---" not in [line.strip() for line in lines[1:]]:
        raise BadInput(
            f"{file}:1: a mail begins with its front matter: subject and preheader between two lines `---`"
        )
    end = next(number for number, line in enumerate(lines[1:], 1) if line.strip() == "---")
    front = "\n".join(lines[1:end])
    document = yamlfile.parse(front, file, 2)
    return Source(
        file=file,
        front=yamlfile.load_model(FrontMatter, front, file, 2),
        body="\n".join(lines[end + 1 :]),
        first_line=end + 2,
        lines={str(name): yamlfile.line_of(document, [name], 2) for name in document},
    )
