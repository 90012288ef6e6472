"""One DynamoDB table in plain Python values: the calls that every table here is made of, and no more."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from tidings.aws import codec
from tidings.aws.client import code, outages
from tidings.errors import Conflict, Unavailable

Item = dict[str, Any]
BATCH: Final = 100
"""Keys that one BatchGetItem takes."""
REFUSED: Final = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})
"""Somebody else wrote first, or has the item in a transaction at this moment: nothing was done, look again."""

_RESERVED: Final = re.compile(r"#([a-z_]+)")
"""Attributes that are reserved words, written `#state`."""


@dataclass(frozen=True, slots=True)
class Table:
    """`client` is a DynamoDB client, `name` the table's. Every call may raise Unavailable."""

    client: Any
    name: str

    def get(self, **key: str) -> Item | None:
        """One item, strongly consistent."""
        with outages():
            answer = self.client.get_item(
                TableName=self.name, Key=codec.encode_item(key), ConsistentRead=True
            )
        return codec.decode_item(answer["Item"]) if answer.get("Item") else None

    def get_all(self, name: str, keys: Iterable[str], *, consistent: bool) -> list[Item]:
        """The items that exist among these keys, named `name`, in any order."""
        wanted, items = sorted(set(keys)), []
        for start in range(0, len(wanted), BATCH):
            request = {
                self.name: {
                    "Keys": [codec.encode_item({name: key}) for key in wanted[start : start + BATCH]],
                    "ConsistentRead": consistent,
                }
            }
            while request:
                with outages():
                    answer = self.client.batch_get_item(RequestItems=request)
                items += [codec.decode_item(item) for item in answer["Responses"].get(self.name, ())]
                if answer.get("UnprocessedKeys") == request:
                    raise Unavailable("BatchGetItem: throttled")
                request = answer.get("UnprocessedKeys") or {}
        return items

    def put(self, item: Mapping[str, Any], condition: str = "", **values: Any) -> bool:
        """Replace an item; False, and nothing done, when the condition fails. `:x` in it is the value `x`."""
        try:
            with outages():
                self.client.put_item(**self.put_request(item, condition, **values))
        except ClientError as error:
            if code(error) in REFUSED:
                return False
            raise
        return True

    def put_request(self, item: Mapping[str, Any], condition: str = "", **values: Any) -> dict[str, Any]:
        """What `put` asks for, to be put into a transaction. None values are left out of the item."""
        present = {name: value for name, value in item.items() if value is not None}
        request: dict[str, Any] = {"TableName": self.name, "Item": codec.encode_item(present)}
        if condition:
            request["ConditionExpression"] = condition
        if names := _RESERVED.findall(condition):
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        if values:
            request["ExpressionAttributeValues"] = {
                f":{name}": codec.encode(each) for name, each in values.items()
            }
        return request

    def update(
        self, key: Mapping[str, str], changes: Mapping[str, Any], condition: str, **values: Any
    ) -> bool:
        """Set attributes of an item; False, and nothing done, when the condition fails."""
        names = {f"#{index}": name for index, name in enumerate(changes)}
        given = {f":{index}": codec.encode(value) for index, value in enumerate(changes.values())}
        given |= {f":{name}": codec.encode(each) for name, each in values.items()}
        try:
            with outages():
                self.client.update_item(
                    TableName=self.name,
                    Key=codec.encode_item(key),
                    UpdateExpression="SET "
                    + ", ".join(f"#{index} = :{index}" for index in range(len(changes))),
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=given,
                )
        except ClientError as error:
            if code(error) in REFUSED:
                return False
            raise
        return True

    def add(
        self, key: Mapping[str, str], counts: Mapping[str, int], changes: Mapping[str, Any] | None = None
    ) -> Item:
        """Add to numbers of an item, making it where there is none, and set `changes`; the item as it is then."""
        named = {**counts, **(changes or {})}
        names = {f"#{index}": name for index, name in enumerate(named)}
        parts = [f"#{index} :{index}" for index in range(len(counts))]
        expression = f"ADD {', '.join(parts)}" if parts else ""
        if changes:
            sets = [f"#{index} = :{index}" for index in range(len(counts), len(named))]
            expression += f" SET {', '.join(sets)}"
        with outages():
            answer = self.client.update_item(
                TableName=self.name,
                Key=codec.encode_item(key),
                UpdateExpression=expression.strip(),
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    f":{index}": codec.encode(value) for index, value in enumerate(named.values())
                },
                ReturnValues="ALL_NEW",
            )
        return codec.decode_item(answer["Attributes"])

    def forget(self, key: Mapping[str, str], names: Iterable[str]) -> None:
        """Remove attributes of an item."""
        places = {f"#{index}": name for index, name in enumerate(names)}
        with outages():
            self.client.update_item(
                TableName=self.name,
                Key=codec.encode_item(key),
                UpdateExpression=f"REMOVE {', '.join(places)}",
                ExpressionAttributeNames=places,
            )

    def delete(self, **key: str) -> None:
        """Remove an item, if it is there."""
        with outages():
            self.client.delete_item(TableName=self.name, Key=codec.encode_item(key))

    def remove(self, key: Mapping[str, str], expects: Mapping[str, Any]) -> bool:
        """Remove an item that is there with these attributes; False, and nothing done, when it is not."""
        names = {f"#{index}": name for index, name in enumerate([*key, *expects])}
        equal = [f"#{len(key) + index} = :{index}" for index in range(len(expects))]
        request: dict[str, Any] = {
            "TableName": self.name,
            "Key": codec.encode_item(key),
            "ConditionExpression": " AND ".join(
                [f"attribute_exists(#{index})" for index in range(len(key))] + equal
            ),
            "ExpressionAttributeNames": names,
        }
        if expects:
            values = (codec.encode(value) for value in expects.values())
            request["ExpressionAttributeValues"] = {f":{index}": value for index, value in enumerate(values)}
        try:
            with outages():
                self.client.delete_item(**request)
        except ClientError as error:
            if code(error) in REFUSED:
                return False
            raise
        return True

    def query(self, condition: str, *, index: str | None = None, **values: Any) -> Iterable[Item]:
        """All items that a key condition selects, page by page; strongly consistent but on an index."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {f":{name}": codec.encode(each) for name, each in values.items()},
        }
        request |= {"IndexName": index} if index else {"ConsistentRead": True}
        if names := _RESERVED.findall(condition):
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        while True:
            with outages():
                page = self.client.query(**request)
            yield from (codec.decode_item(item) for item in page["Items"])
            if not page.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def scan(self, names: Iterable[str]) -> Iterable[Item]:
        """These attributes of all items, page by page; eventually consistent."""
        places = {f"#{index}": name for index, name in enumerate(names)}
        request: dict[str, Any] = {
            "TableName": self.name,
            "ProjectionExpression": ", ".join(places),
            "ExpressionAttributeNames": places,
        }
        while True:
            with outages():
                page = self.client.scan(**request)
            yield from (codec.decode_item(item) for item in page["Items"])
            if not page.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def transact(client: Any, puts: list[dict[str, Any]]) -> None:
    """All puts or none. Raises Conflict when a condition failed or another transaction was in the way."""
    try:
        with outages():
            client.transact_write_items(TransactItems=[{"Put": put} for put in puts])
    except ClientError as error:
        if code(error) != "TransactionCanceledException":
            raise
        reasons = {each.get("Code") for each in error.response.get("CancellationReasons", ())}
        if reasons & {"ThrottlingError", "ProvisionedThroughputExceeded"}:
            raise Unavailable("TransactWriteItems: throttled") from error
        if "ValidationError" in reasons or "ItemCollectionSizeLimitExceeded" in reasons:
            raise
        raise Conflict("a condition failed") from error
