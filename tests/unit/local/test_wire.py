"""The demo shop's requests carry the signatures that a shop's do."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.wire import Webhook, headers, raw_signature, standard_signature
from tidings.errors import Unauthorized
from tidings.sources import SOURCES, Request

VECTORS = Path(__file__).parents[4] / "shared" / "corpus" / "hmac" / "vectors.shared.json"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.skipif(not VECTORS.is_file(), reason="the corpus is not beside this checkout")
def test_signatures_are_those_of_the_published_vectors() -> None:
    """Each valid vector of Shopify, WooCommerce and Standard Webhooks comes out the same."""
    checked = set()
    for vector in json.loads(VECTORS.read_text()):
        if vector["valid"] is not True:
            continue
        if vector["scheme"] in ("shopify", "woocommerce"):
            file = VECTORS.parent / vector.get("body_file", "")
            body = file.read_bytes() if file.is_file() else vector["body"].encode()
            assert raw_signature(vector["secret"], body) == vector["signature"]
        elif vector["scheme"] == "standard-webhooks":
            sent = vector["headers"]
            made = standard_signature(
                vector["secret"],
                sent["webhook-id"],
                int(sent["webhook-timestamp"]),
                vector["body"].encode(),
            )
            assert made == sent["webhook-signature"]
        checked.add(vector["scheme"])
    assert checked >= {"shopify", "woocommerce", "standard-webhooks"}


def test_a_repeat_keeps_the_events_name_and_changes_the_deliverys() -> None:
    """Shopify's event id stays, its webhook id is the delivery's; the signature is over the raw body."""
    webhook = Webhook(NOW, "shopify", "orders/create", b'{"id":1}', "event-1")
    first, second = (headers(webhook, "hush", delivery, NOW) for delivery in ("a", "b"))
    assert first["X-Shopify-Event-Id"] == second["X-Shopify-Event-Id"] == "event-1"
    assert (first["X-Shopify-Webhook-Id"], second["X-Shopify-Webhook-Id"]) == ("a", "b")
    assert first["X-Shopify-Hmac-Sha256"] == raw_signature("hush", b'{"id":1}')


def test_a_generic_event_is_stamped_with_the_machines_time() -> None:
    """The tolerance of signatures is the machine's, so the header never holds shop time."""
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    shop_time = datetime(2020, 1, 1, tzinfo=UTC)
    made = headers(Webhook(shop_time, "events", "profile_updated", b"{}", "m1"), secret, "d", NOW)
    assert made["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert made["webhook-signature"] == standard_signature(secret, "m1", int(NOW.timestamp()), b"{}")


def test_a_woocommerce_delivery_is_what_the_source_reads() -> None:
    """Its topic, and a signature that the source takes; another secret's is refused."""
    body = b'{"id":1}'
    made = headers(Webhook(NOW, "woocommerce", "product.deleted", body, "e"), "hush", "a-b", NOW)
    assert (made["X-WC-Webhook-Resource"], made["X-WC-Webhook-Event"]) == ("product", "deleted")
    request = Request("woocommerce", {name.lower(): value for name, value in made.items()}, body)
    SOURCES["woocommerce"].verify(request, ["hush"], NOW)
    with pytest.raises(Unauthorized):
        SOURCES["woocommerce"].verify(request, ["other"], NOW)
