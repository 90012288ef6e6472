"""Package: everything a step needs of one revision of a workflow, built once and shipped as JSON.

The layer carries the packages in force; a journey that started before a deployment asks the archive for the
revision it started with.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field

from tidings.errors import TidingsError
from tidings.mail.language import Translation
from tidings.shop import Shop
from tidings.workflow.model import Workflow

if TYPE_CHECKING:
    from tidings.segments import Rules

BUNDLED: Final = Path(__file__).resolve().parents[2] / "tidings_packages"
"""Where a layer's packages lie: beside the `tidings` package."""


RULES: Final = "shop/rules.json"
"""Where among the packages the rules of segments lie: they are the shop's, and no workflow's."""


PAGES: Final = "shop/pages.json"
"""And the words of the pages behind links, by language."""


class UnknownPackage(TidingsError):
    """No such workflow, or none of that revision."""


class MailSource(BaseModel):
    """One mail after MJML: Jinja2 sources, and its words in the languages into which all of it is translated."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    subject: str
    preheader: str = ""
    html: str
    text: str
    translations: dict[str, Translation] = {}


class Package(BaseModel):
    """One revision of one workflow. `rev` is the hash of everything else in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(alias="workflow")]
    rev: str
    workflow: Annotated[Workflow, Field(alias="definition")]
    shop: Shop
    mails: dict[str, MailSource]


class Archive(Protocol):
    """The packages of earlier revisions."""

    def read(self, workflow: str, rev: str) -> str | None:
        """The package's JSON, or None when there is none."""
        ...


def load(source: Path | str | bytes) -> Package:
    """The package in a file, or that JSON text describes."""
    text = source.read_bytes() if isinstance(source, Path) else source
    return Package.model_validate_json(text)


def build(workflow: Workflow, shop: Shop, mails: Mapping[str, Mapping[str, Any]]) -> Package:
    """A package with its revision computed."""
    content = {
        "workflow": workflow.id,
        "definition": workflow.model_dump(mode="json", by_alias=True),
        "shop": shop.model_dump(mode="json", by_alias=True),
        "mails": {name: MailSource(**mails[name]).model_dump() for name in sorted(mails)},
    }
    rev = hashlib.sha256(_canonical(content).encode()).hexdigest()[:16]
    return load(_canonical({**content, "rev": rev}))


def dump(package: Package) -> str:
    """The package as JSON, the same text for the same package."""
    return _canonical(package.model_dump(mode="json", by_alias=True)) + "\n"


class Packages:
    """The packages in force, and earlier ones by revision. Each is read once and kept."""

    def __init__(self, folder: Path = BUNDLED, archive: Archive | None = None) -> None:
        """`folder` holds one JSON file a workflow; `archive` has the rest."""
        self._folder = folder
        self._archive = archive
        self._earlier: dict[tuple[str, str], Package] = {}

    @cached_property
    def current(self) -> Mapping[str, Package]:
        """The packages in force, by workflow."""
        return {path.stem: load(path) for path in sorted(self._folder.glob("*.json"))}

    @property
    def workflows(self) -> dict[str, Workflow]:
        """The workflows in force, by id."""
        return {name: package.workflow for name, package in self.current.items()}

    @property
    def revs(self) -> dict[str, str]:
        """The revision in force of each workflow."""
        return {name: package.rev for name, package in self.current.items()}

    @property
    def rules(self) -> "Rules":
        """The segments and tags in force."""
        from tidings.segments import Rules  # the fold alone asks for them

        path = self._folder / RULES
        return Rules.model_validate(json.loads(path.read_bytes())["rules"]) if path.exists() else Rules()

    @property
    def pages(self) -> Mapping[str, Translation]:
        """The words of the pages behind links."""
        path = self._folder / PAGES
        told = json.loads(path.read_bytes()) if path.exists() else {}
        return {language: Translation.model_validate(words) for language, words in told.items()}

    @property
    def shop(self) -> Shop:
        """The shop that the packages in force were built for. Raises UnknownPackage when there are none."""
        if "current" in self.__dict__:
            return next(iter(self.current.values())).shop
        for path in sorted(self._folder.glob("*.json")):
            return load(path).shop  # one of them tells it; all take half a second
        raise UnknownPackage(f"no packages in {self._folder.name}: run the build")

    def get(self, workflow: str, rev: str) -> Package:
        """The package of that revision. Raises UnknownPackage."""
        path = self._folder / f"{workflow}.json"
        package = self.current.get(workflow) if "current" in self.__dict__ or path.exists() else None
        if package is not None and package.rev == rev:
            return package
        if (workflow, rev) not in self._earlier:
            text = self._archive.read(workflow, rev) if self._archive else None
            if text is None:
                raise UnknownPackage(f"no package {workflow}/{rev}")
            self._earlier[workflow, rev] = load(text)
        return self._earlier[workflow, rev]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
