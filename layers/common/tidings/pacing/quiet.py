"""Quiet hours: when nobody wants to hear from a shop, on the clocks of the place where the recipient lives. Pure."""

import hashlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tidings.schedule import local_moment
from tidings.shop import QuietHours

DAY = timedelta(days=1)


def is_quiet(hours: QuietHours, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks of `zone` stand within the quiet hours at a moment; their end is not quiet any more."""
    clock = at.astimezone(zone).time()
    if hours.from_ < hours.to:
        return hours.from_ <= clock < hours.to
    return clock >= hours.from_ or clock < hours.to


def held_back(hours: QuietHours | None, at: datetime, zone: ZoneInfo, who: str) -> datetime:
    """The first moment (UTC) from `at` on at which this customer may be mailed.

    What waited through the night goes out within `spread` after it, each customer at a moment of their own, so that
    not all of a country wake in one second.
    """
    if hours is None or not is_quiet(hours, at, zone):
        return at
    end = _end(hours, at, zone)
    spread = end + timedelta(seconds=int(_share(who) * hours.spread.total_seconds()))
    return end if is_quiet(hours, spread, zone) else spread


def _end(hours: QuietHours, at: datetime, zone: ZoneInfo) -> datetime:
    """The first time after `at` that the clocks reach the end, or jump over it. Where they are put back and the end
    comes twice, the quiet lasts until the second."""
    today = at.astimezone(zone).date()
    days = [today + offset * DAY for offset in range(-1, 4)]
    ends = {local_moment(day, hours.to, zone) for day in days}
    ends |= {_second(datetime.combine(day, hours.to), zone) for day in days}
    return min(end for end in ends if end > at and not is_quiet(hours, end, zone))


def _second(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _share(who: str) -> float:
    """A number in [0, 1) of a customer's own, always the same."""
    digest = hashlib.sha256(f"{who}\nquiet".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
