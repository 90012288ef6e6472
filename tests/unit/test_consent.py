"""Consent: the same words stand the same in any order, however often each comes; the terms decide when asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds import ANN, DAY, HOUR, NOW, SHOP, event, order, subscribed
from tidings.aws.codec import decode_item, encode_item
from tidings.aws.customer_item import from_item, to_item
from tidings.customer import Customer, apply, epoch, new_customer, short
from tidings.events import Event
from tidings.people.consent import Standing, Terms, Word, frequency, overall, standing, subscribed_at

PLAIN, DOUBLE = Terms(), Terms(double_opt_in=True)
IMPLIED = Terms(implied_for=timedelta(days=730))
TOPICS = ("newsletter", "offers")


def said(type_: str, at: datetime, name: str = "", **told: Any) -> Event:
    """One word of Ann's."""
    return event(type_, name or f"{type_}{at:%d%H%M%S}{sorted(told)}", at=at, **ANN, **told)


def folded(*events: Event) -> Customer:
    """Ann, as these events tell her."""
    customer = new_customer("c1", said("customer_registered", NOW - 900 * DAY))
    for each in events:
        customer = apply(customer, each)
    return customer


def told(customer: Customer, terms: Terms = PLAIN, topic: str | None = None) -> tuple[bool, str]:
    """Whether there is consent an hour after `NOW`, and why."""
    found = standing(customer, terms, NOW + HOUR, topic)
    return found.holds, found.reason


SECONDS = st.integers(0, 4).map(lambda seconds: NOW + timedelta(seconds=seconds))
SOME_TOPICS = st.lists(st.sampled_from(TOPICS), min_size=1, max_size=2, unique=True)
WORDS = st.one_of(
    st.builds(lambda type_, at: said(type_, at), st.sampled_from(["subscribed", "unsubscribed"]), SECONDS),
    st.builds(lambda at: said("subscribed", at, confirmed=True), SECONDS),
    st.builds(
        lambda type_, at, topics: said(type_, at, topics=topics),
        st.sampled_from(["subscribed", "unsubscribed"]),
        SECONDS,
        SOME_TOPICS,
    ),
    st.builds(
        lambda at, choices, often: said(
            "preferences_changed", at, name=f"p{at:%S}{choices}{often}", topics=choices, frequency=often
        ),
        SECONDS,
        st.dictionaries(st.sampled_from(TOPICS), st.booleans()),
        st.sampled_from(["all", "weekly", "paused", None]),
    ),
    st.builds(
        lambda state, at: said(
            "profile_updated", at, name=f"c{at:%S}{state}", consent={"state": state, "at": at.isoformat()}
        ),
        st.sampled_from(["subscribed", "pending", "not_subscribed", "unsubscribed"]),
        SECONDS,
    ),
    st.builds(
        lambda number, at: order(f"o{number}", at=at, accepts_marketing=True, **ANN),
        st.integers(1, 2),
        SECONDS,
    ),
)
TERMS = st.builds(Terms, st.booleans(), st.sampled_from([None, timedelta(days=30)]))


def standings(customer: Customer, terms: Terms) -> list[Standing]:
    """All that can be asked."""
    return [standing(customer, terms, NOW + DAY, topic) for topic in (None, *TOPICS)]


@given(st.lists(WORDS, max_size=8), st.randoms(use_true_random=False), TERMS)
@settings(max_examples=300)
def test_order_and_repetition_change_nothing(words: list[Event], chance: Any, terms: Terms) -> None:
    """Any permutation of the words, each told once or several times, gives the same slots and the same answers."""
    mixed = [*words, *chance.choices(words, k=3)] if words else []
    chance.shuffle(mixed)
    one, other = folded(*words), folded(*mixed)
    assert dict(one.consent) == dict(other.consent)
    assert standings(one, terms) == standings(other, terms)
    assert frequency(one, NOW + DAY) == frequency(other, NOW + DAY)


@given(st.lists(WORDS, max_size=6), st.sampled_from(["subscribed", "unsubscribed"]), TERMS)
def test_an_older_word_never_overrides(words: list[Event], type_: str, terms: Terms) -> None:
    """A word on the channel from before all others changes no answer once the channel and each topic were spoken of."""
    whole = [said("subscribed", NOW + timedelta(seconds=1)), *words]
    old = said(type_, NOW - DAY)
    assert standings(folded(*whole), terms) == standings(folded(*whole, old), terms)


@given(st.lists(WORDS, max_size=8))
def test_double_opt_in_needs_a_confirmation(words: list[Event]) -> None:
    """Without a confirmation later than the last no to everything nobody has consent, and with double opt-in there is
    never consent where there would be none without."""
    customer = folded(*words)
    sure, no = customer.consent.get("confirmed"), customer.consent.get("no")
    for plain, double in zip(standings(customer, PLAIN), standings(customer, DOUBLE), strict=True):
        assert plain.holds or not double.holds
        assert not double.holds or (sure is not None and (no is None or sure.at > no.at))


