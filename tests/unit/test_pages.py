"""The pages behind links: GET asks, POST acts, and what is forged finds nothing."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from tests import fakes
from tests.unit.forms.corpus import listed
from tests.unit.mails.letters import WORKFLOWS
from tests.unit.tags import Tags
from tests.worlds import ANN, NOW, SHOP, World, checkout, email, event, subscribed
from tidings.clock import FixedClock
from tidings.customer import epoch
from tidings.errors import Unavailable
from tidings.links import PURPOSES, UNSUBSCRIBE, Link, make_link
from tidings.mail.catalogues import in_pages
from tidings.mail.messages import PAGES
from tidings.pages import PAGES as SERVED
from tidings.pages import Pages, Request, Stores
from tidings.pages.look import Page

KEYS = {"k1": b"secret"}
HOUR = timedelta(hours=1)


class Office:
    """Pages on fakes, and the links in Ann's mail."""

    def __init__(self, faults: fakes.Faults | None = None) -> None:
        self.faults = faults or fakes.Faults()
        self.events = fakes.FakeEvents(self.faults)
        self.suppressions = fakes.FakeSuppressions(self.faults)
        self.clock = FixedClock(NOW)
        stores = Stores(self.events, self.suppressions, fakes.FakeCustomers(), lambda: KEYS)
        self.pages = Pages(stores, SHOP, self.clock, in_pages(PAGES, SHOP, WORKFLOWS))
        self.token = self.link(UNSUBSCRIBE)

    def link(self, purpose: str, extra: str = "") -> str:
        """A token for Ann."""
        return make_link(Link(purpose, "c1", email("ann@example.com"), "send1", extra), KEYS)

    def get(self, page: str, token: str, languages: str = "", **query: str) -> Page:
        """Look."""
        return self.pages.serve(Request("GET", page, token, languages, query))

    def post(self, page: str, token: str, fields: str = "", languages: str = "") -> Page:
        """Send a form."""
        kind = "application/x-www-form-urlencoded"
        return self.pages.serve(Request("POST", page, token, languages, kind=kind, body=fields.encode()))

    def ask(self, token: str, languages: str = "") -> Page:
        """Look at the page for unsubscribing."""
        return self.get("unsubscribe", token, languages)

    def unsubscribe(self, token: str, languages: str = "") -> Page:
        """What a mail program does."""
        return self.post("unsubscribe", token, "List-Unsubscribe=One-Click", languages)


def test_looking_changes_nothing() -> None:
    """A scanner that follows every link of a mail unsubscribes nobody; the page has one form, that posts to itself."""
    office = Office()
    page = office.ask(office.token)
    forms = Tags(page.html)
    assert page.status == 200
    assert [(form.get("method") or "").lower() for form in forms.of("form")] == ["post"]
    assert forms.of("form")[0].get("action") in (None, "")
    assert not forms.of("script")
    assert SHOP.name in page.html
    assert office.faults.calls == []


def test_a_post_suppresses_then_tells() -> None:
    """The suppression comes first: it counts at once, whatever becomes of the event."""
    office = Office()
    assert office.unsubscribe(office.token).status == 200
    assert office.faults.calls == ["suppressions.put", "suppressions.put", "events.put"]
    (suppression,) = office.suppressions.of(email("ann@example.com"))
    (whose,) = office.suppressions.of("customer:c1")
    assert (whose.reason, whose.at) == (suppression.reason, suppression.at)
    assert (suppression.reason, suppression.at) == ("unsubscribed", epoch(NOW))
    (event_,) = office.events.rows.values()
    assert (event_.type, event_.identity, event_.at) == ("unsubscribed", "customer:c1", NOW)
    assert event_.properties == {"send_id": "send1"}


def test_two_clicks_are_one_fact_within_a_second_and_harmless_later() -> None:
    """A mail program that posts twice, a person who comes back."""
    office = Office()
    for _ in range(2):
        office.unsubscribe(office.token)
    assert len(office.events.rows) == 1
    office.clock.advance(HOUR)
    office.unsubscribe(office.token)
    (suppression,) = office.suppressions.of(email("ann@example.com"))
    assert suppression.at == epoch(NOW + HOUR)


