"""Everything wrong with a shop's workflows, at once: `python -m tidings.workflow.check workflows`.

The model has refused unknown words and wrong types by then; here workflows meet the events, expressions and
mails that they name.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from tidings import expressions
from tidings.errors import BadInput
from tidings.events import TYPES
from tidings.schedule import wait_most
from tidings.shop import Shop, load_shop
from tidings.words import hint
from tidings.workflow.load import Source, load_workflow, workflow_folders
from tidings.workflow.model import EventTrigger, InactiveTrigger, SendStep, WaitStep

LONGEST: Final = timedelta(days=330)
"""Step Functions ends an execution after a year; the rest is for deferrals and the daily rule's foresight."""

INTERNAL: Final = frozenset({"due", "product_updated", "product_deleted"})
"""Events about no customer's doing: nothing begins or ends with them."""


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
    """Read and check all of `root`: `shop.yaml`, each workflow, each mail."""
    checked = Checked()
    try:
        checked.shop = load_shop(root / "shop.yaml")
    except FileNotFoundError:
        checked.problems.append(f"{root / 'shop.yaml'}:1: is missing: it says who sends the mails")
    except BadInput as error:
        checked.note(error)
    for folder in workflow_folders(root):
        try:
            source = load_workflow(folder)
        except BadInput as error:
            checked.note(error)
            continue
        checked.sources.append(source)
        checked.problems += problems(source)
        _check_mails(checked, source, folder)
    if not any(workflow_folders(root)):
        checked.problems.append(f"{root}: no workflow there: a workflow is a folder with a workflow.yaml")
    checked.problems = list(dict.fromkeys(checked.problems))
    return checked


def problems(source: Source) -> list[str]:
    """What is wrong with one workflow, its mails apart."""
    return [*_events(source), *_condition(source), *_steps(source)]


def _check_mails(checked: Checked, source: Source, folder: Path) -> None:
    found = {path.name.removesuffix(".mjml.j2") for path in folder.glob("emails/*.mjml.j2")}
    for at, step in enumerate(source.workflow.steps):
        if isinstance(step, SendStep) and step.mail not in found:
            message = f'there is no mail "{step.mail}" (emails/{step.mail}.mjml.j2){hint(step.mail, found)}'
            checked.problems.append(source.problem(["steps", at, "send"], message))
    if checked.shop is None:
        return
    # MJML's engine is a tool of the build; whoever only loads workflows does not need it.
    from tidings.mail.compile import compile_mails

    try:
        checked.mails[source.workflow.id] = compile_mails(
            folder, checked.shop, marketing=source.workflow.is_marketing
        )
    except BadInput as error:
        checked.note(error)


def _events(source: Source) -> Iterator[str]:
    workflow, known = source.workflow, TYPES - INTERNAL
    named: list[tuple[Sequence[str | int], str]] = [
        (["exit", at, "event"], rule.event) for at, rule in enumerate(workflow.exit)
    ]
    match workflow.trigger:
        case EventTrigger(event=event):
            named.append((["trigger", "event"], event))
            for at, rule in enumerate(workflow.exit):
                if rule.event == event:
                    message = f'a journey that begins with "{event}" can\'t end with it: it would never begin'
                    yield source.problem(["exit", at, "event"], message)
        case InactiveTrigger(inactive=event):
            named.append((["trigger", "inactive"], event))
    for place, event in named:
        if event not in known:
            yield source.problem(place, f'unknown event "{event}"{hint(event, known)}')


def _condition(source: Source) -> Iterator[str]:
    trigger = source.workflow.trigger
    if isinstance(trigger, EventTrigger) and trigger.where is not None:
        from tidings.context import NAMES

        # Asked before a journey begins: there is none to name yet.
        names = {name: kind for name, kind in NAMES.items() if name != "journey"}
        for message in expressions.check(trigger.where, names):
            yield source.problem(["trigger", "where"], message)


def _steps(source: Source) -> Iterator[str]:
    steps, seen = source.workflow.steps, set[str]()
    length = timedelta(0)
    for at, step in enumerate(steps):
        match step:
            case SendStep(step_id=step_id):
                if step_id in seen:
                    message = f'two steps are called "{step_id}": give one of them an `id` of its own'
                    yield source.problem(["steps", at], message)
                seen.add(step_id)
            case WaitStep():
                before, length = length, length + wait_most([step])
                if length > LONGEST >= before:
                    message = (
                        f"the way to here may take {length.days} days; a journey may take {LONGEST.days}"
                    )
                    yield source.problem(["steps", at], message)
    if isinstance(steps[-1], WaitStep):
        yield source.problem(["steps", len(steps) - 1], "nothing follows this wait: it can be left out")


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


if __name__ == "__main__":
    sys.exit(main())
