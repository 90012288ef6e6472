"""Links to pages in mails: signed for the recipient, for one purpose each, and nowhere when there are none."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.mails import letters, markup
from tests.worlds import ANN, NOW, SHOP, checkout, email, event, order
from tidings import doors
from tidings.errors import BadInput
from tidings.goods.wares import Item
from tidings.links import Doors, read_link
from tidings.mail import samples
from tidings.mail.compile import compile_mail
from tidings.mail.render import Mail

KEYS = {"k1": b"secret"}
ANNS = Doors("https://pages.example", "c1", email("ann@example.com"), "send1", KEYS)
TEAPOT = Item("Moss Teapot", None, 1, None, None, None, None, id="501")


def said(url: str | None, purpose: str) -> str:
    """What a link's token carries besides; it must be Ann's."""
    assert url is not None
    link = read_link(url.rpartition("/")[2], purpose, KEYS)
    assert (link.customer, link.address, link.send) == ("c1", email("ann@example.com"), "send1")
    return link.extra


def test_each_name_leads_to_its_page() -> None:
    """Signed for the customer, the address that gets the mail, and the mail."""
    names = doors.names(ANNS, checkout("t1", **ANN), SHOP)
    assert set(names) == set(doors.NAMES)
    assert said(names["preferences_url"], "preferences") == ""
    assert said(names["confirm_url"], "confirm") == ""
    assert said(names["form_url"]("birthday"), "form") == "birthday"
    assert names["preferences_url"].startswith("https://pages.example/pages/preferences/k1.")


def test_a_review_is_of_a_product_an_order_or_both() -> None:
    """As far as the event knows: ids of the shop's platform. What cannot be named cannot be reviewed."""
    bought = doors.names(ANNS, order("1001", at=NOW - timedelta(days=3), **ANN), SHOP)["review_url"]
    left = doors.names(ANNS, checkout("t1", **ANN), SHOP)["review_url"]
    assert said(left(TEAPOT), "review") == said(left("501"), "review") == "shopify:product:501"
    assert said(bought(), "review") == "shopify:order:1001"
    assert said(bought(TEAPOT), "review") == "shopify:product:501\tshopify:order:1001"
    assert left() is None
    assert left(None) is None


def test_a_yes_is_to_what_the_mails_event_is_about() -> None:
    """Whoever asked for a product confirms that, and no other."""
    asked = event("back_in_stock_requested", "b1", product_id="501", **ANN)
    assert said(doors.names(ANNS, asked, SHOP)["form_url"]("back-in-stock"), "form") == "back-in-stock:501"
    assert doors.names(None, asked, SHOP)["form_url"]("back-in-stock") is None


def test_a_mail_without_doors_names_none() -> None:
    """The names are there, and empty."""
    names = doors.names(None, order("1001", **ANN), SHOP)
    assert set(names) == set(doors.NAMES)
    assert (names["preferences_url"], names["confirm_url"]) == (None, None)
    assert (names["form_url"]("birthday"), names["review_url"](TEAPOT)) == (None, None)


def test_a_form_that_is_none_is_named_when_building(tmp_path: Path) -> None:
    """With the forms that there are."""
    (tmp_path / "flow" / "emails").mkdir(parents=True)
    for part in ("layout.mjml.j2", "partials"):
        (tmp_path / part).symlink_to(letters.WORKFLOWS / part)
    file = tmp_path / "flow" / "emails" / "mail.mjml.j2"
    body = '<mj-section><mj-column><mj-button href="{{ %s }}">Go</mj-button></mj-column></mj-section>'
    front = "---\nsubject: Hello\npreheader: Hello there\n---\n"
    file.write_text(front + body % "form_url('birthday')", "utf-8")
    assert "form_url" in compile_mail(file, letters.shop())["html"]
    file.write_text(front + body % "form_url('birthdy')", "utf-8")
    with pytest.raises(BadInput, match=r"no form 'birthdy' in shop\.yaml: birthday"):
        compile_mail(file, letters.shop())


@pytest.fixture(params=letters.names())
def mail(request: pytest.FixtureRequest) -> Mail:
    """Each of the project's mails, for a customer of whom all is known."""
    marketing = letters.is_marketing(request.param.partition("/")[0])
    return letters.send(request.param, samples.full(letters.shop(), marketing=marketing))


def test_every_mail_leads_to_its_readers_choices(mail: Mail) -> None:
    """Transactional ones, too: in HTML and in text, and SES does not reroute it."""
    url = samples.DOORS.url("preferences")
    assert url in markup.addresses(mail.html)
    assert url in mail.text
    assert f'ses:no-track href="{url}"' in mail.html
