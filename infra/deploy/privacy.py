"""Answers what a person asks of what is kept about them: an export, an erasure; and what a whole shop asks.
Here and on AWS alike.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import boto3

from infra.deploy import release
from infra.deploy.errors import DeployError
from infra.deploy.operate import PATIENT
from tidings.events import address_alias, only_key

_SIDE_BY_SIDE: Final = 8
_NOBODY: Final = ("product", "shop")
"""Kinds of identities that are no person's."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A deployed stack, as far as privacy goes."""

    name: str
    function: str
    bucket: str
    prefix: str
    customers_table: str
    events_table: str
    client: dict[str, Any]

    def connect(self, service: str, **options: Any) -> Any:
        """A boto3 client of that stack's AWS."""
        return boto3.client(service, **self.client, **options)


def desk(stack: str) -> Desk:
    """The stack of that name on AWS; the local one for "". Raises DeployError when it is not there."""
    if not stack:
        return local_desk(release.local())
    found = release.standing(stack)
    return Desk(
        stack,
        found["EraseCustomer"],
        found["PrivacyBucket"],
        found["ParameterPrefix"],
        found["CustomersTable"],
        found["EventsTable"],
        {},
    )


def local_desk(told: Mapping[str, Any]) -> Desk:
    """The local stack that tells this about itself in `outputs.json`."""
    return Desk(
        "local",
        told["functions"]["erase_customer"],
        told["privacy_bucket"],
        told["parameter_prefix"],
        told["tables"]["customers"],
        told["tables"]["events"],
        release.local_client(told),
    )


def named(at: Desk, customer: str) -> str:
    """A customer's id or alias as it is; an e-mail address becomes its alias here, so that it goes nowhere."""
    if not customer.strip():
        raise DeployError("say which customer: CUSTOMER=<e-mail, id, or alias such as shopify:customer:1>")
    if "@" not in customer or ":" in customer:
        return customer.strip()
    return address_alias(customer, address_key(at))


def address_key(at: Desk) -> bytes:
    """The key of address aliases, as the functions read it."""
    name = f"{at.prefix}/keys/address"
    key: str = at.connect("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    return only_key(key.split())


def export(at: Desk, customer: str) -> str:
    """Everything that is kept of a customer, as JSON. Raises DeployError when there is nobody."""
    answer = _invoke(at, {"export": named(at, customer)})
    if not answer["people"] and not answer["events"]:
        raise DeployError("nobody is known by that name, and nothing is kept of them")
    key = answer["place"].removeprefix(f"s3://{at.bucket}/")
    body: bytes = at.connect("s3").get_object(Bucket=at.bucket, Key=key)["Body"].read()
    return body.decode()


def erase(at: Desk, customer: str) -> str:
    """Erases a customer; returns the receipt, with where it is kept. Raises DeployError; then do it again."""
    receipt = _invoke(at, {"erase": named(at, customer)})
    place = f"s3://{at.bucket}/receipts/{receipt['receipt']}.json"
    what = (
        f"{sum(receipt['removed'].values())} items removed"
        if receipt["removed"]
        else "nobody was known by it"
    )
    return f"{json.dumps(receipt, indent=1)}\n{what}; the receipt is {place}"


def erase_shop(at: Desk, word: str) -> str:
    """Erases everybody; `word` must be the stack's name. Returns what to tell. Raises DeployError."""
    if word != at.name:
        raise DeployError(f"this erases every customer of {at.name}: if you mean it, say CONFIRM={at.name}")

    def gone(who: str) -> int:
        return sum(_invoke(at, {"erase": who})["removed"].values())

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        customers = list(threads.map(gone, _scanned(at, at.customers_table, "id")))
        rest = list(threads.map(gone, _nameless(at)))
    items = sum(customers) + sum(rest)
    told = (
        f"erased {sum(map(bool, customers))} customers and {len(rest)} without a name, {items} items in all"
    )
    return f"{told}; the receipts are in s3://{at.bucket}/receipts/"


def _nameless(at: Desk) -> list[str]:
    """Identities of events that belong to nobody: carts and browsers that no name was ever given to."""
    found = set(_scanned(at, at.events_table, "identity"))
    return sorted(each for each in found if each.split(":", 2)[1] not in _NOBODY)


def _scanned(at: Desk, table: str, attribute: str) -> Iterator[str]:
    pages = at.connect("dynamodb").get_paginator("scan")
    told = {"ProjectionExpression": "#a", "ExpressionAttributeNames": {"#a": attribute}}
    for page in pages.paginate(TableName=table, **told):
        yield from (item[attribute]["S"] for item in page["Items"])


def _invoke(at: Desk, payload: dict[str, Any]) -> dict[str, Any]:
    answer = at.connect("lambda", config=PATIENT).invoke(
        FunctionName=at.function, Payload=json.dumps(payload)
    )
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        why = told.get("errorMessage", told)
        raise DeployError(
            f"{at.function} failed: {why}; its log says why. Do it again: it goes on where it stopped"
        )
    return told
