"""Where a workflow meets the events, expressions and mails that it names."""

import shutil
from pathlib import Path

import pytest

from tests.unit.workflow.mistakes import FILE, ORDER, RIGHT, SCOPE, STRUCTURE, WORDS, Mistake
from tidings.errors import BadInput
from tidings.workflow.check import check, main, problems
from tidings.workflow.check.scope import Scope, load_scope
from tidings.workflow.load import parse_workflow

ROOT = Path(__file__).parents[3]
SHORT = """name: Test
trigger:
  event: checkout_started
exit: {event: order_placed}
steps:
  - wait: 1 day
  - send: reminder
  - wait: 1 day
  - send: last-call
"""


def said(text: str, scope: Scope = SCOPE) -> list[str]:
    """What is said of a workflow, without the file's name."""
    try:
        found = problems(parse_workflow("test", text, FILE), scope)
    except BadInput as error:
        found = str(error).splitlines()
    assert all(line.startswith(f"{FILE}:") for line in found)
    return [line.removeprefix(f"{FILE}:") for line in found]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of this shop's workflows."""
    return shutil.copytree(ROOT / "workflows", tmp_path / "workflows")


def test_a_workflow_of_every_word_has_no_problem() -> None:
    """Nothing is said of it."""
    assert said(RIGHT) == []


@pytest.mark.parametrize(
    "mistake", [*STRUCTURE, *WORDS, *ORDER], ids=lambda mistake: f"{mistake[2]}: {mistake[1].strip()[:50]}"
)
def test_a_mistake_is_told_once_with_its_line_and_the_right_word(mistake: Mistake) -> None:
    """Each on its own, in an otherwise right workflow."""
    right, wrong, line, message = mistake
    assert right in RIGHT
    found = said(RIGHT.replace(right, wrong, 1))
    assert len(found) == 1
    assert found[0].startswith(f"{line}: ")
    assert message in found[0]


def test_mistakes_are_told_all_at_once_in_the_order_of_lines() -> None:
    """Words, types and order of one workflow."""
    text = RIGHT
    for right, wrong, _, _ in (WORDS[0], WORDS[-1], ORDER[0], ORDER[1]):
        text = text.replace(right, wrong, 1)
    assert [int(line.split(":")[0]) for line in said(text)] == [8, 32, 34, 45]


@pytest.mark.parametrize(
    ("trigger", "message"),
    [
        (
            "{inactive: orders_placed, for: 9 days}",
            'unknown event "orders_placed"; did you mean "order_placed"?',
        ),
        ("{segment: vpi}", 'unknown segment "vpi"; did you mean "vip"?'),
        ("{segment_left: wip}", 'unknown segment "wip"; did you mean "vip"?'),
        ("{date: fields.wedding}", 'unknown field "wedding"; did you mean "wedding_day"?'),
        ("{date: fields.size}", '"fields.size" is text, not a day'),
        ("{date: birthday, offset: 400 days}", '"400 days" is more than 330 days from the date'),
        ("{calendar: christmas}", 'unknown trigger "calendar"'),
    ],
)
def test_a_trigger_names_what_there_is(trigger: str, message: str) -> None:
    """Events, segments, dates."""
    found = said(f"name: T\ntrigger: {trigger}\nsteps: [{{send: a}}]\n")
    assert len(found) == 1
    assert found[0].startswith("2: ")
    assert message in found[0]


@pytest.mark.parametrize(
    "trigger", ["{segment: vip}", "{segment_left: lapsed}", "{date: fields.wedding_day}"]
)
def test_right_triggers(trigger: str) -> None:
    """Nothing is said of them."""
    assert said(f"name: T\ntrigger: {trigger}\nsteps: [{{send: a}}]\n") == []


def test_an_event_of_the_shops_own_has_the_properties_it_declares() -> None:
    """In brackets; of others nobody knows."""
    text = 'name: T\ntrigger: {event: quiz_finished, where: "WHERE"}\nsteps: [{send: a}]\n'
    assert said(text.replace("WHERE", "event['score'] > 5")) == []
    assert said(text.replace("WHERE", "event['scor'] > 5")) == [
        '2: "event" has no field "scor"; did you mean "score"?'
    ]
    assert "event['score']" in said(text.replace("WHERE", "event.score > 5"))[0]
    assert "can't be compared" in said(text.replace("WHERE", "event['score'] > 'a'"))[0]


