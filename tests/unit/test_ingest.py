import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.unit.sources.bodies import (
    CUSTOMER,
    KEY,
    NOW,
    ORDER,
    SECRET,
    STANDARD_SECRET,
    raw,
    shopify_headers,
    standard_headers,
)
from tests.unit.sources.woo_bodies import ORDER as WOO_ORDER
from tests.unit.sources.woo_bodies import SECRET as WOO_SECRET
from tests.unit.sources.woo_bodies import woo_headers
from tidings.clock import FixedClock
from tidings.errors import Unavailable
from tidings.events import Event, address_alias
from tidings.intake.ingest import MAX_BODY_BYTES, Answer, Ingest
from tidings.sources import Request


@dataclass
class FakeStore:
    """Keeps events in memory, or is out of order."""

    broken: bool = False
    events: dict[str, Event] = field(default_factory=dict)

    def put(self, event: Event) -> bool:
        """Store once."""
        if self.broken:
            raise Unavailable("PutItem: ThrottlingException")
        new = event.key not in self.events
        self.events.setdefault(event.key, event)
        return new


@dataclass
class FakeParameters:
    """Holds parameters, or is out of order."""

    values: Mapping[str, Sequence[str]]
    broken: bool = False

    def words(self, name: str) -> Sequence[str]:
        """The words."""
        if self.broken:
            raise Unavailable("GetParameters: InternalServerError")
        return self.values.get(name, ())

    def text(self, name: str) -> str:
        """A line for each."""
        return "\n".join(self.words(name))


@dataclass
class FakeUnread:
    """Keeps deliveries in memory, or is out of order."""

    broken: bool = False
    kept: list[Request] = field(default_factory=list)
    names: Collection[str] = ()

    def keep(self, request: Request, names: Collection[str]) -> None:
        """Keep it."""
        if self.broken:
            raise Unavailable("PutObject: SlowDown")
        self.kept.append(request)
        self.names = names


ALL = {
    "/webhooks/woocommerce": (WOO_SECRET,),
    "/webhooks/shopify": (SECRET,),
    "/webhooks/events": (STANDARD_SECRET,),
    "/keys/address": (KEY.decode(),),
}


def ingest(
    store: FakeStore | None = None,
    parameters: FakeParameters | None = None,
    unread: FakeUnread | None = None,
) -> Ingest:
    """An ingest over fakes."""
    return Ingest(
        store or FakeStore(), parameters or FakeParameters(ALL), FixedClock(NOW), unread or FakeUnread()
    )


def order(topic: str = "orders/create", body: bytes = raw(ORDER)) -> Request:
    """A signed delivery of an order."""
    return Request("shopify", shopify_headers(topic, body), body)


def test_a_delivery_is_stored_and_then_accepted() -> None:
    """200 with what was done, counted once."""
    store = FakeStore()
    answer = ingest(store).receive(order())
    assert (answer.status, answer.body) == (200, {"accepted": 1, "duplicate": 0})
    assert answer.counts == {"EventsAccepted": 1}
    assert list(store.events) == ["shopify:customer:7001|shopify:order_placed:9001"]


def test_a_repeated_delivery_is_welcome_and_changes_nothing() -> None:
    """The same fact again, under other headers even, is 200 and one event."""
    store = FakeStore()
    ingest(store).receive(order())
    again = order()
    headers = {
        **again.headers,
        "x-shopify-webhook-id": "other",
        "x-shopify-triggered-at": "2020-01-01T00:00:00Z",
    }
    answer = ingest(store).receive(Request("shopify", headers, again.body))
    assert (answer.status, answer.body) == (200, {"accepted": 0, "duplicate": 1})
    assert answer.counts == {"EventsDuplicate": 1}
    assert len(store.events) == 1


def test_time_comes_from_the_body_never_from_a_header() -> None:
    """Shopify's X-Shopify-Triggered-At is not signed."""
    store = FakeStore()
    request = order()
    ingest(store).receive(
        Request(
            "shopify", {**request.headers, "x-shopify-triggered-at": "2030-01-01T00:00:00Z"}, request.body
        )
    )
    (event,) = store.events.values()
    assert event.at.isoformat() == "2026-03-10T11:40:00+00:00"
    assert event.received_at == NOW


def test_a_topic_that_is_not_read_is_counted_and_not_stored() -> None:
    """200, so that the shop keeps the subscription; only when the signature holds."""
    store = FakeStore()
    answer = ingest(store).receive(order("draft_orders/update"))
    assert (answer.status, answer.body) == (200, {"accepted": 0, "duplicate": 0})
    assert answer.counts == {"EventsIgnored": 1}
    assert not store.events
    unsigned = Request("shopify", {"x-shopify-topic": "draft_orders/update"}, b"{}")
    assert ingest(store).receive(unsigned).status == 401


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        (Request("magento", {}, b"{}"), 404, "events, shopify, woocommerce"),
        (Request("", {}, b"{}"), 404, "no such source"),
        (Request("shopify", {}, b"{}"), 401, "X-Shopify-Hmac-Sha256"),
        (order(body=b"not json"), 400, "not JSON"),
        (order(body=b"[]"), 400, "not an object"),
        (order(body=raw(CUSTOMER)), 400, "contradicts its topic"),
        (order(body=b" " * (MAX_BODY_BYTES + 1)), 413, "over"),
    ],
    ids=["source", "nowhere", "unsigned", "text", "list", "shape", "size"],
)
def test_the_senders_faults_are_told_apart(request_: Request, status: int, says: str) -> None:
    """Each has its status and a message that says the mend; nothing is stored."""
    store = FakeStore()
    answer = ingest(store).receive(request_)
    assert answer.status == status
    assert says in answer.body["error"]
    assert answer.counts == {"EventsRefused": 1}
    assert not store.events


