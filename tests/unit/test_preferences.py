"""The preference centre and double opt-in: what is chosen, what is told, and what holds afterwards."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests import fakes
from tests.unit.tags import Tags
from tests.worlds import ANN, DAY, HOUR, NOW, SHOP, WORKFLOWS, World, email, event, order, subscribed
from tidings.customer import Customer, epoch
from tidings.errors import Unavailable
from tidings.events import Event
from tidings.journey import Send, decide_mail
from tidings.links import Link, make_link
from tidings.pages import Pages, Request, Stores
from tidings.pages.look import Page
from tidings.people import consent
from tidings.ports import Suppression
from tidings.shop import Shop

KEYS = {"k1": b"secret"}
ALIAS = email("ann@example.com")
TOPICS = tuple(SHOP.topics)


class Desk:
    """Ann, her customer, and the pages; `fold` brings what they told."""

    def __init__(self, *happened: Event, shop: Shop = SHOP, faults: fakes.Faults | None = None) -> None:
        self.shop, self.world = shop, World()
        told = happened or (subscribed("1", at=NOW - DAY, **ANN),)
        self.world.happen(event("customer_registered", "1", at=NOW - 2 * DAY, **ANN), *told)
        self.suppressions = fakes.FakeSuppressions(faults)
        self.events = fakes.FakeEvents(faults)
        stores = Stores(self.events, self.suppressions, self.world.customers, lambda: KEYS)
        self.pages = Pages(stores, shop, self.world.clock)

    @property
    def customer(self) -> Customer:
        """As folded."""
        customer: Customer = self.world.only()
        return customer

    def token(self, purpose: str) -> str:
        """Of a link in Ann's mail."""
        return make_link(Link(purpose, self.customer.id, ALIAS, "send1"), KEYS)

    def open(self, page: str = "preferences") -> Page:
        """Look."""
        return self.pages.serve(Request("GET", page, self.token(page)))

    def send(self, page: str = "preferences", **told: Any) -> Page:
        """Send a form."""
        body = urlencode(told, doseq=True).encode()
        kind = "application/x-www-form-urlencoded"
        return self.pages.serve(Request("POST", page, self.token(page), kind=kind, body=body))

    def choose(self, *topics: str, frequency: str = "all") -> Page:
        """Open the page and send it with these topics ticked."""
        fields = Tags(self.open().html).of("input")
        shown = {
            str(f["name"]): str(f["value"]) for f in fields if f["type"] == "hidden" and f["name"] != "do"
        }
        return self.send(**shown, topic=list(topics), frequency=frequency)

    def fold(self) -> None:
        """Bring what was told to the customer."""
        for each in list(self.events.rows.values()):
            self.world.events.put(each)
            self.world.tracker.track(each)

    @property
    def told(self) -> list[Event]:
        """What pages told, oldest first."""
        return list(self.events.rows.values())

    @property
    def reasons(self) -> set[str]:
        """Of what must not go to Ann."""
        return {each.reason for each in self.suppressions.of(ALIAS)}

    def may_get(self, topic: str) -> bool:
        """Whether a step would send on this topic now."""
        workflow = WORKFLOWS["welcome"].model_copy(update={"topic": topic})
        now = self.world.clock.now()
        decided = decide_mail(workflow, self.customer, self.suppressions.of(ALIAS), self.shop, now)
        return isinstance(decided, Send)

    def ticked(self) -> list[str]:
        """What the page shows as chosen."""
        return [str(f["value"]) for f in Tags(self.open().html).of("input") if "checked" in f]


def test_the_page_shows_what_holds() -> None:
    """Every topic of somebody who said yes to all; each title stands in its label."""
    desk = Desk()
    assert desk.ticked() == [*TOPICS, "all"]
    for title in SHOP.topics.values():
        assert f"<span>{title}</span>" in desk.open().html
    assert Desk(order("o1", **ANN)).ticked() == ["all"]


