"""Whose clock: the told zone, the state or province, the country, the shop."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest
from babel.core import get_global

from tidings.people.regions import MAIN, REGIONS
from tidings.people.zones import zone_of
from tidings.sources.reading import REGIONAL, place, region

NEW_YORK, BERLIN, UTC_ZONE = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("timezone", "country", "part", "shop", "zone"),
    [
        ("Asia/Seoul", "US", "CA", NEW_YORK, "Asia/Seoul"),
        ("Nowhere/Land", "US", "CA", NEW_YORK, "America/Los_Angeles"),
        (None, "US", "CA", NEW_YORK, "America/Los_Angeles"),
        (None, "us", "hi", NEW_YORK, "Pacific/Honolulu"),
        (None, "AU", "WA", NEW_YORK, "Australia/Perth"),
        (None, "CA", "BC", NEW_YORK, "America/Vancouver"),
        (None, "MX", "BC", NEW_YORK, "America/Tijuana"),
        (None, "BR", "AM", NEW_YORK, "America/Manaus"),
        (None, "RU", "KAM", NEW_YORK, "Asia/Kamchatka"),
        (None, "ID", "BA", NEW_YORK, "Asia/Makassar"),
        (None, "BR", "SP", NEW_YORK, "America/Sao_Paulo"),
        (None, "US", "AE", NEW_YORK, "America/New_York"),
        (None, "US", None, ZoneInfo("America/Chicago"), "America/Chicago"),
        (None, "US", None, BERLIN, "America/New_York"),
        (None, "DE", None, NEW_YORK, "Europe/Berlin"),
        (None, "ES", "GC", NEW_YORK, "Atlantic/Canary"),
        (None, "JP", "CA", NEW_YORK, "Asia/Tokyo"),
        (None, None, "CA", NEW_YORK, "America/New_York"),
        (None, "XX", None, UTC_ZONE, "UTC"),
    ],
)
def test_the_most_that_is_known_tells_the_zone(
    timezone: str | None, country: str | None, part: str | None, shop: ZoneInfo, zone: str
) -> None:
    """A region is one of its country; in a country of several zones the shop's own counts where the shop is there."""
    assert zone_of(timezone, country, part, shop).key == zone


def test_every_zone_of_the_table_exists_and_lies_in_its_country() -> None:
    """A slip in the table would silently be no zone at all. Territories with a code of their own are the exception."""
    zones, own = get_global("territory_zones"), {"PR", "VI", "GU", "MP", "AS"}
    for (country, part), zone in REGIONS.items():
        assert zone in available_timezones()
        assert part in own or zone in zones[country], (country, part, zone)
    assert all(zone in zones[country] and len(zones[country]) > 1 for country, zone in MAIN.items())


def test_each_country_of_several_zones_has_its_regions_kept() -> None:
    """What the sources put in, and what the table reads, are the same countries."""
    assert {country for country, _ in REGIONS} == REGIONAL


def test_all_of_north_america_and_australia_is_in_the_table() -> None:
    """Fifty states and the capital, ten provinces and three territories, eight of Australia."""
    of = {country: {part for each, part in REGIONS if each == country} for country in ("US", "CA", "AU")}
    assert len(of["US"] - {"PR", "VI", "GU", "MP", "AS"}) == 51
    assert (len(of["CA"]), len(of["AU"])) == (13, 8)


def test_a_table_of_offsets_that_anybody_can_check() -> None:
    """Noon UTC in July, on the clocks of some states."""
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    hours = {"NY": 8, "TX": 7, "CO": 6, "AZ": 5, "CA": 5, "AK": 4, "HI": 2}
    found = {part: noon.astimezone(zone_of(None, "US", part, BERLIN)).hour for part in hours}
    assert found == hours


@pytest.mark.parametrize(
    ("told", "code"),
    [("CA", "CA"), ("ca", "CA"), ("US-CA", "CA"), ("Q ROO", "QROO"), ("PT-20", "20"), ("NSW", "NSW")],
)
def test_a_region_is_its_code(told: str, code: str) -> None:
    """However the platform writes it."""
    assert region(told) == code


@pytest.mark.parametrize(
    "told", ["", "-", "California Republic", "カ", "<b>", None, 7, ["CA"], {"code": "CA"}]
)
def test_what_is_no_code_is_no_region(told: object) -> None:
    """Names and nonsense are passed over."""
    assert region(told) is None


def test_a_region_is_kept_with_its_own_country_and_only_where_it_matters() -> None:
    """The first address with a country tells both."""
    assert place(("GB", "ENG"), ("US", "CA")) == {"country": "GB", "region": None}
    assert place((None, "CA"), ("US", "NY")) == {"country": "US", "region": "NY"}
    assert place((None, "CA")) == {"country": None, "region": None}
