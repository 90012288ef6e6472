"""Consent on its whole way: words of webhooks, forms, pages and an import come in any order, before and after two
customers turn out to be one; the same facts give the same consent, and a no that the edge took holds from then on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import FakeSuppressions
from tests.worlds import DAY, KEY, NOW, SHOP, WORKFLOWS, World, email, event, order
from tidings.customer import Customer, epoch
from tidings.events import Event, customer_identity
from tidings.forms import facts
from tidings.forms.fields import Answers
from tidings.journey import Send, decide_mail
from tidings.links import Link, make_link
from tidings.pages import Pages, Request, Stores
from tidings.people.consent import standing
from tidings.shop import Shop
from tidings.sources import Request as Delivery
from tidings.sources.shopify import Shopify

ACCOUNT: dict[str, Any] = {"account": "1"}
GUEST: dict[str, Any] = {"contact": "ann@example.com"}
BOTH: dict[str, Any] = {"account": "1", "address": "ann@example.com"}
TOPICS = tuple(SHOP.topics)
SHOPS = [
    SHOP,
    SHOP.model_copy(update={"double_opt_in": True}),
    SHOP.model_copy(update={"implied_consent": timedelta(days=30)}),
    SHOP.model_copy(update={"double_opt_in": NOW.date(), "implied_consent": timedelta(days=30)}),
]

# The account is c1, the guest c2: who was there before anything else comes.
BEFORE = (
    event("customer_registered", "1", at=NOW - 900 * DAY, **ACCOUNT),
    event("checkout_started", "g", at=NOW - 800 * DAY, **GUEST),
)
MERGE = event("profile_updated", "both", at=NOW - 3 * DAY, **BOTH)
MOVED = event("profile_updated", "moved", at=NOW - 2 * DAY, account="1", address="ann@new.example")

AT = st.sampled_from([NOW - 400 * DAY, NOW - 5 * DAY]) | st.integers(0, 5).map(
    lambda s: NOW - timedelta(seconds=s)
)
WHOM = st.sampled_from([ACCOUNT, GUEST, BOTH])


def said(type_: str, at: datetime, whom: dict[str, Any], **told: Any) -> Event:
    """By the shop or an import."""
    return event(type_, f"{at:%y%m%d%H%M%S}{sorted(told.items())}", at=at, **whom, **told)


def paged(type_: str, at: datetime, customer: str, **told: Any) -> Event:
    """By a page, of a customer whom a mail was sent to."""
    name = f"page:{type_}:{at:%y%m%d%H%M%S}{sorted(told.items())}"
    return Event(name, type_, at, max(at, NOW), "page", customer_identity(customer), properties=told)


def webhook(accepts: bool, at: datetime) -> Event:
    """`customers/update` of an older API, which repeats the consent with its date."""
    body = (
        f'{{"id": 1, "email": "ann@example.com", "accepts_marketing": {str(accepts).lower()},'
        f' "accepts_marketing_updated_at": "{at.isoformat()}", "created_at": "2023-01-01T00:00:00Z",'
        f' "updated_at": "{at.isoformat()}", "first_name": "Ann", "orders_count": 0}}'
    )
    headers = {"x-shopify-topic": "customers/update"}
    (told,) = Shopify().parse(Delivery("shopify", headers, body.encode()), NOW, KEY)
    return told


def form(at: datetime) -> list[Event]:
    """The contact form with its box ticked: a wish, no consent."""
    sent = facts.sent_by_anybody("ann@example.com", email("ann@example.com"), at, "s")
    return facts.lead_captured(sent, Answers({"message": "hello", "news": True}), "en")


CUSTOMERS = st.sampled_from(["c1", "c2"])
TYPES = st.sampled_from(["subscribed", "unsubscribed"])
WORDS: st.SearchStrategy[list[Event]] = st.one_of(
    st.builds(lambda type_, at, whom: [said(type_, at, whom)], TYPES, AT, WHOM),
    st.builds(
        lambda type_, at, whom, topic: [said(type_, at, whom, topics=[topic])],
        TYPES,
        AT,
        WHOM,
        st.sampled_from(TOPICS),
    ),
    st.builds(lambda at, whom: [said("subscribed", at, whom, confirmed=True)], AT, WHOM),
    st.builds(lambda accepts, at: [webhook(accepts, at)], st.booleans(), AT),
    st.builds(form, AT),
    st.builds(lambda at, who: [paged("unsubscribed", at, who, send_id="s")], AT, CUSTOMERS),
    st.builds(lambda at, who: [paged("mail_complained", at, who)], AT, CUSTOMERS),
    st.builds(lambda at, who: [paged("subscribed", at, who, confirmed=True)], AT, CUSTOMERS),
    st.builds(
        lambda at, who, on: [
            paged("preferences_changed", at, who, topics={name: name in on for name in TOPICS})
        ],
        AT,
        CUSTOMERS,
        st.sets(st.sampled_from(TOPICS)),
    ),
    st.builds(
        lambda at, whom: [order(f"{at:%y%m%d%H%M%S}", at=at, accepts_marketing=True, **whom)], AT, WHOM
    ),
)
LIVES = st.lists(WORDS, max_size=7).map(
    lambda told: [MERGE, MOVED, *(each for words in told for each in words)]
)


def lived(happened: Sequence[Event]) -> World:
    """A world in which these came in this order."""
    world = World()
    world.happen(*BEFORE, *happened)
    return world


def heard(customer: Customer, shop: Shop) -> list[Any]:
    """All that can be asked of somebody's consent."""
    return [standing(customer, shop.terms, NOW + DAY, topic) for topic in (None, *TOPICS)]


