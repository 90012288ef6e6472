"""What an author writes, read strictly: every mistake with its line and the nearest right word."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from tidings.errors import BadInput
from tidings.workflow.load import load_workflow, parse_workflow, workflow_folders
from tidings.workflow.model import (
    DateTrigger,
    Each,
    EventTrigger,
    InactiveTrigger,
    SendStep,
    WaitFor,
    WaitStep,
    Workflow,
)

FILE = Path("workflows/test/workflow.yaml")
RIGHT = """name: Test
trigger: {event: checkout_started}
exit: {event: order_placed}
steps:
  - wait: 1 hour
  - send: reminder
"""


def read(text: str) -> Workflow:
    """The workflow in a text."""
    return parse_workflow("test", text, FILE).workflow


def refusals(text: str) -> list[str]:
    """What is said of a text, without the file's name."""
    with pytest.raises(BadInput) as caught:
        read(text)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{FILE}:") for line in lines)
    return [line.removeprefix(f"{FILE}:") for line in lines]


def test_a_workflow_is_what_its_words_say() -> None:
    """Folder as id; every word that the four workflows use."""
    workflow = read(
        """name: Abandoned checkout
description: Reminds.
class: transactional
topic: reminders
priority: 80
trigger:
  event: checkout_started
  where: "event.total > 0"
reentry: 7 days
exit:
  - event: order_placed
  - event: unsubscribed
max_age: 2 days
retired: true
steps:
  - wait: {for: 1 day, then_at: 10:00}
  - send: reminder
  - wait: 30 minutes
  - send: reminder
    id: again
"""
    )
    assert (workflow.id, workflow.name, workflow.description) == ("test", "Abandoned checkout", "Reminds.")
    assert (workflow.class_, workflow.topic, workflow.priority) == ("transactional", "reminders", 80)
    assert workflow.trigger == EventTrigger(event="checkout_started", where="event.total > 0")
    assert (workflow.reentry, workflow.max_age) == (timedelta(days=7), timedelta(days=2))
    assert workflow.exits_on("unsubscribed")
    assert not workflow.exits_on("subscribed")
    assert (workflow.retired, workflow.is_marketing, workflow.is_single) == (True, False, True)
    first, mail, _, again = workflow.steps
    assert isinstance(first, WaitStep)
    assert isinstance(first.wait, WaitFor)
    assert (first.wait.for_, first.wait.then_at) == (timedelta(days=1), time(10))
    assert isinstance(mail, SendStep)
    assert isinstance(again, SendStep)
    assert (mail.mail, mail.step_id, again.mail, again.step_id) == (
        "reminder",
        "reminder",
        "reminder",
        "again",
    )


def test_what_is_not_said_has_its_default() -> None:
    """Marketing, of middling priority; an event enters once."""
    workflow = read(RIGHT)
    assert (workflow.class_, workflow.topic, workflow.priority) == ("marketing", None, 50)
    assert (workflow.reentry, workflow.max_age, workflow.retired) == ("never", None, False)


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [('{date: birthday, at: "09:30"}', DateTrigger(date="birthday", at=time(9, 30))),
     ("{date: birthday, offset: -7 days}", DateTrigger(date="birthday", offset=timedelta(days=-7))),
     ("{inactive: order_placed, for: 60 days}", InactiveTrigger.model_validate(
         {"inactive": "order_placed", "for": "60 days"}))],
)  # fmt: skip
def test_calendar_triggers_enter_again_at_each_occurrence(trigger: str, expected: object) -> None:
    """Without saying so."""
    workflow = read(f"name: T\ntrigger: {trigger}\nsteps: [{{send: a}}]")
    assert workflow.trigger == expected
    assert workflow.reentry == "always"


@pytest.mark.parametrize(
    ("text", "rule"),
    [("7 days", timedelta(days=7)), ("never", "never"), ("always", "always"), ("each order", Each(each="order")),
     ("each checkout", Each(each="checkout")), ("each cart", Each(each="cart"))],
)  # fmt: skip
def test_rules_for_entering_again(text: str, rule: object) -> None:
    """Only `each …` allows two open journeys."""
    workflow = read(RIGHT + f"reentry: {text}\n")
    assert workflow.reentry == rule
    assert workflow.is_single is not text.startswith("each")


