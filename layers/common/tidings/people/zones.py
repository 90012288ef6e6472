"""From what is known of a customer's place to a time zone."""

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(timezone: object, country: object, region: object, default: ZoneInfo) -> ZoneInfo:
    """The zone named `timezone` (IANA), else that of the `region` (a state's or province's code) of a `country` (ISO
    3166 alpha-2) with several, else the country's; without any of these `default`, the shop's.

    Of a country with several zones, the shop's own is the better guess where the shop is in it; else it is that of most
    of its people.
    """
    return _named(timezone) or _of_region(country, region) or _of_country(country, default) or default


@lru_cache(maxsize=512)
def _named(timezone: object) -> ZoneInfo | None:
    try:
        return ZoneInfo(str(timezone)) if timezone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=512)
def _of_region(country: object, region: object) -> ZoneInfo | None:
    if not country or not region:
        return None
    from tidings.people.regions import REGIONS

    return _named(REGIONS.get((str(country).upper(), str(region).upper())))


@lru_cache(maxsize=512)
def _of_country(country: object, default: ZoneInfo) -> ZoneInfo | None:
    if not country:
        return None
    from babel.core import get_global  # only where a customer names no zone: the tables are large

    from tidings.people.regions import MAIN

    code = str(country).upper()
    zones = get_global("territory_zones").get(code, [])
    if len(zones) == 1:
        return _named(zones[0])
    return None if default.key in zones else _named(MAIN.get(code))
