"""What Shopify passes on of privacy law: a person asks for their data or its erasure, a shop has left.

These three topics are compulsory for apps. As topics are not signed, the shapes keep them apart: only a body with
`orders_to_redact`, and nothing of a request for data, may erase. Of the body only names are kept, no address.
Source: shopify.dev/docs/apps/build/compliance/privacy-law-compliance.
"""

from collections.abc import Mapping
from typing import Any, Final

from tidings.errors import BadInput
from tidings.events import account_alias, shop_identity
from tidings.sources import reading
from tidings.sources.naming import Who, version, who
from tidings.sources.reading import present
from tidings.sources.shopify.fact import Fact

MAX_ORDERS: Final = 2000


def person(event_type: str, body: Mapping[str, Any], key: bytes) -> Fact:
    """`customers/data_request` and `customers/redact`. The body tells no time."""
    customer = reading.mapping(body.get("customer"))
    account, email = reading.identifier(customer.get("id")), reading.address(customer.get("email"))
    named = who(
        account=account_alias("shopify", account) if account else None,
        email=email,
        contact=None,
        tokens=(),
        key=key,
    )
    if named is None:
        raise BadInput("the body names nobody: neither customer.id nor customer.email is usable")
    listed = "orders_requested" if event_type == "data_requested" else "orders_to_redact"
    if not isinstance(body.get(listed), list | None):
        raise BadInput(f"{listed} is no list: send the body as Shopify does")
    orders = [number for each in body.get(listed) or () if (number := reading.identifier(each))][:MAX_ORDERS]
    request = reading.identifier(reading.mapping(body.get("data_request")).get("id"))
    name = request or version(None, {"aliases": named.aliases, "orders": sorted(orders)}, key)
    return Fact(event_type, f"{account or 'guest'}:{name}", None, named, present({"orders": orders or None}))


def shop(event_type: str, body: Mapping[str, Any], _: bytes) -> Fact:
    """`shop/redact`: 48 hours after the app was removed from the shop."""
    number = reading.identifier(body.get("shop_id"))
    if number is None:
        raise BadInput("the body has no usable shop_id: send the body as Shopify does")
    return Fact(event_type, number, None, Who(shop_identity("shopify", number), (), False), {})