def test_double_opt_in_from_a_day_on_leaves_earlier_subscribers_alone() -> None:
    """Who subscribed before the day that the shop names need not confirm; who subscribes on it must."""
    shop = SHOP.model_copy(update={"double_opt_in": NOW.date(), "timezone": "UTC"})
    midnight = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC)
    before = folded(said("subscribed", midnight - timedelta(seconds=1)))
    assert told(before, shop.terms) == (True, "subscribed")
    assert told(folded(said("subscribed", midnight)), shop.terms) == (False, "unconfirmed")


@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=3))
def test_a_no_to_everything_stands_until_a_later_yes(words: list[Event], earlier: list[Event]) -> None:
    """Whatever was said up to the second of the no, and whatever is bought later, there is no consent."""
    bought = order("later", at=NOW + timedelta(minutes=1), accepts_marketing=True, **ANN)
    customer = folded(*words, said("unsubscribed", NOW + timedelta(seconds=4)), *earlier, bought)
    assert not any(each.holds for each in standings(customer, IMPLIED))


@given(st.lists(WORDS, max_size=8))
def test_the_item_holds_all_of_it(words: list[Event]) -> None:
    """What is written to the table is read back."""
    customer = folded(*words)
    item = {name: value for name, value in to_item(customer).items() if value is not None}
    assert from_item(decode_item(encode_item(item))) == customer


def test_a_word_knows_its_source_and_its_proof() -> None:
    """The standing names who told it, when, and by the hash of its key the event that proves it."""
    yes = subscribed("1", **ANN)
    found = standing(folded(yes), PLAIN, NOW)
    assert found == Standing(True, epoch(NOW), "subscribed", "shopify", short(yes.key))


def test_nobody_asked() -> None:
    """Without a word there is no consent, and nothing to date it by."""
    assert standing(folded(), PLAIN, NOW) == Standing(False)
    assert frequency(folded(), NOW) == "all"


@pytest.mark.parametrize(
    ("words", "plain", "double"),
    [
        ([said("subscribed", NOW)], (True, "subscribed"), (False, "unconfirmed")),
        ([said("subscribed", NOW, confirmed=True)], (True, "subscribed"), (True, "confirmed")),
        ([order("o1", accepts_marketing=True, **ANN)], (True, "checkout"), (False, "unconfirmed")),
        (
            [said("subscribed", NOW - DAY), said("unsubscribed", NOW)],
            (False, "unsubscribed"),
            (False, "unsubscribed"),
        ),
        (
            [said("subscribed", NOW), said("unsubscribed", NOW)],
            (False, "unsubscribed"),
            (False, "unsubscribed"),
        ),
        (
            [
                said("subscribed", NOW - 2 * DAY, confirmed=True),
                said("unsubscribed", NOW - DAY),
                said("subscribed", NOW),
            ],
            (True, "subscribed"),
            (False, "unconfirmed"),
        ),
        (
            [said("preferences_changed", NOW, topics={"offers": True})],
            (True, "subscribed"),
            (True, "confirmed"),
        ),
    ],
)
def test_terms_decide_when_asked(words: list[Event], plain: Any, double: Any) -> None:
    """The same words stand otherwise under double opt-in; a no voids an earlier confirmation."""
    customer = folded(*words)
    assert (told(customer), told(customer, DOUBLE)) == (plain, double)


@pytest.mark.parametrize(
    ("state", "level", "plain", "double"),
    [
        ("pending", "confirmed_opt_in", "pending", "pending"),
        ("subscribed", "single_opt_in", "subscribed", "unconfirmed"),
        ("subscribed", "confirmed_opt_in", "subscribed", "confirmed"),
        ("not_subscribed", None, "refused", "refused"),
        ("redacted", None, "refused", "refused"),
    ],
)
def test_the_shops_own_double_opt_in_counts(state: str, level: str, plain: str, double: str) -> None:
    """Shopify's pending is neither yes nor no; its confirmed opt-in is a confirmation."""
    consent = {"state": state, "at": NOW.isoformat(), "level": level}
    customer = folded(said("customer_registered", NOW, consent=consent))
    assert (told(customer)[1], told(customer, DOUBLE)[1]) == (plain, double)


def test_topics() -> None:
    """A topic's own word counts beside the channel's: of the two the later, of one second the no."""
    whole = said("subscribed", NOW - DAY)
    no_offers = folded(whole, said("unsubscribed", NOW, topics=["offers"]))
    assert (told(no_offers, topic="offers"), told(no_offers)) == (
        (False, "unsubscribed"),
        (True, "subscribed"),
    )
    assert standing(no_offers, PLAIN, NOW, "offers").topic == "offers"
    assert told(apply(no_offers, said("subscribed", NOW + HOUR / 2)), topic="offers") == (True, "subscribed")
    only = folded(said("subscribed", NOW, topics=["newsletter"]))
    assert (told(only, topic="newsletter")[0], told(only, topic="offers")[0], told(only)[0]) == (
        True,
        False,
        False,
    )
    assert overall(only, PLAIN, NOW).holds
    assert not told(apply(only, said("unsubscribed", NOW)), topic="newsletter")[0]


