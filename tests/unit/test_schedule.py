"""Durations, waits, local times, birthdays, silences and the due index's dates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings import schedule
from tidings.workflow.model import WaitStep, Workflow

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Santiago",
        "Asia/Beirut",
        "Asia/Kolkata",
        "Africa/Casablanca",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
        "Pacific/Kiritimati",
        "Pacific/Honolulu",
        "Pacific/Apia",
    )
]
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

repeatable = settings(derandomize=True, deadline=None)


@dataclass(frozen=True)
class Person:
    """A customer as the calendar sees them."""

    birthday: str | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    last: Mapping[str, datetime] = field(default_factory=dict)

    def date(self, name: str) -> str | None:
        """Of dates they have a birthday alone."""
        return self.birthday if name == "birthday" else None


def wait(value: object) -> WaitStep:
    """A wait as an author writes it."""
    return WaitStep.model_validate({"wait": value})


def birthdays(at: str = "09:00", offset: str = "0 days", **more: object) -> Workflow:
    """A birthday workflow."""
    trigger = {"date": "birthday", "at": at, "offset": offset}
    return Workflow.model_validate(
        {"id": "birthday", "name": "B", "trigger": trigger, "steps": [{"send": "b"}], **more}
    )


def silences(length: str) -> Workflow:
    """A workflow for those who have not ordered for that long."""
    trigger = {"inactive": "order_placed", "for": length}
    return Workflow.model_validate(
        {"id": "win-back", "name": "W", "trigger": trigger, "steps": [{"send": "w"}]}
    )


# ---- durations ----


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1 hour", 3600), ("2 days", 172800), ("-7 days", -604800), ("1 week", 604800), ("30 minutes", 1800),
     ("60 days", 5184000), ("0 minutes", 0), ("90 seconds", 90)],
)  # fmt: skip
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    """Singular and plural, negative ones for offsets."""
    assert schedule.parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "1", "hour", "1.5 hours", "1 fortnight", "1 month", "2days", "1 hour ago"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    """A month has no fixed length; a fraction is written in the smaller unit."""
    with pytest.raises(ValueError, match=r"is not a duration.*1 hour"):
        schedule.parse_duration(text)


@given(st.integers(min_value=-(10**7), max_value=10**7))
@repeatable
def test_a_duration_in_words_reads_back_the_same(seconds: int) -> None:
    """Whatever its size."""
    length = timedelta(seconds=seconds % 10**6)
    assert schedule.parse_duration(schedule.format_duration(length)) == length


def test_a_duration_is_told_in_its_largest_even_unit() -> None:
    """As an author would write it."""
    lengths = [timedelta(days=1), timedelta(hours=36), timedelta(days=7), timedelta(minutes=61), timedelta(0)]
    assert [schedule.format_duration(length) for length in lengths] == [
        "1 day", "36 hours", "7 days", "61 minutes", "0 days",
    ]  # fmt: skip


# ---- local times and waits ----


def test_a_time_in_the_gap_is_the_first_moment_after_it() -> None:
    """On 29 March 2026 Berlin's clocks go from 02:00 to 03:00: there is no 02:30."""
    moment = schedule.local_moment(date(2026, 3, 29), time(2, 30), BERLIN)
    assert moment.astimezone(BERLIN).isoformat() == "2026-03-29T03:00:00+02:00"


def test_a_time_that_comes_twice_is_the_first() -> None:
    """On 25 October 2026 Berlin shows 02:30 twice."""
    moment = schedule.local_moment(date(2026, 10, 25), time(2, 30), BERLIN)
    assert moment.astimezone(BERLIN).isoformat() == "2026-10-25T02:30:00+02:00"


def test_midnight_that_does_not_exist_is_one_o_clock() -> None:
    """Santiago's clocks go forward at midnight."""
    santiago = ZoneInfo("America/Santiago")
    moment = schedule.local_moment(date(2026, 9, 6), time(0, 0), santiago)
    assert moment.astimezone(santiago).isoformat() == "2026-09-06T01:00:00-03:00"


def test_a_day_that_a_zone_left_out_is_the_next_midnight() -> None:
    """Apia had no 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    moment = schedule.local_moment(date(2011, 12, 30), time(9, 0), apia)
    assert moment.astimezone(apia).isoformat() == "2011-12-31T00:00:00+14:00"


@given(
    st.dates(date(2010, 1, 1), date(2035, 12, 31)), st.times().map(lambda t: t.replace(microsecond=0)),
    st.sampled_from(ZONES),
)  # fmt: skip
@repeatable
def test_a_local_moment_is_the_first_at_which_the_clocks_have_reached_it(
    day: date, at: time, zone: ZoneInfo
) -> None:
    """The clocks show it, or it fell into a gap; a second earlier they had not."""
    moment = schedule.local_moment(day, at, zone)
    asked = datetime.combine(day, at)
    shown, before = (
        each.astimezone(zone).replace(tzinfo=None) for each in (moment, moment - timedelta(seconds=1))
    )
    assert before < asked <= shown
    assert shown == asked or shown - before > timedelta(seconds=1)


def test_a_first_wait_counts_from_the_events_time() -> None:
    """An hour's wait for an event that came 20 minutes late takes 40 minutes more, and none once it is over."""
    step = wait("1 hour")
    assert schedule.wait_seconds(step, NOW - timedelta(minutes=20), NOW, BERLIN) == 2400
    assert schedule.wait_seconds(step, NOW - timedelta(hours=3), NOW, BERLIN) == 0


