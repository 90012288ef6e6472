"""The build: what it writes, that it is the same each time, and that the committed template is current."""

import json
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from samtranslator.yaml_helper import yaml_parse

from tidings.errors import BadInput
from tidings.workflow import build, template
from tidings.workflow.compile import compile_workflow
from tidings.workflow.load import workflow_folders
from tidings.workflow.model import Workflow
from tidings.workflow.package import Package, load

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def packages() -> list[Package]:
    """This shop's packages."""
    return build.packages(ROOT / "workflows")


def test_the_committed_template_is_current(packages: list[Package]) -> None:
    """Mend: `make build`, and commit infra/workflows.yaml."""
    assert (ROOT / "infra" / "workflows.yaml").read_text("utf-8") == template.text(packages)


def test_each_workflow_has_a_machine_and_an_output(packages: list[Package]) -> None:
    """Named by folder, with its own definition inline; nothing that only SAM understands."""
    read = YAML(typ="safe").load(template.text(packages))
    assert "Transform" not in read
    assert set(read["Parameters"]) == {"NamePrefix", "RunStepArn", "StateMachineRoleArn"}
    ids = [template.logical_id(package.id) for package in packages]
    assert list(read["Resources"]) == list(read["Outputs"]) == ids
    assert {"AbandonedCheckout", "Welcome"} <= set(ids)
    for package in packages:
        machine = read["Resources"][template.logical_id(package.id)]
        assert machine["Type"] == "AWS::StepFunctions::StateMachine"
        assert machine["Properties"]["StateMachineName"] == {"Fn::Sub": f"${{NamePrefix}}-{package.id}"}
        assert machine["Properties"]["Definition"] == compile_workflow(package.workflow, package.rev)


def test_a_step_called_no_is_text_for_cloudformation_too(packages: list[Package]) -> None:
    """It reads YAML 1.1, in which `no` is a boolean and `10:00` a number of seconds; so does SAM, on the way."""
    for word in ("no", "yes", "on", "off"):
        told = {"id": word, "name": "10:00", "trigger": {"event": "subscribed"}, "steps": [{"send": word}]}
        flow = Workflow.model_validate(told)
        text = template.text([packages[0].model_copy(update={"id": word, "workflow": flow})])
        assert yaml_parse(text) == YAML(typ="safe").load(text)
        assert f"step: '{word}'" in text


def test_folders_that_only_a_hyphen_tells_apart_are_refused(packages: list[Package]) -> None:
    """CloudFormation's names have none."""
    alike = [packages[0].model_copy(update={"id": name}) for name in ("a-1", "a1")]
    with pytest.raises(BadInput, match="workflows/a1 and workflows/a-1 differ by a hyphen only: rename one"):
        template.text(alike)


def test_the_build_writes_layer_archive_and_template(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The layer's dependencies beside it are left alone; what was built of a removed workflow goes."""
    (tmp_path / "layer" / "python" / "jinja2").mkdir(parents=True)
    stale = tmp_path / "layer" / "python" / "tidings_packages" / "gone.json"
    stale.parent.mkdir()
    stale.write_text("{}")
    written = tmp_path / "workflows.yaml"
    arguments = ["--workflows", str(ROOT / "workflows"), "--out", str(tmp_path), "--template", str(written)]
    assert build.main([*arguments, "--check"]) == 1
    assert "is stale" in capsys.readouterr().err
    assert build.main(arguments) == 0
    assert build.main([*arguments, "--check"]) == 0
    layer = tmp_path / "layer" / "python"
    assert (layer / "jinja2").is_dir()
    assert (layer / "tidings" / "workflow" / "package.py").is_file()
    assert not list(layer.rglob("__pycache__"))
    names = sorted(path.name for path in (layer / "tidings_packages").glob("*.json"))
    assert names == sorted(f"{folder.name}.json" for folder in workflow_folders(ROOT / "workflows"))
    assert {path.name for path in (layer / "tidings_packages").glob("*/*.json")} == {
        "pages.json",
        "rules.json",
    }
    for path in (layer / "tidings_packages").glob("*.json"):
        package = load(path)
        archived = tmp_path / "packages" / package.id / f"{package.rev}.json"
        assert archived.read_text("utf-8") == path.read_text("utf-8")


def test_building_again_gives_the_same_bytes(packages: list[Package]) -> None:
    """Revisions name content: an unchanged shop deploys nothing."""
    again = build.packages(ROOT / "workflows")
    assert [package.model_dump_json() for package in again] == [
        package.model_dump_json() for package in packages
    ]


def test_a_package_holds_the_mails_that_its_steps_send(packages: list[Package]) -> None:
    """All of them, and their text part."""
    for package in packages:
        assert sorted(package.mails) == sorted({step.mail for step in package.workflow.sends}), package.id
    mails = {package.id: sorted(package.mails) for package in packages}
    assert mails["abandoned-checkout"] == ["last-call", "reminder", "second-reminder"]
    assert all(mail.text and mail.html for package in packages for mail in package.mails.values())


def test_nothing_is_built_of_a_wrong_shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The problems are told, and nothing is written."""
    root = shutil.copytree(ROOT / "workflows", tmp_path / "workflows")
    (root / "welcome" / "workflow.yaml").write_text("name: Welcome\n")
    out = tmp_path / "out"
    arguments = ["--workflows", str(root), "--out", str(out), "--template", str(tmp_path / "t.yaml")]
    assert build.main(arguments) == 1
    assert f'{root}/welcome/workflow.yaml:1: "steps" is missing' in capsys.readouterr().err
    assert not out.exists()
    assert not (tmp_path / "t.yaml").exists()


def test_the_definitions_hold_no_name_of_a_machine_or_account(packages: list[Package]) -> None:
    """The committed file is the same for every shop's account."""
    text = json.dumps([compile_workflow(package.workflow, package.rev) for package in packages])
    assert "arn:aws:lambda" not in text
    assert "${RunStepArn}" in text


def test_each_workflow_has_an_entry_in_the_docs_and_a_timeline(packages: list[Package]) -> None:
    """Both are written by hand, and forgotten by hand."""
    docs = (ROOT / "docs" / "workflows.md").read_text("utf-8")
    for package in packages:
        page = ROOT / "docs" / "workflows" / f"{package.id}.md"
        assert f"### {package.id}\n" in docs or (f"](workflows/{page.name})" in docs and page.is_file())
        assert (ROOT / "tests" / "golden" / f"{package.id}.txt").is_file()
