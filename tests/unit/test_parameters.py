from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.sources.bodies import NOW
from tidings.aws.parameters import KEEP, RETRY, Parameters
from tidings.clock import FixedClock
from tidings.errors import Unavailable


class FakeSsm:
    """Answers GetParameters from a dict, or not at all."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values
        self.failure = ""
        self.calls: list[list[str]] = []

    def get_parameters(self, Names: list[str], WithDecryption: bool) -> dict[str, Any]:
        """Those that exist."""
        assert WithDecryption
        self.calls.append(Names)
        if self.failure:
            raise ClientError({"Error": {"Code": self.failure}}, "GetParameters")
        return {
            "Parameters": [
                {"Name": name, "Value": self.values[name]} for name in Names if name in self.values
            ]
        }


def parameters(ssm: FakeSsm, clock: FixedClock) -> Parameters:
    """Two parameters below /t."""
    return Parameters(lambda: ssm, "/t", ("/a", "/b"), clock)


def test_all_are_read_in_one_call_and_kept_for_five_minutes() -> None:
    """The machine's clock counts; a new secret holds after the time is over."""
    ssm, clock = FakeSsm({"/t/a": "old new\n"}), FixedClock(NOW)
    read = parameters(ssm, clock)
    assert read.words("/a") == ("old", "new")
    assert read.words("/b") == ()
    assert ssm.calls == [["/t/a", "/t/b"]]
    ssm.values["/t/a"] = "newer"
    clock.advance(KEEP - timedelta(seconds=1))
    assert read.words("/a") == ("old", "new")
    clock.advance(timedelta(seconds=1))
    assert read.words("/a") == ("newer",)


def test_what_was_known_serves_while_reading_fails() -> None:
    """An outage of the parameter store refuses nobody; it is asked again before long."""
    ssm, clock = FakeSsm({"/t/a": "old"}), FixedClock(NOW)
    read = parameters(ssm, clock)
    assert read.words("/a") == ("old",)
    ssm.failure, ssm.values = "ThrottlingException", {"/t/a": "new"}
    clock.advance(KEEP)
    assert read.words("/a") == ("old",)
    assert read.words("/a") == ("old",)
    assert len(ssm.calls) == 2
    ssm.failure = ""
    clock.advance(RETRY)
    assert read.words("/a") == ("new",)


@pytest.mark.parametrize("failure", ["AccessDeniedException", "ValidationException"])
def test_what_was_never_known_is_an_outage(failure: str) -> None:
    """Not an empty secret: the sender is not told that its signature is wrong."""
    ssm = FakeSsm({})
    ssm.failure = failure
    with pytest.raises(Unavailable):
        parameters(ssm, FixedClock(NOW)).words("/a")


def test_an_empty_parameter_has_no_words() -> None:
    """Blanks are no secret."""
    assert parameters(FakeSsm({"/t/a": " \n "}), FixedClock(NOW)).words("/a") == ()


def test_only_what_is_read_may_be_asked_for() -> None:
    """A typing mistake is not an empty secret."""
    with pytest.raises(KeyError):
        parameters(FakeSsm({}), FixedClock(NOW)).words("/c")