def test_a_wait_ends_no_second_early() -> None:
    """Fractions are rounded up."""
    assert schedule.wait_seconds(wait("1 hour"), NOW, NOW + timedelta(milliseconds=1), BERLIN) == 3600


def test_then_at_goes_on_to_the_next_such_time_where_the_recipient_is() -> None:
    """A day on it is 13:00 in Berlin: the next ten o'clock is tomorrow's; nine in New York is an hour off."""
    step = wait({"for": "1 day", "then_at": "10:00"})
    assert schedule.wait_end(step, NOW, BERLIN).astimezone(BERLIN).isoformat() == "2026-03-12T10:00:00+01:00"
    assert (
        schedule.wait_end(step, NOW, NEW_YORK).astimezone(NEW_YORK).isoformat() == "2026-03-11T10:00:00-04:00"
    )


def test_then_at_exactly_now_does_not_wait_another_day() -> None:
    """Nothing is added to a moment that is right already."""
    assert schedule.wait_end(wait({"for": "0 hours", "then_at": "13:00"}), NOW, BERLIN) == NOW


def test_a_days_wait_is_24_hours_also_when_the_clocks_change() -> None:
    """Only `at` and `then_at` look at a clock."""
    since = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
    assert schedule.wait_seconds(wait("1 day"), since, since, BERLIN) == 86_400


def test_waits_add_up() -> None:
    """Two in a row are one after the other."""
    assert schedule.wait_seconds([wait("1 hour"), wait("30 minutes")], NOW, NOW, BERLIN) == 5400


# ---- birthdays ----


def moments(
    birthday: str, start: str, end: str, zone: ZoneInfo = BERLIN, offset: int = 0
) -> list[tuple[str, str]]:
    """Occurrences at nine, local times."""
    found = schedule.date_moments(
        birthday,
        timedelta(days=offset),
        time(9),
        zone,
        datetime.fromisoformat(start),
        datetime.fromisoformat(end),
    )
    return [(key, moment.astimezone(zone).isoformat()) for key, moment in found]


def test_the_29th_of_february_is_celebrated_on_the_28th_in_common_years() -> None:
    """And on the 29th where there is one."""
    assert moments("1996-02-29", "2027-01-01T00:00Z", "2029-01-01T00:00Z") == [
        ("2027", "2027-02-28T09:00:00+01:00"),
        ("2028", "2028-02-29T09:00:00+01:00"),
    ]


def test_a_century_without_a_leap_day_is_a_common_year() -> None:
    """2100 has no 29 February, 2000 had one."""
    assert schedule.celebrated(2, 29, 2100) == date(2100, 2, 28)
    assert schedule.celebrated(2, 29, 2000) == date(2000, 2, 29)


def test_an_offset_counts_calendar_days_across_the_year() -> None:
    """A week before 3 January lies in the year before; the occurrence is the year celebrated."""
    assert moments("--01-03", "2026-12-01T00:00Z", "2027-01-01T00:00Z", offset=-7) == [
        ("2027", "2026-12-27T09:00:00+01:00")
    ]


def test_an_offset_keeps_the_local_time_across_a_change_of_clocks() -> None:
    """A week before 1 April is before the change; it is nine o'clock all the same."""
    assert moments("--04-01", "2026-03-01T00:00Z", "2026-05-01T00:00Z", offset=-7) == [
        ("2026", "2026-03-25T09:00:00+01:00")
    ]


def test_the_year_of_birth_has_no_birthday() -> None:
    """The first one is a year later."""
    assert moments("2026-05-01", "2026-01-01T00:00Z", "2028-01-01T00:00Z") == [
        ("2027", "2027-05-01T09:00:00+02:00")
    ]


@pytest.mark.parametrize(
    "text", [None, "", "1990", "1990-13-01", "--02-30", "02-29", "1990-02-29x", "1990-02-29"]
)
def test_what_is_no_date_has_no_birthday(text: str | None) -> None:
    """Shops store all sorts of things; 1990 had no 29 February."""
    assert schedule.parse_birthday(text) is None
    assert schedule.next_due([birthdays()], Person(birthday=text), NOW) is None


