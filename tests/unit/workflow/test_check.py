"""Where a workflow meets the events, expressions and mails that it names."""

import shutil
from pathlib import Path

import pytest

from tidings.workflow.check import check, main, problems
from tidings.workflow.load import parse_workflow

ROOT = Path(__file__).parents[3]
FILE = Path("workflows/test/workflow.yaml")
RIGHT = """name: Test
trigger:
  event: checkout_started
  where: "event.total > 0"
exit: {event: order_placed}
steps:
  - wait: 1 hour
  - send: reminder
  - wait: 1 day
  - send: last-call
"""


def said(text: str) -> list[str]:
    """The problems of a workflow that the model accepts."""
    return [line.removeprefix(f"{FILE}:") for line in problems(parse_workflow("test", text, FILE))]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of this shop's workflows."""
    return shutil.copytree(ROOT / "workflows", tmp_path / "workflows")


def test_a_right_workflow_has_no_problem() -> None:
    """Nothing is said of it."""
    assert said(RIGHT) == []


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (
            "checkout_started",
            "checkout_start",
            '3: unknown event "checkout_start"; did you mean "checkout_started"?',
        ),
        (
            "{event: order_placed}",
            "{event: order_plced}",
            '5: unknown event "order_plced"; did you mean "order_placed"?',
        ),
        ("{event: order_placed}", "[{event: order_paid}, {event: ordered}]", '5: unknown event "ordered"'),
        ("checkout_started", "due", '3: unknown event "due"'),
        ("event.total", "event.totl", '4: "event" has no field "totl"; did you mean "total"?'),
        ("event.total", "journey.id", '4: unknown name "journey"'),
        ("> 0", ">", "4: `event.total >` is no expression: it ends too early"),
        ("last-call", "reminder", '10: two steps are called "reminder": give one of them an `id` of its own'),
        ("  - send: last-call\n", "", "9: nothing follows this wait: it can be left out"),
        ("1 day", "330 days", "9: the way to here may take 330 days; a journey may take 330"),
        (
            "order_placed",
            "checkout_started",
            '5: a journey that begins with "checkout_started" can\'t end with it',
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(right: str, wrong: str, message: str) -> None:
    """Each on its own, in an otherwise right workflow."""
    assert right in RIGHT
    found = said(RIGHT.replace(right, wrong, 1))
    assert len(found) == 1
    assert found[0].startswith(message)


def test_a_way_of_330_days_is_not_too_long() -> None:
    """The limit itself is allowed; a wait for a time of day counts as up to a day more."""
    almost = RIGHT.replace("1 hour", "1 day")
    assert said(almost.replace("wait: 1 day\n  - send: last", "wait: 329 days\n  - send: last")) == []
    daytime = almost.replace(
        "wait: 1 day\n  - send: last", "wait: {for: 329 days, then_at: 10:00}\n  - send: last"
    )
    assert [line[:2] for line in said(daytime)] == ["9:"]


def test_the_unknown_inactivity_event_is_told() -> None:
    """Like a trigger's."""
    text = "name: T\ntrigger: {inactive: orders_placed, for: 9 days}\nsteps: [{send: a}]\n"
    assert said(text) == ['2: unknown event "orders_placed"; did you mean "order_placed"?']


def test_this_shops_workflows_are_right(capsys: pytest.CaptureFixture[str]) -> None:
    """All four, with their mails."""
    assert main([str(ROOT / "workflows")]) == 0
    assert (
        capsys.readouterr().out == "4 workflows are right: abandoned-checkout, birthday, welcome, win-back\n"
    )


def test_everything_wrong_in_a_shop_is_told_at_once(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings, words, mails: over all workflows, each with its file and line."""
    (shop / "shop.yaml").write_text((shop / "shop.yaml").read_text().replace("support:", "suport:"))
    welcome = shop / "welcome" / "workflow.yaml"
    welcome.write_text(welcome.read_text().replace("send: getting-started", "send: getting-startd"))
    birthday = shop / "birthday" / "workflow.yaml"
    birthday.write_text(birthday.read_text().replace("send:", "sned:"))
    assert main([str(shop)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith(f"{shop}/shop.yaml:") for line in lines)
    assert any(f'{birthday}:8: unknown step "sned"; did you mean "send"?' in line for line in lines)
    assert any('there is no mail "getting-startd"' in line and '"getting-started"?' in line for line in lines)


def test_a_mail_that_is_wrong_is_told_with_its_own_file(shop: Path) -> None:
    """The mails are compiled, too."""
    mail = shop / "birthday" / "emails" / "birthday.mjml.j2"
    mail.write_text(mail.read_text() + "\n{{ custmer.first_name }}\n")
    assert any(problem.startswith(f"{mail}:") for problem in check(shop).problems)


def test_a_folder_without_workflows_or_settings_is_told(tmp_path: Path) -> None:
    """Probably the wrong folder."""
    assert [problem.split(":")[0] for problem in check(tmp_path).problems] == [
        str(tmp_path / "shop.yaml"), str(tmp_path),
    ]  # fmt: skip
