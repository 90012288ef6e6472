"""A person asks for their data, then for its erasure, on the deployed template with its rights enforced."""

import json
from typing import Any

from infra.deploy import privacy
from infra.local.stack import Stack
from tests.e2e.helpers.shop import HOUR, Shop, eventually
from tests.integration.leaks import EMAILS, MARKS, NOTE, marked
from tidings.aws.codec import encode_item

PERSONAL = ("events", "customers", "aliases", "journeys", "sends", "pace", "parked")


def desk(shop: Shop) -> privacy.Desk:
    """The stack as the operator's commands see it."""
    told = shop.outputs.values
    client = {"endpoint_url": told["endpoint_url"], "region_name": told["region"], **told["credentials"]}
    return privacy.Desk(
        "local", told["functions"]["erase_customer"], told["privacy_bucket"], told["parameter_prefix"],
        told["tables"]["customers"], told["tables"]["events"], client,
    )  # fmt: skip


def live(shop: Shop, account: int, email: str) -> str:
    """A customer with consent whose checkout waits to be remembered of; returns their id."""
    at = shop.now
    person = {"id": account, "email": email, "first_name": "Marked"}
    consent = {"state": "subscribed", "opt_in_level": "single_opt_in", "consent_updated_at": at.isoformat()}
    shop.deliver(
        "customers_email_marketing_consent/update",
        {"customer_id": account, "email_address": email, "email_marketing_consent": consent},
    )
    shop.deliver(
        "checkouts/create",
        {
            "token": f"privacy-{account}", "cart_token": f"privacy-cart-{account}", "email": email,
            "created_at": (at - HOUR / 2).isoformat(), "updated_at": at.isoformat(), "completed_at": None,
            "total_price": "30.00", "currency": "EUR", "line_items": [], "customer": person,
            "abandoned_checkout_url": "https://shop.example/recover",
        },
    )  # fmt: skip
    customer = shop.known(email=email)
    eventually("the journeys", lambda: len([1 for _, whose in shop.journeys() if whose == customer.id]) >= 2)
    return customer.id


def request(account: int, email: str, **told: Any) -> dict[str, Any]:
    """The body of a compliance webhook."""
    who = {"id": account, "email": email, "phone": None}
    return {"shop_id": 1, "shop_domain": "shop.example", "customer": who, **told}


def left(shop: Shop, *needles: str) -> list[str]:
    """Tables in which something of theirs is left."""
    return [
        table for table in PERSONAL
        if any(needle in json.dumps(shop.scan(table), default=str) for needle in needles)
    ]  # fmt: skip


def documents(shop: Shop, folder: str) -> list[Any]:
    """What lies in a folder of the private bucket."""
    bucket, s3 = shop.outputs.text("privacy_bucket"), shop.client("s3")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/").get("Contents", [])
    return [json.loads(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()) for each in listed]


def finished(shop: Shop, customer: str) -> list[Any]:
    """The receipts of their erasure; it is written when nothing of them is left."""
    told = [each for each in documents(shop, "receipts") if customer in each["customers"]]
    return [each for each in told if each["finished_at"]]


def test_a_person_asks_for_their_data(shop: Shop) -> None:
    """Shopify passes the request on; the export lies in the private bucket, and make export gives the same."""
    customer = live(shop, 890001, "data@privacy.example")
    body = request(890001, "data@privacy.example", orders_requested=[], data_request={"id": 5})
    assert shop.deliver("customers/data_request", body).status == 200
    (document,) = eventually(
        "the export", lambda: [d for d in documents(shop, "exports") if d["people"][0]["id"] == customer]
    )
    printed = json.loads(privacy.export(desk(shop), "Data@Privacy.example"))
    assert printed["people"] == document["people"]
    assert {each["type"] for each in document["events"]} >= {"subscribed", "checkout_started"}
    assert shop.customer(email="data@privacy.example") is not None


def test_a_person_is_erased(shop: Shop) -> None:
    """Everything goes, journeys stop, the address stays suppressed, nobody comes back."""
    email, account = "erase@privacy.example", 890002
    customer = live(shop, account, email)
    needles = (shop.alias(email=email), shop.alias(account=account), f"privacy-{account}", customer, email)
    assert set(left(shop, *needles)) >= {"events", "customers", "aliases", "journeys"}
    running = [item["id"] for item in shop.scan("journeys") if item["customer"] == customer]
    wrong = shop.post("shopify", json.dumps(request(account, email, orders_to_redact=[])).encode(), {
        "x-shopify-topic": "customers/redact", "x-shopify-hmac-sha256": "bm8=",
    })  # fmt: skip
    assert wrong.status == 401
    assert shop.deliver("customers/redact", request(account, email, orders_to_redact=[])).status == 200
    eventually("the erasure", lambda: not left(shop, *needles))
    assert [item["reason"] for item in shop.scan("suppressions") if item["address"] == needles[0]] == [
        "erased"
    ]
    (receipt,) = eventually("the receipt", lambda: finished(shop, customer))
    stopped = {**shop.executions("welcome"), **shop.executions("abandoned-checkout")}
    assert "RUNNING" not in {stopped[journey] for journey in running}
    assert receipt["removed"]["customers"] == 1
    shop.settle()
    assert left(shop, *needles) == []


