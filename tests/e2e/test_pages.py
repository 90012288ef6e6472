"""The shop's pages before the deployed stack, and what comes after an order, found by its index."""

import json
from typing import Any

import pytest

from infra.local import bodies
from infra.local.catalogue import SHOP_SITE
from tests.e2e.helpers.shop import HOUR, Answer, Shop, eventually
from tests.e2e.helpers.stories import Told, stories
from tests.unit.sources.bodies import FULFILLMENT, REFUND
from tidings.links import parse_keys
from tidings.tids import make_tid

VIEW: dict[str, Any] = {"type": "product_viewed", "platform": "shopify", "data": {"product_id": "501"}}


def tell(shop: Shop, body: dict[str, Any], origin: str = SHOP_SITE) -> Answer:
    """A beacon of a page."""
    raw = json.dumps({"key": shop.outputs.text("track_key"), **body}).encode()
    headers = {"content-type": "text/plain;charset=UTF-8", "origin": origin}
    return shop.call("POST", shop.outputs.text("track_url"), raw, headers)


def asks(shop: Shop, origin: str) -> Answer:
    """A browser's preflight."""
    wish = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    return shop.call("OPTIONS", shop.outputs.text("track_url"), b"", {"origin": origin, **wish})


def test_the_gateway_answers_preflights_of_the_shops_pages_only(shop: Shop) -> None:
    """With the origin that asks; another site is told nothing."""
    answer = asks(shop, SHOP_SITE)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == SHOP_SITE
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "access-control-allow-origin" not in asks(shop, "https://evil.example").headers


def test_a_page_is_answered_204_and_stored(shop: Shop) -> None:
    """Without a body, and readable for the page; other sites, other keys and large bodies are refused."""
    answer = tell(shop, {**VIEW, "visitor": "e2e-browser-1"})
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == SHOP_SITE
    (found,) = shop.events_of("track:visitor:e2e-browser-1")
    assert found.properties["product_id"] == "501"
    assert tell(shop, {**VIEW, "visitor": "e2e-browser-1"}, "null").status == 204
    for body, origin, status in (
        (VIEW, "https://evil.example", 403),
        ({**VIEW, "key": "pk_other"}, SHOP_SITE, 401),
        ({**VIEW, "type": "order_placed"}, SHOP_SITE, 400),
        ({**VIEW, "data": {"title": "x" * 9000}}, SHOP_SITE, 413),
    ):
        assert tell(shop, {"visitor": "e2e-browser-2", **body}, origin).status == status
    assert shop.events_of("track:visitor:e2e-browser-2") == []


@pytest.fixture(scope="module")
def told(shop: Shop) -> Told:
    """Somebody with an account."""
    told = Told(stories(shop.now, 7000)[0].person, shop.now - HOUR)
    assert shop.deliver(told.account().topic, told.account().raw).status == 200
    return told


def test_a_tid_joins_a_browser_with_its_customer(shop: Shop, told: Told) -> None:
    """What the browser looked at before is theirs, and what it looks at after, too."""
    customer = shop.known(account=told.person.id)
    keys = parse_keys([shop.outputs.text("track_secret")])
    tid = make_tid(f"shopify:customer:{told.person.id}", shop.now + 24 * HOUR, keys)
    browser = "e2e-browser-3"
    assert tell(shop, {**VIEW, "visitor": browser}).status == 204
    assert tell(shop, {**VIEW, "visitor": browser, "tid": tid}).status == 204
    alias = f"track:visitor:{browser}"
    claimed = eventually("the browser's owner", lambda: shop.table("aliases").get(alias=alias))
    assert claimed["customer"] == customer.id
    cart = {"type": "cart_updated", "visitor": browser, "data": {"items": [{"product_id": "501"}]}}
    assert tell(shop, cart).status == 204
    assert eventually("the cart", lambda: "cart_updated" in (shop.known(account=told.person.id)).last)


def test_a_refund_and_a_parcel_find_the_orders_customer(shop: Shop, told: Told) -> None:
    """Told after the order, or before it: paid back whole, the order no longer counts."""
    for number, late in ((0, False), (1, True)):
        at = told.at + number * HOUR / 4
        cart = bodies.Checkout(told.person.number + 50 + number, told.person, told.cart.lines, at)
        order = bodies.Order(told.person.number + 50 + number, cart, at, at)
        placed = bodies.order(order)
        amount = {"amount": placed["total_price"], "kind": "refund", "status": "success", "currency": "USD"}
        when = {"created_at": shop.now.isoformat(), "updated_at": shop.now.isoformat()}
        ids = {"id": order.id + 7, "order_id": order.id, "admin_graphql_api_id": None}
        refund = {
            **REFUND,
            **when,
            **ids,
            "refund_line_items": [],
            "transactions": [amount],
            "total_duties_set": None,
        }
        parcel = {**FULFILLMENT, **when, **ids, "shipment_status": "delivered", "email": told.person.email}
        hooks = [("orders/create", placed), ("refunds/create", refund), ("fulfillments/update", parcel)]
        for topic, body in reversed(hooks) if late else hooks:
            assert shop.deliver(topic, body).json == {"accepted": 1, "duplicate": 0}
        shop.settle()
        customer = shop.known(account=told.person.id)
        assert len(customer.orders) == number + 1
        assert customer.orders_count == 0
        assert customer.total_spent == 0
        assert {"order_refunded", "order_delivered"} <= customer.last.keys()
