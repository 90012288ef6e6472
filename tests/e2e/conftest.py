"""One embedded AWS for all end-to-end tests: the deployed template with IAM enforced, on ports of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from infra.local.options import DEFAULT_SPEED, ROOT, Options, default_origin, free_ports
from infra.local.outputs import Outputs
from infra.local.stack import Stack
from tests.e2e.helpers.shop import Shop
from tidings.workflow import build


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
    )


@pytest.fixture(scope="session")
def stack(options: Options) -> Iterator[Stack]:
    """The running stack; it ends with the session."""
    generated = options.build.parent / "workflows.yaml"
    built = build.main(["--out", str(options.build), "--template", str(generated)])
    assert built == 0, "the workflows do not build: make check"
    deployed = ROOT / "infra" / "workflows.yaml"
    assert generated.read_bytes() == deployed.read_bytes(), (
        f"{deployed.name} is stale: make build, then commit it"
    )
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