def test_an_operator_erases_by_address(shop: Shop) -> None:
    """One command, which waits and prints the receipt."""
    email = "operator@privacy.example"
    customer = live(shop, 890003, email)
    told = privacy.erase(desk(shop), email)
    assert "items removed" in told
    assert customer in told
    assert shop.customer(email=email) is None
    assert "nobody was known" in privacy.erase(desk(shop), email)


def shown(shop: Shop, stack: Stack) -> dict[str, str]:
    """Everything of the running stack that shows: logs, executions and their histories, names, attributes, notices."""
    states, s3, sqs, logs = (shop.client(name) for name in ("stepfunctions", "s3", "sqs", "logs"))
    told = {"the emulator's log": (stack.options.directory / "ministack.log").read_text("utf-8", "replace")}
    for group in logs.describe_log_groups()["logGroups"]:
        found = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        told[f"log group {group['logGroupName']}"] = "\n".join(each["message"] for each in found)
    for machine in shop.outputs.values["state_machines"].values():
        for each in states.list_executions(stateMachineArn=machine)["executions"]:
            history = states.get_execution_history(executionArn=each["executionArn"])["events"]
            told[f"execution {each['name']}"] = json.dumps([each["name"], history], default=str)
    buckets = [shop.outputs.text(f"{name}_bucket") for name in ("packages", "failures", "privacy")]
    listed = [s3.list_objects_v2(Bucket=bucket).get("Contents", []) for bucket in buckets]
    told["keys of objects"] = json.dumps([each["Key"] for page in listed for each in page])
    told["receipts"] = json.dumps(documents(shop, "receipts"))
    queues = sqs.list_queues().get("QueueUrls", [])
    told["queues"] = json.dumps(
        [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]) for url in queues]
    )
    told["put aside"] = json.dumps(shop.scan("parked"), default=str)
    told["keys of events"] = json.dumps([[item["identity"], item["id"]] for item in shop.scan("events")])
    told["journeys and ledger"] = json.dumps([shop.scan("journeys"), shop.scan("sends")], default=str)
    return told


def test_nothing_that_shows_holds_a_mark(shop: Shop, stack: Stack) -> None:
    """Marked bodies of every topic, a page, reports, poison; mails go out, the person is erased; all is searched."""
    fresh = {"7001": "897001", "9001": "899001", "tok1": "marktok", "cart1": "markcart"}
    first = "customers_email_marketing_consent/update"
    for topic, body in sorted(marked().items(), key=lambda each: each[0] != first):
        text = json.dumps(body)
        for old, new in fresh.items():
            text = text.replace(old, new)
        if "redact" not in topic:
            assert shop.deliver(topic, text.encode()).status == 200, topic
        assert shop.post("shopify", text.encode(), {"x-shopify-topic": topic}).status == 401
        if topic == first:
            eventually("a mail", lambda: [mail for each in EMAILS for mail in shop.mails(each)])
    customer = shop.known(account=897001)
    poison = {
        "identity": "shopify:customer:897001",
        "id": "shopify:order_placed:zz",
        "type": "order_placed",
        "at": NOTE,
    }
    shop.dynamodb.put_item(TableName=shop.table("events").name, Item=encode_item(poison))
    for message in (
        NOTE,
        json.dumps({"source": "aws.ses", "detail": {"eventType": NOTE, "mail": {"messageId": "m"}}}),
    ):
        shop.client("sqs").send_message(QueueUrl=shop.outputs.text("feedback_queue_url"), MessageBody=message)
    shop.call(
        "POST", f"{shop.outputs.text('api_url')}/pages/contact", f"email={EMAILS[1]}&message={NOTE}".encode()
    )
    eventually("the poison put aside", lambda: [p for p in shop.scan("parked") if p["id"].endswith(":zz")])
    before = shown(shop, stack)
    assert any(customer.id in text for text in before.values())
    assert any('"message":"webhook"' in text for place, text in before.items() if "log" in place)
    assert {place: text for place, text in before.items() if MARKS.search(text)} == {}
    shop.deliver("customers/redact", request(897001, EMAILS[1], orders_to_redact=[899001]))
    eventually("the erasure", lambda: finished(shop, customer.id))
    assert shop.customer(account=897001) is None
    after = shown(shop, stack)
    assert {place: text for place, text in after.items() if MARKS.search(text)} == {}
    assert left(shop, shop.alias(account=897001), customer.id) == []