@pytest.mark.parametrize(
    "values", [{}, {**ALL, "/webhooks/shopify": ()}, {**ALL, "/webhooks/shopify": ("",)}]
)
def test_a_source_without_a_secret_refuses_everything(values: dict[str, Sequence[str]]) -> None:
    """Missing and empty alike, also a body signed with the empty secret."""
    body = raw(ORDER)
    request = Request("shopify", shopify_headers("orders/create", body, ""), body)
    assert ingest(parameters=FakeParameters(values)).receive(request).status == 401


@pytest.mark.parametrize(
    ("store", "parameters"),
    [
        (FakeStore(broken=True), FakeParameters(ALL)),
        (FakeStore(), FakeParameters(ALL, broken=True)),
        (FakeStore(), FakeParameters({**ALL, "/keys/address": ()})),
    ],
    ids=["table", "parameters", "no address key"],
)
def test_an_outage_asks_the_shop_to_deliver_again(store: FakeStore, parameters: FakeParameters) -> None:
    """503: nothing was stored, nothing is lost, and it is not counted as refused."""
    answer = ingest(store, parameters).receive(order())
    assert answer.status == 503
    assert "deliver it again" in answer.body["error"]
    assert "EventsRefused" not in answer.counts


def test_a_generic_event_is_checked_on_the_machines_clock() -> None:
    """The local run's shop time is far from the machine's; the signature is dated by the machine's."""
    body = raw({"type": "subscribed", "data": {"customer": {"id": "c"}}})
    store = FakeStore()
    clock = FixedClock(NOW + timedelta(days=40), machine=NOW)
    answer = Ingest(store, FakeParameters(ALL), clock, FakeUnread()).receive(
        Request("events", standard_headers(body), body)
    )
    assert answer.status == 200
    (event,) = store.events.values()
    assert event.received_at == NOW + timedelta(days=40)


def test_nothing_personal_is_said_or_logged() -> None:
    """Neither answers nor what is logged of them hold an address, a name or a token."""
    answers: list[Answer] = [
        ingest().receive(order()),
        ingest().receive(order(body=raw(CUSTOMER))),
        ingest(FakeStore(broken=True)).receive(order()),
    ]
    said = json.dumps([[answer.body, answer.about] for answer in answers])
    for secret in ("ada", "example", "Byron", "tok1", "cart1", "7001", "9001"):
        assert secret not in said.lower()


def woo(body: bytes, topic: str = "order.created") -> Request:
    """A signed delivery of WooCommerce's."""
    return Request("woocommerce", woo_headers(topic, body), body)


def test_the_ping_of_woocommerce_is_answered_200_and_changes_nothing() -> None:
    """Unsigned and no JSON, even before a secret is set: any other answer refuses the webhook."""
    store, unread = FakeStore(), FakeUnread()
    ping = Request("woocommerce", {"content-type": "application/x-www-form-urlencoded"}, b"webhook_id=5")
    for parameters in (FakeParameters(ALL), FakeParameters({}), FakeParameters({}, broken=True)):
        answer = ingest(store, parameters, unread).receive(ping)
        assert (answer.status, answer.counts) == (200, {})
    assert not store.events
    assert not unread.kept


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"not JSON",
        raw({**WOO_ORDER, "id": None}),
        raw({"id": 7}),
        b'{"x": "' + b"x" * MAX_BODY_BYTES + b'"}',
    ],
)
def test_what_woocommerce_signed_and_nobody_can_read_is_set_aside(body: bytes) -> None:
    """It would not come again, and refusals would cost the webhook: 200, kept as it came, counted as parked."""
    store, unread = FakeStore(), FakeUnread()
    answer = ingest(store, unread=unread).receive(woo(body))
    assert (answer.status, answer.body["set_aside"]) == (200, 1)
    assert answer.counts == {"EventsParked": 1}
    assert [kept.body for kept in unread.kept] == [body]
    assert not store.events


def test_who_is_named_in_what_is_set_aside_is_noted() -> None:
    """By the aliases of the addresses, so that an erasure finds it."""
    unread = FakeUnread()
    ingest(unread=unread).receive(woo(raw({**WOO_ORDER, "id": None, "note": "or Bo@Example.org, please"})))
    assert set(unread.names) == {address_alias("ada@example.com", KEY), address_alias("bo@example.org", KEY)}


@pytest.mark.parametrize("unit", ["a", "@", "a@b.", "@a.b"])
def test_a_hostile_body_takes_no_longer_than_its_length(unit: str) -> None:
    """A megabyte of it is set aside at once."""
    unread = FakeUnread()
    assert ingest(unread=unread).receive(woo((unit * 2_000_000)[:2_000_000].encode())).status == 200
    assert len(unread.names) <= 50


def test_what_woocommerce_did_not_sign_is_refused_and_not_kept() -> None:
    """Anybody could fill the bucket otherwise."""
    unread = FakeUnread()
    forged = Request("woocommerce", {"x-wc-webhook-topic": "order.created"}, raw(WOO_ORDER))
    assert ingest(unread=unread).receive(forged).status == 401
    assert not unread.kept


def test_an_outage_is_told_to_woocommerce_as_such() -> None:
    """Neither a broken table nor a broken bucket is answered 200."""
    good = woo(raw(WOO_ORDER))
    assert ingest(FakeStore(broken=True)).receive(good).status == 503
    assert ingest(parameters=FakeParameters(ALL, broken=True)).receive(good).status == 503
    assert ingest(unread=FakeUnread(broken=True)).receive(woo(b"[]")).status == 503
    without_key = {name: value for name, value in ALL.items() if name != "/keys/address"}
    unread = FakeUnread()
    assert ingest(parameters=FakeParameters(without_key), unread=unread).receive(good).status == 503
    assert not unread.kept