def test_yaml_is_1_2() -> None:
    """`10:00` is no number of minutes, `no` is no denial."""
    assert read(RIGHT.replace("Test", "no")).name == "no"
    workflow = read(RIGHT.replace("{event: checkout_started}", "{date: birthday, at: 10:00}"))
    assert workflow.trigger == DateTrigger(date="birthday", at=time(10))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("name:", "nmae:", '1: unknown word "nmae"; did you mean "name"?'),
        ("name: Test", "name: 5", '1: "name" is text, not "5"'),
        ("exit:", "exits:", '3: unknown word "exits"; did you mean "exit"?'),
        ("{event: order", "{evnt: order", '3: unknown word "evnt"; did you mean "event"?'),
        ("exit: {event: order_placed}", "exit: order_placed", '3: "exit" is words and their values'),
        ("- wait:", "- wiat:", '5: unknown step "wiat"; did you mean "wait"?'),
        ("- send: reminder", "- if: x", '6: "then" is missing'),
        ("- send: reminder", "- reminder", "6: a step is a word and its value, such as `wait: …`"),
        (
            "- send: reminder",
            "- send: Last Call",
            '6: "send" is lower-case letters, digits and single hyphens',
        ),
        ("wait: 1 hour", "wait: 1 hur", '5: "for": "1 hur" is not a duration'),
        ("wait: 1 hour", "wait: 60", '5: "for": "60" is not a duration'),
        ("wait: 1 hour", "wait: -1 hours", '5: "for": "-1 hour" is negative: nothing waits backwards'),
        (
            "wait: 1 hour",
            "wait: {for: 1 day, than_at: '10:00'}",
            '5: unknown word "than_at"; did you mean "then_at"?',
        ),
        (
            "wait: 1 hour",
            "wait: {for: 1 day, then_at: '25:00'}",
            '5: "then_at": "25:00" is not a time of day',
        ),
        ("{event: checkout_started}", "{evetn: a}", '2: unknown trigger "evetn"; did you mean "event"?'),
        (
            "{event: checkout_started}",
            "{date: birthdy}",
            '2: "date": "birthdy" is no date of a customer; did you mean "birthday"?',
        ),
        ("{event: checkout_started}", "{date: birthday, at: 9}", '2: "at": "9" is not a time of day'),
        (
            "{event: checkout_started}",
            "{date: birthday, offset: 5 hours}",
            '2: "offset": "5 hours" is not a number of',
        ),
        ("{event: checkout_started}", "{inactive: order_placed}", '2: "for" is missing'),
        (
            "{event: checkout_started}",
            "{inactive: a, for: 0 days}",
            '2: "for": "0 days" must be longer than nothing',
        ),
        (
            "{event: checkout_started}",
            "{event: a, wehre: b}",
            '2: unknown word "wehre"; did you mean "where"?',
        ),
        (
            "name: Test",
            "name: Test\nclass: marketting",
            '2: "class" can\'t be "marketting"; did you mean "marketing"?',
        ),
        ("name: Test", "name: Test\npriority: high", '2: "priority" is a whole number, not "high"'),
        (
            "name: Test",
            "name: Test\npriority: 101",
            '2: "priority" should be less than or equal to 100',
        ),
        ("name: Test", "name: Test\nretired: maybe", '2: "retired" is true or false, not "maybe"'),
        (
            "name: Test",
            "name: Test\nreentry: each ordr",
            '2: "reentry": "each ordr" is no rule for entering again; did',
        ),
        ("name: Test", "name: Test\nreentry: 7 dayz", '2: "reentry": "7 dayz" is not a duration'),
        (
            "name: Test",
            "name: Test\nid: other",
            "2: unknown word \"id\": the folder's name is the workflow's id",
        ),
        ("name: Test", "name: Test\nname: Twice", '2: found duplicate key "name"'),
        ("name: Test", "name: [Test", "2: "),
    ],
)
def test_one_mistake_is_told_with_its_line_and_the_right_word(right: str, wrong: str, said: str) -> None:
    """Each on its own, in an otherwise right workflow."""
    assert right in RIGHT
    assert [line for line in refusals(RIGHT.replace(right, wrong, 1)) if line.startswith(said)]


def test_every_mistake_is_told_at_once() -> None:
    """In the order of the file's words; a name that is misspelt is not said to be missing besides."""
    said = refusals("nam: Test\ntrigger: {event: 5}\nsteps:\n  - sned: a\n  - wait: soon\n")
    assert [line.split(":")[0] for line in said] == ["2", "4", "5", "1"]


@pytest.mark.parametrize("text", ["", "- a", "text", "5"])
def test_what_is_no_workflow_at_all_is_refused(text: str) -> None:
    """With an example."""
    assert refusals(text) == ["1: a workflow is a list of words and their values, such as `name: Welcome`"]


def test_no_steps_is_no_workflow() -> None:
    """Nothing would happen."""
    assert refusals("name: T\ntrigger: {event: a}\nsteps: []\n") == ['3: "steps": nothing is in it']


def test_folders_with_a_workflow_are_found_by_name(tmp_path: Path) -> None:
    """Others, such as locales, are passed over."""
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "workflow.yaml").write_text(RIGHT)
    (tmp_path / "locales").mkdir()
    assert [load_workflow(folder).workflow.id for folder in workflow_folders(tmp_path)] == ["a", "b"]


def test_a_model_reads_back_from_its_json() -> None:
    """A package holds the author's own words."""
    workflow = read(RIGHT + "reentry: each checkout\n")
    text = workflow.model_dump_json(by_alias=True)
    assert '"wait":{"for":"1 hour","then_at":null}' in text
    assert Workflow.model_validate_json(text) == workflow
