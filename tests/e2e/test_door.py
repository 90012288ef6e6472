"""What is sent wrongly is answered with whose fault it is, and changes nothing."""

import json
from datetime import UTC, datetime

import pytest

from tests.e2e.helpers.shop import DAY, Shop
from tests.e2e.helpers.stories import Told, stories
from tests.unit.sources.bodies import shopify_headers, standard_headers

ORDERS = "orders/create"


@pytest.fixture
def order(shop: Shop) -> bytes:
    """A good order."""
    told = Told(stories(shop.now, 5000)[0].person, shop.now)
    return told.purchase(told.cart)[0].raw


@pytest.fixture
def secret(shop: Shop) -> str:
    """What the shop signs with."""
    return str(shop.outputs.values["webhook_secrets"]["shopify"])


def stored(shop: Shop) -> set[str]:
    """The keys of what came through the door; earlier tests' mails go on being opened meanwhile."""
    return {event.key for event in shop.events() if event.source in ("shopify", "events")}


def test_a_wrong_signature_is_401(shop: Shop, order: bytes, secret: str) -> None:
    """Another secret, another body, none at all, an empty secret."""
    before = stored(shop)
    attempts = [
        shopify_headers(ORDERS, order, "another"),
        shopify_headers(ORDERS, order + b" ", secret),
        shopify_headers(ORDERS, order, ""),
        {"x-shopify-topic": ORDERS},
    ]
    assert [shop.post("shopify", order, headers).status for headers in attempts] == [401] * 4
    body = json.dumps({"type": "profile_updated", "timestamp": "2026-01-01T00:00:00Z", "data": {}}).encode()
    key = str(shop.outputs.values["webhook_secrets"]["events"])
    stale = standard_headers(body, datetime.now(UTC) - DAY, "old", key)
    assert shop.post("events", body, stale).status == 401
    assert stored(shop) == before


@pytest.mark.parametrize("body", [b"", b"no JSON", b'"text"', b"[]", b'{"id": 1'])
def test_a_body_that_is_no_json_object_is_400(shop: Shop, secret: str, body: bytes) -> None:
    """Signed, but nothing that could be read."""
    answer = shop.post("shopify", body, shopify_headers(ORDERS, body, secret))
    assert answer.status == 400
    assert answer.json["error"]


def test_a_body_over_a_megabyte_is_413(shop: Shop, order: bytes, secret: str) -> None:
    """However well it is signed; one of exactly a megabyte is read."""
    big = order[:-1] + b" " * (1024 * 1024 - len(order) + 1) + b"}"
    assert len(big) == 1024 * 1024 + 1
    assert shop.post("shopify", big, shopify_headers(ORDERS, big, secret)).status == 413
    fits = order[:-1] + b" " * (1024 * 1024 - len(order)) + b"}"
    assert shop.post("shopify", fits, shopify_headers(ORDERS, fits, secret)).status == 200


def test_an_unknown_topic_is_200_and_stores_nothing(shop: Shop, order: bytes, secret: str) -> None:
    """A shop may subscribe to more than is read."""
    before = stored(shop)
    answer = shop.post("shopify", order, shopify_headers("themes/publish", order, secret))
    assert (answer.status, answer.json) == (200, {"accepted": 0, "duplicate": 0})
    assert stored(shop) == before


def test_an_unknown_source_is_404(shop: Shop, order: bytes, secret: str) -> None:
    """The answer names those that there are."""
    answer = shop.post("magento", order, shopify_headers(ORDERS, order, secret))
    assert answer.status == 404
    assert "shopify" in answer.json["error"]


@pytest.mark.parametrize(
    "topic",
    ["products/delete", "customers/update", "checkouts/create", "customers_email_marketing_consent/update"],
)
def test_a_body_that_contradicts_its_topic_is_400(shop: Shop, order: bytes, secret: str, topic: str) -> None:
    """The topic is not signed: an order replayed as something else must not become it."""
    answer = shop.post("shopify", order, shopify_headers(topic, order, secret))
    assert answer.status == 400
    assert topic in answer.json["error"]


def test_headers_of_another_shop_or_time_change_nothing(shop: Shop, order: bytes, secret: str) -> None:
    """What is not signed is nobody's word: the same body is the same event under any of them."""
    headers = shopify_headers(ORDERS, order, secret)
    assert shop.post("shopify", order, headers).status == 200
    forged = {"x-shopify-shop-domain": "evil.example", "x-shopify-triggered-at": "1999-01-01T00:00:00Z"}
    answer = shop.post("shopify", order, headers | forged)
    assert answer.json == {"accepted": 0, "duplicate": 1}
