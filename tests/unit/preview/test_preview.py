"""The preview: what a customer lives and reads, every mail to be seen, and a page that asks nobody for anything."""

import re
import shutil
from pathlib import Path

import pytest

from infra.preview.__main__ import main, preview, text, write
from infra.preview.inline import inline
from infra.preview.map import main as draw_map

ROOT = Path(__file__).parents[3]
WORKFLOWS = ROOT / "workflows"
NAMES = sorted(path.parent.name for path in WORKFLOWS.glob("*/workflow.yaml"))
BEN = ROOT / "docs" / "customer.yaml"


def test_a_story_is_told_moment_by_moment() -> None:
    """On the customer's clock; the order that ends the journey too; the mail that does not go stands apart."""
    lived = preview(WORKFLOWS, "abandoned-checkout", BEN)
    lines = text(lived).splitlines()
    assert lines[0] == "Ben Okafor in “Abandoned checkout”, on the clocks of America/Chicago"
    assert "Mon 02 Mar 2026 18:20  · checkout_started" in lines
    assert "Mon 02 Mar 2026 19:20  ✉ reminder: Moss Teapot is still in your cart" in lines
    assert lines[-1] == "Wed 04 Mar 2026 00:20  × stopped: order placed"
    assert [letter.name for letter in lived.letters] == ["reminder", "second-reminder"]
    assert [letter.name for letter in lived.others] == ["last-call"]
    assert "https://kettleandkiln.example/checkouts/c-7/recover" in lived.others[0].mail.text


@pytest.mark.parametrize("name", NAMES)
def test_every_workflow_has_a_made_customer_who_lives_it(name: str, tmp_path: Path) -> None:
    """A journey begins, mails go, and every mail of the workflow with all its variants is on the page."""
    lived = preview(WORKFLOWS, name, None)
    shown = {letter.name for letter in (*lived.letters, *lived.others)}
    assert lived.journeys
    assert lived.letters
    assert {mail.partition(".")[0] for mail in shown} == {step.mail for step in lived.workflow.sends}
    page = write(lived, tmp_path).read_text("utf-8")
    assert page.count("<iframe") == 2 * len((*lived.letters, *lived.others))
    assert "None" not in text(lived)


BRANCHES = """
name: Branches
class: marketing
trigger: {event: checkout_started, where: "event.total > 0"}
holdout: 50%
steps:
  - send: hello
    test: [warm, plain]
  - wait: 1 day
  - if: "customer.orders_count > 5"
    then: [{send: regular}]
    else: [{set: {tag: newcomer}}, {send: offer, coupon: welcome}]
  - wait_for: {event: form_answered, at_most: 3 days}
    arrived: [{send: thanks}]
    timed_out: [{send: nudge}]
"""


KIM = """
customer: {email: kim@example.com}
events:
  - {type: subscribed, at: 2026-01-05}
  - {type: checkout_started, after: 2 days, total: 9}
  - {type: form_answered, after: 2 days}
"""


def test_every_side_of_a_workflow_can_be_seen(tmp_path: Path) -> None:
    """What is decided is told; the other side and the other variant stand among the other mails, coupons and all."""
    root = tmp_path / "workflows"
    shutil.copytree(WORKFLOWS, root)
    emails = root / "branches" / "emails"
    emails.mkdir(parents=True)
    (root / "branches" / "workflow.yaml").write_text(BRANCHES, "utf-8")
    body = (
        (WORKFLOWS / "welcome" / "emails" / "welcome.mjml.j2")
        .read_text("utf-8")
        .partition("---\n")[2]
        .partition("---\n")[2]
    )
    for name in ("hello.warm", "hello.plain", "regular", "offer", "thanks", "nudge"):
        code = "{{ coupon.code if coupon else arrived.type if arrived else '' }}"
        front = f'---\nsubject: "{name} {code}"\npreheader: "{{{{ customer.tags|join(\' \') }}}}, or nothing"\n---\n'
        (emails / f"{name}.mjml.j2").write_text(front + body, "utf-8")
    file = tmp_path / "who.yaml"
    file.write_text(KIM, "utf-8")
    lived = preview(root, "branches", file)
    went = [letter.mail.subject for letter in lived.letters]
    assert went[0].startswith("hello.")
    assert went[1:] == ["offer HELLO10", "thanks form_answered"]
    assert lived.letters[1].mail.preheader == "newcomer, or nothing"
    assert {letter.name for letter in lived.read} == {
        *("hello.warm", "hello.plain", "regular", "offer", "thanks", "nudge")
    }
    told = text(lived)
    assert "If customer.orders_count > 5: does not hold" in told
    assert "Tag newcomer" in told
    assert "form answered arrived" in told


