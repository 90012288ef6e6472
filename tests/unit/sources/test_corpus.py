"""Real bodies, from the corpus beside the checkout: read rightly where it is, skipped with a word where it
is not.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sources.bodies import KEY, NOW, parse_all, raw
from tidings.errors import Unauthorized
from tidings.events import address_alias
from tidings.sources import SOURCES, Request
from tidings.sources.shopify import TOPICS

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
SHOPIFY = CORPUS / "shopify"
needs_corpus = pytest.mark.skipif(not SHOPIFY.is_dir(), reason="the corpus is not beside this checkout")

RESOURCE_TOPIC = {
    "orders": "orders/create",
    "checkouts": "checkouts/update",
    "customers": "customers/update",
    "products": "products/update",
    "customers_email_marketing_consent": "customers_email_marketing_consent/update",
    "refunds": "refunds/create",
    "fulfillments": "fulfillments/update",
}


def bodies() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(where from, topic, body) of every body of a topic that is read."""
    for path in sorted((SHOPIFY / "docs").glob("*.json")):
        topic = path.stem.split("@")[0].replace("__", "/")
        if topic in TOPICS:
            yield f"docs/{path.stem}", topic, json.loads(path.read_text())
    for path in sorted((SHOPIFY / "derived_edge").glob("*.json")):
        resource, act = path.stem.split("__")[0].rsplit("_", 1)
        if f"{resource}/{act}" in TOPICS:
            yield f"derived_edge/{path.stem}", f"{resource}/{act}", json.loads(path.read_text())
    for path in sorted((SHOPIFY / "exemplars_gadget").glob("*/*/*.json")):
        if path.parent.name in RESOURCE_TOPIC:
            yield "/".join(path.parts[-3:]), RESOURCE_TOPIC[path.parent.name], json.loads(path.read_text())
    yield from others()


def others() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Bodies told apart by what they hold: REST answers in a wrapper, samples in a trigger's file."""
    samples = {
        "CustomersEmailMarketingConsentUpdate": "customers_email_marketing_consent/update",
        "CartsCreate": "carts/create",
        "Fulfillment": "fulfillments/create",
    }
    for name, topic in samples.items():
        path = SHOPIFY / "triggerdev" / f"{name}.json"
        if path.is_file():
            yield f"triggerdev/{name}", topic, json.loads(path.read_text())
    for folder in ("activepieces", "rest_go_shopify"):
        for path in sorted((SHOPIFY / folder).glob("*.json")):
            try:
                body = json.loads(path.read_text())
            except ValueError:
                continue
            for kind in ("order", "customer", "product", "fulfillment"):
                if isinstance(body, dict) and isinstance(body.get(kind), dict) and len(body) == 1:
                    yield f"{folder}/{path.stem}", f"{kind}s/create", body[kind]
            if folder == "activepieces":
                topic = "products/create" if "variants" in body else "customers/create"
                yield f"{folder}/{path.stem}", "orders/create" if "line_items" in body else topic, body


FOUND = list(bodies()) if SHOPIFY.is_dir() else []


@needs_corpus
def test_the_corpus_has_bodies_of_every_topic() -> None:
    """A glob that finds nothing proves nothing."""
    assert {topic for _, topic, _ in FOUND} >= set(TOPICS) - {"products/delete"}
    assert len(FOUND) > 70


@needs_corpus
@pytest.mark.parametrize(("topic", "body"), [pytest.param(t, b, id=f"{n}-{t}") for n, t, b in FOUND])
def test_a_real_body_is_read_rightly(topic: str, body: dict[str, Any]) -> None:
    """Whom it names, what it is called and when it was follow from the body by the plainest reading of it."""
    (event,) = parse_all(topic, body)
    assert event.type == TOPICS[topic][1] or topic.startswith("customers_email")
    assert event.id.startswith(f"shopify:{event.type}:{main_id(topic, body)}")
    assert event.identity == identity(topic, body)
    if not topic.startswith(("products/", "shop/")):
        assert event.identity in event.aliases
        customer = body.get("customer") or {}
        named = topic.startswith("customers") or bool(customer.get("id") or customer.get("email"))
        assert event.names_customer is named
    assert event.at == time_of(topic, body)
    if topic.startswith("refunds/"):
        assert event.properties.get("total") == paid_back(body)
    if topic.startswith("fulfillments/"):
        for name in ("tracking_company", "tracking_number", "tracking_url"):
            assert event.properties.get(name) == body.get(name)
    lines = body.get("line_items") or []
    if topic.startswith(("orders/", "checkouts/", "carts/", "fulfillments/")):
        assert event.properties["items_count"] == len(lines)
        assert [i.get("product_id") for i in event.properties["items"]] == [
            None if line.get("product_id") is None else str(line["product_id"]) for line in lines
        ]
    if topic.startswith(("orders/", "checkouts/")):
        total = body.get("total_price")
        priced = isinstance(total, str) and re.fullmatch(r"[0-9.]+", total)
        assert event.properties.get("presentment_total") == (total if priced else None)


