"""An operator's commands against moto: secrets, packages, workflows that leave, events that are replayed."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.deploy import operate, privacy, release
from infra.deploy.errors import DeployError


class FakeStacks:
    """CloudFormation, which moto knows only with half a hundred packages more: stacks with stacks nested in them."""

    def __init__(self) -> None:
        self.stacks: dict[str, dict[str, Any]] = {}
        self.parts: dict[str, list[dict[str, str]]] = {}

    def make(self, name: str, part: str, kind: str, *physical: str, status: str = "CREATE_COMPLETE") -> None:
        """A stack with one nested in it, which has these resources; one that failed has no outputs."""
        outputs = [{"OutputKey": "ParameterPrefix", "OutputValue": "/shop"}]
        stood = status == "CREATE_COMPLETE"
        self.stacks[name] = {"StackStatus": status, "Outputs": outputs if stood else []}
        nested = f"arn:aws:cloudformation:eu-central-1:123456789012:stack/{name}-{part}/1"
        self.parts[name] = [resource(part, "AWS::CloudFormation::Stack", nested)]
        self.parts[nested] = [resource(f"R{number}", kind, each) for number, each in enumerate(physical)]

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        """The stack, or the error that AWS has for it."""
        if StackName not in self.stacks:
            why = {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}
            raise ClientError({"Error": why}, "DescribeStacks")
        return {"Stacks": [self.stacks[StackName]]}

    def get_paginator(self, _: str) -> "FakeStacks":
        """Of `list_stack_resources`."""
        return self

    def paginate(self, StackName: str) -> list[dict[str, Any]]:
        """One page for each resource."""
        return [{"StackResourceSummaries": [each]} for each in self.parts[StackName]]


def resource(logical: str, kind: str, physical: str, status: str = "CREATE_COMPLETE") -> dict[str, str]:
    """As `list_stack_resources` tells it."""
    return {
        "LogicalResourceId": logical,
        "PhysicalResourceId": physical,
        "ResourceType": kind,
        "ResourceStatus": status,
    }


@pytest.fixture
def stacks(monkeypatch: pytest.MonkeyPatch) -> FakeStacks:
    """A CloudFormation without a stack."""
    fake, real = FakeStacks(), boto3.client
    monkeypatch.setattr(
        boto3,
        "client",
        lambda service, **told: fake if service == "cloudformation" else real(service, **told),
    )
    return fake


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with nothing in it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


def make_machine(stacks: FakeStacks, workflow: str, states: dict[str, Any], stack: str = "shop") -> str:
    """A stack with one state machine; returns its ARN."""
    created = boto3.client("stepfunctions").create_state_machine(
        name=f"{stack}-{workflow}",
        definition=json.dumps({"StartAt": "w", "States": {"w": {"Type": "Succeed"}} | states}),
        roleArn="arn:aws:iam::123456789012:role/machines",
    )
    arn = str(created["stateMachineArn"])
    stacks.make(stack, "Workflows", "AWS::StepFunctions::StateMachine", arn)
    return arn


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


def test_a_workflow_may_not_leave_while_journeys_are_under_way(stacks: FakeStacks) -> None:
    """A machine without a folder is refused while it runs, and let go when it has come to its end."""
    arn = make_machine(stacks, "summer-sale", {})
    states = boto3.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=arn, name="one", input="{}")["executionArn"]
    with pytest.raises(DeployError, match=r"summer-sale are under way.*retired: true"):
        release.refuse_orphans("shop")
    states.stop_execution(executionArn=execution)
    release.refuse_orphans("shop")
    assert states.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_another_stack_whose_name_begins_alike_is_none_of_ours(stacks: FakeStacks) -> None:
    """`shop-test` has a machine `shop-test-welcome`, which is not `shop`'s workflow `test-welcome`."""
    ours, theirs = make_machine(stacks, "welcome", {}), make_machine(stacks, "welcome", {}, "shop-test")
    boto3.client("stepfunctions").start_execution(stateMachineArn=theirs, name="one", input="{}")
    release.refuse_orphans("shop")
    assert (release.machines("shop"), release.machines("shop-test")) == ([ours], [theirs])


def test_a_name_too_long_is_refused_before_anything_is_made() -> None:
    """48 characters leave room for the longest function's name; AWS would tell half-way through the deployment."""
    release.refuse_long_names("t" * 48)
    with pytest.raises(DeployError, match=r"49 characters long.* 48 are left"):
        release.deploy("t" * 49, ["SesIdentity=shop.example"])


def test_a_first_deployment_that_failed_can_be_taken_away(
    stacks: FakeStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation can't delete its protected tables and can't go on: `deploy` says so, and `destroy` takes the
    protection off, since nothing was ever in them. Of a stack that stands it does not.
    """
    dynamodb, told = boto3.client("dynamodb"), []
    dynamodb.create_table(
        TableName="events",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    monkeypatch.setattr(release, "_run", lambda command: told.append(command[1]))
    stacks.make("shop", "Tables", "AWS::DynamoDB::Table", "events")
    with pytest.raises(DeployError, match="1 tables are protected"):
        release.destroy("shop")
    stacks.make("shop", "Tables", "AWS::DynamoDB::Table", "events", "never-made", status="ROLLBACK_FAILED")
    with pytest.raises(DeployError, match=r"ROLLBACK_FAILED.*make destroy STACK=shop"):
        release.deploy("shop", [])
    with pytest.raises(DeployError, match="there is no stack shop"):
        operate.place("shop")
    release.destroy("shop")
    assert not dynamodb.describe_table(TableName="events")["Table"]["DeletionProtectionEnabled"]
    assert told == ["delete"]


def test_nobodys_wait_holds_up_a_stacks_deletion(
    stacks: FakeStacks, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine is deleted when its last execution is over: all are stopped first, those of no other stack."""
    monkeypatch.setattr(release, "_run", lambda command: None)
    states = boto3.client("stepfunctions")
    ours, theirs = [
        states.start_execution(
            stateMachineArn=make_machine(stacks, "welcome", {}, stack), name="one", input="{}"
        )["executionArn"]
        for stack in ("shop", "shop-test")
    ]
    release.destroy("shop")
    found = [states.describe_execution(executionArn=arn)["status"] for arn in (ours, theirs)]
    assert found == ["ABORTED", "RUNNING"]
    assert "stopped 1 journeys" in capsys.readouterr().out


def test_what_a_rollback_took_away_is_not_asked_for(
    stacks: FakeStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a complete rollback nothing is left but the stack's name; `destroy` frees it."""
    told: list[str] = []
    monkeypatch.setattr(release, "_run", lambda command: told.append(command[1]))
    stacks.make("shop", "Tables", "AWS::DynamoDB::Table", status="ROLLBACK_COMPLETE")
    stacks.parts["shop"] = [resource("Tables", "AWS::CloudFormation::Stack", "arn:gone", "DELETE_COMPLETE")]
    release.destroy("shop")
    assert told == ["delete"]
    with pytest.raises(DeployError, match="there is no stack other"):
        release.destroy("other")


def test_packages_in_use_start_their_400_days_anew(stacks: FakeStacks) -> None:
    """The package of a deployed revision is copied onto itself; others are left to age."""
    store = boto3.client("s3")
    store.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for revision in ("abc123", "old999"):
        store.put_object(
            Bucket="packages", Key=f"welcome/{revision}.json", Body=b"{}", Metadata={"age": "old"}
        )
    make_machine(stacks, "welcome", {"w": {"Type": "Pass", "Result": {"rev": "abc123"}, "End": True}})
    release.refresh_packages("shop", "packages")
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


class FakeFunctions:
    """Lambda, which answers everything with nothing."""

    def invoke(self, **_: Any) -> dict[str, Any]:
        """The answer of a function that did what it was asked."""
        return {"Payload": io.BytesIO(b'{"silent": [], "removed": {}, "receipt": "r"}')}


@pytest.mark.parametrize("ask", ["operate", "privacy"])
def test_a_function_that_takes_its_time_is_waited_for(ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as any function may run, and once; one that an account's limit turned away is asked again."""
    asked: list[Config] = []

    def client(service: str, config: Config) -> FakeFunctions:
        asked.append(config)
        return FakeFunctions()

    monkeypatch.setattr(boto3, "client", client)
    if ask == "operate":
        operate._invoke(operate.Place("track", "parked", "failures", {}), {"learn": True})
    else:
        privacy.erase(privacy.Desk("shop", "erase", "private", "/shop", "customers", "events", {}), "1")
    assert asked[0].read_timeout > 900
    assert asked[0].retries["total_max_attempts"] > 3