def test_a_topic_turned_off_counts_at_once_and_after_the_fold() -> None:
    """One event and one suppression: the topic is off before the event is folded, the others go on."""
    desk = Desk()
    assert desk.choose("newsletter", "product-news", "reminders").status == 200
    assert desk.reasons == {"unsubscribed:offers"}
    (told,) = desk.told
    assert (told.type, told.source, told.identity) == (
        "preferences_changed",
        "page",
        f"customer:{desk.customer.id}",
    )
    assert told.properties["topics"] == {topic: topic != "offers" for topic in TOPICS}
    assert "frequency" not in told.properties
    for _ in range(2):
        assert [desk.may_get(topic) for topic in TOPICS] == [topic != "offers" for topic in TOPICS]
        assert desk.ticked() == ["newsletter", "product-news", "reminders", "all"]
        desk.fold()


def test_a_topic_turned_on_again_lifts_its_suppression() -> None:
    """By the newer word; the suppression stays as it was."""
    desk = Desk()
    desk.choose("newsletter")
    desk.fold()
    desk.world.clock.advance(HOUR)
    desk.choose("newsletter", "offers")
    desk.fold()
    assert [topic for topic in TOPICS if desk.may_get(topic)] == ["newsletter", "offers"]
    assert desk.ticked() == ["newsletter", "offers", "all"]


def test_the_opposite_of_a_choice_just_made_is_a_choice() -> None:
    """Before the first was folded: what the page showed last is what counts, not what the customer knows."""
    desk = Desk(subscribed("1", at=NOW - DAY, topics=["newsletter"], **ANN))
    assert desk.ticked() == ["newsletter", "all"]
    page = desk.choose("newsletter", "offers")
    desk.world.clock.advance(timedelta(seconds=5))
    shown = [str(f["value"]) for f in Tags(page.html).of("input") if f.get("name") == "shown"]
    desk.send(shown=shown[0], shown_frequency="all", topic=["newsletter"], frequency="all")
    assert [each.properties["topics"]["offers"] for each in desk.told] == [True, False]
    desk.fold()
    assert not desk.may_get("offers")


@pytest.mark.parametrize("way", ["button", "no tick", "one click"])
def test_everything_can_be_turned_off(way: str) -> None:
    """By the button, by unticking all, or by the mail program: one suppression for all, and the channel's no."""
    desk = Desk()
    if way == "button":
        assert desk.send(do="nothing", shown=" ".join(TOPICS), shown_frequency="all").status == 200
    elif way == "no tick":
        assert desk.choose().status == 200
    else:
        token = desk.token("unsubscribe")
        assert desk.pages.serve(Request("POST", "unsubscribe", token, kind="", body=b"")).status == 200
    assert desk.reasons == {"unsubscribed"}
    assert desk.ticked() == ["all"]
    desk.fold()
    assert not any(map(desk.may_get, TOPICS))
    assert not desk.customer.accepts_marketing
    assert 'value="nothing"' not in desk.open().html


def test_how_often_is_kept_and_shown() -> None:
    """Weekly, and back; topics are not told again."""
    desk = Desk()
    desk.choose(*TOPICS, frequency="weekly")
    desk.fold()
    assert desk.ticked() == [*TOPICS, "weekly"]
    assert [each.properties.get("topics") for each in desk.told] == [None]
    assert desk.reasons == set()
    desk.world.clock.advance(HOUR)
    desk.choose(*TOPICS, frequency="all")
    desk.fold()
    assert desk.ticked() == [*TOPICS, "all"]


