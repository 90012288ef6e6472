"""The Events table: append-only. One conditional PutItem is the commit point of everything that happens."""

import json
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from tidings.aws import codec
from tidings.aws.client import code, outages
from tidings.events import Event, pointer

POINTERS: Final = "token"
"""The sparse index of events that tell whose a token is."""

POINTERS_READ: Final = 5
"""Events looked at for one token: an order has one, a cart one a checkout."""


LEGIBLE: Final = 512
"""Bytes of properties that stay as text; beyond, an item with its keys and aliases would come near 1 KB."""


@dataclass(frozen=True, slots=True)
class EventsTable:
    """Answers `ports.Events`. `client` is a DynamoDB client, `table` the table's name."""

    client: Any
    table: str

    def put(self, event: Event) -> bool:
        """Store an event once; False when this fact is stored already. Raises Unavailable."""
        try:
            with outages():
                self.client.put_item(
                    TableName=self.table,
                    Item=to_item(event),
                    ConditionExpression="attribute_not_exists(#identity)",
                    ExpressionAttributeNames={"#identity": "identity"},
                )
        except ClientError as error:
            if code(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def get(self, identity: str, event_id: str) -> Event | None:
        """One event by its key, strongly consistent. Raises Unavailable."""
        key = codec.encode_item({"identity": identity, "id": event_id})
        with outages():
            answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return from_image(answer["Item"]) if answer.get("Item") else None

    def query(self, identity: str) -> list[Event]:
        """All events of an identity, by id, strongly consistent. Raises Unavailable."""
        events: list[Event] = []
        more: dict[str, Any] = {}
        while True:
            with outages():
                page = self.client.query(
                    TableName=self.table,
                    KeyConditionExpression="#identity = :identity",
                    ExpressionAttributeNames={"#identity": "identity"},
                    ExpressionAttributeValues={":identity": codec.encode(identity)},
                    ConsistentRead=True,
                    **more,
                )
            events += [from_image(item) for item in page["Items"]]
            if not page.get("LastEvaluatedKey"):
                return events
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def naming(self, token: str) -> Event | None:
        """The latest event that tells whose a token is; the index is eventually consistent. Raises Unavailable."""
        with outages():
            page = self.client.query(
                TableName=self.table,
                IndexName=POINTERS,
                KeyConditionExpression="#token = :token",
                ExpressionAttributeNames={"#token": "token"},
                ExpressionAttributeValues={":token": codec.encode(token)},
                Limit=POINTERS_READ,
            )
        keys = [codec.decode_item(item) for item in page["Items"]]
        told = [event for key in keys if (event := self.get(key["identity"], key["id"]))]
        return max(told, key=lambda event: (event.at, event.key), default=None)

    def asking(self, product: str) -> Iterator[tuple[str, str]]:
        """(identity, id) of every request to hear of a product, page by page; the index is eventually consistent.
        Raises Unavailable."""
        more: dict[str, Any] = {}
        while True:
            with outages():
                page = self.client.query(
                    TableName=self.table,
                    IndexName=POINTERS,
                    KeyConditionExpression="#token = :token",
                    ExpressionAttributeNames={"#token": "token"},
                    ExpressionAttributeValues={":token": codec.encode(product)},
                    **more,
                )
            found = (codec.decode_item(item) for item in page["Items"])
            yield from ((item["identity"], item["id"]) for item in found)
            if not page.get("LastEvaluatedKey"):
                return
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def to_item(event: Event) -> dict[str, Any]:
    """The event as an item, as small as it can be: up to 1 KB is one write unit.

    Properties are one compact JSON string, half the size of a map, and deflated (`packed`) where they are long. Of
    the aliases those beside the identity are kept, what holds for most events is left out, and times are ISO 8601
    with `Z`.
    """
    told = json.dumps(event.properties, ensure_ascii=False, separators=(",", ":"))
    packed = len(told.encode("utf-8", "replace")) > LEGIBLE
    item: dict[str, Any] = {
        "identity": event.identity,
        "id": event.id,
        "type": event.type,
        "at": _time(event.at),
        "received_at": _time(event.received_at),
        "source": event.source,
        "names_customer": event.names_customer,
        "packed" if packed else "properties": zlib.compress(told.encode(), 9) if packed else told,
    }
    if event.aliases:
        item["aliases"] = [alias for alias in event.aliases if alias != event.identity]
    if not event.dated:
        item["dated"] = False
    if token := pointer(event):
        item["token"] = token
    return codec.encode_item(item)


def from_image(image: Mapping[str, Mapping[str, Any]]) -> Event:
    """The event in an item as read, or in a stream's NewImage."""
    item = codec.decode_item(image)
    return Event(
        id=item["id"],
        type=item["type"],
        at=datetime.fromisoformat(item["at"]),
        received_at=datetime.fromisoformat(item["received_at"]),
        source=item["source"],
        identity=item["identity"],
        aliases=(item["identity"], *item["aliases"]) if "aliases" in item else (),
        names_customer=item["names_customer"],
        dated=item.get("dated", True),
        properties=json.loads(_unpacked(item["packed"]) if "packed" in item else item["properties"]),
    )


def _unpacked(packed: bytes | str) -> bytes:
    """What was deflated; a stream's image holds binary values in base64."""
    return zlib.decompress(b64decode(packed) if isinstance(packed, str) else packed)


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