def test_a_journey_that_the_calendar_begins_has_no_order() -> None:
    """Its event tells no more than when it was."""
    text = 'name: T\ntrigger: {date: birthday}\nsteps: [{if: "event.total > 5", then: [{send: a}]}]\n'
    assert '"event" has no field "total": the calendar begins this workflow' in said(text)[0]


def test_a_way_of_330_days_is_not_too_long() -> None:
    """The limit itself is allowed; a wait for a time of day counts as up to a day more."""
    last = "wait: 1 day\n  - send: last"
    assert said(SHORT.replace(last, "wait: 329 days\n  - send: last")) == []
    daytime = SHORT.replace(last, "wait: {for: 329 days, then_at: 10:00}\n  - send: last")
    assert [line[:2] for line in said(daytime)] == ["8:"]


def test_only_the_longest_branch_counts() -> None:
    """Two branches of 200 days are no way of 400."""
    branch = "[{wait: 200 days}, {send: NAME}]"
    text = f"name: T\ntrigger: {{event: subscribed}}\nsteps: [{{if: event.url, then: {branch}, else: {branch}}}]\n"
    assert said(text.replace("NAME", "a", 1).replace("NAME", "b", 1)) == []


def test_a_workflow_that_does_nothing_is_refused() -> None:
    """Waits and ends alone."""
    text = "name: T\ntrigger: {event: subscribed}\nsteps: [{exit: true}]\n"
    assert said(text) == ["3: nothing happens here: it needs a step that sends, sets or asks"]


def test_both_branches_ending_leave_no_way_to_what_follows() -> None:
    """An `if` and a `wait_for` alike; one branch that goes on is enough."""
    both = "{if: event.url, then: [{exit: true}], else: [{send: a}, {exit: true}]}"
    text = f"name: T\ntrigger: {{event: subscribed}}\nsteps:\n  - {both}\n  - send: b\n"
    assert said(text) == ["5: no way leads to this step: every way before it ends with `exit`"]
    assert said(text.replace("[{send: a}, {exit: true}]", "[{send: a}]")) == []


def test_a_definition_over_1_mb_is_refused() -> None:
    """With what to do about it."""
    steps = "".join(f"  - send: m-{number}\n" for number in range(1000))
    found = said(f"name: T\ntrigger: {{event: subscribed}}\nsteps:\n{steps}")
    assert len(found) == 1
    assert "make two workflows" in found[0]


def test_a_transactional_workflow_advertises_nothing(shop: Path) -> None:
    """No coupon, no recommendations, nor in its mails."""
    file = shop / "welcome" / "workflow.yaml"
    text = file.read_text().replace("class: marketing", "class: transactional")
    text = text.replace("- send: getting-started", "- send: getting-started\n    coupon: welcome")
    more = '  - if: "recommend(3) | length > 1"\n    then: [{send: getting-started, id: again}]\n'
    file.write_text(text + more)
    found = [line for line in check(shop).problems if line.startswith(str(file))]
    assert any("may not carry a coupon: it would be advertising" in line for line in found)
    assert any("may not recommend: it would be advertising" in line for line in found)


def test_this_shops_workflows_are_right(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, with their mails."""
    assert main([str(ROOT / "workflows")]) == 0
    assert " workflows are right: abandoned-" in capsys.readouterr().out


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
    assert any(
        f"{birthday}:" in line and 'unknown step "sned"; did you mean "send"?' in line for line in lines
    )
    assert any('there is no mail "getting-startd"' in line and '"getting-started"?' in line for line in lines)


def test_a_variant_that_is_not_there_is_told(shop: Path) -> None:
    """With the file that it would be."""
    file = shop / "win-back" / "workflow.yaml"
    file.write_text(file.read_text().replace("send: come-back", "send: come-back\n    test: [warm, plain]"))
    emails = shop / "win-back" / "emails"
    shutil.copy(emails / "come-back.mjml.j2", emails / "come-back.warm.mjml.j2")
    found = [line for line in check(shop).problems if line.startswith(str(file))]
    assert len(found) == 1
    assert 'there is no variant "plain" of come-back (emails/come-back.plain.mjml.j2' in found[0]


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


def test_segments_that_are_no_yaml_are_told(tmp_path: Path) -> None:
    """And then no segment is unknown."""
    (tmp_path / "segments.yaml").write_text("vip: [")
    scope, wrong = load_scope(tmp_path, None)
    assert scope.segments is None
    assert len(wrong) == 1
    assert wrong[0].startswith(f"{tmp_path}/segments.yaml:")
