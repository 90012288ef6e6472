"""What README and docs name is there: files, headings, make targets, and every setting of shop.yaml, once."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from tests.unit.workflow.mistakes import SCOPE
from tidings.shop import Shop
from tidings.workflow.check import problems
from tidings.workflow.load import load_workflow, parse_workflow
from tidings.workflow.model import SendStep
from tidings.yamlfile import load_model

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
SETTINGS = (ROOT / "docs" / "shop.md").read_text("utf-8")


def name_of(path: Path) -> str:
    """A page as a test's id shows it."""
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file of the repository, and to a heading that is in it."""
    wrong = []
    for given in (one or other for one, other in LINK.findall(prose(page))):
        if given.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = given.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(given)
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_exist(page: Path) -> None:
    """Each `make` of a page is a target of the Makefile."""
    text = page.read_text("utf-8")
    told = re.findall(r"`make ([a-z]+)|^(?:nice )?make ([a-z]+)", text, re.MULTILINE)
    assert {one or other for one, other in told} - TARGETS == set()


def rows() -> dict[str, list[str]]:
    """The settings of docs/shop.md: name → the rest of its line."""
    found = {}
    for line in SETTINGS.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        for name in re.findall(r"`(\w+)`", cells[0]) if line.startswith("| `") else ():
            assert name not in found, f"{name} is told twice"
            found[name] = cells[1:]
    return found


def parts(annotation: Any) -> Iterator[str]:
    """The words that a setting's own parts have."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield field.alias or name
            yield from parts(field.annotation)
    for each in get_args(annotation):
        yield from parts(each)


def test_every_setting_is_told_once_and_whole() -> None:
    """With its parts, and as needed where it is."""
    told = rows()
    fields = {field.alias or name: field for name, field in Shop.model_fields.items()}
    assert told.keys() == fields.keys()
    for name, field in fields.items():
        assert (told[name][0] == "needed") == field.is_required(), name
        assert set(parts(field.annotation)) <= set(re.findall(r"`(\w+)`", told[name][1])), name


@pytest.mark.parametrize("name", ["default_locale", "written_in", "timezone", "currency", "double_opt_in"])
def test_what_holds_without_a_setting_is_told(name: str) -> None:
    """As the model has it; what cannot be said in a word is nothing, or told in words."""
    default = Shop.model_fields[name].default
    assert not isinstance(default, NoneType)
    assert rows()[name][0] == f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_history_that_starts_something_after_all_is_told() -> None:
    """README says that a fact over a day old starts nothing, and names every workflow of which that is not so."""
    told = (ROOT / "README.md").read_text("utf-8").split("older than a day build state")[1].split("\n\n")[0]
    late = [
        path.parent.name
        for path in ROOT.glob("workflows/*/workflow.yaml")
        if re.search(r"^max_age:", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert late
    assert [name for name in late if name not in told] == []


def blocks() -> Iterator[tuple[str, str]]:
    """Blocks of code that hold nothing but settings of shop.yaml: page and text."""
    for page in PAGES:
        for block in re.findall(
            r"^```(?:yaml)?\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            words = set(re.findall(r"^([a-z_]+):", block, re.MULTILINE))
            if words and words <= rows().keys() and block != "quiet_hours: false\n":  # a workflow's
                yield name_of(page), block


@pytest.mark.parametrize(("page", "block"), list(blocks()), ids=lambda each: each.split("\n")[0][:40])
def test_settings_that_are_shown_are_right(page: str, block: str) -> None:
    """Whoever copies them into shop.yaml has a right one."""
    text = (ROOT / "workflows" / "shop.yaml").read_text("utf-8")
    for word in re.findall(r"^([a-z_]+):", block, re.MULTILINE):
        text = re.sub(rf"^{word}:.*\n(?:[ #].*\n)*", "", text, flags=re.MULTILINE)
    assert load_model(Shop, f"{text}\n{block}", Path(page)).name == "Kettle & Kiln"


def test_the_readme_s_workflow_is_right() -> None:
    """It begins, and its mails are called, as in the shop's own abandoned checkout."""
    shown = re.search(
        r"^```yaml\n(name: Abandoned.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S
    )
    assert shown
    source = parse_workflow("abandoned-checkout", shown[1], Path("README.md"))
    assert problems(source, SCOPE) == []
    own = load_workflow(ROOT / "workflows" / "abandoned-checkout").workflow
    assert (source.workflow.trigger, source.workflow.reentry) == (own.trigger, own.reentry)
    mails = [
        [step.send for step in each.steps if isinstance(step, SendStep)] for each in (source.workflow, own)
    ]
    assert mails[0] == mails[1]
