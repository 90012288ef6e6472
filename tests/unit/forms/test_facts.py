"""What follows from a form: one fact for each answer, and nobody else's consent or profile touched."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes import FakeLimits
from tests.worlds import ANN, NOW, World, email, event, subscribed
from tidings.forms import facts, limits, stamp
from tidings.forms.fields import Answers
from tidings.forms.limits import FROM_ONE_PLACE, IN_ALL, TO_ONE_ADDRESS

KEYS = {"k2": b"new", "k1": b"old"}
HOUR = timedelta(hours=1)


def by_link(showing: str = "s1", customer: str = "c1") -> facts.Sent:
    """An answer to a mail."""
    return facts.sent_by_link(customer, "j1#survey", NOW, showing)


def by_anybody(address: str = "ann@example.com", showing: str = "s1") -> facts.Sent:
    """A message in an address's name."""
    return facts.sent_by_anybody(address, email(address), NOW, showing)


MESSAGE: dict[str, Any] = {"email": "ann@example.com", "message": "Does it pour?", "name": "Ann"}


def test_an_answer_sent_twice_is_one_fact() -> None:
    """Also later and after an outage; a changed answer is another fact, and so is the same one from a new showing."""
    answers = Answers({"score": 2, "comment": "Late"})
    first = facts.form_answered(by_link(), "satisfaction", answers)
    again = facts.form_answered(replace(by_link(), at=NOW + HOUR), "satisfaction", answers)
    assert (first.id, first.identity) == (again.id, again.identity)
    changed = facts.form_answered(by_link(), "satisfaction", Answers({"score": 4, "comment": "Late"}))
    other = facts.form_answered(by_link("s2"), "satisfaction", answers)
    assert len({first.id, changed.id, other.id}) == 3
    assert first.properties == {"form": "satisfaction", "score": 2, "comment": "Late", "send_id": "j1#survey"}


def test_a_surveys_answers_become_the_profile() -> None:
    """The birthday, and two fields; a later answer takes their place."""
    world = World()
    world.happen(event("customer_registered", "1", at=NOW - HOUR, **ANN))
    who = world.only().id
    told = {"birthday": "--02-29", "interests": ["new", "offers"], "reward": "gift"}
    world.happen(facts.form_answered(by_link(customer=who), "survey", Answers(told)))
    customer = world.only()
    assert customer.birthday == "--02-29"
    assert customer.get("field.interests") == ["new", "offers"]
    assert customer.get("field.reward") == "gift"
    later = replace(by_link("s2", who), at=NOW + HOUR)
    world.happen(facts.form_answered(later, "survey", Answers({"reward": "discount"})))
    assert world.only().get("field.reward") == "discount"
    assert world.only().birthday == "--02-29"


def test_a_birthday_that_is_near_begins_its_workflow() -> None:
    """Told on a page the day before, it is congratulated on the day."""
    world = World()
    world.happen(
        event("customer_registered", "1", at=NOW - HOUR, **ANN), subscribed("1", at=NOW - HOUR, **ANN)
    )
    who = world.only().id
    tomorrow = f"--{NOW + timedelta(days=1):%m-%d}"
    world.happen(facts.form_answered(by_link(customer=who), "birthday", Answers({"birthday": tomorrow})))
    assert [each.workflow for each in world.only().journeys.values()].count("birthday") == 1


def test_a_review_names_what_it_is_about() -> None:
    """With its stars, and as the shop platform's own ids."""
    told = facts.review_posted(
        by_link(), Answers({"rating": 5, "text": "Pours well"}), {"order_id": "1001"}, "shopify"
    )
    assert told.type == "review_posted"
    assert told.source == "shopify"
    assert told.properties["order_id"] == "1001"
    assert (told.properties["rating"], told.properties["text"]) == (5, "Pours well")


def test_a_message_makes_a_lead_and_asks_for_no_more() -> None:
    """Somebody new can be written to, and has agreed to nothing; the message is nothing that mails quote."""
    world = World()
    (lead,) = facts.lead_captured(by_anybody(), Answers(MESSAGE), "en")
    world.happen(lead)
    customer = world.only()
    assert customer.email == "ann@example.com"
    assert not customer.accepts_marketing
    assert customer.get("first_name") is None
    assert "question" not in lead.properties
    assert lead.properties["wants_news"] is False


def test_a_ticked_box_asks_the_addresss_owner() -> None:
    """It is a wish, with source and time, and changes no consent before the owner confirms it."""
    world = World()
    lead, asked = facts.lead_captured(by_anybody(), Answers({**MESSAGE, "news": True}), "ko")
    world.happen(lead, asked)
    customer = world.only()
    assert not customer.accepts_marketing
    assert customer.consent == {}
    assert asked.type == "opt_in_requested"
    assert asked.properties["form"] == "contact"
    assert asked.properties["asked_at"] == "2026-03-10T12:00:00Z"
    assert asked.properties["language"] == "ko"


