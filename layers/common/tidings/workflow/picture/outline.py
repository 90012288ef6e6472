"""A workflow told in sentences: for readers who do not see its picture."""

from collections.abc import Iterator

from tidings.workflow.graph import step_ids
from tidings.workflow.model import (
    ExitStep,
    Place,
    SendStep,
    Step,
    WaitStep,
    Workflow,
    branches_of,
    format_percent,
)
from tidings.workflow.picture import cards
from tidings.workflow.picture.cards import Card


def outline(workflow: Workflow) -> str:
    """The whole way on one line."""
    head = f"Begins with: {_told(cards.trigger_card(workflow))}."
    held = f" {format_percent(workflow.holdout)} are held out." if workflow.holdout else ""
    return f"{head}{held} Then: {_steps(workflow, workflow.steps, ('steps',))}."


def _steps(workflow: Workflow, steps: tuple[Step, ...], place: Place) -> str:
    return "; ".join(_each(workflow, steps, place)) or "nothing"


def _each(workflow: Workflow, steps: tuple[Step, ...], place: Place) -> Iterator[str]:
    ids = step_ids(workflow)
    for at, step in enumerate(steps):
        here = (*place, at)
        words = _told(cards.step_card(step, ids.get(here, "")))
        match step:
            case WaitStep():
                yield words[:1].lower() + words[1:]
            case ExitStep():
                yield "the journey ends"
                return
            case SendStep():
                yield f"send {words}"
            case _:
                yield words
        for branch, (inner, nested) in branches_of(step).items():
            label, _ = cards.branch_words(step, branch)
            yield f"[{label}: {_steps(workflow, nested, (*here, *inner))}]"


def _told(card: Card) -> str:
    """All that a card says."""
    rows = [f"{row.label.lower()} {' '.join(text.words for text in row.texts)}" for row in card.rows]
    texts = " ".join(text.words for text in card.texts)
    said = texts if card.pill or card.kind in ("trigger", "send") else f"{card.kicker.lower()} {texts}"
    return ", ".join([said, *rows])
