"""Forms on a stack of their own: what people post becomes events, which begin and answer workflows."""

import re
import shutil
import time
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

import pytest

from infra.local.options import DEFAULT_SPEED, ROOT, Options, free_ports
from infra.local.outputs import Outputs
from infra.local.stack import Stack
from tests.e2e.helpers.shop import Answer, Shop, eventually
from tests.e2e.test_journey import message
from tidings.forms.limits import TO_ONE_ADDRESS
from tidings.forms.stamp import QUICKEST
from tidings.links import Link, make_link, parse_keys
from tidings.workflow import build

KEPT = ("back-in-stock", "confirm-subscription", "lead-follow-up")
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, options: Options) -> Iterator[Shop]:
    """A shop with the workflows that forms begin."""
    home = tmp_path_factory.mktemp("forms")
    others = {path.parent.name for path in (ROOT / "workflows").glob("*/workflow.yaml")} - set(KEPT)
    shutil.copytree(ROOT / "workflows", home / "workflows", ignore=shutil.ignore_patterns(*others))
    port, inbox_port = free_ports(2)
    own = Options(
        port=port, inbox_port=inbox_port, speed=DEFAULT_SPEED, origin=options.origin, directory=home / "local",
        build=home / "build", run=home / "run", machines=home / "workflows.yaml",
    )  # fmt: skip
    given = ["--workflows", str(home / "workflows"), "--out", str(own.build), "--template", str(own.machines)]
    assert build.main(given) == 0
    running = Stack(own)
    running.up()
    yield Shop(Outputs.read(own.outputs))
    running.down()


def url(site: Shop, page: str) -> str:
    """The address of a page."""
    return f"{site.outputs.text('api_url')}/pages/{page}"


def post(site: Shop, address: str, **told: str) -> Answer:
    """Open a page, take a person's time, and send its form."""
    shown = site.call("GET", address)
    assert shown.status == 200
    stamp = re.search(r'name="showing" value="([^"]+)"', shown.body.decode())
    assert stamp
    time.sleep(QUICKEST + 0.5)
    return site.call("POST", address, urlencode({"showing": stamp[1], **told}).encode(), FORM)


def link_in(site: Shop, email: str, mail: str, page: str) -> str:
    """The link to a page in somebody's mail."""
    html = message(site, site.mail(email, mail)).get_body(("html",))
    assert html is not None
    found = re.search(rf'href="(http://[^"]+/pages/{page}/[^"]+)"', html.get_content())
    assert found
    return unescape(found[1])


def stocked(site: Shop, pieces: int) -> None:
    """The shop's webhook says how many teapots there are."""
    variants = [{"price": "64.00", "inventory_quantity": pieces}]
    body = {
        "id": 7501,
        "title": "Moss Teapot",
        "handle": "moss-teapot",
        "status": "active",
        "variants": variants,
    }
    assert site.deliver("products/update", {**body, "updated_at": site.now.isoformat()}).status == 200
    site.settle()


def test_a_message_becomes_a_lead_and_a_tick_a_question_to_the_addresss_owner(site: Shop) -> None:
    """Nothing but the question is sent before they confirm; then the follow-up goes."""
    email = "lead@forms.example"
    told = {"email": email, "message": "Does it pour?", "news": "yes"}
    assert post(site, url(site, "contact"), **told).status == 200
    customer = eventually("the lead", lambda: site.customer(email=email))
    assert not customer.consent
    confirm = link_in(site, email, "confirm", "confirm")
    assert [row["step"] for row in site.mails(email)] == ["confirm"]
    assert site.call("POST", confirm, b"", FORM).status == 200
    assert site.mail(email, "answer")
    assert "Does it pour?" not in message(site, site.mail(email, "answer")).as_string()
    types = [event.type for event in site.events_of(site.alias(email=email))]
    assert sorted(types) == ["lead_captured", "opt_in_requested"]


def test_nobody_can_be_flooded_in_their_name(site: Shop) -> None:
    """After so many messages the page says so, with what was typed; a script that never opened it gets nowhere."""
    told = {"email": "victim@forms.example", "name": "Eve"}
    for number in range(TO_ONE_ADDRESS):
        assert post(site, url(site, "contact"), message=f"Hello {number}", **told).status == 200
    full = post(site, url(site, "contact"), message="once more", **told)
    assert full.status == 429
    assert "once more" in full.body.decode()
    raw = urlencode({"message": "x", **told}).encode()
    assert site.call("POST", url(site, "contact"), raw, FORM).status == 422
    assert len(site.events_of(site.alias(email=told["email"]))) == TO_ONE_ADDRESS


def test_whoever_asks_for_a_product_is_told_when_it_is_back(site: Shop) -> None:
    """A form, the mail that asks whether it was they, the form behind its link, the shop's webhook, the mail."""
    email = "waits@forms.example"
    page = url(site, "back-in-stock?product=shopify:7501")
    stocked(site, 0)
    assert post(site, page, email=email).status == 200
    yes = link_in(site, email, "was-it-you", "form")
    assert site.call("GET", yes).status == 200, "as a scanner follows it"
    assert post(site, yes).status == 200
    customer = site.known(email=email)
    eventually("the answer", lambda: "form_answered" in site.known(email=email).last)
    site.settle()
    stocked(site, 0)
    assert [row["step"] for row in site.mails(email)] == ["was-it-you"]
    stocked(site, 12)
    assert "Moss Teapot" in str(message(site, site.mail(email, "back-in-stock"))["Subject"])
    assert eventually("its journey", lambda: site.journey("back-in-stock", customer.id))
    assert "Moss Teapot is in stock" in site.call("GET", page).body.decode()


def test_a_posted_survey_becomes_the_profile(site: Shop) -> None:
    """By a signed link; posted twice it is one fact. A link for another customer's form cannot be made from it."""
    email = "asked@forms.example"
    assert site.tell("customer_registered", site.now, "asked", customer={"email": email}).status == 200
    customer = eventually("the customer", lambda: site.customer(email=email))
    name = f"{site.outputs.text('parameter_prefix')}/keys/links"
    keys = site.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    link = Link("form", customer.id, site.alias(email=email), "send1", "survey")
    address = url(site, f"form/{make_link(link, parse_keys(keys.split()))}")
    told = {
        "birthday_day": "29",
        "birthday_month": "2",
        "interests": "making",
        "reward": "gift",
        "showing": "x",
    }
    raw = urlencode(told).encode()
    assert [site.call("POST", address, raw, FORM).status for _ in range(2)] == [200, 200]
    eventually("the birthday", lambda: site.known(email=email).birthday == "--02-29")
    assert site.known(email=email).get("field.interests") == ["making"]
    assert len(site.events_of(f"customer:{customer.id}")) == 1
    assert site.call("POST", address[:-1], raw, FORM).status == 404
