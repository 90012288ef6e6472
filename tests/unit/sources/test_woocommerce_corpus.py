"""Real WooCommerce bodies, from the corpus beside the checkout: read rightly where it is, skipped with a word where it
is not.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.sources.bodies import KEY, NOW, raw
from tests.unit.sources.test_corpus import CORPUS, SIGNED
from tests.unit.sources.woo_bodies import parse_woo
from tidings.errors import BadInput, Unauthorized
from tidings.events import Event, address_alias
from tidings.sources import SOURCES, Request

WOO = CORPUS / "woocommerce"
needs_corpus = pytest.mark.skipif(not WOO.is_dir(), reason="the corpus is not beside this checkout")
RESOURCES = ("order", "customer", "product", "coupon")


def bodies() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(where from, resource, body): whatever stands in a file, or in a list, batch or wrapper in it."""
    for path in sorted(WOO.rglob("*.json")):
        for number, body in enumerate(single(json.loads(path.read_text()))):
            yield f"{path.parent.name}/{path.stem}-{number}", resource_of(body), body


def single(value: Any) -> Iterator[dict[str, Any]]:
    """The things in a file that have an id."""
    if isinstance(value, list):
        for each in value:
            yield from single(each)
    elif isinstance(value, dict) and isinstance(value.get("id"), int):
        yield value
    elif isinstance(value, dict):
        for name in ("data", "create", "update", "delete"):
            yield from single(value.get(name))


def resource_of(body: dict[str, Any]) -> str:
    """What a body is, by its own address or the keys that only such a thing has."""
    address = str(body.get("_links", {}).get("collection", [{}])[0].get("href", "")).rstrip("/")
    for name in RESOURCES:
        if address.endswith(f"/{name}s"):
            return name
    for key, name in (("order_key", "order"), ("catalog_visibility", "product"), ("discount_type", "coupon")):
        if key in body and not address:
            return name
    return "other"


FOUND = list(bodies()) if WOO.is_dir() else []


def of(resource: str) -> list[Any]:
    """The bodies of a resource as parameters."""
    return [pytest.param(body, id=name) for name, kind, body in FOUND if kind == resource]


@needs_corpus
def test_the_corpus_has_bodies_of_every_resource() -> None:
    """A glob that finds nothing proves nothing."""
    counts = {name: len(of(name)) for name in RESOURCES}
    assert min(counts.values()) >= 8, counts


