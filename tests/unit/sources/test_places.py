"""Where a person lives, as each platform tells it: the country, and the state or province where it tells the clock."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.sources.bodies import CUSTOMER, ORDER, parse
from tests.unit.sources.woo_bodies import CUSTOMER as WOO_CUSTOMER
from tests.unit.sources.woo_bodies import ORDER as WOO_ORDER
from tests.unit.sources.woo_bodies import told
from tests.worlds import ANN, HOUR, NOW, World, event
from tidings.events import Event

CALIFORNIA = {
    "country_code": "US",
    "province_code": "CA",
    "province": "California",
    "country": "United States",
}


def home(found: Event) -> tuple[Any, Any]:
    """Country and region of an event."""
    return found.properties.get("country"), found.properties.get("region")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (CALIFORNIA, ("US", "CA")),
        ({"country": "US", "province_code": "TX"}, ("US", "TX")),
        ({**CALIFORNIA, "province_code": None}, ("US", None)),
        ({"country_code": "DE", "province_code": "BE"}, ("DE", None)),
        ({"province_code": "CA"}, (None, None)),
    ],
)
def test_shopifys_default_address_tells_the_region(address: dict[str, Any], place: tuple[Any, Any]) -> None:
    """By its code, in countries with several zones."""
    assert home(parse("customers/create", {**CUSTOMER, "default_address": address})) == place


def test_a_guests_region_is_that_of_the_address_whose_country_counts() -> None:
    """Where the parcel goes; the bill where that has no country."""
    guest = {**ORDER, "customer": None, "billing_address": CALIFORNIA}
    texas = {"country_code": "US", "province_code": "TX"}
    assert home(parse("orders/create", {**guest, "shipping_address": texas})) == ("US", "TX")
    assert home(parse("orders/create", {**guest, "shipping_address": {"province_code": "TX"}})) == (
        "US",
        "CA",
    )
    known = {**ORDER, "customer": {**CUSTOMER, "default_address": {"country_code": "DE"}}}
    assert home(parse("orders/create", {**known, "shipping_address": texas})) == ("DE", None)


def test_woocommerce_calls_it_state() -> None:
    """Of customers and orders, with the country's own address."""
    bill = {"first_name": "Ada", "country": "AU", "state": "WA", "email": "ada@example.com"}
    customer = told("customer.created", {**WOO_CUSTOMER, "billing": bill})["customer_registered"]
    order = told("order.created", {**WOO_ORDER, "billing": bill})["order_placed"]
    assert home(customer) == home(order) == ("AU", "WA")


def test_a_customer_lives_on_the_clock_of_their_region() -> None:
    """The latest word of each counts; a zone that they told goes before."""
    world, shop = World(), ZoneInfo("Europe/Berlin")
    world.happen(event("customer_registered", "1", at=NOW, country="US", region="CA", **ANN))
    assert world.only().zone(shop).key == "America/Los_Angeles"
    world.happen(event("profile_updated", "2", at=NOW + HOUR, country="GB", **ANN))
    assert world.only().zone(shop).key == "Europe/London"
    world.happen(event("profile_updated", "3", at=NOW, timezone="Asia/Seoul", **ANN))
    assert world.only().zone(shop).key == "Asia/Seoul"