@given(LIVES, st.randoms(use_true_random=False), st.sampled_from(SHOPS))
@settings(max_examples=150, deadline=None)
def test_whatever_comes_first_the_consent_is_the_same(told: list[Event], chance: Any, shop: Shop) -> None:
    """Each event once or twice, in any order, the merge among them: one customer, one consent."""
    mixed = [*told, *chance.choices(told, k=2)]
    chance.shuffle(mixed)
    one, other = lived(told).only(), lived(mixed).only()
    assert dict(one.consent) == dict(other.consent)
    assert heard(one, shop) == heard(other, shop)
    assert (one.email, set(one.ids)) == (other.email, {"c1", "c2"})


@given(LIVES, st.randoms(use_true_random=False), st.sampled_from(SHOPS), CUSTOMERS, st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_after_a_no_that_the_edge_took_nothing_goes_without_a_later_yes(
    told: list[Event], chance: Any, shop: Shop, who: str, place: int
) -> None:
    """Whoever of the two clicks, in whatever mail, at any moment, and before the click is folded: at no moment after
    it is either mailed anywhere, but for an explicit yes that is later than the click."""
    chance.shuffle(told)
    place = min(place, len(told))
    world, suppressions = lived(told[:place]), FakeSuppressions()
    world.clock.time = clicked = NOW - timedelta(seconds=2)
    stores = Stores(world.events, suppressions, world.customers, lambda: {"k1": b"secret"})
    link = make_link(Link("unsubscribe", who, email("ann@example.com"), "s"), {"k1": b"secret"})
    assert Pages(stores, SHOP, world.clock).serve(Request("POST", "unsubscribe", link)).status == 200
    world.clock.time = NOW
    left = [*told[place:], None]  # None: the click is folded at last
    chance.shuffle(left)
    answers = [_mailed(world, suppressions, shop, who)]
    for each in left:
        folded = [e for e in world.events.rows.values() if e.source == "page" and e.at == clicked]
        world.happen(*([each] if each else folded))
        answers.append(_mailed(world, suppressions, shop, who))
    assert not any(answers) or any(_is_later_yes(each, epoch(clicked)) for each in told)


def _mailed(world: World, suppressions: FakeSuppressions, shop: Shop, who: str) -> bool:
    """Whether a marketing mail would go to the clicker on any topic now, as `run_step` asks."""
    customer = world.customers.get(who)
    assert customer is not None
    names = [email(customer.email)] if customer.email else []
    held = [
        each for name in (*names, *map(customer_identity, customer.ids)) for each in suppressions.of(name)
    ]
    flows = [WORKFLOWS["welcome"].model_copy(update={"topic": topic}) for topic in (None, *TOPICS)]
    now = world.clock.now()
    return any(isinstance(decide_mail(flow, customer, held, shop, now), Send) for flow in flows)


def _is_later_yes(told: Event, clicked: int) -> bool:
    consent = told.properties.get("consent") or {}
    explicit = told.type in ("subscribed", "preferences_changed") or consent.get("state") == "subscribed"
    return explicit and epoch(told.at) > clicked