@pytest.mark.parametrize("token", ["", "k1.x.y", "../../etc/passwd", "<script>alert(1)</script>"])
def test_a_forged_link_is_404_and_shows_nothing_of_itself(token: str) -> None:
    """To GET and POST alike."""
    office = Office()
    for page in (office.ask(token), office.unsubscribe(token)):
        assert page.status == 404
        assert "alert(1)" not in page.html
        assert "passwd" not in page.html
    assert office.faults.calls == []


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
def test_an_outage_is_told_and_a_second_click_completes(at: int, after: bool) -> None:
    """Cut before or after either write: the click fails, the next one leaves suppression and event."""
    office = Office(fakes.Faults(at=at, after=after))
    page = office.unsubscribe(office.token)
    assert (page.status, page.about != "") == (503, True)
    assert 'name="List-Unsubscribe" value="One-Click"' in page.html
    assert office.unsubscribe(office.token).status == 200
    assert [len(office.suppressions.of(name)) for name in (email("ann@example.com"), "customer:c1")] == [1, 1]
    assert len(office.events.rows) == 1


def test_the_fold_hears_of_it() -> None:
    """The event takes the consent away, and a later sign-up gives it back."""
    world = World()
    world.happen(
        event("customer_registered", "1", at=NOW - HOUR, **ANN), subscribed("1", at=NOW - HOUR, **ANN)
    )
    customer = world.only()
    stores = Stores(world.events, fakes.FakeSuppressions(), world.customers, lambda: KEYS)
    token = make_link(Link(UNSUBSCRIBE, customer.id, email("ann@example.com"), "s"), KEYS)
    Pages(stores, SHOP, world.clock).serve(Request("POST", UNSUBSCRIBE, token))
    (told,) = [each for each in world.events.rows.values() if each.source == "page"]
    world.tracker.track(told)
    assert not world.only().accepts_marketing
    world.happen(checkout("t9", at=NOW + HOUR, **ANN), subscribed("2", at=NOW + 2 * HOUR, **ANN))
    assert world.only().accepts_marketing


@pytest.mark.parametrize(
    ("accepts", "language", "button"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko", "수신 거부"),
        ("de, ja;q=0.5", "ja", "配信停止"),
        ("zh-TW", "zh-Hant", "取消訂閱"),
        ("zh-CN", "en", "Unsubscribe"),
        ("", "en", "Unsubscribe"),
    ],
)
def test_pages_speak_the_browsers_language(accepts: str, language: str, button: str) -> None:
    """The first accepted one that there is, else the shop's; the whole page is in it."""
    office = Office()
    page = office.ask(office.token, accepts)
    assert f'<html lang="{language}" dir="ltr">' in page.html
    assert f">{button}</button>" in page.html
    for each in (
        page,
        office.unsubscribe(office.token, accepts),
        office.ask("x", accepts),
        office.post("unsubscribe", office.token, languages=accepts),
    ):
        assert (foreign(each) == []) is (language != "en"), foreign(each)
    done = office.unsubscribe(office.token, accepts)
    assert f'href="mailto:{SHOP.support}"' in done.html
    assert f'href="{SHOP.url}"' in done.html


def foreign(page: Page) -> list[str]:
    """Words in Latin letters that are not the shop's own, nor the names of languages."""
    shown = re.sub(r"<style>.*?</style>|<nav.*?</nav>|<[^>]*>", " ", page.html, flags=re.DOTALL)
    for own in (SHOP.name, SHOP.support, *SHOP.address):
        shown = shown.replace(own, "")
    return re.findall(r"[A-Za-z]{3,}", shown)


def test_a_reader_may_choose_the_language() -> None:
    """By a link on every page, which keeps what else the address says; one that there is not changes nothing."""
    office = Office()
    page = office.get("unsubscribe", office.token, "en", lang="ja", product="5 & 6")
    assert '<html lang="ja"' in page.html
    here = [a for a in Tags(page.html).of("a") if a.get("hreflang")]
    assert [a["hreflang"] for a in here] == ["en", "ko", "zh-Hant"]
    assert here[0]["href"] == "?lang=en&product=5+%26+6"
    assert '<html lang="ko"' in office.get("unsubscribe", office.token, "ko", lang="xx").html


