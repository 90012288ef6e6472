"""What holds for every page that asks: languages, labels, escaping."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.serve_page.handler import to_request
from tests.unit.forms.corpus import collected
from tests.unit.forms.office import FORM, POT, Office
from tests.unit.mails.letters import WORKFLOWS
from tests.unit.tags import Tags
from tests.worlds import SHOP
from tidings.errors import Unavailable
from tidings.mail.catalogues import in_pages
from tidings.mail.messages import PAGES
from tidings.pages import PAGES as SERVED
from tidings.pages import Request

# ---- all of them ----

OPEN = [
    ("form", "survey", {}),
    ("form", "birthday", {}),
    ("form", "satisfaction", {}),
    ("form", "back-in-stock:501", {}),
    ("review", "shopify:product:501", {}),
    ("contact", "", {}),
    ("back-in-stock", "", {"product": "501"}),
]


@pytest.mark.parametrize(("page", "extra", "query"), OPEN, ids=[f"{page}-{extra}" for page, extra, _ in OPEN])
@pytest.mark.parametrize("language", ["ko", "ja", "zh-TW"])
def test_pages_speak_the_readers_language(
    page: str, extra: str, query: dict[str, str], language: str
) -> None:
    """All of it, the errors too."""
    office = Office()
    office.products.put("shopify:product:501", {**POT, "title": "急須"}, 1)
    office.pages = replace(office.pages, translations=in_pages(PAGES, SHOP, WORKFLOWS))
    token = office.link(page, extra) if extra else ""
    wrong = {"birthday_day": "31", "birthday_month": "2", "email": "x", "rating": "9", "score": "9"}
    shown = office.get(page, token, language, **query)
    body = urlencode(wrong).encode()
    refused = office.pages.serve(Request("POST", page, token, language, query, FORM, body, "203.0.113.7"))
    for each in (shown, refused):
        words = re.sub(r"<style>.*?</style>|<footer.*|<[^>]*>", " ", each.html, flags=re.DOTALL)
        words = words.replace(SHOP.name, "").replace(SHOP.support, "").replace("name@example.com", "")
        assert re.findall(r"[A-Za-z]{3,}", words) == []


def test_naughty_strings_stay_text_on_every_page() -> None:
    """Whatever is typed comes back escaped: no element, no attribute and no template of it."""
    strings = [*collected("blns.json"), *collected("ssti_jinja2_from_patt.json")]
    office = Office()
    plain = [tag for tag, _ in Tags(office.post("contact", {"email": "x", "name": "x"}).html).tags]
    for text in strings:
        page = office.post("contact", {"email": f"@{text}", "message": "", "name": text[:60]})
        assert page.status == 422
        tags = [tag for tag, _ in Tags(page.html).tags]
        assert tags == plain, text
        assert not any(name.startswith("on") for _, told in Tags(page.html).tags for name in told), text
        token = office.link("form", "satisfaction")
        page = office.post("form", {"comment": text, "score": text}, token)
        assert page.status in (200, 422)
        assert "<script" not in page.html.lower()


@pytest.mark.parametrize(("page", "extra", "query"), OPEN, ids=[f"{page}-{extra}" for page, extra, _ in OPEN])
def test_every_field_has_a_label_and_radios_a_legend(page: str, extra: str, query: dict[str, str]) -> None:
    """And no page has a script, or sends anywhere but to itself."""
    office = Office()
    html = office.get(page, office.link(page, extra) if extra else "", **query).html
    seen = Tags(html)
    labels = {told.get("for") for tag, told in seen.tags if tag == "label"}
    fields = [
        told
        for tag, told in seen.tags
        if tag in ("input", "select", "textarea") and told.get("type") != "hidden"
    ]
    for each in fields:
        if each.get("type") not in ("radio", "checkbox"):
            assert each.get("id") in labels
    ids = [told["id"] for _, told in seen.tags if "id" in told]
    assert len(ids) == len(set(ids))
    radios = [
        told for told in fields if told.get("type") in ("radio", "checkbox") and told.get("name") != "news"
    ]
    assert not radios or html.count("<legend>") >= len({told["name"] for told in radios})
    assert "<script" not in html
    assert [told.get("action") for tag, told in seen.tags if tag == "form"] == [None]


def test_an_outage_is_told() -> None:
    """The pages answer 503 with what was typed, and raise nothing."""
    office = Office()

    def fail(products: Any) -> Any:
        raise Unavailable("down")

    office.pages = replace(office.pages, stores=replace(office.pages.stores, look_up=fail))
    assert office.get("review", office.link("review", "shopify:product:501")).status == 503


@pytest.mark.parametrize(
    "host", ["x;form-action", "x,y", "x;script-src%20*", "x'*", "x:1;y", "ann@x", "[::1];y"]
)
def test_a_pictures_address_adds_nothing_to_the_policy(host: str) -> None:
    """What ends a word in the policy stands in no host: such a picture is left out."""
    office = Office()
    office.products.put("shopify:product:501", {**POT, "image": f"https://{host}/pot.jpg"}, 1)
    page = office.get("back-in-stock", product="501")
    assert "img-src 'none'; form-action 'self'; base-uri" in page.headers["content-security-policy"]
    assert "pot.jpg" not in page.html


WHATEVER = st.text(st.characters(), max_size=20) | st.sampled_from(
    ["501", "shopify:\ud800", "5", "ko", "::1%0"]
)
ASKED = st.sampled_from(["lang", "product", "rating", "score"]) | WHATEVER
SENT = st.sampled_from(
    [
        "email", "name", "message", "news", "showing", "website", "birthday_day", "birthday_month", "birthday_year",
        "interests", "reward", "score", "rating", "text", "comment", "topic", "frequency", "do", "shown",
    ]
)  # fmt: skip
SAID = WHATEVER | st.sampled_from(
    ["ann@example.com", "weekly", "paused", "nothing", "31", "2", "9" * 50, "1-2"]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(),
    page=st.sampled_from(sorted(SERVED)),
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
)
def test_whatever_is_asked_is_answered(data: st.DataObject, page: str, method: str) -> None:
    """Never with an error of ours: the page can be written, its headers hold one line each."""
    office, purpose = Office(), SERVED[page].purpose
    extra = {"form": "survey", "review": "shopify:product:501"}.get(page, "")
    good = office.link(purpose, extra) if purpose else ""
    sent = data.draw(st.lists(st.tuples(SENT, SAID), max_size=8))
    gateway = {
        "requestContext": {"http": {"method": method, "sourceIp": data.draw(WHATEVER)}},
        "headers": {
            "accept-language": data.draw(WHATEVER),
            "content-type": data.draw(st.just(FORM) | WHATEVER),
        },
        "pathParameters": {"page": page, "token": data.draw(st.just(good) | WHATEVER)},
        "queryStringParameters": data.draw(st.dictionaries(ASKED, WHATEVER, max_size=3)),
        "body": urlencode([(name, text.encode("utf-8", "surrogatepass")) for name, text in sent]),
    }
    answer = office.pages.serve(to_request(gateway))
    assert answer.status in (200, 400, 404, 413, 422, 429)
    assert answer.html.encode() or method == "HEAD"
    assert all("\n" not in value for value in answer.headers.values())
