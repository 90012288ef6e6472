"""Bounces and complaints in numbers: a mailbox is worn out, a workflow pauses itself, says so, and is let go again."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.deploy import reputation
from infra.local.options import ROOT
from tests.e2e.helpers.shop import Shop, eventually
from tests.e2e.test_feedback import put


def desk(shop: Shop) -> reputation.Desk:
    """What `make pause`, `resume` and `health` work on."""
    told = shop.outputs
    client = {"endpoint_url": told.text("endpoint_url"), "region_name": told.text("region")}
    return reputation.Desk(
        told.values["tables"]["health"],
        {**client, **told.values["credentials"]},
        told.clock,
        ROOT / "workflows",
    )


def bounced(shop: Shop, number: int, address: str, *, hard: bool) -> dict[str, Any]:
    """A bounce as event publishing tells it to a topic, in SNS's envelope."""
    stamp = shop.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    tags = {
        "workflow": ["win-back"],
        "class": ["marketing"],
        "step": ["come-back"],
        "send_id": [f"s{number}"],
    }
    diagnosis = "smtp; 550 5.1.1 user unknown" if hard else "smtp; 452 4.2.2 full"
    status = "5.1.1" if hard else "4.2.2"
    report = {
        "eventType": "Bounce",
        "mail": {"timestamp": stamp, "messageId": f"r-{number}", "destination": [address], "tags": tags},
        "bounce": {
            "bounceType": "Transient", "bounceSubType": "General", "timestamp": stamp,
            "bouncedRecipients": [
                {"emailAddress": f"<{address.upper()}>", "status": status, "diagnosticCode": diagnosis}
            ],
        },
    }  # fmt: skip
    return {"Type": "Notification", "MessageId": f"n-{number}", "Message": json.dumps(report)}


def suppressions(shop: Shop, address: str) -> set[str]:
    """Why an address is not mailed."""
    alias = shop.alias(email=address)
    return {row["reason"] for row in shop.table("suppressions").query("address = :a", a=alias)} - {"soft"}


def test_a_mailbox_that_stays_full_is_worn_out(shop: Shop) -> None:
    """Five mails within two weeks, each told twice; four are not enough."""
    full, gone = "always.full@example.com", "long.gone@example.com"
    put(shop, *(bounced(shop, number, full, hard=False) for number in (1, 2, 3, 4, 1, 2, 3, 4)))
    put(shop, bounced(shop, 9, gone, hard=True))
    assert eventually("a mislabelled bounce", lambda: suppressions(shop, gone)) == {"bounced"}
    assert suppressions(shop, full) == set()
    put(shop, bounced(shop, 5, full, hard=False))
    assert eventually("the worn-out mailbox", lambda: suppressions(shop, full)) == {"bounced"}


def listen(shop: Shop) -> str:
    """A queue that hears what the operator hears."""
    queue, topic = shop.client("sqs"), shop.outputs.text("alarm_topic_arn")
    url: str = queue.create_queue(QueueName="operator")["QueueUrl"]
    arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    queue.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    raw = {"RawMessageDelivery": "true"}
    shop.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
    return url


def test_a_workflow_above_its_limit_pauses_itself_and_says_so(shop: Shop) -> None:
    """Once, readable, through EventBridge and the topic of alarms; it goes on by hand only."""
    queue, url = shop.client("sqs"), listen(shop)
    put(shop, *(bounced(shop, number, f"nobody{number}@example.com", hard=True) for number in range(20, 45)))
    store = desk(shop).health
    pause = eventually("the pause", lambda: store.pause_of("win-back"))
    assert (pause.paused, pause.by) == (True, "itself")
    said: list[str] = []

    def heard() -> bool:
        said.extend(
            each["Body"]
            for each in queue.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
        )
        return any("paused itself" in each for each in said)

    eventually("the word to the operator", heard)
    (told,) = [each for each in said if "paused itself" in each]
    assert "workflow: win-back" in told
    assert "make resume WORKFLOW=win-back" in told
    assert "@" not in told
    assert "paused itself since" in reputation.health(desk(shop))
    assert reputation.resume(desk(shop), "win-back").startswith("win-back goes on")
    resumed = store.pause_of("win-back")
    assert resumed is not None
    assert not resumed.paused
    assert reputation.resume(desk(shop), "win-back") == "win-back is not paused; paused: none"


def as_role(shop: Shop, function: str, service: str, endpoint: str) -> Any:
    """A client with a function's rights and no others."""
    name = shop.outputs.values["functions"][function]
    role = shop.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    session = shop.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=shop.outputs.text("region"),
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


def test_who_sends_may_ask_for_the_quota_the_pauses_and_the_operator(shop: Shop) -> None:
    """And nobody else."""
    aws, inbox = shop.outputs.text("endpoint_url"), shop.outputs.text("inbox_url").rstrip("/")
    word = {"Source": "tidings", "DetailType": "a test", "Detail": "{}"}
    key = {"workflow": {"S": "nobody"}, "day": {"S": "pause"}}
    table = shop.outputs.values["tables"]["health"]
    for function in ("run_step", "receive_webhook", "serve_page"):
        ses = as_role(shop, function, "sesv2", inbox)
        bus, dynamodb = as_role(shop, function, "events", aws), as_role(shop, function, "dynamodb", aws)
        calls: list[Callable[[], Any]] = [
            ses.get_account,
            partial(bus.put_events, Entries=[word]),
            partial(dynamodb.get_item, TableName=table, Key=key),
        ]
        for call in calls:
            if function == "run_step":
                assert call()["ResponseMetadata"]["HTTPStatusCode"] == 200
                continue
            with pytest.raises(ClientError, match="AccessDenied"):
                call()
    quota = as_role(shop, "run_step", "sesv2", inbox).get_account()["SendQuota"]
    assert quota["MaxSendRate"] >= 1000
