"""Each table has one owner: the roles of all functions, tried on all tables, on the deployed template."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.e2e.helpers.shop import Shop

KEYS = {
    "events": ("identity", "id"), "customers": ("id",), "aliases": ("alias",), "journeys": ("id",),
    "sends": ("journey", "step"), "pace": ("customer",), "suppressions": ("address", "reason"),
    "products": ("id",), "parked": ("identity", "id"), "limits": ("key",),
    "health": ("workflow", "day"),
}  # fmt: skip

APPEND = {("put_item", "events")}
SUPPRESS = {("put_item", "suppressions")}
FOLD = {
    (call, table) for call in ("put_item", "update_item") for table in ("customers", "aliases", "journeys")
}
ERASE = {("delete_item", table) for table in KEYS if table not in ("products", "limits", "health")}
"""The law's exception: everything of a person, and nothing is written but what keeps them from being mailed again."""
ALLOWED = {
    "erase_customer": ERASE | SUPPRESS,
    "receive_webhook": APPEND,
    "serve_page": APPEND | SUPPRESS | {("update_item", "limits")},
    # counts soft bounces, and how each workflow's mails are received
    "record_feedback": APPEND
    | SUPPRESS
    | {("update_item", "suppressions"), ("put_item", "health"), ("update_item", "health")},
    "run_daily": APPEND,
    "track_event": APPEND
    | FOLD
    | {
        ("put_item", "products"),
        ("update_item", "products"),
        ("put_item", "parked"),
        ("delete_item", "parked"),
    },
    # a workflow's own `set` is an event
    "run_step": APPEND | {("put_item", "sends"), ("update_item", "sends"), ("update_item", "pace")},
}


def as_role(shop: Shop, function: str) -> Any:
    """A DynamoDB client with a function's rights and no others."""
    name = shop.outputs.values["functions"][function]
    role = shop.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    session = shop.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    return boto3.client(
        "dynamodb",
        endpoint_url=shop.outputs.text("endpoint_url"),
        region_name=shop.outputs.text("region"),
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


def outcome(client: Any, call: str, table: str, keys: tuple[str, ...]) -> str:
    """What becomes of a write whose condition cannot hold: it is denied, or fails its condition."""
    key = {name: {"S": "nobody"} for name in keys}
    target = {"Item": key} if call == "put_item" else {"Key": key}
    try:
        getattr(client, call)(TableName=table, ConditionExpression="attribute_exists(never)", **target)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


@pytest.mark.parametrize("function", sorted(ALLOWED))
def test_a_function_writes_what_it_owns_and_nothing_else(shop: Shop, function: str) -> None:
    """Three kinds of write on ten tables: allowed where the function is the owner, denied everywhere else."""
    client = as_role(shop, function)
    allowed, strange = set(), []
    for table, keys in KEYS.items():
        for call in ("put_item", "update_item", "delete_item"):
            code = outcome(client, call, shop.outputs.values["tables"][table], keys)
            if code == "ConditionalCheckFailedException":
                allowed.add((call, table))
            elif not code.startswith("AccessDenied"):
                strange.append((call, table, code))
    assert strange == []
    assert allowed == ALLOWED[function]


def test_there_is_no_function_and_no_table_beside_these(shop: Shop) -> None:
    """A new one must be given its owner here."""
    assert set(shop.outputs.values["functions"]) == set(ALLOWED)
    assert set(shop.outputs.values["tables"]) == set(KEYS)


@pytest.mark.parametrize("function", ["receive_webhook", "serve_page", "record_feedback"])
def test_the_edge_reads_nothing(shop: Shop, function: str) -> None:
    """Who takes words from outside cannot read a customer, an event or a mail's ledger; but the preference centre shows
    whom a signed link names what they chose."""
    client = as_role(shop, function)
    for table in {"customers", "events", "sends", "aliases"} - (
        {"customers"} if function == "serve_page" else set()
    ):
        key = {name: {"S": "nobody"} for name in KEYS[table]}
        with pytest.raises(ClientError, match="AccessDenied"):
            client.get_item(TableName=shop.outputs.values["tables"][table], Key=key)
