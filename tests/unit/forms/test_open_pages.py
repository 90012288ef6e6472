"""The pages that anybody may send: the contact form, and back in stock."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests import fakes
from tests.unit.forms.office import KEYS, LETTER, POT, Office
from tests.unit.tags import Tags
from tests.worlds import KEY, NOW, SHOP, email
from tidings.forms.limits import FROM_ONE_PLACE, IN_ALL, TO_ONE_ADDRESS
from tidings.pages import Stores

# ---- the contact form ----


def test_a_message_is_a_lead() -> None:
    """Of a contact address; without the box ticked nothing is asked of anybody."""
    office = Office()
    page = office.write(LETTER)
    assert page.status == 200
    assert "We have your message" in page.html
    (lead,) = office.told
    assert (lead.type, lead.identity) == ("lead_captured", email("ann@example.com"))
    assert lead.properties["message"] == "Does it pour?"
    assert lead.properties["contact_email"] == "ann@example.com"


def test_the_box_is_not_ticked_and_asks_for_a_confirmation_when_it_is() -> None:
    """Consent is a box of its own."""
    office = Office()
    (box,) = Tags(office.get("contact").html).named("news")
    assert "checked" not in box
    page = office.write({**LETTER, "news": "yes"})
    assert [event.type for event in office.told] == ["lead_captured", "opt_in_requested"]
    assert "in which you confirm" in page.html


def test_a_message_sent_twice_is_one() -> None:
    """A double click, and a second attempt after an outage at either write."""
    for at in (1, 2):
        for after in (False, True):
            office = Office(fakes.Faults(at=at, after=after))
            showing = Tags(office.get("contact").html).showing
            office.clock.advance(timedelta(seconds=9))
            told = {**LETTER, "news": "yes", "showing": showing}
            assert office.post("contact", told).status == 503
            for _ in range(2):
                assert office.post("contact", told).status == 200
            assert [event.type for event in office.told] == ["lead_captured", "opt_in_requested"]


def test_a_machine_is_thanked_and_nothing_is_kept() -> None:
    """Whoever fills in the field that people neither see nor hear of, nor come to with the keyboard."""
    office = Office()
    seen = Tags(office.get("contact").html)
    (trap,) = seen.named("website")
    assert trap["tabindex"] == "-1"
    assert trap["autocomplete"] == "off"
    assert [told for tag, told in seen.tags if told.get("class") == "trap"] == [
        {"class": "trap", "aria-hidden": "true"}
    ]
    assert ".trap { display: none }" in office.get("contact").html
    page = office.write({**LETTER, "website": "https://spam.example"})
    assert (page.status, office.told, office.limits.rows) == (200, [], {})
    assert "We have your message" in page.html


@pytest.mark.parametrize(("after", "status"), [(0, 422), (1.5, 422), (2, 200), (86_000, 200), (86_401, 422)])
def test_a_form_is_taken_from_a_fresh_page_and_a_person(after: float, status: int) -> None:
    """Under two seconds, and after a day, it comes back with what was typed; the second attempt goes through."""
    office = Office()
    page = office.write(LETTER, after=after)
    assert page.status == status
    assert len(office.told) == (status == 200)
    if status == 422:
        assert "Does it pour?" in page.html
        office.clock.advance(timedelta(seconds=5))
        again = office.post("contact", {**LETTER, "showing": Tags(page.html).showing})
        assert again.status == 200
        assert len(office.told) == 1


@pytest.mark.parametrize("showing", ["", "1773144000-aa-bb", "<script>"])
def test_a_form_without_our_stamp_comes_back(showing: str) -> None:
    """A script that never opened the page; nothing is lost for a person whose browser lost it."""
    office = Office()
    page = office.post("contact", {**LETTER, "showing": showing})
    assert (page.status, office.told) == (422, [])
    assert "Does it pour?" in page.html
    assert "<script" not in page.html


def test_too_many_messages_are_told_so_and_lose_nothing() -> None:
    """From one place, in one address's name, and in all; the page says when to come again."""
    office = Office()
    for number in range(FROM_ONE_PLACE):
        assert office.write({**LETTER, "email": f"a{number}@example.com"}).status == 200
    page = office.write({**LETTER, "email": "z@example.com"})
    assert page.status == 429
    assert page.headers["retry-after"] == "3600"
    assert "Does it pour?" in page.html
    assert 'value="z@example.com"' in page.html
    assert office.write({**LETTER, "email": "z@example.com"}, origin="203.0.113.8").status == 200
    office = Office()
    found = [
        office.write(LETTER, origin=f"203.0.113.{number}").status for number in range(TO_ONE_ADDRESS + 1)
    ]
    assert found == [200] * TO_ONE_ADDRESS + [429]
    office = Office()
    office.limits.rows = dict.fromkeys([f"contact:all:{int(NOW.timestamp()) // 3600}"], IN_ALL)
    assert office.write(LETTER).status == 429


