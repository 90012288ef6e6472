"""A WooCommerce shop before the deployed stack: from its webhook to the mail, and what it sends that can't be read."""

import base64
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from infra.deploy import operate, reconcile
from infra.deploy.errors import DeployError
from tests.e2e.helpers.shop import Answer, Shop, eventually
from tests.e2e.test_operate import place
from tests.unit.sources.woo_bodies import CUSTOMER, ORDER, PRODUCT, woo_headers
from tidings.aws.unread import PREFIX


def deliver(shop: Shop, topic: str, body: bytes | dict[str, Any]) -> Answer:
    """A signed delivery."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    secret = shop.outputs.values["webhook_secrets"]["woocommerce"]
    return shop.post("woocommerce", raw, woo_headers(topic, raw, secret))


def order(shop: Shop, number: int, email: str, **changes: Any) -> dict[str, Any]:
    """An order of now, of a guest."""
    now = f"{shop.now - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}"
    dates = {f"date_{name}_gmt": now for name in ("created", "modified", "paid")}
    bill = {**ORDER["billing"], "email": email}
    who = {"id": number, "number": f"WOO-{number}", "customer_id": 0, "billing": bill, "meta_data": []}
    return {**ORDER, **dates, **who, **changes}


def unread(shop: Shop) -> dict[str, bytes]:
    """What lies in the bucket: key → object."""
    store, bucket = shop.client("s3"), shop.outputs.text("failures_bucket")
    listed = store.list_objects_v2(Bucket=bucket, Prefix=PREFIX).get("Contents", [])
    return {each["Key"]: store.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed}


def test_an_order_is_confirmed(shop: Shop) -> None:
    """Webhook, events, fold, journey, mail: once, however often the order is told."""
    email = "woo-1@example.com"
    body = order(shop, 9101, email)
    assert deliver(shop, "order.created", body).json == {"accepted": 2, "duplicate": 0}
    assert shop.mail(email, "confirmation")["subject"]
    assert deliver(shop, "order.updated", body).json == {"accepted": 0, "duplicate": 2}
    done = order(shop, 9101, email, status="completed", date_completed_gmt=body["date_paid_gmt"])
    assert deliver(shop, "order.updated", done).json["accepted"] == 1
    shop.settle()
    assert len([row for row in shop.mails(email) if row["step"] == "confirmation"]) == 1


def test_an_order_that_nobody_paid_is_not_confirmed_until_it_is_paid(shop: Shop) -> None:
    """Pending, then cancelled by WooCommerce, then paid after all: thanked for once, at the end."""
    email = "woo-2@example.com"
    pending = order(shop, 9102, email, status="pending", date_paid_gmt=None)
    assert deliver(shop, "order.created", pending).status == 200
    assert deliver(shop, "order.updated", {**pending, "status": "cancelled"}).status == 200
    shop.settle()
    assert not [row for row in shop.mails(email) if row["step"] == "confirmation"]
    assert deliver(shop, "order.updated", order(shop, 9103, email)).status == 200
    assert shop.mail(email, "confirmation")["subject"]


def test_a_ping_is_answered_and_nothing_else(shop: Shop) -> None:
    """As WooCommerce sends it: a form, unsigned."""
    before = {event.key for event in shop.events() if event.source == "woocommerce"}
    url = f"{shop.outputs.text('api_url')}/webhooks/woocommerce"
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert shop.call("POST", url, b"webhook_id=5", form).status == 200
    assert shop.call("POST", url, b"webhook_id=5&x=1", form).status == 401
    assert {event.key for event in shop.events() if event.source == "woocommerce"} == before


def test_what_cannot_be_read_waits_in_the_bucket_until_it_can(shop: Shop) -> None:
    """The function may write it there and nowhere else; a redrive delivers what can be read, and leaves what cannot."""
    answer = deliver(shop, "order.created", b'{"order": "in a wrapper"}')
    assert (answer.status, answer.json) == (200, {"accepted": 0, "duplicate": 0, "set_aside": 1})
    (broken,) = unread(shop)
    email, store = "woo-4@example.com", shop.client("s3")
    body = json.dumps(order(shop, 9104, email)).encode()
    secret = shop.outputs.values["webhook_secrets"]["woocommerce"]
    held = {"headers": woo_headers("order.created", body, secret), "body": base64.b64encode(body).decode()}
    store.put_object(  # as an older version would have kept it that could not read it yet
        Bucket=shop.outputs.text("failures_bucket"),
        Key=f"{PREFIX}woocommerce/later.json",
        Body=json.dumps({"source": "woocommerce", **held}).encode(),
    )
    told = operate.redrive(place(shop))
    assert "1 deliveries that could not be read were read now" in told
    assert f"{broken} was not read, and stays: 200" in told
    assert set(unread(shop)) == {broken}
    eventually("the order's customer", lambda: shop.customer(email=email))
    store.delete_object(Bucket=shop.outputs.text("failures_bucket"), Key=broken)


class Site(BaseHTTPRequestHandler):
    """A WooCommerce shop's REST API: an order and its customer that no webhook told of."""

    bodies: ClassVar[dict[str, list[dict[str, Any]]]] = {}

    def do_GET(self) -> None:
        """The bodies of a resource."""
        resource = self.path.split("/wp-json/wc/v3/")[1].split("?")[0]
        self.send_response(200 if self.headers["authorization"] else 401)
        self.end_headers()
        self.wfile.write(json.dumps(self.bodies[resource]).encode())

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


def test_what_was_not_delivered_is_fetched(shop: Shop) -> None:
    """The shop's own bodies, signed and delivered; a second time there is nothing new."""
    email = "woo-5@example.com"
    body = order(shop, 9105, email, customer_id=25)
    person = {**CUSTOMER, "email": email, "date_created_gmt": body["date_paid_gmt"]}
    Site.bodies = {"orders": [body], "customers": [person], "products": [PRODUCT]}
    server = HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environ = {
        "WOOCOMMERCE_URL": f"http://127.0.0.1:{server.server_port}",
        "WOOCOMMERCE_KEY": "ck",
        "WOOCOMMERCE_SECRET": "cs",
    }
    since = f"{shop.now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    try:
        told = reconcile.run(place(shop), environ, since)
        again = reconcile.run(place(shop), environ, since)
        with pytest.raises(DeployError, match="WOOCOMMERCE_KEY"):
            reconcile.run(place(shop), {}, since)
        with pytest.raises(DeployError, match="SINCE="):
            reconcile.run(place(shop), environ, "lately")
    finally:
        server.shutdown()
        server.server_close()
    assert told == "1 orders, 2 new events; 1 customers, 1 new events; 1 products, 1 new events"
    assert again == "1 orders, 0 new events; 1 customers, 0 new events; 1 products, 0 new events"
    assert shop.mail(email, "confirmation")["subject"]
