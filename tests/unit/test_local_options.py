"""What PORT, SPEED and ORIGIN mean to the local stack, and what is said of a wrong one."""

from datetime import UTC, datetime

import pytest

from infra.local.errors import LocalError
from infra.local.options import default_origin, from_environment

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_defaults() -> None:
    """An hour a second from the last 26 February, the inbox beside the emulator's port."""
    options = from_environment({}, NOW)
    assert (options.port, options.inbox_port, options.speed) == (4566, 4567, 3600.0)
    assert options.origin == datetime(2026, 2, 26, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "year"),
    [
        (datetime(2026, 3, 27, tzinfo=UTC), 2025),
        (datetime(2026, 3, 29, tzinfo=UTC), 2026),
        (datetime(2028, 1, 3, tzinfo=UTC), 2027),
    ],
)
def test_the_origin_lies_a_month_back(now: datetime, year: int) -> None:
    """The shop's time starts at least 30 days before the machine's, so that the machine's now is its future."""
    origin = default_origin(now)
    assert origin == datetime(year, 2, 26, 6, tzinfo=UTC)
    assert (now - origin).days >= 30


def test_what_is_chosen_counts() -> None:
    """Values from the environment are taken; a time without a zone is UTC."""
    options = from_environment({"PORT": "5000", "SPEED": "60", "ORIGIN": "2027-02-28T12:00:00"}, NOW)
    clock = options.clock(NOW)
    assert options.endpoint == "http://127.0.0.1:5000"
    assert clock == {"origin": "2027-02-28T12:00:00+00:00", "started": NOW.isoformat(), "speed": 60.0}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "http", "PORT=http is not a number"),
        ("PORT", "80", "choose one from 1024"),
        ("SPEED", "0", "must be more than 0"),
        ("SPEED", "fast", "SPEED=fast is not a number"),
        ("ORIGIN", "yesterday", "write it as"),
    ],
)
def test_a_wrong_choice_is_named_in_one_line(name: str, value: str, said: str) -> None:
    """The message names the variable and the mend, and fits on a line."""
    with pytest.raises(LocalError, match=said) as caught:
        from_environment({name: value}, NOW)
    assert "\n" not in str(caught.value)