def main_id(topic: str, body: dict[str, Any]) -> str:
    """The thing's own id in the event's."""
    if topic.startswith("fulfillments/"):
        return f"{body['order_id']}:{body['id']}"
    if topic.startswith("checkouts/"):
        return str(body["token"])
    if topic in ("customers/data_request", "customers/redact"):
        return str(body["customer"]["id"])
    if topic == "shop/redact":
        return str(body["shop_id"])
    return str(body.get("id") or body.get("customer_id"))


def identity(topic: str, body: dict[str, Any]) -> str:
    """Account, customer's address, contact address, token: the first there is."""
    if topic.startswith("products/"):
        return f"shopify:product:{body['id']}"
    if topic == "shop/redact":
        return f"shopify:shop:{body['shop_id']}"
    if topic.startswith("customers"):
        named = body.get("id") or body.get("customer_id") or body["customer"]["id"]
        return f"shopify:customer:{named}"
    if topic.startswith("carts/"):
        return f"shopify:cart:{body['token']}"
    if topic.startswith(("refunds/", "fulfillments/")):
        return f"shopify:order:{body['order_id']}"
    customer = body.get("customer") or {}
    if customer.get("id"):
        return f"shopify:customer:{customer['id']}"
    if address := customer.get("email") or body.get("email") or body.get("contact_email"):
        return address_alias(address, KEY)
    if topic.startswith("checkouts/"):
        return f"shopify:checkout:{body['token']}"
    return (
        f"shopify:checkout:{body['checkout_token']}"
        if body.get("checkout_token")
        else f"shopify:order:{body['id']}"
    )


def paid_back(body: dict[str, Any]) -> str | None:
    """What the transactions gave back; where there are none, what the lines were worth."""
    amounts = [each["amount"] for each in body["transactions"] if each["kind"] == "refund"]
    if not amounts:
        amounts = [
            each["subtotal_set"]["shop_money"]["amount"]
            if re.fullmatch(r"[0-9.]+", each["subtotal_set"]["shop_money"]["amount"])
            else str(each["subtotal"])
            for each in body["refund_line_items"]
        ]
    return str(sum(Decimal(amount) for amount in amounts))


def time_of(topic: str, body: dict[str, Any]) -> datetime:
    """The field that tells when this topic's fact was; the receipt for none."""
    consent = body.get("email_marketing_consent") or {}
    field = {
        "orders/create": body.get("created_at"),
        "orders/cancelled": body.get("cancelled_at"),
        "refunds/create": body.get("created_at"),
        "checkouts/create": body.get("created_at"),
        "customers/create": body.get("created_at"),
        "customers_email_marketing_consent/update": consent.get("consent_updated_at"),
    }.get(topic, body.get("updated_at"))
    return datetime.fromisoformat(field.replace("Z", "+00:00")).astimezone(UTC) if field else NOW


VECTORS = CORPUS / "hmac" / "vectors.shared.json"
SIGNED = json.loads(VECTORS.read_text()) if VECTORS.is_file() else []


def holds(source: str, secret: str, headers: dict[str, str], body: str, now: datetime) -> bool:
    """Whether the source takes the delivery for genuine."""
    try:
        SOURCES[source].verify(Request(source, headers, body.encode()), [secret], now)
    except Unauthorized:
        return False
    return True


@needs_corpus
@pytest.mark.parametrize("vector", [pytest.param(v, id=v["id"]) for v in SIGNED if v["scheme"] == "shopify"])
def test_a_published_shopify_signature_is_judged_rightly(vector: dict[str, Any]) -> None:
    """Vectors of other libraries' tests."""
    headers = {"x-shopify-hmac-sha256": vector["signature"]}
    assert holds("shopify", vector["secret"], headers, vector["body"], NOW) is vector["valid"]


@needs_corpus
@pytest.mark.parametrize(
    "vector", [pytest.param(v, id=v["id"]) for v in SIGNED if v["scheme"] == "standard-webhooks"]
)
def test_a_published_standard_signature_is_judged_rightly(vector: dict[str, Any]) -> None:
    """Vectors of the specification's own libraries, on the clock that each names."""
    late = 301 if vector["id"] == "sw-stale" else 0
    now = datetime.fromtimestamp(1614265330 + late, UTC)
    assert holds("events", vector["secret"], vector["headers"], vector["body"], now) is vector["valid"]


@needs_corpus
@pytest.mark.parametrize("name", ["blns.json"])
def test_naughty_strings_never_break_the_reading(name: str) -> None:
    """Each string in every place of a customer: the body is read, and what is kept is clean."""
    for string in json.loads((CORPUS / "badinput" / name).read_text()):
        body = {
            "id": 7,
            "email": string,
            "first_name": string,
            "tags": string,
            "updated_at": string,
            "locale": string,
        }
        (event,) = parse_all("customers/update", raw(body))
        kept = json.dumps(event.properties, ensure_ascii=False)
        assert not re.search("[\x00-\x1f\x7f\ud800-\udfff]", kept)