def test_a_window_holds_its_start_and_not_its_end() -> None:
    """So that the windows of two runs meet without a gap or an overlap."""
    nine = "2026-05-01T09:00+02:00"
    assert len(moments("--05-01", nine, "2026-05-01T09:01+02:00")) == 1
    assert moments("--05-01", "2026-04-30T00:00Z", nine) == []


@given(
    birthday=st.dates(date(1930, 1, 1), date(2015, 12, 31)),
    zone=st.sampled_from(ZONES),
    at=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    offset=st.integers(-60, 60),
    missed=st.sets(st.integers(0, 39)),
    with_year=st.booleans(),
)
@repeatable
def test_daily_runs_find_each_birthday_of_eight_years_exactly_once(
    birthday: date, zone: ZoneInfo, at: time, offset: int, missed: set[int], with_year: bool
) -> None:
    """At 00:05 UTC, in any zone, at any hour, and also when the rule was out for some of every 41 days."""
    workflow = birthdays(f"{at:%H:%M}", f"{offset} days")
    text = f"{birthday}" if with_year else f"--{birthday:%m-%d}"
    person = Person(birthday=text, zone=zone)
    first = datetime(2021, 1, 1, 0, 5, tzinfo=UTC)
    entry = schedule.next_due([workflow], person, first)
    found: list[schedule.Due] = []
    for day in range(8 * 366):
        now = first + timedelta(days=day)
        tomorrow = schedule.due_on(now + timedelta(days=1))
        if day % 41 in missed or entry is None or schedule.due_on(entry) > tomorrow:
            continue
        start = datetime.fromisoformat(schedule.due_on(entry)).replace(tzinfo=UTC)
        end = schedule.due_horizon(now)
        found += schedule.due_between([workflow], person, start, end)
        entry = schedule.next_due([workflow], person, end)
    surely_seen = first + timedelta(days=8 * 366 - 41)
    expected = {
        str(year): schedule.local_moment(
            schedule.celebrated(birthday.month, birthday.day, year) + timedelta(days=offset), at, zone
        )
        for year in range(2020, 2030)
    }
    assert len({due.occurrence for due in found}) == len(found)
    assert {due.occurrence for due in found} >= {
        year for year, moment in expected.items() if first <= moment < surely_seen
    }
    assert [due.moment for due in found] == [expected[due.occurrence] for due in found]


# ---- silences, and what is due ----


def test_a_silence_begins_its_length_after_the_last_event() -> None:
    """To the second; its occurrence is named by that event."""
    last = datetime(2026, 1, 1, 10, 30, tzinfo=UTC)
    person = Person(last={"order_placed": last})
    due = schedule.due_between([silences("60 days")], person, NOW - timedelta(days=30), NOW)
    assert due == [schedule.Due(last + timedelta(days=60), "win-back", "2026-01-01T10:30:00Z")]


def test_a_later_event_begins_another_silence() -> None:
    """The earlier one never comes."""
    workflow = silences("60 days")
    later = Person(last={"order_placed": datetime(2026, 2, 1, tzinfo=UTC)})
    assert schedule.due_between([workflow], later, NOW - timedelta(days=30), NOW) == []
    assert schedule.next_due([workflow], later, NOW) == datetime(2026, 4, 2, tzinfo=UTC)


def test_who_never_ordered_is_not_silent() -> None:
    """There is nothing to win back."""
    assert schedule.next_due([silences("60 days")], Person(), NOW) is None


def test_the_earliest_of_all_is_due_next() -> None:
    """Over all workflows; a moment that is just now counts."""
    person = Person(birthday="--04-01", last={"order_placed": NOW - timedelta(days=60)})
    assert schedule.next_due([birthdays(), silences("60 days")], person, NOW) == NOW
    assert schedule.next_due(
        [birthdays(), silences("60 days")], person, NOW + timedelta(seconds=1)
    ) == datetime(2026, 4, 1, 9, tzinfo=UTC)


def test_a_retired_workflow_is_never_due() -> None:
    """It starts nothing."""
    assert schedule.next_due([birthdays(retired=True)], Person(birthday="--04-01"), NOW) is None


def test_the_horizon_is_the_end_of_tomorrow() -> None:
    """Auckland's nine o'clock of the 3rd is 20:00 UTC of the 2nd: the run of the 1st must see it."""
    run = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
    assert schedule.due_horizon(run) == datetime(2026, 3, 3, tzinfo=UTC)
    auckland = schedule.local_moment(date(2026, 3, 3), time(9), ZoneInfo("Pacific/Auckland"))
    assert run < auckland < schedule.due_horizon(run)


def test_the_due_index_holds_utc_dates() -> None:
    """Whatever zone a moment is given in."""
    assert schedule.due_on(datetime(2026, 3, 3, 9, tzinfo=ZoneInfo("Pacific/Auckland"))) == "2026-03-02"