def test_no_address_is_kept_to_count_by() -> None:
    """Neither of the network nor of the person: keyed hashes, for a while."""
    office = Office()
    office.write(LETTER)
    assert len(office.limits.rows) == 3
    assert not any("203.0.113.7" in key or "example.com" in key for key in office.limits.rows)
    assert all(until <= NOW.timestamp() + 26 * 3600 for until in office.limits.until.values())


def test_where_nobody_counts_nobody_is_let_in() -> None:
    """Pages without limits take nothing that anybody may send."""
    office = Office()
    bare = Stores(
        office.events, fakes.FakeSuppressions(), fakes.FakeCustomers(), lambda: KEYS, address_key=lambda: KEY
    )
    office.pages = replace(office.pages, stores=bare)
    assert office.write(LETTER).status == 429


def test_errors_of_the_contact_form() -> None:
    """Each field's own; what was typed is still there."""
    office = Office()
    page = office.write({"email": "ann@", "message": "", "name": "Ann", "news": "yes"})
    seen = Tags(page.html)
    assert page.status == 422
    assert [
        told["href"] for tag, told in seen.tags if tag == "a" and str(told.get("href")).startswith("#")
    ] == [
        "#email",
        "#message",
    ]
    assert seen.named("email")[0]["value"] == "ann@"
    assert seen.named("email")[0]["aria-invalid"] == "true"
    assert "checked" in seen.named("news")[0]
    assert office.told == []
    assert office.limits.rows == {}


# ---- back in stock ----


def test_a_product_that_is_sold_out_can_be_asked_for() -> None:
    """By an address; the event names the product at its platform."""
    office = Office()
    query = {"product": "shopify:501"}
    assert "Hear when Moss Teapot is back" in office.get("back-in-stock", **query).html
    assert office.write({"email": "ann@example.com"}, "back-in-stock", query=query).status == 200
    (event,) = office.told
    assert (event.type, event.source, event.identity) == (
        "back_in_stock_requested",
        "shopify",
        email("ann@example.com"),
    )
    assert event.properties["product_id"] == "501"
    assert office.write({"email": "x"}, "back-in-stock", query=query).status == 422
    assert (
        office.write({"email": "b@example.com", "website": "x"}, "back-in-stock", query=query).status == 200
    )
    assert len(office.told) == 1


def test_a_product_that_is_there_needs_no_waiting() -> None:
    """The page leads to it; a form sent all the same keeps nothing."""
    office = Office()
    office.products.put("shopify:product:501", {**POT, "inventory": 3}, 1)
    page = office.get("back-in-stock", product="501")
    assert "Moss Teapot is in stock" in page.html
    assert f'href="{SHOP.url.rstrip("/")}/p/501"' in page.html
    office.post("back-in-stock", {"email": "ann@example.com"}, query={"product": "501"})
    assert office.told == []


@pytest.mark.parametrize(
    "product", ["", "502", "shopify:", "evil:501", "shopify:product:501", "x" * 500, "<b>"]
)
def test_only_the_shops_products_can_be_asked_for(product: str) -> None:
    """Anything else is 404, to GET and POST alike."""
    office = Office()
    assert office.get("back-in-stock", product=product).status == 404
    told = {"email": "ann@example.com"}
    assert office.post("back-in-stock", told, query={"product": product}).status == 404
    assert office.told == []