def test_a_language_that_was_chosen_goes_along() -> None:
    """To the next page; and nothing else of the address does, nor a language that there is not."""
    office = Office()

    def way(**query: str) -> str:
        links = Tags(office.get("unsubscribe", office.token, "en", **query).html).of("a")
        (found,) = [str(a["href"]) for a in links if str(a["href"]).startswith("../pages/preferences/")]
        return found.partition("?")[2]

    assert way() == ""
    assert way(lang="ko", url="//evil.example") == "lang=ko"
    assert way(lang="zh-TW") == "lang=zh-Hant"
    assert way(lang='"><script>') == "lang=en"


@pytest.mark.parametrize("kind", ["", "multipart/form-data; boundary=x", "text/plain"])
def test_one_click_acts_whatever_the_body_is(kind: str) -> None:
    """RFC 8058 allows mail programs both kinds of forms, and there is nothing in it that matters."""
    office = Office()
    request = Request("POST", "unsubscribe", office.token, kind=kind, body=b"\xff" * 100_000)
    assert office.pages.serve(request).status == 200
    assert len(office.events.rows) == 1


@pytest.mark.parametrize("page", [*sorted(SERVED), "form", "nowhere", "", "../etc/passwd"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_opens_its_own_page_only(page: str, method: str) -> None:
    """Every other page knows no such link, whichever way it is asked."""
    office = Office()
    own = SERVED[page].purpose if page in SERVED else None
    for purpose in sorted(PURPOSES - {own}):
        assert office.pages.serve(Request(method, page, office.link(purpose))).status == 404
    assert office.faults.calls == []


@pytest.mark.parametrize("page", sorted(name for name, served in SERVED.items() if served.purpose))
def test_looking_at_any_page_changes_nothing(page: str) -> None:
    """GET writes nowhere, loads nothing from elsewhere, and leads nowhere by itself."""
    office = Office()
    about = {"form": "survey", "review": "shopify:product:501"}.get(page, "")
    shown = office.get(page, office.link(SERVED[page].purpose or "", about))
    assert shown.status == 200
    assert [each for each in office.faults.calls if "put" in each] == []
    assert not {"location", "refresh"} & {name.lower() for name in shown.headers}
    assert "http-equiv" not in shown.html
    assert not Tags(shown.html).of("script")
    policy = shown.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "form-action 'self'" in policy


@pytest.mark.parametrize("page", sorted(name for name, served in SERVED.items() if served.purpose))
def test_a_link_can_be_probed(page: str) -> None:
    """HEAD is answered as GET is, without the page, and changes as little: also where the link is cut short."""
    office = Office()
    about = {"form": "survey", "review": "shopify:product:501"}.get(page, "")
    token = office.link(SERVED[page].purpose or "", about)
    for each, status in ((token, 200), (token[:-1], 404)):
        shown, probed = (office.pages.serve(Request(method, page, each)) for method in ("GET", "HEAD"))
        assert (probed.status, probed.html) == (status, "")
        assert {**probed.headers} == {**shown.headers}
    assert [each for each in office.faults.calls if "put" in each] == []


def test_only_the_logo_is_loaded() -> None:
    """Of the shop's settings; what is styled is this page's own, by its hash."""
    office = Office()
    shop = SHOP.model_copy(update={"logo": "https://cdn.example:8443/logo.png"})
    page = replace(office.pages, shop=shop).serve(Request("GET", "unsubscribe", office.token))
    assert "img-src https://cdn.example:8443;" in page.headers["content-security-policy"]
    assert 'alt="Shop"' in page.html
    (style,) = re.findall(r"<style>(.*?)</style>", page.html, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in page.headers["content-security-policy"]
    assert "img-src 'none';" in office.ask(office.token).headers["content-security-policy"]


def test_a_page_that_needs_no_keys_is_still_told_of_an_outage() -> None:
    """When the keys of links cannot be read, nobody is told that their link is wrong."""
    office = Office()

    def cut() -> dict[str, bytes]:
        raise Unavailable("parameters")

    stores = replace(office.pages.stores, link_keys=cut)
    page = replace(office.pages, stores=stores).serve(Request("GET", "unsubscribe", office.token))
    assert (page.status, page.about) == (503, "parameters")
    assert not Tags(page.html).of("form")


def test_pages_go_on_when_keys_rotate() -> None:
    """With two valid keys a link of either opens its page; what the page links to is signed with the newer."""
    office = Office()
    keys = {"k2": b"newer", **KEYS}
    rotated = replace(office.pages, stores=replace(office.pages.stores, link_keys=lambda: keys))
    newer = make_link(Link(UNSUBSCRIBE, "c1", email("ann@example.com"), "send1"), keys)
    for token in (office.token, newer):
        page = rotated.serve(Request("GET", UNSUBSCRIBE, token))
        assert page.status == 200
        assert 'href="../pages/preferences/k2.' in page.html
        assert rotated.serve(Request("POST", UNSUBSCRIBE, token)).status == 200
    assert office.ask(newer).status == 404


PLACES = (
    "/",
    "//evil.example",
    "https://evil.example/",
    "\\\\evil.example",
    "javascript:alert(1)",
    "\r\nLocation: //evil.example",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("page", sorted(SERVED))
def test_no_page_leads_astray(page: str, place: str) -> None:
    """Whatever an address says, a page answers with itself, and links to the shop, to mail, or relatively."""
    office = Office()
    purpose = SERVED[page].purpose
    token = office.link(purpose, "survey" if purpose == "form" else "") if purpose else ""
    names = ("url", "next", "return_to", "redirect", "lang", "product", "continue")
    query = dict.fromkeys(names, place)
    for method in ("GET", "POST"):
        kind = "application/x-www-form-urlencoded"
        asked = Request(method, page, token, place, query, kind, urlencode(query).encode(), place)
        answer = office.pages.serve(asked)
        assert answer.status not in range(300, 400)
        assert "location" not in {name.lower() for name in answer.headers}
        assert not any("\n" in value or "\r" in value for value in answer.headers.values())
        forms = Tags(answer.html)
        hrefs = [str(a["href"]) for a in forms.of("a")]
        own = (SHOP.url, f"mailto:{SHOP.support}", "?", "#", "../")
        assert [href for href in hrefs if not href.startswith(own)] == []
        assert {form.get("action") for form in forms.of("form")} <= {None}
        assert not forms.of("meta") or all("http-equiv" not in each for each in forms.of("meta"))


@pytest.mark.parametrize(
    "name",
    [
        "XSS_Injection_Intruders_IntrudersXSS.txt",
        "Open_Redirect_Intruder_Open-Redirect-payloads.txt",
        "CRLF_Injection_Files_crlfinjection.txt",
    ],
)
def test_collected_attacks_stay_text(name: str) -> None:
    """As token, in the address, as language, in every field: pages keep their elements, their headers and their links,
    and nothing raises."""
    office, names = (
        Office(),
        ("lang", "url", "product", "rating", "topic", "frequency", "email", "message", "do"),
    )
    for index, attack in enumerate(listed(name)):
        page = sorted(SERVED)[index % len(SERVED)]
        purpose = SERVED[page].purpose
        token = office.link(purpose, "survey" if purpose == "form" else "") if purpose else ""
        body = urlencode(dict.fromkeys(names, attack)).encode()
        kind = "application/x-www-form-urlencoded"
        query = dict.fromkeys(names, attack)
        for asked in (
            Request("GET", page, token, attack, query),
            Request("POST", page, token, attack, query, kind, body, attack),
            Request("GET", page, attack),
            Request("GET", attack, token),
        ):
            answer = office.pages.serve(asked)
            seen = Tags(answer.html)
            assert answer.status in (200, 404, 413, 422), attack
            assert not {tag for tag, _ in seen.tags} & {"script", "iframe", "object", "svg", "body onload"}, (
                attack
            )
            assert not [told for _, told in seen.tags if any(key.startswith("on") for key in told)], attack
            hrefs = [str(told["href"]) for _, told in seen.tags if "href" in told]
            own = (SHOP.url, f"mailto:{SHOP.support}", "?", "#", "../")
            assert [href for href in hrefs if not href.startswith(own)] == [], attack
            assert not any(set(value) & set("\r\n") for value in answer.headers.values()), attack
