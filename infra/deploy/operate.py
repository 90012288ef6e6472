"""Refolds a customer from all events, and replays events that were put aside: here and on AWS alike."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import boto3

from infra.deploy import release
from infra.deploy.errors import DeployError

Key = tuple[str, str]

_AT_ONCE: Final = 25
"""Events in one invocation, as many as the stream hands over."""


@dataclass(frozen=True, slots=True)
class Place:
    """A deployed stack: what its parts are called there, and how to talk to it."""

    track_event: str
    parked_table: str
    failures_bucket: str
    client: dict[str, Any]

    def connect(self, service: str) -> Any:
        """A boto3 client of that stack's AWS."""
        return boto3.client(service, **self.client)


def place(stack: str) -> Place:
    """The stack of that name on AWS; the local one for "". Raises DeployError when it is not there."""
    if stack:
        found = release.outputs(stack)
        if found is None:
            raise DeployError(f"there is no stack {stack} in this account and region")
        return Place(found["TrackEvent"], found["ParkedTable"], found["FailuresBucket"], {})
    try:
        local = json.loads((release.ROOT / "build" / "local" / "outputs.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DeployError(
            "the embedded AWS is not up: make up, or say which stack on AWS with STACK="
        ) from None
    client = {"endpoint_url": local["endpoint_url"], "region_name": local["region"], **local["credentials"]}
    return Place(
        local["functions"]["track_event"], local["tables"]["parked"], local["failures_bucket"], client
    )


def rebuild(at: Place, customer: str) -> str:
    """Folds that customer again from all events; returns what to tell. Raises DeployError."""
    _invoke(at, {"rebuild": customer})
    return f"folded {customer} again"


def redrive(at: Place) -> str:
    """Replays parked events and batches given up; returns what to tell. Raises DeployError.

    What fails once more is parked again. A batch leaves the bucket when its events are through or parked.
    """
    parked, again = list(_parked(at)), 0
    for keys in _batches(parked):
        again += _invoke(at, {"redrive": keys})["parked"]
    store, failed = at.connect("s3"), 0
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=at.failures_bucket):
        for each in page.get("Contents", []):
            body = store.get_object(Bucket=at.failures_bucket, Key=each["Key"])["Body"].read()
            found = keys_of(json.loads(body))
            for keys in _batches(found):
                again += _invoke(at, {"redrive": keys})["parked"]
            store.delete_object(Bucket=at.failures_bucket, Key=each["Key"])
            failed += len(found)
    told = f"replayed {len(parked)} parked and {failed} failed events"
    return f"{told}; {again} failed once more: the table of parked events says why" if again else told


def keys_of(record: dict[str, Any]) -> list[Key]:
    """The events of a batch that the stream mapping gave up: in S3 the record carries the whole payload."""
    payload = record.get("payload") or {"Records": []}
    if isinstance(payload, str):
        payload = json.loads(payload)
    found = [each["dynamodb"]["Keys"] for each in payload["Records"]]
    return [(keys["identity"]["S"], keys["id"]["S"]) for keys in found]


def _parked(at: Place) -> Iterator[Key]:
    pages = (
        at.connect("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=at.parked_table,
            ProjectionExpression="#i, id",
            ExpressionAttributeNames={"#i": "identity"},
        )
    )
    for page in pages:
        for item in page["Items"]:
            yield item["identity"]["S"], item["id"]["S"]


def _invoke(at: Place, payload: dict[str, Any]) -> dict[str, Any]:
    answer = at.connect("lambda").invoke(FunctionName=at.track_event, Payload=json.dumps(payload))
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise DeployError(f"track_event failed: {told.get('errorMessage', told)}; its log says why")
    return told


def _batches(keys: Iterable[Key]) -> Iterator[list[Key]]:
    rest = iter(keys)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch
