"""What a reader of one Shopify body hands back, before it is stamped with its receipt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidings.errors import BadInput
from tidings.sources import reading
from tidings.sources.naming import Who


@dataclass(frozen=True, slots=True)
class Fact:
    """`key` is what follows source and type in the event's id; `at` is the body's own time, None when it
    has none.
    """

    type: str
    key: str
    at: datetime | None
    who: Who
    properties: dict[str, Any]


def key_of(body: Mapping[str, Any], what: str) -> str:
    """The body's `id`; when it is missing, the tail of `admin_graphql_api_id`. BadInput without both."""
    found = reading.identifier(body.get("id")) or _tail(body.get("admin_graphql_api_id"))
    if found is None:
        raise BadInput(f"the body has no usable id: {what} cannot be told from another; send the whole body")
    return found


def _tail(gid: object) -> str | None:
    return reading.identifier(gid) if isinstance(gid, str) and gid.startswith("gid://") else None
