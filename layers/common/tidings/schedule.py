"""Time: waits, local times of day, birthdays, silences, and when a customer is due. Pure, and asks no clock.

Moments are aware datetimes in UTC; windows are half open, `start <= moment < end`, so that the windows of one
run after another leave nothing out and count nothing twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from tidings.durations import format_duration as format_duration
from tidings.durations import parse_duration as parse_duration
from tidings.workflow.model import (
    LENIENT,
    WEEKDAYS,
    DateTrigger,
    InactiveTrigger,
    WaitFor,
    WaitQuiet,
    WaitStep,
    WaitUntil,
    WaitWeekday,
    Workflow,
)

Zone = ZoneInfo
"""A time zone of the IANA database."""

DAY = timedelta(days=1)

LONGEST_UNTIL: Final = timedelta(days=180)
"""The longest that an `until` waits: an execution ends after a year, and a fact may name any moment."""


class CustomerView(Protocol):
    """What the calendar needs to know of a customer."""

    def date(self, name: str) -> str | None:
        """A date of theirs, as a date trigger names it: `YYYY-MM-DD` or `--MM-DD`, on their own calendar."""
        ...

    @property
    def zone(self) -> Zone:
        """The recipient's time zone."""
        ...

    @property
    def last(self) -> Mapping[str, datetime]:
        """The time of the last event of each type."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A customer's occurrence of a workflow's trigger: `occurrence` names it, and enters once."""

    moment: datetime
    workflow: str
    occurrence: str


# ---- local times and waits ----