def test_a_pause_lasts_thirty_days_and_is_not_renewed_by_saving() -> None:
    """It says until when; saving something else beside it leaves its end; then everything is as before."""
    desk = Desk()
    page = desk.choose(*TOPICS, frequency="paused")
    assert "April 9, 2026" in page.html
    desk.fold()
    assert not desk.may_get("newsletter")
    desk.world.clock.advance(10 * DAY)
    assert desk.ticked() == [*TOPICS, "paused"]
    assert "April 9, 2026" in desk.choose("newsletter", frequency="paused").html
    desk.fold()
    assert [each.properties.get("paused_until") for each in desk.told] == [(NOW + 30 * DAY).isoformat(), None]
    desk.world.clock.advance(21 * DAY)
    assert desk.may_get("newsletter")
    assert desk.ticked() == ["newsletter", "all"]


def test_saving_what_is_tells_nothing() -> None:
    """No event, no suppression; the page says that it is saved."""
    desk = Desk()
    assert desk.choose(*TOPICS).status == 200
    assert (desk.told, desk.reasons) == ([], set())


def test_nothing_saved_where_nothing_was_said_is_a_no() -> None:
    """The page promises that nothing more comes: what a later purchase would imply must not break that."""
    shop = SHOP.model_copy(update={"implied_consent": timedelta(days=730)})
    desk = Desk(event("profile_updated", "1", at=NOW - DAY, **ANN), shop=shop)
    assert "We send you no more" in desk.choose().html
    desk.fold()
    later = NOW + HOUR
    desk.world.happen(order("o1", at=later, accepts_marketing=True, **ANN))
    desk.world.clock.advance(DAY)
    assert not any(map(desk.may_get, TOPICS))


def test_two_clicks_are_one_choice() -> None:
    """Within a second."""
    desk = Desk()
    told: dict[str, Any] = {
        "shown": " ".join(TOPICS),
        "shown_frequency": "all",
        "topic": ["offers"],
        "frequency": "weekly",
    }
    assert [desk.send(**told).status for _ in range(2)] == [200, 200]
    assert len(desk.told) == 1
    assert desk.reasons == {f"unsubscribed:{topic}" for topic in TOPICS if topic != "offers"}


def test_whoever_was_never_asked_may_say_yes_here() -> None:
    """The link comes by mail: a tick is an explicit, confirmed yes, to what is ticked only."""
    shop = SHOP.model_copy(update={"double_opt_in": True})
    desk = Desk(order("o1", at=NOW - DAY, **ANN), shop=shop)
    assert desk.ticked() == ["all"]
    desk.choose("reminders")
    desk.fold()
    assert [topic for topic in TOPICS if desk.may_get(topic)] == ["reminders"]


@pytest.mark.parametrize(
    ("reason", "told"), [("bounced", True), ("complained", True), ("unsubscribed", False)]
)
def test_an_address_that_gets_nothing_is_told_so(reason: str, told: bool) -> None:
    """What bounced or complained is not lifted by a tick: the shop must be asked."""
    desk = Desk()
    desk.suppressions.put(Suppression(ALIAS, reason, epoch(NOW)))
    assert ('class="note bad"' in desk.open().html) is told


