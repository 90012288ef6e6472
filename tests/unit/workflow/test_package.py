"""Packages: what is in them, how their revision is computed, where they come from."""

import json
from pathlib import Path
from typing import Any

import pytest

from tidings.shop import Shop, load_shop
from tidings.workflow import package
from tidings.workflow.model import Workflow
from tidings.workflow.package import Package, Packages, UnknownPackage

ROOT = Path(__file__).parents[3]
SHOP: Shop = load_shop(ROOT / "workflows" / "shop.yaml")
MAIL = {"subject": "S", "preheader": "P", "html": "<p>é</p>", "text": "T"}


def built(**changes: Any) -> Package:
    """A package of a small workflow."""
    words = {"id": "w", "name": "W", "trigger": {"event": "subscribed"}, "steps": [{"send": "a"}]}
    return package.build(Workflow.model_validate({**words, **changes}), SHOP, {"a": MAIL})


class Shelf:
    """An archive in memory, that counts."""

    def __init__(self, *packages: Package) -> None:
        self.texts = {(each.id, each.rev): package.dump(each) for each in packages}
        self.asked: list[str] = []

    def read(self, workflow: str, rev: str) -> str | None:
        """The text, or None."""
        self.asked.append(rev)
        return self.texts.get((workflow, rev))


def store(folder: Path, *packages: Package) -> Path:
    """Packages in force."""
    for each in packages:
        (folder / f"{each.id}.json").write_text(package.dump(each), "utf-8")
    return folder


def test_a_package_reads_back_from_its_file(tmp_path: Path) -> None:
    """With workflow, shop and mails; its folder as its id."""
    original = built()
    read = package.load(store(tmp_path, original) / "w.json")
    assert read == original
    assert (read.id, read.workflow.name, read.shop.name, read.mails["a"].html) == (
        "w",
        "W",
        SHOP.name,
        "<p>é</p>",
    )


def test_the_file_has_the_shape_that_was_agreed() -> None:
    """Keys of the outer object."""
    assert set(json.loads(package.dump(built()))) == {"workflow", "rev", "definition", "shop", "mails"}


def test_the_revision_is_the_hash_of_everything_else() -> None:
    """The same content has the same revision; a wait, a mail or the shop changed have another."""
    original = built()
    changed_shop = SHOP.model_copy(update={"name": "Other"})
    changed_mail = {"a": {**MAIL, "text": "Other"}}
    revs = {
        original.rev,
        built(steps=[{"wait": "1 day"}, {"send": "a"}]).rev,
        package.build(original.workflow, changed_shop, {"a": MAIL}).rev,
        package.build(original.workflow, SHOP, changed_mail).rev,
    }
    assert built().rev == original.rev
    assert len(revs) == 4
    assert all(len(rev) == 16 for rev in revs)


def test_what_is_in_force_is_read_from_the_layer(tmp_path: Path) -> None:
    """Workflows and revisions by name; the archive is not asked."""
    shelf = Shelf()
    packages = Packages(store(tmp_path, built(), built(id="v")), shelf)
    assert list(packages.workflows) == ["v", "w"]
    assert packages.get("w", packages.revs["w"]).workflow.name == "W"
    assert packages.shop == SHOP
    assert shelf.asked == []


def test_an_earlier_revision_comes_from_the_archive_once(tmp_path: Path) -> None:
    """A journey that began before a deployment finds its steps and mails, and later ones need no further read."""
    earlier = built(name="Earlier")
    shelf = Shelf(earlier)
    packages = Packages(store(tmp_path, built()), shelf)
    assert packages.get("w", earlier.rev).workflow.name == "Earlier"
    assert packages.get("w", earlier.rev).workflow.name == "Earlier"
    assert shelf.asked == [earlier.rev]


def test_a_removed_workflow_still_finds_its_packages(tmp_path: Path) -> None:
    """Its last journeys are under way."""
    removed = built(id="gone")
    assert Packages(store(tmp_path, built()), Shelf(removed)).get("gone", removed.rev) == removed


@pytest.mark.parametrize("shelf", [None, Shelf()])
def test_an_unknown_revision_is_an_error_that_names_it(tmp_path: Path, shelf: Shelf | None) -> None:
    """With or without an archive."""
    with pytest.raises(UnknownPackage, match="no package w/0123"):
        Packages(store(tmp_path, built()), shelf).get("w", "0123")


def test_without_a_build_the_mend_is_told(tmp_path: Path) -> None:
    """There is no shop to speak of."""
    with pytest.raises(UnknownPackage, match="run the build"):
        _ = Packages(tmp_path).shop


def test_a_package_of_the_first_revision_still_loads() -> None:
    """Journeys that began with it may be under way for 330 days: models may gain words, and lose none."""
    first = package.load(ROOT / "tests" / "golden" / "package.json")
    assert (first.id, first.rev, sorted(first.mails)) == (
        "first",
        "0123456789abcdef",
        ["last-call", "reminder"],
    )
    assert [type(step).__name__ for step in first.workflow.steps] == [
        "WaitStep",
        "SendStep",
        "WaitStep",
        "SendStep",
    ]