def local_moment(day: date, at: time, zone: Zone) -> datetime:
    """The moment (UTC) at which the clocks of `zone` show `at` on `day`.

    A time that comes twice (clocks go back) is the first one; a time that never comes (clocks go forward) is
    the first moment after the gap, which for a day that a zone left out altogether is the next midnight.
    """
    wall = datetime.combine(day, at, zone)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    # In a gap the wall time lies before the change when read with the later offset, else after it.
    after = wall.replace(fold=1).utcoffset()
    before_change, change = wall.replace(fold=1).astimezone(UTC), moment
    while change - before_change > timedelta(seconds=1):
        middle = before_change + timedelta(seconds=(change - before_change) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == after:
            change = middle
        else:
            before_change = middle
    return change


def next_local(at: time, since: datetime, zone: Zone) -> datetime:
    """The first moment (UTC) at or after `since` that is `at` on the clocks of `zone`."""
    today = since.astimezone(zone).date()
    days = (today + timedelta(days=offset) for offset in range(-1, 4))
    return next(moment for day in days if (moment := local_moment(day, at, zone)) >= since)


def wait_end(
    waits: WaitStep | Iterable[WaitStep],
    since: datetime,
    zone: Zone,
    names: Mapping[str, Any] | None = None,
    last: Mapping[str, datetime] | None = None,
) -> datetime:
    """The moment (UTC) at which these waits, one after the other from `since`, are over.

    `names` is what the expression of an `until` may name; `last` the time of the latest event of each type, from
    which a wait with `after_last` starts again.
    """
    moment = since.astimezone(UTC)
    for step in (waits,) if isinstance(waits, WaitStep) else waits:
        match step.wait:
            case WaitFor(for_=length, then_at=at):
                moment += length
                moment = moment if at is None else next_local(at, moment - lenience(length), zone)
            case WaitQuiet(for_=length, after_last=event):
                moment = max(moment, (last or {}).get(event, moment)) + length
            case WaitWeekday(until=weekday, at=at):
                moment = next_weekday(WEEKDAYS.index(weekday), at, moment, zone)
            case WaitUntil() as wait:
                end = until_moment(wait, names or {}, zone)
                moment = max(moment, min(end or moment, moment + LONGEST_UNTIL))
    return moment


def lenience(length: timedelta) -> timedelta:
    """How much shorter than told a wait may be that leads on to a time of day.

    A mail of ten o'clock goes some seconds past ten, or minutes when the quiet hours ended then; a day later at ten is
    meant to be the next day.
    """
    return min(LENIENT, length / 4)


def wait_seconds(
    waits: WaitStep | Iterable[WaitStep],
    since: datetime,
    now: datetime,
    zone: Zone,
    names: Mapping[str, Any] | None = None,
    last: Mapping[str, datetime] | None = None,
) -> int:
    """Whole seconds from `now` until these waits, counted from `since`, are over; rounded up, at least 0."""
    return max(0, ceil((wait_end(waits, since, zone, names, last) - now).total_seconds()))


def wait_least(waits: Iterable[WaitStep]) -> timedelta:
    """The least time that these waits take: no weekday or moment makes them shorter, a time of day a little."""
    total = timedelta(0)
    for step in waits:
        match step.wait:
            case WaitFor(for_=length, then_at=at):
                total += length if at is None else length - lenience(length)
            case WaitQuiet(for_=length):
                total += length
    return total


def wait_most(waits: Iterable[WaitStep]) -> timedelta:
    """The most time that these waits take, when nothing starts one with `after_last` again."""
    total = timedelta(0)
    for step in waits:
        match step.wait:
            case WaitFor(for_=length, then_at=at):
                total += length + (DAY if at else timedelta(0))
            case WaitQuiet(for_=length):
                total += length
            case WaitWeekday():
                total += 7 * DAY
            case WaitUntil():
                total += LONGEST_UNTIL
    return total


def next_weekday(weekday: int, at: time, since: datetime, zone: Zone) -> datetime:
    """The first moment (UTC) at or after `since` that is `at` on such a day (0 is Monday) in `zone`."""
    today = since.astimezone(zone).date()
    days = (today + timedelta(days=offset) for offset in range(-1, 16))
    return next(
        moment
        for day in days
        if day.weekday() == weekday and (moment := local_moment(day, at, zone)) >= since
    )


def until_moment(wait: WaitUntil, names: Mapping[str, Any], zone: Zone) -> datetime | None:
    """The moment (UTC) that an `until` means; None when its expression gives no day and no moment.

    A day, or any `at`, counts in calendar days and local times; a moment without `at` in exact lengths.
    """
    from tidings.expressions import ExpressionError, evaluate  # most waits need no expressions

    try:
        found = _day_or_moment(evaluate(wait.until, names))
        if isinstance(found, datetime) and wait.at is None:
            return found.astimezone(UTC) + wait.offset
        if found is None:
            return None
        day = found.astimezone(zone).date() if isinstance(found, datetime) else found
        return local_moment(day + wait.offset, wait.at or time(9), zone)
    except (ExpressionError, OverflowError):
        return None


def _day_or_moment(value: object) -> date | datetime | None:
    """A day or an aware moment, also as ISO 8601 text."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value if value.tzinfo else None
    return value if isinstance(value, date) else None


# ---- birthdays and silences ----


def parse_birthday(text: str | None) -> tuple[int | None, int, int] | None:
    """(year or None, month, day) of `YYYY-MM-DD` or `--MM-DD`; None for what is no date."""
    if not text:
        return None
    # 2000 had a 29 February.
    full = f"2000{text[1:]}" if text.startswith("--") else text
    try:
        parsed = datetime.strptime(full, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return (None if text.startswith("--") else parsed.year), parsed.month, parsed.day


def celebrated(month: int, day: int, year: int) -> date:
    """The day on which a birthday is celebrated in `year`: 29 February on the 28th where there is no 29th.

    The 28th rather than 1 March, so that it stays in its month and never comes late.
    """
    if (month, day) == (2, 29) and not (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)):
        return date(year, 2, 28)
    return date(year, month, day)


def date_moments(
    birthday: str | None,
    offset: timedelta,
    at: time,
    zone: Zone,
    start: datetime,
    end: datetime,
    first: int = 1,
) -> list[tuple[str, datetime]]:
    """(occurrence, moment) of each birthday whose moment, `offset` days on at `at`, lies in the window.

    The occurrence is the year celebrated, so that a corrected birthday is not congratulated twice in a year.
    `first` is the anniversary that counts first: the year of birth itself has none.
    """
    parsed = parse_birthday(birthday)
    if parsed is None:
        return []
    born, month, day = parsed
    found = []
    for year in range(max((start - offset).year - 1, (born or 0) + first), (end - offset).year + 2):
        moment = local_moment(celebrated(month, day, year) + offset, at, zone)
        if start <= moment < end:
            found.append((str(year), moment))
    return found


def inactive_moment(last_at: datetime, for_: timedelta) -> datetime:
    """The moment (UTC) from which a customer counts as silent for that long."""
    return last_at.astimezone(UTC) + for_


# ---- who is due, and when ----


def occurrences(workflow: Workflow, customer: CustomerView, start: datetime, end: datetime) -> Iterator[Due]:
    """What the calendar brings this customer in this workflow with `start <= moment < end`."""
    match workflow.trigger:
        case DateTrigger(date=name, offset=offset, at=at):
            # A date of the shop's own may lie ahead; then its own year is the first.
            first, told = 0 if name.startswith("fields.") else 1, customer.date(name)
            for key, moment in date_moments(told, offset, at, customer.zone, start, end, first):
                yield Due(moment, workflow.id, key)
        case InactiveTrigger(inactive=event, for_=length):
            last_at = customer.last.get(event)
            if last_at is not None and start <= (moment := inactive_moment(last_at, length)) < end:
                # The silence is named by what it began with: a later event begins another one.
                yield Due(moment, workflow.id, f"{last_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")


def due_between(
    workflows: Iterable[Workflow], customer: CustomerView, start: datetime, end: datetime
) -> list[Due]:
    """Every occurrence with `start <= moment < end`, earliest first; a retired workflow has none."""
    return sorted(
        due for each in workflows if not each.retired for due in occurrences(each, customer, start, end)
    )


def next_due(workflows: Iterable[Workflow], customer: CustomerView, after: datetime) -> datetime | None:
    """The earliest moment at or after `after` at which something is due to this customer, or None.

    Three years hold every yearly date whatever its offset; a silence has only one moment.
    """
    return min(
        (due.moment for due in due_between(workflows, customer, after, after + 1096 * DAY)), default=None
    )


def due_horizon(now: datetime) -> datetime:
    """The end (exclusive) of what a daily run at `now` looks at: the midnight UTC that ends tomorrow.

    The run at 00:05 UTC must already see Auckland's nine o'clock of the next local day.
    """
    return datetime.combine(now.astimezone(UTC).date() + 2 * DAY, time(0), UTC)


def due_on(moment: datetime) -> str:
    """The UTC date of a moment, `YYYY-MM-DD`: the sort key of the due index."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