@pytest.mark.parametrize(
    "told",
    [
        {"frequency": "hourly", "topic": ["newsletter"]},
        {"frequency": "<script>", "topic": ["newsletter"]},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(told: dict[str, Any]) -> None:
    """With what is wrong beside the field."""
    desk = Desk()
    page = desk.send(**told)
    assert page.status == 422
    assert 'id="frequency-wrong"' in page.html
    assert "<script" not in page.html
    assert (desk.told, desk.reasons) == ([], set())


def test_topics_that_there_are_not_are_passed_over() -> None:
    """They neither become facts nor suppressions."""
    desk = Desk()
    desk.send(topic=[*TOPICS, "spam", "x\ny"], frequency="all", shown=" ".join(TOPICS), shown_frequency="all")
    assert (desk.told, desk.reasons) == ([], set())


@pytest.mark.parametrize("at", range(1, 5))
@pytest.mark.parametrize("after", [False, True])
def test_a_choice_cut_off_is_whole_after_the_second_try(at: int, after: bool) -> None:
    """Before or after any write. The page that says so brings what was chosen along."""
    faults = fakes.Faults(at=at, after=after)
    desk = Desk(faults=faults)
    pages = [desk.choose("offers", frequency="weekly") for _ in range(2)]
    if pages[0].status == 503:
        assert 'name="topic" value="offers"' in pages[0].html
    assert pages[1].status == 200
    desk.fold()
    assert [topic for topic in TOPICS if desk.may_get(topic)] == ["offers"]
    assert consent.frequency(desk.customer, desk.world.clock.now()) == "weekly"


def test_a_confirmation_takes_a_button() -> None:
    """Looking, as scanners do, confirms nothing. The button does, and pressing it again changes nothing."""
    shop = SHOP.model_copy(update={"double_opt_in": True})
    desk = Desk(shop=shop)
    assert desk.open("confirm").status == 200
    assert (desk.told, desk.may_get("newsletter")) == ([], False)
    assert [desk.send("confirm").status for _ in range(2)] == [200, 200]
    (told,) = desk.told
    assert (told.type, told.properties) == ("subscribed", {"send_id": "send1", "confirmed": True})
    desk.fold()
    assert desk.may_get("newsletter")
    assert consent.standing(desk.customer, shop.terms, NOW).reason == "confirmed"


def test_a_confirmation_lifts_an_earlier_unsubscription() -> None:
    """By the newer word; and the way on leads to the preference centre of the same person."""
    desk = Desk(shop=SHOP.model_copy(update={"double_opt_in": True}))
    desk.suppressions.put(Suppression(ALIAS, "unsubscribed", epoch(NOW - HOUR)))
    page = desk.send("confirm")
    desk.fold()
    assert desk.may_get("newsletter")
    (way,) = [str(a["href"]) for a in Tags(page.html).of("a") if a.get("class") == "button"]
    assert way == f"../preferences/{desk.token('preferences')}"


def test_a_customer_who_is_not_known_yet_may_choose() -> None:
    """Or no more: the page shows nothing chosen, and what is said is kept for the fold."""
    desk = Desk()
    token = make_link(Link("preferences", "nobody", ALIAS, "send1"), KEYS)
    page = desk.pages.serve(Request("GET", "preferences", token))
    assert page.status == 200
    assert [f["value"] for f in Tags(page.html).of("input") if "checked" in f] == ["all"]


@pytest.mark.parametrize("page", ["preferences", "confirm", "form", "review"])
def test_whoever_was_erased_is_promised_nothing(page: str) -> None:
    """There is nobody whose choice it would be: no word is kept of them. Unsubscribing holds for anybody."""
    desk = Desk()
    desk.suppressions.put(Suppression(ALIAS, "erased", epoch(NOW)))
    extra = {"form": "satisfaction", "review": "shopify:product:501"}.get(page, "")
    token = make_link(Link(page, "nobody", ALIAS, "send1", extra), KEYS)
    kind = "application/x-www-form-urlencoded"
    for request in (
        Request("GET", page, token),
        Request("POST", page, token, kind=kind, body=b"topic=offers&score=5&rating=5"),
    ):
        assert desk.pages.serve(request).status == 404
    assert (desk.told, desk.reasons) == ([], {"erased"})
    gone = make_link(Link("unsubscribe", "nobody", ALIAS, "send1"), KEYS)
    assert desk.pages.serve(Request("POST", "unsubscribe", gone)).status == 200


def test_an_outage_while_looking_is_told() -> None:
    """With nothing to send again."""
    desk = Desk()

    class Cut:
        def get(self, customer_id: str) -> Customer | None:
            raise Unavailable("customers")

    stores = Stores(desk.events, desk.suppressions, Cut(), lambda: KEYS)
    page = Pages(stores, SHOP, desk.world.clock).serve(
        Request("GET", "preferences", desk.token("preferences"))
    )
    assert (page.status, Tags(page.html).of("form")) == (503, [])