def test_preferences() -> None:
    """One topic chosen subscribes, and confirms; those left out are refused; all left out is a no to everything."""
    some = folded(said("preferences_changed", NOW, topics={"newsletter": True, "offers": False}))
    assert (told(some, DOUBLE, "newsletter"), told(some, DOUBLE, "offers")[0]) == ((True, "confirmed"), False)
    none = apply(
        some, said("preferences_changed", NOW + HOUR / 2, topics={"newsletter": False, "offers": False})
    )
    assert told(none) == (False, "unsubscribed")
    assert (subscribed_at(some), subscribed_at(none)) == (epoch(NOW), None)


def test_implied_consent_ends() -> None:
    """A purchase gives consent for as long as the shop says, to the second, and none where it says nothing."""
    bought = order("o1", at=NOW - 730 * DAY, **ANN)
    customer = folded(bought)
    last = NOW - timedelta(seconds=1)
    assert standing(customer, IMPLIED, last).reason == "implied"
    assert standing(customer, IMPLIED, last).until == epoch(NOW)
    assert standing(customer, IMPLIED, NOW) == Standing(False, reason="expired")
    assert standing(customer, PLAIN, last) == Standing(False)
    again = apply(customer, order("o2", at=NOW, **ANN))
    assert standing(again, IMPLIED, NOW).holds
    assert not standing(folded(order("o1", at=NOW, type_="order_cancelled", **ANN)), IMPLIED, NOW).holds


@pytest.mark.parametrize(
    "said_no", [said("unsubscribed", NOW - DAY), said("unsubscribed", NOW - DAY, topics=["offers"])]
)
def test_a_no_outlasts_purchases(said_no: Event) -> None:
    """An explicit no stands against whatever is bought later, with the box ticked or not."""
    customer = folded(said_no, order("o1", accepts_marketing=True, **ANN))
    assert told(customer, IMPLIED, "offers") == (False, "unsubscribed")


def test_what_waits_may_be_implied_meanwhile() -> None:
    """Who bought something has the implied consent while their subscription waits to be confirmed."""
    customer = folded(said("subscribed", NOW), order("o1", **ANN))
    both = Terms(double_opt_in=True, implied_for=DAY)
    assert told(customer, both) == (True, "implied")
    assert not standing(customer, both, NOW + DAY).holds


def _often(*events: Event, at: datetime = NOW + HOUR) -> str:
    return frequency(folded(*events), at)


def test_frequency() -> None:
    """The latest choice counts; a pause ends by itself, or by a later choice, and what was chosen before it holds
    again."""
    weekly = said("preferences_changed", NOW - DAY, frequency="weekly")
    pause = said("preferences_changed", NOW, frequency="paused", paused_until=(NOW + 2 * DAY).isoformat())
    again = said("preferences_changed", NOW + HOUR / 2, frequency="all")
    assert (_often(weekly), _often(weekly, pause), _often(weekly, pause, again)) == (
        "weekly",
        "paused",
        "all",
    )
    assert _often(weekly, pause, at=NOW + 2 * DAY) == "weekly"
    assert _often(said("preferences_changed", NOW, frequency="paused"), at=NOW + 30 * DAY) == "all"


def test_a_word_from_the_future_counts_as_of_its_receipt() -> None:
    """A date that lies ahead would outlast every later no."""
    ahead = (NOW + 4000 * DAY).isoformat()
    customer = folded(said("customer_registered", NOW, consent={"state": "subscribed", "at": ahead}))
    assert not told(apply(customer, said("unsubscribed", NOW + HOUR)))[0]


@pytest.mark.parametrize("count", [0, 1, 40])
def test_a_long_memory_is_packed(count: int) -> None:
    """Little stays legible; much is one small binary value. Both are read back, whatever the characters."""
    orders = [order(f"{n}", at=NOW - n * DAY, first_name="Zoë 茶碗 \ud800", **ANN) for n in range(count)]
    customer = folded(said("subscribed", NOW), *orders)
    item = {name: value for name, value in to_item(customer).items() if value is not None}
    assert from_item(decode_item(encode_item(item))) == customer
    assert ("packed" in item) == (count > 1) != ("consent" in item)


def test_items_of_before_are_read() -> None:
    """Words without a source, stamped profiles, full journeys and a map of seen events, as earlier items hold them."""
    now = epoch(NOW)
    old = {
        "id": "c1", "version": 3, "created_at": now,
        "consent": {"email": ["subscribed", now]},
        "profile": {"email": ["ann@example.com", now], "tags": [["a"], now]},
        "closed": {"j1": ["welcome", "exited", "order_placed", now]},
        "seen": {"c99280e89ec4": 20499},
    }  # fmt: skip
    customer = from_item(old)
    assert dict(customer.consent) == {"email": Word("subscribed", now)}
    assert told(customer) == (True, "subscribed")
    assert (customer.email, customer.get("tags")) == ("ann@example.com", ["a"])
    assert (customer.closed["j1"].reason, dict(customer.seen)) == ("order_placed", {"c99280e89ec4": 20499})
    item = {name: value for name, value in to_item(customer).items() if value is not None}
    assert from_item(decode_item(encode_item(item))) == customer
