"""From what is known of a customer's place to a time zone."""

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(timezone: object, country: object, default: ZoneInfo) -> ZoneInfo:
    """The zone named `timezone` (IANA), else the only zone of `country` (ISO 3166 alpha-2), else `default`."""
    return _named(timezone) or _only_zone(country) or default


@lru_cache(maxsize=512)
def _named(timezone: object) -> ZoneInfo | None:
    try:
        return ZoneInfo(str(timezone)) if timezone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=512)
def _only_zone(country: object) -> ZoneInfo | None:
    """Countries with several zones give none: the shop's own is the better guess there."""
    if not country:
        return None
    from babel.core import get_global  # only where a customer names no zone: the tables are large

    zones = get_global("territory_zones").get(str(country).upper(), [])
    return _named(zones[0]) if len(zones) == 1 else None
