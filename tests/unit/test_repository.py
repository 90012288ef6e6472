"""Rules on the repository itself: who imports whom, how long a file is, what belongs to a workflow."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TIDINGS = ROOT / "layers" / "common" / "tidings"
SOURCES = sorted(
    path for room in ("functions", "layers", "infra", "tests") for path in (ROOT / room).rglob("*.py")
)
HANDLERS = sorted(ROOT.glob("functions/*/handler.py"))
WORKFLOWS = sorted(path.parent for path in ROOT.glob("workflows/*/workflow.yaml"))
WRITTEN = sorted(
    path
    for pattern in (
        "infra/*.yaml",
        "infra/local/inbox/*",
        "workflows/**/*.yaml",
        "workflows/**/*.j2",
        "Makefile",
    )
    for path in ROOT.glob(pattern)
    if path.name != "workflows.yaml"  # generated
)
METRICS = {
    "EventsAccepted", "EventsDuplicate", "EventsRefused", "EventsIgnored", "EventsParked",
    "MailsSent", "MailsSkipped", "MailsDeferred", "Bounces", "Complaints",
}  # fmt: skip


def name_of(path: Path) -> str:
    """A file's name as a test's id shows it."""
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, as `package.module`, also those named after `from package import`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno}: name the package, not the dots"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(path: Path) -> str:
    """The layer a source file belongs to, in the direction that imports may go."""
    if path.is_relative_to(ROOT / "functions"):
        return "functions"
    if path == TIDINGS / "wiring.py":
        return "wiring"
    return "aws" if path.is_relative_to(TIDINGS / "aws") else "domain"


FORBIDDEN = {
    "functions": ("boto3", "botocore", "functions", "infra"),
    "wiring": ("boto3", "botocore", "functions", "infra"),
    "aws": ("tidings.wiring", "functions", "infra"),
    "domain": ("tidings.aws", "tidings.wiring", "boto3", "botocore", "functions", "infra"),
}


@pytest.mark.parametrize("path", [*HANDLERS, *sorted(TIDINGS.rglob("*.py"))], ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    """functions → wiring → aws → domain, and only aws knows the SDK."""
    found = [
        module
        for module in imports(path)
        for forbidden in FORBIDDEN[layer(path)]
        if module == forbidden or module.startswith(f"{forbidden}.")
    ]
    assert found == [], f"{name_of(path)} is {layer(path)} and may not import {found}"


def test_no_modules_import_each_other_in_a_loop() -> None:
    """Lazy imports and those for types count too: whoever reads a module need not know what is built on it."""
    modules = {
        ".".join(path.relative_to(TIDINGS.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in TIDINGS.rglob("*.py")
    }
    graph = {}
    for name, path in modules.items():
        named = set(imports(path)) & modules.keys() - {name}
        # What takes a room out of a package leans on the room, not on the package's face.
        graph[name] = {each for each in named if not any(other.startswith(f"{each}.") for other in named)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_the_map_names_the_house_as_it_is() -> None:
    """The package's docstring names every module and room on the ground floor, and nothing that is not there;
    docs/architecture.md, which names the most important, only what is there."""
    floor = {f"{path.name}/" if path.is_dir() else path.name for path in TIDINGS.glob("[a-z]*")}
    named = r"\b[a-z]+(?:\.py\b|/(?![a-z]))"
    drawn = ast.get_docstring(ast.parse((TIDINGS / "__init__.py").read_text("utf-8"))) or ""
    house = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("layers/common/tidings/")[2]
    assert set(re.findall(named, drawn)) == floor
    assert set(re.findall(named, house.partition("\nworkflows/")[0])) <= floor


@pytest.mark.parametrize("path", sorted(TIDINGS.rglob("*.py")), ids=name_of)
def test_only_the_wiring_reads_the_environment(path: Path) -> None:
    """Settings are handed in: no module but wiring.py knows os.environ."""
    text = path.read_text("utf-8")
    assert path.name == "wiring.py" or not re.search(r"\bos\.(environ|getenv)\b", text)


@pytest.mark.parametrize("path", sorted(TIDINGS.rglob("*.py")), ids=name_of)
def test_only_the_clock_knows_the_time(path: Path) -> None:
    """No module but clock.py asks for the calendar's time."""
    asked = re.findall(
        r"datetime\.(?:now|today|utcnow)\(|date\.today\(|time\.time\(", path.read_text("utf-8")
    )
    assert path.name == "clock.py" or asked == []


