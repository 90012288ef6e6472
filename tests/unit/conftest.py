"""Unit tests talk to nobody: every socket that leaves the process is refused."""

import socket
from collections.abc import Iterator
from typing import NoReturn

import pytest


@pytest.fixture(autouse=True, scope="module")
def closed_sockets() -> Iterator[None]:
    """Refuses every connection while a module of unit tests runs, and no longer: other tests share the process."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "bind"):
            patch.setattr(socket.socket, name, _refuse)
        yield


def _refuse(*arguments: object) -> NoReturn:
    raise AssertionError("a unit test opened a socket: hand in a fake, or move it to tests/integration")
