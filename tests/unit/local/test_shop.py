"""How `make run` ends: by Ctrl-C, or when the stack is stopped elsewhere."""

from typing import Any, cast

import pytest

from infra.local.errors import LocalError
from infra.local.outputs import Outputs
from infra.local.shop import Demo, stay


class FakeDemo:
    """A demo that goes on until something happens."""

    outputs = Outputs({"inbox_url": "http://127.0.0.1:1/"})

    def __init__(self, happens: BaseException | None = None) -> None:
        self.happens = happens

    def go_on(self) -> None:
        """Until then."""
        if self.happens:
            raise self.happens


class FakeStack:
    """A stack that is up for some looks at it."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def is_up(self) -> bool:
        """For so long."""
        self.looks -= 1
        return self.looks >= 0


def _stay(happens: BaseException | None, looks: int) -> None:
    stay(cast(Demo, FakeDemo(happens)), cast(Any, FakeStack(looks)), True, lambda _: None)


def test_a_stack_that_was_stopped_elsewhere_ends_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    """`make down` in another window is no failure."""
    _stay(LocalError("the recorder does not answer"), looks=0)
    told = capsys.readouterr()
    assert told.out.endswith("the stack was stopped\n")
    assert told.err == ""


def test_a_shop_that_cannot_go_on_says_why_and_leaves_the_inbox_open(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Until the stack is stopped."""
    _stay(LocalError("mail 9 has no link"), looks=3)
    told = capsys.readouterr()
    assert "the shop goes on no further: mail 9 has no link" in told.err
    assert told.out.endswith("the stack was stopped\n")


def test_ctrl_c_ends_it_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    """And main stops the stack that it started."""
    _stay(KeyboardInterrupt(), looks=9)
    assert capsys.readouterr().err == ""