def test_facts_without_events_are_given_a_history(tmp_path: Path) -> None:
    """So that a file may say only who it is."""
    file = tmp_path / "who.yaml"
    file.write_text("customer: {email: kim@example.com, first_name: Kim, timezone: Asia/Seoul}\n", "utf-8")
    lived = preview(WORKFLOWS, "birthday", file)
    assert lived.person.name == "Kim"
    assert lived.zone.key == "Asia/Seoul"
    assert "Kim" in lived.letters[0].mail.subject


def test_a_story_that_begins_nothing_still_shows_the_mails(tmp_path: Path) -> None:
    """With the word that no journey begins."""
    file = tmp_path / "quiet.yaml"
    file.write_text(
        "customer: {email: kim@example.com}\nevents: [{type: lead_captured, at: 2026-01-05}]\n", "utf-8"
    )
    lived = preview(WORKFLOWS, "welcome", file)
    assert text(lived).endswith("No journey begins for this customer.\n")
    assert [letter.name for letter in lived.others] == ["welcome", "getting-started", "best-sellers"]


@pytest.mark.parametrize("name", ["abandoned-checkout", "welcome"])
def test_a_page_asks_no_address_for_anything(name: str, tmp_path: Path) -> None:
    """Pictures are inside it, a policy forbids the rest, and the mails' links open nothing."""
    page = write(preview(WORKFLOWS, name, None), tmp_path).read_text("utf-8")
    assert "default-src 'none'" in page
    assert re.findall(r"(?:<link|<script src|src=&#34;http|src=\"http|@import)", page) == []
    assert page.count('sandbox="allow-same-origin"') == page.count("<iframe")


def test_pictures_are_put_inside_a_mail() -> None:
    """The demo shop's are drawn, others are stood in for; a link opens nothing."""
    html = inline(
        '<head></head><img width="9" src="https://a.example/p/teapot-moss.svg?v=1&amp;w=2"><img src="x.png">'
    )
    assert html.count('src="data:image/svg+xml;base64,') == 2
    assert 'width="9"' in html
    assert '<head><base target="_blank">' in html


def test_the_pages_of_an_earlier_preview_are_gone(tmp_path: Path) -> None:
    """Each mail also stands by itself, as HTML and as text."""
    write(preview(WORKFLOWS, "abandoned-checkout", None), tmp_path)
    write(preview(WORKFLOWS, "abandoned-checkout", BEN), tmp_path)
    names = sorted(path.name for path in (tmp_path / "abandoned-checkout").iterdir())
    assert names == [
        *("01-reminder.html", "01-reminder.txt", "02-second-reminder.html", "02-second-reminder.txt"),
        *("03-last-call.html", "03-last-call.txt", "index.html"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["welcom"], 'there is no workflow "welcom"; did you mean "welcome"?'),
        ([""], "which workflow? make preview WORKFLOW="),
        (["welcome", "nowhere.yaml"], "nowhere.yaml: can't be read"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, with a status that stops `make`."""
    assert main([*arguments, "--workflows", str(WORKFLOWS)]) == 1
    assert capsys.readouterr().err.startswith(said)


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The timeline, and where the page is."""
    given = ["--workflows", str(WORKFLOWS), "--out", str(tmp_path)]
    assert main(["abandoned-checkout", str(BEN), *given]) == 0
    page = tmp_path / "abandoned-checkout" / "index.html"
    assert capsys.readouterr().out.endswith(f"2 mails and 1 they would not get: {page}\n")


def test_the_map_is_written_and_tells_what_is_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pictures for the docs, Mermaid and a page for whoever looks; a picture of no workflow is stale."""
    docs, out = tmp_path / "docs", tmp_path / "out"
    given = ["--workflows", str(WORKFLOWS), "--docs", str(docs), "--out", str(out)]
    assert draw_map(given) == 0
    assert sorted(path.stem for path in docs.glob("*.svg")) == NAMES
    assert sorted(path.stem for path in out.glob("*.mmd")) == NAMES
    page = (out / "index.html").read_text("utf-8")
    assert page.count("<svg") == len(NAMES) + 1
    assert all(f'id="{name}"' in page for name in NAMES)
    assert draw_map([*given, "--check"]) == 0
    (docs / "gone.svg").write_text("<svg/>", "utf-8")
    assert draw_map([*given, "--check"]) == 1
    assert f"{docs / 'gone.svg'}:1: is stale: run `make map` and commit it" in capsys.readouterr().err
