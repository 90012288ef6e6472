"""How a thing in a Shopify body is called."""

from collections.abc import Mapping
from typing import Any

from tidings.errors import BadInput
from tidings.sources import reading
from tidings.sources.naming import Fact as Fact


def key_of(body: Mapping[str, Any], what: str) -> str:
    """The body's `id`; when it is missing, the tail of `admin_graphql_api_id`. BadInput without both."""
    found = reading.identifier(body.get("id")) or _tail(body.get("admin_graphql_api_id"))
    if found is None:
        raise BadInput(f"the body has no usable id: {what} cannot be told from another; send the whole body")
    return found


def _tail(gid: object) -> str | None:
    return reading.identifier(gid) if isinstance(gid, str) and gid.startswith("gid://") else None
