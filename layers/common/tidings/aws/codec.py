"""Python values to DynamoDB's attribute values and back. boto3's own serializer costs a cold start and
makes Decimals.
"""

from collections.abc import Mapping
from typing import Any


def encode(value: Any) -> dict[str, Any]:
    """The attribute value of a JSON value, bytes, or a non-empty frozenset of strings; TypeError for
    anything else.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float():
            return {"N": repr(value)}
        case bytes():
            return {"B": value}
        case frozenset():
            return {"SS": sorted(value)}
        case list() | tuple():
            return {"L": [encode(item) for item in value]}
        case Mapping():
            return {"M": encode_item(value)}
        case _:
            raise TypeError(f"DynamoDB cannot hold a {type(value).__name__}")


def decode(attribute: Mapping[str, Any]) -> Any:
    """The value of an attribute; whole numbers as int, others as float, string sets as frozenset."""
    kind, value = next(iter(attribute.items()))
    match kind:
        case "NULL":
            return None
        case "N":
            return int(value) if value.lstrip("-").isdigit() else float(value)
        case "SS":
            return frozenset(value)
        case "L":
            return [decode(item) for item in value]
        case "M":
            return decode_item(value)
        case "S" | "BOOL" | "B":
            return value
        case _:
            raise TypeError(f"attributes of type {kind} are not used")


def encode_item(item: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A whole item."""
    return {name: encode(value) for name, value in item.items()}


def decode_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A whole item, as read or as a stream's image holds it."""
    return {name: decode(attribute) for name, attribute in item.items()}
