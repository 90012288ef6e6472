"""What stands on each box of a workflow's picture, in the words of people who write mails, not machines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from tidings.durations import format_duration
from tidings.workflow.model import (
    DateTrigger,
    Each,
    EventTrigger,
    ExitStep,
    IfStep,
    InactiveTrigger,
    SegmentLeftTrigger,
    SegmentTrigger,
    SendStep,
    SetField,
    SetStep,
    SetTag,
    SetUntag,
    SplitStep,
    Step,
    WaitFor,
    WaitForStep,
    WaitQuiet,
    WaitStep,
    WaitUntil,
    WaitWeekday,
    Workflow,
    format_percent,
)
from tidings.workflow.picture.measure import CODE, PILL, SOFT, TITLE, Style

TRIGGER: Final = "trigger"
HOLDOUT: Final = "holdout"
DONE: Final = "done"

_DATES: Final = {"birthday": "the birthday", "registered_at": "the day of registration"}


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers to carry, as they shall read. `steps` by step id (also `trigger`, `holdout`, `done`): pairs of label
    and value; `branches` by (step id, branch); `waiting` by the id of the step that is waited for.
    """

    steps: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    branches: Mapping[tuple[str, str], str] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `most` limits its lines."""

    words: str
    style: Style = SOFT
    most: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A word about the workflow and what it says, beside each other."""

    label: str
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """What one box says. `kind` decides colour and icon; a pill has one text and nothing else."""

    kind: str
    kicker: str
    texts: tuple[Text, ...]
    rows: tuple[Row, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    pill: bool = False

    def carrying(self, figures: Sequence[tuple[str, str]]) -> "Card":
        """The same with figures."""
        return replace(self, figures=tuple(figures))


def spoken(word: str) -> str:
    """A name of the machine's as people say it: `order_placed` → `order placed`."""
    return word.replace("_", " ").replace("-", " ")


def sentence(words: str) -> str:
    """With a capital, the rest as it is."""
    return words[:1].upper() + words[1:]


# ---- the head ----


def trigger_card(workflow: Workflow) -> Card:
    """What begins a journey, and the rules that hold all the way."""
    trigger = workflow.trigger
    title, condition = _trigger(workflow), None
    if isinstance(trigger, EventTrigger):
        condition = trigger.where
    rows = [Row("Only if", (Text(condition, CODE),))] if condition else []
    rows.append(Row("Again", (Text(_reentry(workflow)),)))
    if workflow.exit:
        texts = tuple(text for rule in workflow.exit for text in _rule(rule.event, rule.where))
        rows.append(Row("Exits on", texts))
    if workflow.goal:
        within = f", within {format_duration(workflow.goal.within)}"
        rows.append(Row("Goal", _rule(workflow.goal.event, workflow.goal.where, within)))
    return Card(TRIGGER, "Trigger", (Text(title, TITLE),), tuple(rows))


def holdout_card(workflow: Workflow) -> Card:
    """Who gets nothing."""
    words = f"{format_percent(workflow.holdout)} held out"
    return Card(HOLDOUT, "", (Text(words, PILL),), pill=True)


def done_card() -> Card:
    """The end of the journey."""
    return Card(DONE, "", (Text("Done", PILL),), pill=True)


def about(workflow: Workflow) -> str:
    """Class, topic and priority on a line."""
    topic = f" · topic {spoken(workflow.topic)}" if workflow.topic else ""
    retired = " · retired: starts nothing more" if workflow.retired else ""
    return f"{sentence(workflow.class_)}{topic} · priority {workflow.priority}{retired}"


def _trigger(workflow: Workflow) -> str:
    match workflow.trigger:
        case EventTrigger(event=event):
            return sentence(spoken(event))
        case SegmentTrigger(segment=name):
            return f"Enters segment “{name}”"
        case SegmentLeftTrigger(segment_left=name):
            return f"Leaves segment “{name}”"
        case DateTrigger(date=date, offset=offset, at=at):
            day = _DATES.get(date, spoken(date.removeprefix("fields.")))
            return f"{sentence(_away(offset) or 'on')} {day}, at {at:%H:%M}"
        case InactiveTrigger(inactive=event, for_=length):
            return f"No {spoken(event)} for {format_duration(length)}"


def _away(offset: timedelta) -> str:
    if not offset:
        return ""
    return f"{format_duration(abs(offset))} {'before' if offset < timedelta(0) else 'after'}"


def _reentry(workflow: Workflow) -> str:
    match workflow.reentry:
        case timedelta() as length:
            return f"after {format_duration(length)} at the earliest"
        case Each(each=thing):
            return f"for each {thing}"
        case "never":
            return "never: once for each customer"
    match workflow.trigger:
        case DateTrigger():
            return "each year"
        case InactiveTrigger():
            return "after each such silence"
    return "each time"


def _rule(event: str, where: str | None, after: str = "") -> tuple[Text, ...]:
    words = (Text(f"{sentence(spoken(event))}{after}"),)
    return (*words, Text(f"if {where}", CODE)) if where else words


# ---- the steps ----


def step_card(step: Step, step_id: str = "", subject: str = "") -> Card:
    """What a step does. `subject` is its mail's."""
    match step:
        case WaitStep():
            return Card("wait", "", (Text(wait_words(step), PILL),), pill=True)
        case ExitStep():
            return Card("exit", "", (Text("Exit", PILL),), pill=True)
        case SendStep():
            return _send(step, step_id, subject)
        case IfStep(if_=expression):
            return Card("if", "If", (Text(expression, CODE),))
        case SplitStep():
            return Card("split", "Split", (Text("At random", TITLE),))
        case SetStep():
            return _set(step)
        case WaitForStep(wait_for=awaited):
            where = (Text(f"if {awaited.where}", CODE),) if awaited.where else ()
            most = Text(f"{format_duration(awaited.at_most)} at most")
            return Card("wait_for", "Wait for", (Text(sentence(spoken(awaited.event)), TITLE), *where, most))


def wait_words(step: WaitStep) -> str:
    """A delay as people say it."""
    match step.wait:
        case WaitFor(for_=length, then_at=at):
            first = f"Wait {format_duration(length)}" if length else "Wait"
            return f"{first}{',' if length and at else ''}{f' until {at:%H:%M}' if at else ''}"
        case WaitQuiet(for_=length, after_last=event):
            return f"Wait until {format_duration(length)} after the last {spoken(event)}"
        case WaitWeekday(until=day, at=at):
            return f"Wait until {sentence(day)}, {at:%H:%M}"
        case WaitUntil(until=expression, offset=offset, at=at):
            away = f"{_away(offset)} " if offset else ""
            return f"Wait until {away}{expression}{f', {at:%H:%M}' if at else ''}"


def _send(step: SendStep, step_id: str, subject: str) -> Card:
    texts = [Text(sentence(spoken(step.mail)), TITLE)]
    if subject:
        texts.append(Text(f"“{subject}”", most=3))
    if step_id not in ("", step.mail):
        texts.append(Text(f"as {step_id}"))
    rows = []
    if step.test:
        rows.append(Row("Test", (Text(" / ".join(spoken(each) for each in step.test)),)))
    if step.coupon:
        rows.append(Row("Coupon", (Text(step.coupon),)))
    if step.expires:
        rows.append(Row("Expires", (Text(f"after {format_duration(step.expires)}"),)))
    return Card("send", "Email", tuple(texts), tuple(rows))


def _set(step: SetStep) -> Card:
    match step.set:
        case SetTag(tag=tag):
            texts: tuple[Text, ...] = (Text(f"Add tag “{tag}”", TITLE),)
        case SetUntag(untag=tag):
            texts = (Text(f"Remove tag “{tag}”", TITLE),)
        case SetField(field=name, to=value):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            texts = (Text(f"Set {name}", TITLE), Text(f"to {shown}", CODE))
    return Card("set", "Customer", texts)


def branch_words(step: Step, branch: str) -> tuple[str, str]:
    """What stands on a way out of a step, and its tone: yes, no or none of both."""
    match step:
        case IfStep():
            return ("Yes", "yes") if branch == "then" else ("No", "no")
        case SendStep():
            return ("Sent", "yes") if branch == "next" else ("Not sent", "no")
        case WaitForStep(wait_for=awaited):
            late = f"Not within {format_duration(awaited.at_most)}"
            return ("It comes", "yes") if branch == "arrived" else (late, "no")
        case SplitStep(split=shares):
            share = next(each.share for each in shares if each.name == branch)
            return f"{format_percent(share)} {branch}", "side"
    return "", "side"
