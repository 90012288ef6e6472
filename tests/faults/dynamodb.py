"""DynamoDB in memory: moto's, called without the wire, which takes most of its time.

The adapters' requests reach moto's own handlers as they are, so that conditions, updates, indexes and transactions
are those that the integration tests run on.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError
from moto.dynamodb.exceptions import DynamodbException, TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler
from samtranslator.yaml_helper import yaml_parse

TEMPLATE: Final = Path(__file__).parents[2] / "infra" / "tables.yaml"
_KEPT: Final = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
CALLS: Final = frozenset(
    {
        "batch_get_item",
        "delete_item",
        "get_item",
        "put_item",
        "query",
        "scan",
        "transact_write_items",
        "update_item",
    }
)
"""What the adapters ask for."""

Call = Callable[[], dict[str, Any]]
Around = Callable[[str, dict[str, Any], Call], dict[str, Any]]
"""Is handed each call's name, its arguments and the call itself, and does it or not."""


class _Handler(DynamoHandler):
    """moto's handler of one request, on a store of its own."""

    store: DynamoDBBackend

    @property
    def dynamodb_backend(self) -> DynamoDBBackend:
        """The store."""
        return self.store


class Dynamo:
    """A DynamoDB client with the template's tables, each named in small letters without `Table`. Every call passes by
    `around`."""

    def __init__(self, around: Around = lambda name, arguments, call: call()) -> None:
        self.around = around
        self._handler = _Handler()
        self._handler.store = DynamoDBBackend("eu-west-1", "123456789012")
        for name, told in tables().items():
            self._call("create_table", {"TableName": name, **deepcopy(told)})

    def __getattr__(self, name: str) -> Any:
        if name not in CALLS:
            raise AttributeError(name)
        return lambda **arguments: self.around(name, arguments, lambda: self._call(name, arguments))

    def _call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self._handler.body = arguments
        try:
            answer: dict[str, Any] = getattr(self._handler, name)().result
        except DynamodbException as error:
            raise _refusal(name, error) from error
        return answer


@cache
def tables() -> dict[str, dict[str, Any]]:
    """The template's tables."""
    resources = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    return {
        logical.removesuffix("Table").lower(): {
            key: resource["Properties"][key] for key in _KEPT if key in resource["Properties"]
        }
        for logical, resource in resources.items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }


def _refusal(operation: str, error: DynamodbException) -> ClientError:
    """What botocore makes of it."""
    told: dict[str, Any] = {
        "Error": {"Code": error.error_type.rpartition("#")[2], "Message": str(error)},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    if isinstance(error, TransactionCanceledException):
        told["CancellationReasons"] = json.loads(str(error.description))["CancellationReasons"]
    return ClientError(told, operation)
