"""The local stack itself: what it tells, what it refuses, and that the functions' rights are enforced."""

import socket
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.errors import LocalError
from infra.local.options import HOST, free_ports
from infra.local.outputs import Outputs
from infra.local.stack import Stack


def test_outputs_tell_what_others_need(outputs: Outputs) -> None:
    """The outputs name the API, secrets, machines, tables, clock and queues, all on the loopback address."""
    told = outputs.values
    assert set(told["webhook_secrets"]) == {"shopify", "woocommerce", "events"}
    assert set(told["state_machines"]) == {
        "welcome", "abandoned-checkout", "birthday", "win-back", "order-confirmation",
    }  # fmt: skip
    assert set(told["tables"]) == {
        "events", "customers", "aliases", "journeys", "sends", "pace", "suppressions", "products", "parked", "limits",
        "health",
    }  # fmt: skip
    assert set(told["clock"]) == {"origin", "started", "speed"}
    assert all(told[name].startswith(f"http://{HOST}:") for name in ("api_url", "inbox_url", "endpoint_url"))
    assert told["track_url"] == f"{told['api_url']}/track"
    assert told["track_key"].startswith("pk_")
    assert told["track_secret"].startswith("k1:")
    assert told["feedback_queue_url"].startswith(told["endpoint_url"])


def test_a_second_start_sees_the_first(stack: Stack) -> None:
    """A stack that is up says so, and its ports are refused to another one."""
    other = Stack(replace(stack.options, directory=stack.options.directory / "other"))
    assert stack.is_up()
    assert not other.is_up()
    with pytest.raises(LocalError, match=f"port {stack.options.port} is taken: .* PORT="):
        other.up()


def test_a_failed_start_leaves_nothing(stack: Stack, tmp_path: Path) -> None:
    """When the workflows are not built, one line says so and nothing runs."""
    port, inbox_port = free_ports(2)
    empty = replace(stack.options, port=port, inbox_port=inbox_port, directory=tmp_path, build=tmp_path)
    with pytest.raises(LocalError, match="make build"):
        Stack(empty).up()
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, port)) != 0


def test_roles_are_enforced(outputs: Outputs) -> None:
    """A function may do what its policy names and nothing else: run_daily queries the due index, but reads no event."""
    name, tables = outputs.values["functions"]["run_daily"], outputs.values["tables"]
    role = outputs.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    session = outputs.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=outputs.text("endpoint_url"),
        region_name=outputs.text("region"),
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    due = dynamodb.query(
        TableName=tables["customers"],
        IndexName="due",
        KeyConditionExpression="due_shard = :shard",
        ExpressionAttributeValues={":shard": {"S": "none"}},
    )
    assert due["Items"] == []
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.get_item(TableName=tables["events"], Key={"identity": {"S": "a"}, "id": {"S": "b"}})


def test_packages_are_archived(outputs: Outputs) -> None:
    """Each workflow's package lies in the bucket under its revision, where run_step looks for older ones."""
    found = outputs.client("s3").list_objects_v2(Bucket=outputs.text("packages_bucket"))["Contents"]
    workflows = {each["Key"].split("/")[0] for each in found}
    assert workflows == set(outputs.values["state_machines"])
