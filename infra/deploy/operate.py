"""Refolds a customer from all events, brings all under new rules, and replays events that were put aside: here and on
AWS alike.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config

from infra.deploy import release
from infra.deploy.errors import DeployError
from infra.deploy.web import post
from tidings.aws.unread import PREFIX

Key = tuple[str, str]
Each = TypeVar("Each")

_AT_ONCE: Final = 25
"""Events or customers in one invocation, as many as the stream hands over."""

_SIDE_BY_SIDE: Final = 8
"""Invocations at a time: a million customers take an hour or two."""

PATIENT: Final = Config(
    read_timeout=910, tcp_keepalive=True, retries={"total_max_attempts": 8, "mode": "standard"}
)
"""A function may take its 15 minutes, and is not asked again meanwhile. Where an account lets few run at once (ten, if
it is new), it is asked again a little later.
"""

_KNOWN: Final = "knowledge/hash"
"""In the bucket of packages: under which segments, tags and dates customers were looked at last."""


@dataclass(frozen=True, slots=True)
class Place:
    """A deployed stack: what its parts are called there, and how to talk to it."""

    track_event: str
    parked_table: str
    failures_bucket: str
    client: dict[str, Any]
    customers_table: str = ""
    run_daily: str = ""
    packages_bucket: str = ""
    api_url: str = ""
    stack: str = ""
    parameter_prefix: str = ""
    clock: str = ""
    """JSON of the shop's clock, empty where it is the machine's."""

    def connect(self, service: str, **options: Any) -> Any:
        """A boto3 client of that stack's AWS."""
        return boto3.client(service, **self.client, **options)


def place(stack: str) -> Place:
    """The stack of that name on AWS; the local one for "". Raises DeployError when it is not there."""
    if stack:
        found = release.standing(stack)
        return Place(
            found["TrackEvent"],
            found["ParkedTable"],
            found["FailuresBucket"],
            {},
            found["CustomersTable"],
            found["RunDaily"],
            found["PackagesBucket"],
            found["ApiUrl"],
            stack,
            found["ParameterPrefix"],
        )
    local = release.local()
    return Place(
        local["functions"]["track_event"],
        local["tables"]["parked"],
        local["failures_bucket"],
        release.local_client(local),
        local["tables"]["customers"],
        local["functions"]["run_daily"],
        local["packages_bucket"],
        local["api_url"],
        local["stack"],
        local["parameter_prefix"],
        json.dumps(local["clock"]),
    )


def rebuild(at: Place, customer: str) -> str:
    """Folds that customer again from all events; returns what to tell. Raises DeployError."""
    key = {"id": {"S": customer}}
    if "Item" not in at.connect("dynamodb").get_item(TableName=at.customers_table, Key=key):
        raise DeployError("there is no customer of that id: make explain CUSTOMER=<e-mail> tells it")
    _invoke(at, {"rebuild": customer})
    return f"folded {customer} again"


def backfill(at: Place, start: bool = False) -> str:
    """Brings every customer under the segments, tags and dates in force, silently; `start` lets those who entered a
    segment that way enter aloud, which begins journeys. Returns what to tell. Raises DeployError. Safe to repeat.
    """
    _invoke(at, {"learn": True})

    def fill(batch: list[str]) -> tuple[int, int]:
        silent = _invoke(at, {"backfill": batch})["silent"]
        if start and silent:
            _invoke(at, {"enter": silent}, at.run_daily)
        return len(batch), len(silent)

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        done = list(threads.map(fill, _batches(_customers(at))))
    customers, silent = sum(count for count, _ in done), sum(count for _, count in done)
    entering = f"{silent} enter segments now" if start else f"{silent} entered segments silently"
    return f"looked at {customers} customers again; {entering}"


def redrive(at: Place) -> str:
    """Replays parked events and batches given up; returns what to tell. Raises DeployError.

    What fails once more is parked again. A batch leaves the bucket when its events are through or parked, a delivery
    that could not be read when it could.
    """
    parked, again = list(_parked(at)), 0
    for keys in _batches(parked):
        again += _invoke(at, {"redrive": keys})["parked"]
    store, failed = at.connect("s3"), 0
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=at.failures_bucket):
        for each in page.get("Contents", []):
            if each["Key"].startswith(PREFIX):
                continue
            body = store.get_object(Bucket=at.failures_bucket, Key=each["Key"])["Body"].read()
            found = keys_of(json.loads(body))
            for keys in _batches(found):
                again += _invoke(at, {"redrive": keys})["parked"]
            store.delete_object(Bucket=at.failures_bucket, Key=each["Key"])
            failed += len(found)
    told = f"replayed {len(parked)} parked and {failed} failed events"
    if again:
        told += f"; {again} failed once more: the table of parked events says why"
    return "\n".join([told, *redeliver(at)])


def redeliver(at: Place) -> Iterator[str]:
    """Delivers again, with the signatures they came with, the deliveries that could not be read; yields what to tell.

    To the door itself: no function needs a right for it, and what comes twice is one event.
    """
    store, read = at.connect("s3"), 0
    for page in store.get_paginator("list_objects_v2").paginate(Bucket=at.failures_bucket, Prefix=PREFIX):
        for each in page.get("Contents", []):
            held = json.loads(store.get_object(Bucket=at.failures_bucket, Key=each["Key"])["Body"].read())
            address = f"{at.api_url}/webhooks/{held['source']}"
            answer = post(address, base64.b64decode(held["body"]), held["headers"])
            if answer.status == 200 and not answer.json.get("set_aside"):
                store.delete_object(Bucket=at.failures_bucket, Key=each["Key"])
                read += 1
            else:
                yield f"{each['Key']} was not read, and stays: {answer.status}"
    if read:
        yield f"{read} deliveries that could not be read were read now"


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


def catch_up(at: Place) -> str:
    """Backfills when segments, tags or dates are not those of the last time; returns what to tell. Raises
    DeployError.
    """
    rules = release.ROOT / "build" / "layer" / "python" / "tidings_packages" / "shop" / "rules.json"
    current = str(json.loads(rules.read_text(encoding="utf-8"))["hash"])
    store = at.connect("s3")
    try:
        last = store.get_object(Bucket=at.packages_bucket, Key=_KNOWN)["Body"].read().decode()
    except store.exceptions.NoSuchKey:
        last = ""
    if last == current:
        return "segments, tags and dates are as before"
    told = backfill(at)
    store.put_object(Bucket=at.packages_bucket, Key=_KNOWN, Body=current.encode())
    return told


def _customers(at: Place) -> Iterator[str]:
    """Everybody who was not merged into another."""
    pages = (
        at.connect("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=at.customers_table,
            ProjectionExpression="id",
            FilterExpression="attribute_not_exists(merged_into)",
        )
    )
    for page in pages:
        for item in page["Items"]:
            yield item["id"]["S"]


def _invoke(at: Place, payload: dict[str, Any], function: str = "") -> dict[str, Any]:
    name = function or at.track_event
    answer = at.connect("lambda", config=PATIENT).invoke(FunctionName=name, Payload=json.dumps(payload))
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise DeployError(f"{name} failed: {told.get('errorMessage', told)}; its log says why")
    return told


def _batches(keys: Iterable[Each]) -> Iterator[list[Each]]:
    rest = iter(keys)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch
