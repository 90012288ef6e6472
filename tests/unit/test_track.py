"""What pages may tell, and what they may not: whoever sends it, it is read or refused, and sets nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.sources.bodies import NOW
from tests.unit.sources.test_anything import JSON
from tests.unit.test_ingest import FakeParameters, FakeStore
from tests.worlds import ANN, World, event
from tidings.aws.events_table import from_image, to_item
from tidings.clock import FixedClock
from tidings.events import Event
from tidings.intake.ingest import Answer
from tidings.intake.track import MAX_BODY_BYTES, Track
from tidings.sources import Request
from tidings.tids import make_tid, read_tid

SHOP = "https://shop.example"
PARAMETERS = {"/webhooks/track": ("pk_1", "pk_0"), "/keys/track": ("k1:tid_secret",)}
SIGNING = {"k1": b"tid_secret"}
VIEW: dict[str, Any] = {
    "key": "pk_1",
    "type": "product_viewed",
    "visitor": "browser-1",
    "data": {
        "product_id": 501,
        "title": "Teapot",
        "price": "19.90",
        "currency": "EUR",
        "url": f"{SHOP}/teapot",
    },
}
CART: dict[str, Any] = {
    **VIEW,
    "type": "cart_updated",
    "cart": "cart1?key=abc",
    "platform": "shopify",
    "data": {
        "items": [{"product_id": "501", "title": "Teapot", "quantity": 2, "price": 19.9}],
        "total": "39.80",
        "currency": "EUR",
    },
}
TID = make_tid("customer:abc", NOW + timedelta(days=1), SIGNING)


def track(store: FakeStore | None = None, parameters: FakeParameters | None = None, **told: Any) -> Track:
    """The door for pages, over fakes."""
    told.setdefault("origins", frozenset({SHOP}))
    return Track(store or FakeStore(), parameters or FakeParameters(PARAMETERS), FixedClock(NOW), **told)


def tell(body: object, origin: str | None = SHOP, store: FakeStore | None = None, **told: Any) -> Answer:
    """One request of a page."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": "text/plain;charset=UTF-8"} | ({"origin": origin} if origin else {})
    return track(store, **told).receive(Request("track", headers, raw))


def stored(body: object, **told: Any) -> Event:
    """The event that a page's request becomes."""
    store = FakeStore()
    answer = tell(body, store=store, **told)
    assert (answer.status, answer.body) == (204, {}), answer.body
    (found,) = store.events.values()
    return found


def test_a_page_looked_at_is_an_event_of_its_browser() -> None:
    """Its time is the receipt's; what was looked at stands in it as a mail needs it."""
    found = stored(VIEW)
    assert found.aliases == ("track:visitor:browser-1",)
    assert found.is_anonymous
    assert (found.at, found.dated, found.source) == (NOW, True, "events")
    assert found.id.startswith("track:product_viewed:")
    assert found.properties == {
        "product_id": "501",
        "items": [{"product_id": "501", "title": "Teapot", "price": "19.90", "quantity": 1}],
        "items_count": 1,
        "total": "19.90",
        "currency": "EUR",
        "url": f"{SHOP}/teapot",
    }


def test_a_cart_lies_under_its_token() -> None:
    """With the browser beside it, so that both become whoever takes it to the checkout; emptied it has no items."""
    found = stored(CART)
    assert found.aliases == ("shopify:cart:cart1", "track:visitor:browser-1")
    assert found.source == "shopify"
    assert found.properties["items"] == [
        {"product_id": "501", "title": "Teapot", "quantity": 2, "price": "19.9"}
    ]
    assert (found.properties["total"], found.properties["cart"]) == ("39.80", "cart1")
    emptied = stored({**CART, "cart": None, "data": {"items": []}})
    assert emptied.aliases == ("track:visitor:browser-1",)
    assert (emptied.properties["items"], emptied.properties["items_count"]) == ([], 0)


def test_a_tid_tells_who() -> None:
    """By customer or account, before any browser; it names no customer object, so that nobody is merged."""
    found = stored({**VIEW, "tid": TID})
    assert found.aliases == ("customer:abc", "track:visitor:browser-1")
    assert not found.names_customer
    for account in ("shopify:customer:7001", "woocommerce:customer:25"):
        tid = make_tid(account, NOW + timedelta(days=1), SIGNING)
        assert stored({**VIEW, "tid": tid, "visitor": None}).aliases == (account,)


@pytest.mark.parametrize(
    "tid",
    [
        make_tid("customer:abc", NOW, SIGNING),
        make_tid("customer:abc", NOW + timedelta(days=1), {"k1": b"another"}),
        TID[:-1] + ("0" if TID[-1] != "0" else "1"),
        TID.replace("abc", "abd"),
        TID.replace("k1.", "k2."),
        "",
        "....",
        None,
        7,
        "k1." + "9" * 600,
        "k1.customer:abc.٣.00",
    ],
)
def test_a_tid_that_does_not_hold_is_none(tid: object) -> None:
    """Expired, forged, cut short: the page still counts, for its browser."""
    assert stored({**VIEW, "tid": tid}).aliases == ("track:visitor:browser-1",)
    assert read_tid(tid, SIGNING, NOW) is None


def test_a_tid_is_made_of_plain_text() -> None:
    """So that any backend can make one: an HMAC in hex over what stands before it."""
    import hashlib
    import hmac

    told = "k1.shopify:customer:7001.1900000000"
    signature = hmac.new(b"tid_secret", f"tid.{told}".encode(), hashlib.sha256).hexdigest()
    assert read_tid(f"{told}.{signature}", SIGNING, NOW) == "shopify:customer:7001"
    assert read_tid(f"{told}.{signature.upper()}", SIGNING, NOW) == "shopify:customer:7001"
    assert read_tid(f"{told}.{signature[:32]}", SIGNING, NOW) == "shopify:customer:7001"
    for cut in (0, 1, 31, 33, 63):
        assert read_tid(f"{told}.{signature[:cut]}", SIGNING, NOW) is None
    for place, here in enumerate(TID):
        for other in {here.swapcase(), *"0aA.:-_é"} - {here}:
            assert read_tid(TID[:place] + other + TID[place + 1 :], SIGNING, NOW) is None
    for who in ("ann@example.com", "email:0123", "shopify:cart:1", "track:visitor:browser-1", "customer:"):
        with pytest.raises(ValueError, match="customer or account"):
            make_tid(who, NOW, SIGNING)
    with pytest.raises(ValueError, match="key"):
        make_tid("customer:abc", NOW, {})


@pytest.mark.parametrize(
    ("body", "origin", "status", "says"),
    [
        (VIEW, "https://evil.example", 403, "TrackOrigins"),
        (VIEW, "null", 403, "origin"),
        (VIEW, None, 403, "origin"),
        ({**VIEW, "key": "pk_2"}, SHOP, 401, "publishable key"),
        ({**VIEW, "key": ["pk_1"]}, SHOP, 401, "publishable key"),
        ({**VIEW, "type": "order_placed"}, SHOP, 400, "cart_updated, product_viewed"),
        ({**VIEW, "type": ["product_viewed"]}, SHOP, 400, "type"),
        ({**VIEW, "platform": "magento"}, SHOP, 400, "events, shopify"),
        ({**VIEW, "visitor": "short"}, SHOP, 400, "visitor"),
        ({**VIEW, "visitor": None}, SHOP, 400, "visitor"),
        ({**VIEW, "data": {}}, SHOP, 400, "product_id"),
        ({**CART, "data": {"items": None}}, SHOP, 400, "items"),
        (b"not json", SHOP, 400, "not JSON"),
        (b"[]", SHOP, 400, "object"),
        (b" " * (MAX_BODY_BYTES + 1), SHOP, 413, "8192"),
    ],
)
def test_what_is_wrong_is_refused(body: object, origin: str | None, status: int, says: str) -> None:
    """Each with its status and the mend; nothing is stored."""
    store = FakeStore()
    answer = tell(body, origin, store)
    assert answer.status == status
    assert says in answer.body["error"]
    assert answer.counts == {"EventsRefused": 1}
    assert not store.events


def test_frames_without_an_origin_are_let_in_where_the_operator_says_so() -> None:
    """Shopify's custom pixels run in such; other sites stay out all the same."""
    assert tell(VIEW, "null", sandboxed=True).status == 204
    assert tell(VIEW, None, sandboxed=True).status == 204
    assert tell(VIEW, "https://evil.example", sandboxed=True).status == 403


def test_without_a_key_every_page_is_refused() -> None:
    """The door is shut until the operator opens it; an outage is no page's fault."""
    assert tell({**VIEW, "key": ""}, parameters=FakeParameters({})).status == 401
    assert tell({**VIEW, "key": None}, parameters=FakeParameters({"/webhooks/track": ()})).status == 401
    assert tell(VIEW, parameters=FakeParameters({}, broken=True)).status == 503
    assert tell(VIEW, store=FakeStore(broken=True)).status == 503
    assert tell({**VIEW, "key": "pk_0"}).status == 204


