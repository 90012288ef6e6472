"""`make backfill` against moto: whom it asks for, who is let in aloud, and when a deployment calls it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.deploy import operate, release

PLACE = operate.Place("track", "parked", "failures", {}, "customers", "daily", "packages")


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Thirty customers, one of them merged into another."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        table = boto3.client("dynamodb")
        table.create_table(
            TableName="customers",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for number in range(30):
            merged = {"merged_into": {"S": "c0"}} if number == 29 else {}
            table.put_item(TableName="customers", Item={"id": {"S": f"c{number}"}, **merged})
        boto3.client("s3").create_bucket(Bucket="packages")
        yield


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What the functions are asked for; two customers entered silently."""
    calls: list[tuple[str, Any]] = []

    def invoke(at: operate.Place, payload: dict[str, Any], function: str = "") -> dict[str, Any]:
        calls.append((function or at.track_event, payload))
        return {"silent": [name for name in payload.get("backfill", ()) if name in ("c1", "c2")]}

    monkeypatch.setattr(operate, "_invoke", invoke)
    return calls


def test_everybody_is_looked_at_once_and_nobody_enters_aloud(asked: list[tuple[str, Any]]) -> None:
    """Learning first, then customers in small batches; merged ones are left out."""
    told = operate.backfill(PLACE)
    assert told == "looked at 29 customers again; 2 entered segments silently"
    assert asked[0] == ("track", {"learn": True})
    people = [name for _, payload in asked[1:] for name in payload["backfill"]]
    assert sorted(people) == sorted(f"c{number}" for number in range(29))


def test_a_start_lets_those_in_who_entered_silently(asked: list[tuple[str, Any]]) -> None:
    """run_daily appends their events."""
    assert operate.backfill(PLACE, start=True).endswith("2 enter segments now")
    entering = [name for function, payload in asked if function == "daily" for name in payload["enter"]]
    assert sorted(entering) == ["c1", "c2"]


def test_a_deployment_backfills_when_the_rules_changed(
    asked: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not again for the same rules."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    rules = tmp_path / "build" / "layer" / "python" / "tidings_packages" / "shop" / "rules.json"
    rules.parent.mkdir(parents=True)
    told = []
    for digest in ("one", "one", "two"):
        rules.write_text(json.dumps({"rules": {}, "hash": digest}))
        told.append(operate.catch_up(PLACE).split(" ")[0])
    assert told == ["looked", "segments,", "looked"]
