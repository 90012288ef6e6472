"""The waits of the language: weekdays, moments that a fact names, quiet after the last of something."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.expressions.views import EventView
from tidings.schedule import LONGEST_UNTIL, next_weekday, wait_end, wait_least, wait_most, wait_seconds
from tidings.workflow.model import WaitStep

NEW_YORK, AUCKLAND = ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")
TUESDAY = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
"""Ten o'clock on a Tuesday in New York."""


def wait(**words: Any) -> WaitStep:
    """A wait as an author writes it."""
    return WaitStep.model_validate({"wait": {name.rstrip("_"): value for name, value in words.items()}})


@pytest.mark.parametrize(
    ("since", "end"),
    [
        (TUESDAY, TUESDAY),
        (TUESDAY - timedelta(seconds=1), TUESDAY),
        (TUESDAY + timedelta(seconds=1), TUESDAY + timedelta(days=7)),
        (TUESDAY - timedelta(days=6), TUESDAY),
    ],
)
def test_until_a_weekday_is_the_next_such_time(since: datetime, end: datetime) -> None:
    """Now, when it is that time now."""
    assert wait_end(wait(until="tuesday", at="10:00"), since, NEW_YORK) == end


def test_a_weekday_is_that_of_the_recipient() -> None:
    """Auckland's Tuesday begins while New York has Monday; a new clock shifts the hour, not the time of day."""
    monday = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
    end = wait_end(wait(until="tuesday", at="10:00"), monday, AUCKLAND)
    assert end.astimezone(AUCKLAND) == datetime(2026, 3, 10, 10, 0, tzinfo=AUCKLAND)
    sunday = wait_end(wait(until="sunday", at="10:00"), datetime(2026, 3, 7, tzinfo=UTC), NEW_YORK)
    assert sunday == datetime(2026, 3, 8, 14, 0, tzinfo=UTC)


@given(
    weekday=st.integers(0, 6),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    since=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    zone=st.sampled_from([NEW_YORK, AUCKLAND, ZoneInfo("UTC"), ZoneInfo("America/Santiago")]),
)
@settings(derandomize=True, deadline=None)
def test_a_weekday_is_at_most_a_week_away(weekday: int, at: Any, since: datetime, zone: ZoneInfo) -> None:
    """Whatever the clocks do, and it is that day (a time in a gap is the first moment after it)."""
    moment = next_weekday(weekday, at, since.replace(tzinfo=UTC), zone)
    assert timedelta(0) <= moment - since.replace(tzinfo=UTC) <= timedelta(days=7, hours=1)
    assert moment.astimezone(zone).weekday() == weekday


def event(**told: Any) -> dict[str, Any]:
    """What an expression may name."""
    return {"event": EventView("e", "order_delivered", TUESDAY, **told)}


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ({}, datetime(2026, 3, 20, 13, 0, tzinfo=UTC)),
        ({"at": "10:30"}, datetime(2026, 3, 20, 14, 30, tzinfo=UTC)),
        ({"offset": "-1 day", "at": "09:00"}, datetime(2026, 3, 19, 13, 0, tzinfo=UTC)),
        ({"offset": "1 week"}, datetime(2026, 3, 27, 13, 0, tzinfo=UTC)),
    ],
)
def test_until_a_day_is_its_morning_where_the_recipient_lives(words: dict[str, Any], end: datetime) -> None:
    """At nine, unless told."""
    names = event(date=date(2026, 3, 20))
    assert wait_end(wait(until="event.date", **words), TUESDAY, NEW_YORK, names) == end


def test_until_a_moment_is_that_moment() -> None:
    """With an exact offset; with `at`, the time of its day."""
    names = event()
    hours = wait_end(wait(until="event.at", offset="3 hours"), TUESDAY, NEW_YORK, names)
    assert hours == TUESDAY + timedelta(hours=3)
    tomorrow = wait(until="event.at", offset="1 day", at="08:00")
    assert wait_end(tomorrow, TUESDAY, NEW_YORK, names) == datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-20", "2026-03-20T13:00:00+00:00"])
def test_a_property_of_the_shops_own_event_may_be_text(text: str) -> None:
    """As ISO 8601 has it."""
    names = event(properties={"visit": text})
    end = wait_end(wait(until="event['visit']"), TUESDAY, NEW_YORK, names)
    assert end == datetime(2026, 3, 20, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("event.date", {}),
        ("event.date", {"date": date(2026, 3, 1)}),
        ("event['visit']", {"properties": {"visit": "soon"}}),
        ("event.items_count", {}),
        ("event.currency / 2", {"currency": "EUR"}),
    ],
)
def test_what_is_over_or_not_known_is_not_waited_for(until: str, told: dict[str, Any]) -> None:
    """The journey goes on at once."""
    assert wait_end(wait(until=until), TUESDAY, NEW_YORK, event(**told)) == TUESDAY
    assert wait_end(wait(until=until), TUESDAY, NEW_YORK) == TUESDAY


@pytest.mark.parametrize("year", [2027, 9999])
def test_an_until_waits_180_days_at_most(year: int) -> None:
    """An execution ends after a year, and a fact may name any moment."""
    names = event(date=date(year, 12, 31))
    assert wait_end(wait(until="event.date"), TUESDAY, NEW_YORK, names) == TUESDAY + LONGEST_UNTIL


def test_a_wait_for_quiet_starts_again_with_each_event() -> None:
    """Before it is asked for the first time it is its length; then what is left."""
    quiet = wait(for_="4 hours", after_last="product_viewed")
    assert wait_seconds(quiet, TUESDAY, TUESDAY, NEW_YORK) == 4 * 3600
    now, viewed = TUESDAY + timedelta(hours=4), {"product_viewed": TUESDAY + timedelta(hours=3)}
    assert wait_seconds(quiet, TUESDAY, now, NEW_YORK, None, viewed) == 3 * 3600
    before = {"product_viewed": TUESDAY - timedelta(hours=3)}
    assert wait_seconds(quiet, TUESDAY, now, NEW_YORK, None, before) == 0


def test_the_least_and_the_most_that_waits_take() -> None:
    """A weekday is up to a week, a time of day up to a day and a little less than nothing, a moment up to 180 days."""
    waits = [
        wait(for_="2 days", then_at="10:00"), wait(for_="4 hours", after_last="product_viewed"),
        wait(until="tuesday"), wait(until="event.date"),
    ]  # fmt: skip
    assert wait_least(waits) == timedelta(days=2, hours=4, minutes=-15)
    assert wait_most(waits) == timedelta(days=2 + 1 + 7 + 180, hours=4)


@pytest.mark.parametrize(
    ("length", "late", "days"),
    [
        ("1 day", timedelta(0), 1),
        ("1 day", timedelta(seconds=2), 1),
        ("1 day", timedelta(minutes=15), 1),
        ("1 day", timedelta(minutes=16), 2),
        ("0 days", timedelta(seconds=1), 1),
        ("20 minutes", timedelta(minutes=-15), 0),
        ("20 minutes", timedelta(minutes=-14), 1),
    ],
)
def test_a_mail_some_minutes_past_its_time_does_not_slip_a_day(
    length: str, late: timedelta, days: int
) -> None:
    """A day after a mail of ten o'clock that went seconds past ten is ten o'clock of the next day. A short wait is
    shortened by a quarter at most, none by more than fifteen minutes."""
    since = TUESDAY + late
    end = wait_end(wait(for_=length, then_at="10:00"), since, NEW_YORK)
    assert end == TUESDAY + timedelta(days=days)
    assert end - since >= wait_least([wait(for_=length, then_at="10:00")])