def test_a_beacon_sent_twice_is_one_event() -> None:
    """By the id that the page gave it."""
    store = FakeStore()
    body = {**VIEW, "id": "0f8fad5b-d9cb-469f-a165-70867728950e"}
    assert [tell(body, store=store).counts for _ in range(2)] == [
        {"EventsAccepted": 1},
        {"EventsDuplicate": 1},
    ]
    assert len(store.events) == 1


def test_a_link_to_elsewhere_is_not_kept() -> None:
    """A mail could lead its reader there."""
    for url in (
        "https://evil.example/teapot",
        "http://shop.example/x",
        "https://shop.example@evil.example/",
        "http://[",
    ):
        assert "url" not in stored({**VIEW, "data": {**VIEW["data"], "url": url}}).properties


def test_a_page_sets_nothing_of_a_customer() -> None:
    """Whatever it sends, with whoever's token: profile, consent, orders and fields stay as they were."""
    world = World()
    world.happen(event("customer_registered", "1", first_name="Ann", locale="de", **ANN))
    ann = world.only()
    forged = {
        "email": "x@evil.example", "first_name": "Eve", "locale": "xx", "country": "XX", "tags": ["vip"],
        "tags_added": ["vip"], "fields": {"size": 1}, "birthday": "--01-01", "timezone": "Asia/Tokyo",
        "consent": {"state": "subscribed", "at": NOW.isoformat()}, "accepts_marketing": True,
        "order_id": "1", "placed_at": NOW.isoformat(), "discount_codes": ["X"], "registered_at": "2020-01-01T00:00:00Z",
        "contact_email": "x@evil.example", "checkout": "t1",
    }  # fmt: skip
    tid = make_tid(f"customer:{ann.id}", NOW + timedelta(days=1), SIGNING)
    for body in (VIEW, CART):
        found = stored({**body, **forged, "tid": tid, "data": {**body["data"], **forged}})
        world.happen(found)
    after = world.only()
    assert (after.profile, after.consent, after.orders) == (ann.profile, ann.consent, ann.orders)
    assert (after.checkouts, after.codes, after.earned) == (ann.checkouts, ann.codes, ann.earned)
    assert set(after.last) == {*ann.last, "product_viewed", "cart_updated"}


def test_a_tid_and_somebody_elses_cart_merge_nobody() -> None:
    """Nor does the cart change hands."""
    world = World()
    world.happen(event("customer_registered", "1", **ANN))
    tokens = ("shopify:cart:cart1",)
    world.happen(event("checkout_started", "t2", account="2", checkout="t2", total="1.00", tokens=tokens))
    ann, bob = (world.customers.aliases[f"shopify:customer:{number}"] for number in "12")
    tid = make_tid(f"customer:{ann}", NOW + timedelta(days=1), SIGNING)
    world.happen(stored({**CART, "tid": tid}))
    assert len(world.customers.people) == 2
    assert world.customers.aliases["shopify:cart:cart1"] == bob
    assert "cart_updated" in world.customers.rows[ann].last
    assert "cart_updated" not in world.customers.rows[bob].last


def test_nothing_personal_is_said_or_logged() -> None:
    """Neither tid nor browser nor what was looked at."""
    answers = [tell({**VIEW, "tid": TID}), tell({**VIEW, "visitor": "x"}), tell(VIEW, "https://evil.example")]
    said = json.dumps([[answer.body, answer.about] for answer in answers])
    for secret in (TID, "browser-1", "Teapot", "evil"):
        assert secret not in said


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.dictionaries(st.sampled_from([*VIEW, "cart", "tid", "id", "platform", "x"]), JSON, max_size=4),
    details=st.dictionaries(
        st.sampled_from([*VIEW["data"], "items", "total", "presentment_total", "variant_id"]),
        JSON,
        max_size=6,
    ),
    cart=st.booleans(),
)
def test_any_body_is_read_or_refused(changes: dict[str, Any], details: dict[str, Any], cart: bool) -> None:
    """Never an error of ours; what is read can be stored."""
    body = CART if cart else VIEW
    body = {**body, "data": {**body["data"], **details}, **changes}
    store = FakeStore()
    answer = tell(body, store=store)
    assert answer.status in (204, 400, 401, 413)
    for found in store.events.values():
        item = to_item(found)
        assert len(found.identity.encode()) <= 2048
        assert len(found.id.encode()) <= 1024
        assert from_image(json.loads(json.dumps(item))) == found
