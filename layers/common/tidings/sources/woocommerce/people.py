"""Customers: the people with an account. Guests are known by their orders only."""

from collections.abc import Mapping
from typing import Any, Final

from tidings.events import account_alias, address_alias
from tidings.sources import reading
from tidings.sources.naming import Fact, Who, version
from tidings.sources.reading import present
from tidings.sources.woocommerce import common

_STATES: Final = {"unsubscribed": "unsubscribed", "cleaned": "unsubscribed"}


def created(body: Mapping[str, Any], key: bytes) -> list[Fact]:
    """`customer.created`."""
    number, person, told = _read(body, key)
    return [Fact("customer_registered", number, common.time(body, "date_created"), person, told)]


def updated(body: Mapping[str, Any], key: bytes) -> list[Fact]:
    """`customer.updated`: WooCommerce tells it with each order, too."""
    number, person, told = _read(body, key)
    changed = common.time(body, "date_modified")
    name = version(changed, {"aliases": person.aliases, **told}, key)
    return [Fact("profile_updated", f"{number}:{name}", changed, person, told)]


def _read(body: Mapping[str, Any], key: bytes) -> tuple[str, Who, dict[str, Any]]:
    number = common.key_of(body, "a customer")
    account, email = account_alias("woocommerce", number), reading.address(body.get("email"))
    aliases = (account, address_alias(email, key)) if email else (account,)
    bill, ship = reading.mapping(body.get("billing")), reading.mapping(body.get("shipping"))
    registered, extra = common.time(body, "date_created"), common.meta(body)
    told = present(
        {
            "email": email,
            "first_name": common.text(body.get("first_name") or bill.get("first_name"), 100),
            "last_name": common.text(body.get("last_name") or bill.get("last_name"), 100),
            "locale": common.locale(extra),
            **reading.place(*((each.get("country"), each.get("state")) for each in (bill, ship))),
            "registered_at": reading.stamp(registered) if registered else None,
            "consent": _consent(extra),
        }
    )
    return number, Who(account, aliases, names_customer=True), told


def _consent(extra: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a plug-in keeps of a customer's consent; without a date, it is as old as the account. A box that was not
    ticked says nothing."""
    told = [str(extra[name]).strip().lower() for name in common.OPT_INS if name in extra]
    if any(value in _STATES for value in told):
        return {"state": "unsubscribed"}
    return {"state": "subscribed"} if any(value in common.YES for value in told) else None
