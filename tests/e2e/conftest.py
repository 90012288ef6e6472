"""One embedded AWS for all end-to-end tests: the deployed template with IAM enforced, on ports of its own."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.options import DEFAULT_SPEED, ROOT, Options, default_origin, free_ports
from infra.local.outputs import Outputs
from infra.local.stack import Stack
from tests.e2e.helpers.shop import Shop
from tidings.workflow import build

TOLD = ("abandoned-checkout", "birthday", "welcome", "win-back")
"""The workflows that the stories here are about; with all of the shop's each customer would get a dozen mails more."""

CONFIRMED = """event: order_placed
  where: "'WOO-' in event.order_name\""""
"""Orders of WooCommerce's are confirmed here; the others' stories are told without."""


@pytest.fixture(scope="session")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    """A stack of the tests' own, so that a `make up` of the developer's goes on beside it."""
    home = tmp_path_factory.mktemp("stack")
    port, inbox_port = free_ports(2)
    return Options(
        port=port,
        inbox_port=inbox_port,
        speed=DEFAULT_SPEED,
        origin=default_origin(datetime.now(UTC)),
        directory=home / "local",
        build=home / "build",
        run=home / "run",
        machines=home / "workflows.yaml",
    )


@pytest.fixture(scope="session")
def workflows(options: Options) -> Path:
    """The shop's folder with those workflows alone."""
    shop, folder = ROOT / "workflows", options.build.parent / "workflows"
    others = {path.parent.name for path in shop.glob("*/workflow.yaml")} - set(TOLD)
    shutil.copytree(shop, folder, ignore=shutil.ignore_patterns(*others - {"order-confirmation"}))
    confirmed = folder / "order-confirmation" / "workflow.yaml"
    confirmed.write_text(confirmed.read_text().replace("event: order_placed", CONFIRMED))
    return folder


@pytest.fixture(scope="session")
def stack(options: Options, workflows: Path) -> Iterator[Stack]:
    """The running stack; it ends with the session."""
    built = build.main(
        ["--workflows", str(workflows), "--out", str(options.build), "--template", str(options.machines)]
    )
    assert built == 0, "the workflows do not build: make check"
    running = Stack(options)
    running.up()
    yield running
    running.down()


@pytest.fixture(scope="session")
def outputs(stack: Stack) -> Outputs:
    """What the stack tells about itself, and clients for it."""
    return Outputs.read(stack.options.outputs)


@pytest.fixture(scope="session")
def shop(outputs: Outputs) -> Shop:
    """A shop before that stack."""
    return Shop(outputs)
