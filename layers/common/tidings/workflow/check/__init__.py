"""Everything wrong with a shop's workflows, at once: `python -m tidings.workflow.check workflows`.

The model has refused unknown words and wrong types by then; here workflows meet the events, expressions and
mails that they name. Each room of this package is a small check of one kind.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidings.errors import BadInput
from tidings.shop import Shop, load_shop
from tidings.workflow.check import mails, structure, words
from tidings.workflow.check.scope import Scope, load_scope
from tidings.workflow.load import Source, load_workflow, workflow_folders


@dataclass(slots=True)
class Checked:
    """What was read of a `workflows` folder, and everything that is wrong with it, one message a mistake."""

    shop: Shop | None = None
    sources: list[Source] = field(default_factory=list)
    mails: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def note(self, error: BadInput) -> None:
        """Keep a refusal's messages."""
        self.problems += str(error).splitlines()


def check(root: Path) -> Checked:
    """Read and check all of `root`: `shop.yaml`, `segments.yaml`, each workflow, each mail."""
    checked = Checked()
    try:
        checked.shop = load_shop(root / "shop.yaml")
    except FileNotFoundError:
        checked.problems.append(f"{root / 'shop.yaml'}:1: is missing: it says who sends the mails")
    except BadInput as error:
        checked.note(error)
    scope, wrong = load_scope(root, checked.shop)
    checked.problems += wrong
    for folder in workflow_folders(root):
        try:
            source = load_workflow(folder)
        except BadInput as error:
            checked.note(error)
            continue
        checked.sources.append(source)
        checked.problems += problems(source, scope)
        checked.problems += _mails(checked, source, folder)
    if not any(workflow_folders(root)):
        checked.problems.append(f"{root}: no workflow there: a workflow is a folder with a workflow.yaml")
    checked.problems = list(dict.fromkeys(checked.problems))
    return checked


def problems(source: Source, scope: Scope | None = None) -> list[str]:
    """What is wrong with one workflow, its mails apart, in the order of its lines."""
    found = [*words.problems(source, scope or Scope(None, None)), *structure.problems(source)]
    return sorted(
        dict.fromkeys(found), key=lambda line: int(line.removeprefix(f"{source.file}:").split(":")[0])
    )


def _mails(checked: Checked, source: Source, folder: Path) -> Iterator[str]:
    compiled: Mapping[str, Any] | None = None
    if checked.shop is not None:
        # MJML's engine is a tool of the build; whoever only loads workflows does not need it.
        from tidings.mail.compile import compile_mails

        try:
            compiled = compile_mails(folder, checked.shop, marketing=source.workflow.is_marketing)
            checked.mails[source.workflow.id] = compiled
        except BadInput as error:
            checked.note(error)
    yield from mails.problems(source, folder, compiled)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every problem to standard error; 1 when there is one."""
    parser = argparse.ArgumentParser(
        prog="check", description="Check the shop's workflows, e-mails and settings."
    )
    parser.add_argument("workflows", type=Path, nargs="?", default=Path("workflows"))
    checked = check(parser.parse_args(arguments).workflows)
    for problem in checked.problems:
        print(problem, file=sys.stderr)
    if not checked.problems:
        names = ", ".join(source.workflow.id for source in checked.sources)
        print(f"{len(checked.sources)} workflows are right: {names}")
    return 1 if checked.problems else 0
