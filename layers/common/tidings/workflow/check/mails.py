"""The mails that a workflow sends: that each is there, with its variants, and fit for the workflow's class."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import nodes

from tidings.expressions import ExpressionError, parse
from tidings.mail.render import environment
from tidings.words import hint
from tidings.workflow.load import Source
from tidings.workflow.model import Place, SendStep, every_step

SUFFIX = ".mjml.j2"


def problems(source: Source, folder: Path, mails: Mapping[str, Any] | None) -> Iterator[str]:
    """What is wrong with the mails of one workflow; `mails` are the compiled ones, None when they do not compile."""
    files = {path.name.removesuffix(SUFFIX) for path in folder.glob(f"emails/*{SUFFIX}")}
    for place, step in every_step(source.workflow.steps):
        if isinstance(step, SendStep):
            yield from _there(source, place, step, files, mails)
    if not source.workflow.is_marketing:
        yield from _transactional(source, folder, mails or {})


def sent(step: SendStep) -> list[str]:
    """The names of the compiled mails that a step may send: `reminder`, or `reminder.question` and the like."""
    return [f"{step.mail}.{variant}" for variant in step.test] or [step.mail]


def _there(
    source: Source, place: Place, step: SendStep, files: set[str], mails: Mapping[str, Any] | None
) -> Iterator[str]:
    own = {name.partition(".")[2] for name in files if name.startswith(f"{step.mail}.")}
    if step.mail not in files and not (step.test and own):
        known = {name.partition(".")[0] for name in files}
        message = f'there is no mail "{step.mail}" (emails/{step.mail}{SUFFIX}){hint(step.mail, known)}'
        yield source.problem((*place, "send"), message)
        return
    if mails is None:
        return
    known = {name.partition(".")[2] for name in mails if name.startswith(f"{step.mail}.")}
    for at, variant in enumerate(step.test):
        if variant not in known:
            message = (
                f'there is no variant "{variant}" of {step.mail} (emails/{step.mail}.{variant}{SUFFIX}, or `variants` '
                f"in its front matter){hint(variant, known)}"
            )
            yield source.problem((*place, "test", at), message)


def _transactional(source: Source, folder: Path, mails: Mapping[str, Any]) -> Iterator[str]:
    """What would make a transactional mail an advertisement."""
    for place, step in every_step(source.workflow.steps):
        if isinstance(step, SendStep) and step.coupon:
            message = "a transactional workflow may not carry a coupon: it would be advertising"
            yield source.problem((*place, "coupon"), message)
    for place, expression in _texts(source.document, ()):
        if "recommend" in expression and "recommend" in _called(expression):
            yield source.problem(place, "a transactional workflow may not recommend: it would be advertising")
    for place, step in every_step(source.workflow.steps):
        if not isinstance(step, SendStep):
            continue
        for name in sent(step):
            texts = "\n".join(str(text) for text in (mails.get(name) or {}).values())
            for word in sorted(_named(texts) & {"recommend", "coupon"}):
                message = f'"{name}" names `{word}`: a transactional mail that does is advertising'
                yield source.problem((*place, "send"), message)


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in pairs:
            yield from _texts(each, (*place, key))


def _called(expression: str) -> set[str]:
    """The functions that an expression calls; none when it is no expression."""
    try:
        calls = parse(expression).find_all(nodes.Call)
    except ExpressionError:
        return set()
    return {call.node.name for call in calls if isinstance(call.node, nodes.Name)}


def _named(template: str) -> set[str]:
    """The names that a template loads."""
    tree = environment(True).parse(template)
    return {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
