"""Links to products say which product, so that a click does."""

import re
from collections.abc import Iterable, Mapping
from email import message_from_bytes, policy
from typing import Any

import pytest

from infra.local.mailworld import react
from tests.unit.feedback.office import Office, message
from tests.unit.local.test_mailworld import _mail as mail
from tests.unit.mails import letters
from tidings.clock import FixedClock
from tidings.customer import apply, new_customer
from tidings.events import Event
from tidings.mail import samples
from tidings.mail.letters import Composer
from tidings.mail.tagged import Shelf
from tidings.steps.sending import Letter
from tidings.workflow.load import load_workflow
from tidings.workflow.package import Package

SITE = "https://shop.example"
PICTURE = "https://cdn.example/cup.jpg"
CUP = {"shopify:product:44": {"title": "Cup", "url": "/products/cup", "image": PICTURE}}
TAGS = ' ses:tags="source:shopify;product:44"'


def tagged(html: str, products: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """The mail with its tags."""
    return Shelf(SITE, dict(CUP if products is None else products)).tagged(html)


@pytest.mark.parametrize(
    "rest",
    [
        f'class="x" href="{SITE}/products/cup" target="_blank"',
        f'href="{SITE}/products/cup?variant=1&amp;utm=2#top"',
        f'href="{SITE}/Products/cup/"',
    ],
)
def test_a_link_to_a_product_is_tagged(rest: str) -> None:
    """Whatever stands behind the address; nothing else in the mail changes."""
    html = f"<p>Hi</p><a {rest}>Cup</a>"
    assert tagged(html) == html.replace("<a ", f"<a{TAGS} ")


@pytest.mark.parametrize(
    "html",
    [
        f'<a href="{SITE}/products/cups">Cups</a>',
        f'<a href="{SITE}/cart">Cart</a>',
        f'<a ses:no-track href="{SITE}/products/cup">Cup</a>',
        f'<link href="{SITE}/products/cup">',
        '<a href="https://evil.example/products/cup">Cup</a>',
    ],
)
def test_any_other_link_stays_as_it_is(html: str) -> None:
    """Also one that asks not to be tracked."""
    assert tagged(html) == html


@pytest.mark.parametrize(
    "products",
    [
        {},
        {"rfm": {"url": "/products/cup"}},
        {"shopify:product:4 4": {"url": "/products/cup"}},
        {"shopify:product:44": {"url": "/products/cup", "status": "archived"}},
        {"shopify:product:44": {}},
    ],
)
def test_only_a_product_that_can_be_named_and_seen_is(products: Mapping[str, Mapping[str, Any]]) -> None:
    """SES takes letters, digits, dashes and underscores in a tag."""
    html = f'<a href="{SITE}/products/cup">Cup</a>'
    assert tagged(html, products) == html


def test_what_the_mail_recommends_is_tagged_too() -> None:
    """It is looked up while the mail is made."""

    def asked(ids: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
        return {each: CUP[each] for each in ids if each in CUP}

    shelf = Shelf(SITE, {}, asked)
    assert shelf.look_up is not None
    assert shelf.look_up(["shopify:product:44", "x"]) == CUP
    assert TAGS in shelf.tagged(f'<a href="{SITE}/products/cup">Cup</a>')
    assert Shelf(SITE, {}).look_up is None


def test_a_click_in_one_of_the_shops_mails_tells_its_product() -> None:
    """From the compiled mail through SES's tags to the event."""
    item = {"product_id": "44", "title": "Cup", "quantity": 1, "price": "9.00"}
    shop = letters.shop()
    about = letters.about({"items": [item], "total": "9.00"}, CUP)
    html = Shelf(shop.url, dict(CUP)).tagged(letters.send("abandoned-checkout/reminder", about).html)
    assert f"{TAGS} " in html
    clicks = [
        happened.told
        for number in range(200)
        for happened in react(mail(f"p{number}@example.com"), html, 5)
        if happened.kind == "Click"
    ]
    office = Office()
    for number, told in enumerate(clicks):
        office.record(message("Click", name=f"m{number}", **{**told, "timestamp": None}))
    found = {each.properties.get("product") for each in office.events.rows.values()}
    assert "shopify:product:44" in found


def test_the_composer_tags_what_it_sends() -> None:
    """The MIME that goes to SES holds the tags, and the tid behind the same link."""
    item = {"product_id": "44", "title": "Cup", "quantity": 1, "price": "9.00"}
    told = {"email": "ada@example.com", "items": [item], "total": "9.00", "currency": "EUR"}
    at = samples.NOW
    event = Event("e1", "checkout_started", at, at, "shopify", "shopify:customer:1", properties=told)
    name = "abandoned-checkout"
    mails = {
        each.partition("/")[2]: html for each, html in letters.compiled().items() if each.startswith(name)
    }
    flow = load_workflow(letters.WORKFLOWS / name).workflow
    package = Package.model_validate(
        {"workflow": name, "rev": "r1", "definition": flow, "shop": letters.shop(), "mails": mails}
    )
    ann = apply(new_customer("c1", event), event)
    letter = Letter(package, "reminder", ann, event, CUP, "ada@example.com", "email:a", "j1", 0, "s1")
    composer = Composer(
        "https://pages.example", lambda: {"k1": b"key"}, FixedClock(at), None, lambda: {"k1": b"key"}
    )
    body = message_from_bytes(composer(letter), policy=policy.default).get_body(("html",))
    assert body is not None
    (link, *_) = re.findall(r"<a[^>]* ses:tags=[^>]*>", body.get_content())
    assert TAGS in link
    assert "/products/cup?tid=" in link