@pytest.mark.parametrize("path", HANDLERS, ids=name_of)
def test_handlers_only_translate(path: Path) -> None:
    """A handler stays under 60 lines: what it would do more belongs in the domain."""
    assert len(path.read_text("utf-8").splitlines()) < 60


@pytest.mark.parametrize("path", HANDLERS, ids=name_of)
def test_handlers_are_discreet(path: Path) -> None:
    """What a handler raises is logged and kept in executions' histories: it must not quote what it was given."""
    found = {
        node.name: [ast.unparse(each) for each in node.decorator_list]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert found["handler"] == ["observe.discreet"]


@pytest.mark.parametrize("path", [*SOURCES, *WRITTEN], ids=name_of)
def test_files_can_be_read_in_one_sitting(path: Path) -> None:
    """No file that people write has more than 400 lines; the template holds every function with its policy, since SAM
    is not applied in nested stacks."""
    limit = 560 if path.name == "template.yaml" else 400
    assert len(path.read_text("utf-8").splitlines()) <= limit


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_functions_stay_short(path: Path) -> None:
    """No function has 50 lines or more."""
    long = [
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 50
    ]
    assert long == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name.startswith("test_")], ids=name_of)
def test_tests_assert(path: Path) -> None:
    """Every test asserts something, itself or through a function of its own file that does."""
    functions = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)
    ]
    asserting = {node.name for node in functions if _asserts(node, set())}
    silent = [
        node.name for node in functions if node.name.startswith("test_") and not _asserts(node, asserting)
    ]
    assert silent == []


def _asserts(function: ast.FunctionDef, helpers: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rsplit(".", 1)[-1]
            if called in helpers or called in {"raises", "fail"} or called.startswith(("assert_", "expect_")):
                return True
    return False


@pytest.mark.parametrize("folder", WORKFLOWS, ids=lambda folder: folder.name)
def test_a_workflow_is_complete(folder: Path) -> None:
    """Each workflow folder has its machine, an entry in the docs, and a template for each mail that it sends."""
    machines = (ROOT / "infra" / "workflows.yaml").read_text("utf-8")
    assert f"-{folder.name}\n" in machines.replace("'", "\n")
    documented = [path for path in (ROOT / "docs").rglob("*.md") if folder.name in path.read_text("utf-8")]
    assert documented, f"docs/ does not mention {folder.name}"
    sent = re.findall(
        r"^\s*-\s*send:\s*([\w-]+)", (folder / "workflow.yaml").read_text("utf-8"), re.MULTILINE
    )
    missing = [mail for mail in sent if not (folder / "emails" / f"{mail}.mjml.j2").is_file()]
    assert sent
    assert missing == []


def test_no_more_than_ten_metrics() -> None:
    """Custom metrics cost by the piece: all names that the code or the dashboard uses are among the ten."""
    texts = [path.read_text("utf-8") for path in sorted(TIDINGS.rglob("*.py"))]
    counted = {
        name
        for text in texts
        for name in re.findall(
            r"[\"']((?:Events|Mails|Journeys|Bounces|Complaints)[A-Z]?[a-zA-Z]*)[\"']", text
        )
    }
    watched = set(re.findall(r'"Tidings", "(\w+)"', (ROOT / "infra" / "watch.yaml").read_text("utf-8")))
    assert len(METRICS) <= 10
    assert counted <= METRICS
    assert watched <= METRICS


def test_nothing_names_the_machine_it_was_written_on() -> None:
    """No file holds a home directory or the address of a package registry."""
    found = [
        name_of(path)
        for path in [
            *SOURCES,
            *WRITTEN,
            *ROOT.glob("*.lock"),
            *ROOT.glob("*/*/requirements.*"),
            ROOT / "pyproject.toml",
        ]
        if path != Path(__file__).resolve()
        and re.search(r"/(home|root)/|--(extra-)?index-url", path.read_text("utf-8"))
    ]
    found += [
        name_of(path)
        for path in [*ROOT.glob("*.lock"), *ROOT.glob("*/*/requirements.*")]
        if "://" in path.read_text("utf-8")
    ]
    assert found == []
