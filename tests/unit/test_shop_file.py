"""A mistake in shop.yaml is told with its line, in the words of whoever wrote it, and once."""

import shutil
from pathlib import Path

import pytest

from tidings.errors import BadInput
from tidings.shop import Shop
from tidings.workflow.check import check
from tidings.yamlfile import load_model

ROOT = Path(__file__).resolve().parents[2] / "workflows"
TEXT = (ROOT / "shop.yaml").read_text("utf-8")


def _line(words: str) -> int:
    return TEXT[: TEXT.index(words)].count("\n") + 1


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("\nquiet_hours:", "\nquiet_hour:", 'unknown word "quiet_hour"; did you mean "quiet_hours"?'),
        ("\nurl:", "\nurll:", 'unknown word "urll"; did you mean "url"?'),
        ("{at_most: 1", "{atmost: 1", 'unknown word "atmost"; did you mean "at_most"?'),
        (
            "code: HELLO10, description",
            "code: HELLO10, descripton",
            'unknown word "descripton"; did you mean "description"?',
        ),
        ("complaints: {warning", "complaints: {warn", 'unknown word "warn"; did you mean "warning"?'),
        ("within: 16 hours", "within: 16 h", '"16 h" is not a duration'),
    ],
)
def test_a_mistake_names_its_line_and_the_nearest_word(right: str, wrong: str, told: str) -> None:
    """A word that is missing because it is misspelt is told by its misspelling alone."""
    with pytest.raises(BadInput) as refused:
        load_model(Shop, TEXT.replace(right, wrong, 1), Path("shop.yaml"))
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"shop.yaml:{_line(right.strip())}: ")
    assert told in line


def test_what_is_missing_is_named() -> None:
    """At the file's first line, since it stands nowhere."""
    with pytest.raises(BadInput) as refused:
        load_model(Shop, "name: Ada's\nfrom: {name: Ada}\n", Path("shop.yaml"))
    assert str(refused.value).splitlines() == [
        'shop.yaml:1: "url" is missing',
        'shop.yaml:2: "from.address" is missing',
        'shop.yaml:1: "support" is missing',
        'shop.yaml:1: "address" is missing',
    ]


def test_a_shop_that_cannot_be_read_makes_no_workflow_wrong(tmp_path: Path) -> None:
    """Its own events may well be declared in it: one mistake is told, not those that seem to follow."""
    shutil.copytree(ROOT, tmp_path / "workflows")
    (tmp_path / "workflows" / "shop.yaml").write_text(
        TEXT.replace("\nquiet_hours:", "\nquiet_hour:"), "utf-8"
    )
    (told,) = check(tmp_path / "workflows").problems
    assert "quiet_hour" in told
