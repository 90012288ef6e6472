"""An operator's commands against moto: secrets, packages, workflows that leave, events that are replayed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.deploy import operate, release
from infra.deploy.errors import DeployError

PREFIX = "arn:aws:states:eu-central-1:123456789012:stateMachine:shop-"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with nothing in it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


def make_machine(workflow: str, definition: dict[str, Any]) -> str:
    """A state machine as the stack would have it; returns its ARN."""
    created = boto3.client("stepfunctions").create_state_machine(
        name=f"shop-{workflow}",
        definition=json.dumps({"StartAt": "w", "States": {"w": {"Type": "Succeed"}}} | definition),
        roleArn="arn:aws:iam::123456789012:role/machines",
    )
    return str(created["stateMachineArn"])


def test_keys_are_made_once_and_the_shops_secrets_are_asked_for() -> None:
    """The first deployment makes both keys and names the three missing secrets; the second changes no key."""
    first = list(release.complete_secrets("/shop"))
    key = boto3.client("ssm").get_parameter(Name="/shop/keys/address", WithDecryption=True)["Parameter"]
    second = list(release.complete_secrets("/shop"))
    again = boto3.client("ssm").get_parameter(Name="/shop/keys/address", WithDecryption=True)["Parameter"]
    assert [line.split()[:2] for line in first] == [
        ["made", "/shop/keys/address:"],
        ["made", "/shop/keys/links:"],
        ["made", "/shop/keys/track"],
        ["made", "/shop/webhooks/track"],
        ["missing", "/shop/webhooks/shopify:"],
        ["missing", "/shop/webhooks/woocommerce:"],
        ["missing", "/shop/webhooks/events:"],
    ]
    assert len(second) == 3
    assert key["Type"] == "SecureString"
    assert (again["Value"], again["Version"]) == (key["Value"], 1)


def test_a_workflow_may_not_leave_while_journeys_are_under_way() -> None:
    """A machine without a folder is refused while it runs, and let go when it has come to its end."""
    arn = make_machine("summer-sale", {})
    states = boto3.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=arn, name="one", input="{}")["executionArn"]
    with pytest.raises(DeployError, match=r"summer-sale are under way.*retired: true"):
        release.refuse_orphans("shop", {"StateMachinePrefix": PREFIX})
    states.stop_execution(executionArn=execution)
    release.refuse_orphans("shop", {"StateMachinePrefix": PREFIX})
    assert states.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_packages_in_use_start_their_400_days_anew() -> None:
    """The package of a deployed revision is copied onto itself; others are left to age."""
    store = boto3.client("s3")
    store.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for revision in ("abc123", "old999"):
        store.put_object(
            Bucket="packages", Key=f"welcome/{revision}.json", Body=b"{}", Metadata={"age": "old"}
        )
    make_machine("welcome", {"States": {"w": {"Type": "Pass", "Result": {"rev": "abc123"}, "End": True}}})
    release.refresh_packages({"StateMachinePrefix": PREFIX, "PackagesBucket": "packages"})
    ages = {
        revision: store.head_object(Bucket="packages", Key=f"welcome/{revision}.json")["Metadata"]
        for revision in ("abc123", "old999")
    }
    assert ages == {"abc123": {}, "old999": {"age": "old"}}


def test_a_batch_that_was_given_up_names_its_events() -> None:
    """The record in the bucket of failures carries the stream's batch, as text; its keys are what is replayed."""
    keys = {"identity": {"S": "email:1"}, "id": {"S": "shopify:order_placed:7"}}
    payload = {"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": keys}}]}
    assert operate.keys_of({"payload": json.dumps(payload)}) == [("email:1", "shopify:order_placed:7")]
    assert operate.keys_of({"payload": payload}) == [("email:1", "shopify:order_placed:7")]
    assert operate.keys_of({"requestContext": {"condition": "RetryAttemptsExhausted"}}) == []


def test_without_a_stack_the_local_one_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """make redrive and make rebuild work on the embedded AWS, and say so when it is not up."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    with pytest.raises(DeployError, match="make up"):
        operate.place("")


def test_a_rebuild_of_nobody_is_refused_in_words() -> None:
    """An address in the place of an id, or a slip: no function is asked, and the mend is named."""
    boto3.client("dynamodb").create_table(
        TableName="customers",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(DeployError, match="no customer of that id: make explain CUSTOMER="):
        operate.rebuild(operate.Place("track", "parked", "failures", {}, "customers"), "ann@example.com")
