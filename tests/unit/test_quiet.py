"""Quiet hours on the recipient's clock, whatever the clocks do."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tidings.pacing.quiet import held_back, is_quiet
from tidings.shop import QuietHours

NEW_YORK, LONDON, TOKYO = (ZoneInfo(name) for name in ("America/New_York", "Europe/London", "Asia/Tokyo"))
ZONES = [
    ZoneInfo(name)
    for name in (
        *("UTC", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe", "America/Santiago"),
        *("Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia"),
    )
]
NIGHT = QuietHours(from_=time(22), to=time(8), spread=timedelta(0))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

times = st.integers(0, 24 * 60 - 1).map(lambda minutes: time(minutes // 60, minutes % 60))
moments = st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
spreads = st.integers(0, 15).map(lambda minutes: minutes * MINUTE)


def hours(from_: time, to: time, spread: timedelta = timedelta(0)) -> QuietHours:
    """Quiet hours; a pair that leaves no hour of the day is passed over."""
    left = (from_.hour - to.hour) * 60 + from_.minute - to.minute
    assume(left % 1440 >= 60)
    return QuietHours(from_=from_, to=to, spread=spread)


def at(text: str, zone: ZoneInfo, fold: int = 0) -> datetime:
    """A wall time of a zone, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "asked", "goes"),
    [
        (LONDON, "2026-01-10T21:59:59", "2026-01-10T21:59:59"),
        (LONDON, "2026-01-10T22:00", "2026-01-11T08:00"),
        (LONDON, "2026-01-11T07:59:59", "2026-01-11T08:00"),
        (LONDON, "2026-01-11T08:00", "2026-01-11T08:00"),
        (TOKYO, "2026-01-11T03:00", "2026-01-11T08:00"),
        (NEW_YORK, "2026-03-07T23:00", "2026-03-08T08:00"),
        (NEW_YORK, "2026-10-31T23:00", "2026-11-01T08:00"),
    ],
)
def test_a_night_lasts_until_its_end_on_the_clock(zone: ZoneInfo, asked: str, goes: str) -> None:
    """Over midnight, and over the nights in which the clocks change; the end is not quiet, the beginning is."""
    assert held_back(NIGHT, at(asked, zone), zone, "c") == at(goes, zone)


def test_an_end_within_the_gap_is_where_the_clocks_go_on() -> None:
    """Half past two does not come on that day: the quiet ends when the clocks jump over it."""
    gap = QuietHours(from_=time(22), to=time(2, 30), spread=timedelta(0))
    assert held_back(gap, at("2026-03-08T01:00", NEW_YORK), NEW_YORK, "c") == at("2026-03-08T03:00", NEW_YORK)


def test_an_end_that_comes_twice_ends_the_quiet_that_is_asked_about() -> None:
    """Half past one comes twice: asked before it, the first; asked when the clocks were put back, the second."""
    twice = QuietHours(from_=time(22), to=time(1, 30), spread=timedelta(0))
    first, second = (at("2026-11-01T01:30", NEW_YORK, fold) for fold in (0, 1))
    assert held_back(twice, at("2026-11-01T00:10", NEW_YORK), NEW_YORK, "c") == first
    assert held_back(twice, at("2026-11-01T01:10", NEW_YORK, 1), NEW_YORK, "c") == second


@given(from_=times, to=times, moment=moments, zone=st.sampled_from(ZONES), spread=spreads, who=st.text())
@example(time(3), time(2), datetime(2026, 3, 8, 6, 30, tzinfo=UTC), NEW_YORK, 10 * MINUTE, "c")
@settings(derandomize=True, deadline=None)
def test_nothing_goes_in_quiet_hours(
    from_: time, to: time, moment: datetime, zone: ZoneInfo, spread: timedelta, who: str
) -> None:
    """Whatever the hours, the zone, the customer: what is not quiet goes at once, else later, within two days."""
    quiet = hours(from_, to, spread)
    goes = held_back(quiet, moment, zone, who)
    assert not is_quiet(quiet, goes, zone)
    assert moment <= goes <= moment + 2 * DAY
    assert (goes == moment) is not is_quiet(quiet, moment, zone)
    assert held_back(quiet, goes, zone, who) == goes


@given(from_=times, to=times, moment=moments, zone=st.sampled_from(ZONES))
@settings(derandomize=True, max_examples=50, deadline=None)
def test_it_is_quiet_until_then(from_: time, to: time, moment: datetime, zone: ZoneInfo) -> None:
    """Minute by minute: no earlier one would do. Only what clocks that are put back give again is not used."""
    quiet = hours(from_, to)
    moment = moment.replace(second=0, microsecond=0)
    goes = held_back(quiet, moment, zone, "c")
    between = (moment + minute * MINUTE for minute in range(int((goes - moment) / MINUTE)))
    early = [each for each in between if not is_quiet(quiet, each, zone)]
    put_back = {each.astimezone(zone).utcoffset() for each in (moment, goes)}
    assert not early or len(put_back) == 2


def test_a_zone_does_not_wake_in_one_second() -> None:
    """Each customer has a moment of their own within the spread, the same every time."""
    night = QuietHours(from_=time(22), to=time(8), spread=10 * MINUTE)
    asked, end = at("2026-01-11T03:00", LONDON), at("2026-01-11T08:00", LONDON)
    woken = [held_back(night, asked, LONDON, f"c{number}") for number in range(1000)]
    assert woken == [held_back(night, asked, LONDON, f"c{number}") for number in range(1000)]
    assert all(end <= each < end + 10 * MINUTE for each in woken)
    assert max(woken.count(each) for each in set(woken)) < 12


def test_without_quiet_hours_nothing_waits() -> None:
    """The model has none of its own."""
    moment = at("2026-01-11T03:00", LONDON)
    assert held_back(None, moment, LONDON, "c") == moment


@pytest.mark.parametrize(
    "told", [{"from": "08:00", "to": "08:00"}, {"from": "08:30", "to": "08:00"}, {"from": "8", "to": "20:00"}]
)
def test_quiet_hours_leave_an_hour_of_the_day(told: dict[str, str]) -> None:
    """Else nothing would ever go."""
    with pytest.raises(ValidationError):
        QuietHours.model_validate(told)


@pytest.mark.parametrize("spread", ["16 minutes", "-1 minutes"])
def test_the_spread_is_a_quarter_of_an_hour_at_most(spread: str) -> None:
    """Longer, and a wait for a time of day would slip to the next."""
    with pytest.raises(ValidationError):
        QuietHours.model_validate({"from": "22:00", "to": "08:00", "spread": spread})