def moment(text: str | None) -> datetime:
    """A time of a body, the receipt for none."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else NOW


def one(events: list[Event], event_type: str) -> Event:
    """The one of its type."""
    (found,) = [event for event in events if event.type == event_type]
    return found


@needs_corpus
@pytest.mark.parametrize("topic", ["order.created", "order.updated"])
@pytest.mark.parametrize("body", of("order"))
def test_a_real_order_is_read_rightly(topic: str, body: dict[str, Any]) -> None:
    """Whom it names, what it is called, when it was and what it cost follow from the body by the plainest reading."""
    events = parse_woo(topic, body)
    status, paid = body["status"], body.get("date_paid_gmt")
    types = {event.type for event in events} - {"order_refunded", "checkout_started", "checkout_updated"}
    stands = status in ("processing", "completed", "on-hold")
    assert ("order_placed" in types) is stands
    assert ("order_paid" in types) is (stands and bool(paid))
    assert ("order_fulfilled" in types) is (status == "completed")
    assert ("order_cancelled" in types) is (status == "cancelled")
    email, account = body["billing"]["email"], body["customer_id"]
    for event in events:
        named = f"woocommerce:customer:{account}" if account else None
        named = named or (address_alias(email, KEY) if email else f"woocommerce:checkout:{body['id']}")
        assert (event.identity, event.names_customer) == (named, bool(account))
    if stands:
        placed = one(events, "order_placed")
        assert placed.at == max(moment(body["date_created_gmt"]), moment(paid or body["date_created_gmt"]))
        assert placed.properties["total"] == body["total"]
        assert [item.get("product_id") for item in placed.properties["items"]] == [
            str(line["product_id"]) if line["product_id"] else None for line in body["line_items"]
        ]
        for item, line in zip(placed.properties["items"], body["line_items"], strict=True):
            assert Decimal(item["price"]) * line["quantity"] == Decimal(line["subtotal"])
        assert "&" not in "".join(item["title"] for item in placed.properties["items"])
    back = [event for event in events if event.type == "order_refunded"]
    assert len(back) == max(len(body.get("refunds") or ()), 1 if status == "refunded" else 0)


@needs_corpus
@pytest.mark.parametrize("body", of("customer"))
def test_a_real_customer_is_read_rightly(body: dict[str, Any]) -> None:
    """Registered and updated."""
    registered = one(parse_woo("customer.created", body), "customer_registered")
    assert registered.id == f"woocommerce:customer_registered:{body['id']}"
    assert registered.aliases == (f"woocommerce:customer:{body['id']}", address_alias(body["email"], KEY))
    assert registered.at == moment(body["date_created_gmt"])
    updated = one(parse_woo("customer.updated", body), "profile_updated")
    assert updated.at == moment(body["date_modified_gmt"])
    assert updated.properties["email"] == body["email"]


@needs_corpus
@pytest.mark.parametrize("body", of("product"))
def test_a_real_product_is_read_rightly(body: dict[str, Any]) -> None:
    """Title, address, price and pieces."""
    event = one(parse_woo("product.updated", body), "product_updated")
    assert event.identity == f"woocommerce:product:{body['id']}"
    assert event.at == moment(body["date_modified_gmt"])
    properties = event.properties
    assert properties["url"] == body["permalink"]
    assert properties.get("price", "") == body["price"]
    assert properties.get("image") == (body["images"][0]["src"] if body["images"] else None)
    assert properties["status"] == {"publish": "active"}.get(body["status"], body["status"])


@needs_corpus
@pytest.mark.parametrize(("kind", "body"), [pytest.param(kind, body, id=name) for name, kind, body in FOUND])
def test_a_real_body_under_a_wrong_topic_is_never_taken_for_it(kind: str, body: dict[str, Any]) -> None:
    """Reviews, notes, refunds, variations, coupons and webhooks among them."""
    for resource in RESOURCES[:3]:
        if resource != kind:
            try:
                taken = parse_woo(f"{resource}.updated", body)
            except BadInput:
                taken = []
            assert not taken
    with pytest.raises(BadInput):
        parse_woo("product.deleted", body)


@needs_corpus
@pytest.mark.parametrize(
    "vector", [pytest.param(v, id=v["id"]) for v in SIGNED if v["scheme"] == "woocommerce" and v["signature"]]
)
def test_a_published_signature_is_judged_rightly(vector: dict[str, Any]) -> None:
    """The empty secret's is right by WooCommerce's sum, and refused here."""
    file = vector.get("body_file")
    body = (CORPUS / "hmac" / file).read_bytes() if file else vector["body"].encode()
    request = Request("woocommerce", {"x-wc-webhook-signature": vector["signature"]}, body)
    try:
        SOURCES["woocommerce"].verify(request, [vector["secret"]], NOW)
        holds = True
    except Unauthorized:
        holds = False
    assert holds is (vector["valid"] is True)


@needs_corpus
def test_the_published_ping_is_one() -> None:
    """As WooCommerce sends it."""
    (ping,) = [v for v in SIGNED if v["id"] == "woo-ping"]
    request = Request("woocommerce", {"content-type": ping["content_type"]}, ping["body"].encode())
    assert SOURCES["woocommerce"].greets(request)


@needs_corpus
def test_naughty_strings_never_break_the_reading() -> None:
    """Each string in every place of an order that holds text."""
    order = next(body for _, kind, body in FOUND if kind == "order" and body["status"] == "processing")
    for string in json.loads((CORPUS / "badinput" / "blns.json").read_text()):
        body = {
            **order,
            "number": string,
            "billing": dict.fromkeys(order["billing"], string),
            "line_items": [{**line, "name": string, "sku": string} for line in order["line_items"]],
            "meta_data": [{"key": string, "value": string}, {"key": "_tidings_cart", "value": string}],
            "coupon_lines": [{"code": string}],
        }
        assert one(parse_woo("order.created", raw(body)), "order_placed").properties["order_id"] == str(
            order["id"]
        )