@pytest.mark.parametrize("news", [True, None])
def test_nobody_elses_profile_or_consent_is_changed(news: bool | None) -> None:
    """Whoever types Ann's address changes neither her name nor her consent, given or taken back."""
    world = World()
    world.happen(
        event("customer_registered", "1", at=NOW - 2 * HOUR, **ANN), subscribed("1", at=NOW - HOUR, **ANN)
    )
    before = world.only()
    told = {**MESSAGE, "name": "Eve", "news": news}
    world.happen(*facts.lead_captured(by_anybody(), Answers(told), "en"))
    after = world.only()
    assert after.id == before.id
    assert after.consent == before.consent
    assert {name: after.get(name) for name in before.profile} == {
        name: before.get(name) for name in before.profile
    }
    assert after.email == before.email


def test_a_request_for_a_product_is_one_a_day() -> None:
    """From each address; it names the product as the catalogue does, and consents to nothing."""
    first = facts.back_in_stock_requested(by_anybody(), "501", "shopify", "Moss Teapot")
    again = facts.back_in_stock_requested(by_anybody(showing="s2"), "501", "shopify", "Moss Teapot")
    other = facts.back_in_stock_requested(by_anybody(), "502", "shopify", None)
    tomorrow = replace(by_anybody(), at=NOW + 24 * HOUR)
    assert first.id == again.id
    assert len({each.id for each in (
        first, other, facts.back_in_stock_requested(tomorrow, "501", "shopify", None)
    )}) == 3  # fmt: skip
    world = World()
    world.happen(first)
    assert world.only().consent == {}
    assert first.properties["items"] == [{"product_id": "501", "title": "Moss Teapot", "quantity": 1}]


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, "quick"), (1, "quick"), (2, "good"), (86_400, "good"), (86_401, "old")]
)
def test_a_stamp_tells_how_long_somebody_took(seconds: int, verdict: str) -> None:
    """Under two seconds is a machine; after a day the form is shown anew."""
    made = stamp.make("contact", NOW, {"k1": b"old"})
    assert stamp.verdict(made, "contact", NOW + timedelta(seconds=seconds), KEYS) == verdict


@pytest.mark.parametrize("given", ["", "x", "1-2-3", "1773144000-aaaa-", "é-é-é", "\ud800", "-" * 500])
def test_a_stamp_of_ones_own_making_is_old(given: str) -> None:
    """As is one for another page, and one with any character altered."""
    assert stamp.verdict(given, "contact", NOW, KEYS) == "old"
    made = stamp.make("contact", NOW - HOUR, KEYS)
    assert stamp.verdict(made, "contact", NOW, KEYS) == "good"
    assert stamp.verdict(made, "back-in-stock", NOW, KEYS) == "old"
    for at, letter in enumerate(made):
        altered = f"{made[:at]}{'0' if letter != '0' else '1'}{made[at + 1 :]}"
        assert stamp.verdict(altered, "contact", NOW, KEYS) == "old", at
    with pytest.raises(ValueError, match="no key"):
        stamp.make("contact", NOW, {})


def test_two_showings_have_two_stamps() -> None:
    """Even within one second."""
    assert stamp.make("contact", NOW, KEYS) != stamp.make("contact", NOW, KEYS)


def sent(counter: FakeLimits, times: int, visitor: str = "v", address: str = "a", at: Any = NOW) -> list[str]:
    """Which limit each message met, empty for none."""
    asked = limits.limits("contact", visitor, address)
    found = [limits.reached(asked, counter, at) for _ in range(times)]
    return [each.about if each else "" for each in found]


def test_one_place_one_address_and_all_together_are_limited() -> None:
    """Each in its own span; the next span begins anew."""
    counter = FakeLimits()
    assert sent(counter, TO_ONE_ADDRESS + 1) == [""] * TO_ONE_ADDRESS + ["address"]
    assert sent(counter, 1, address="b") == [""]
    counter = FakeLimits()
    met = [each for number in range(FROM_ONE_PLACE + 1) for each in sent(counter, 1, address=f"a{number}")]
    assert met == [""] * FROM_ONE_PLACE + ["place"]
    assert sent(counter, 1, address="z", at=NOW + HOUR) == [""]
    counter = FakeLimits()
    met = [each for number in range(IN_ALL + 1) for each in sent(counter, 1, f"v{number}", f"a{number}")]
    assert met[-2:] == ["", "all"]


def test_a_place_that_sends_without_end_takes_nobody_elses_share() -> None:
    """What is refused for its place does not count towards all."""
    counter = FakeLimits()
    for number in range(3 * IN_ALL):
        sent(counter, 1, "v", f"a{number}")
    assert sum(count for key, count in counter.rows.items() if ":all:" in key) == FROM_ONE_PLACE
    assert all(until > NOW.timestamp() for until in counter.until.values())


@pytest.mark.parametrize(
    ("origin", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        ("", "unknown"),
        ("no address", "unknown"),
    ],
)
def test_a_household_is_one_place(origin: str, place: str) -> None:
    """Of version 6 the first half counts."""
    assert limits.place(origin) == place
