"""Customers and their consent, as Shopify tells them."""

from collections.abc import Mapping
from typing import Any

from tidings.errors import BadInput
from tidings.events import account_alias, address_alias
from tidings.sources import reading
from tidings.sources.naming import Who, version, who
from tidings.sources.reading import present
from tidings.sources.shopify.fact import Fact, key_of


def customer(event_type: str, body: Mapping[str, Any], key: bytes) -> Fact:
    """`customers/create` and `customers/update`.

    From API 2025-07 on they carry no consent, tags or sums; consent then comes on its own topic.
    """
    number = key_of(body, "a customer")
    account, email = account_alias("shopify", number), reading.address(body.get("email"))
    aliases = (account, address_alias(email, key)) if email else (account,)
    person = Who(account, aliases, names_customer=True)
    created, updated = reading.moment(body.get("created_at")), reading.moment(body.get("updated_at"))
    properties = present(
        {
            **person_properties(body),
            "registered_at": reading.moment_stamp(body.get("created_at")),
            "currency": reading.currency(body.get("currency")),
            "tags": reading.names(body.get("tags")),
            "consent": consent_of(body),
        }
    )
    if event_type == "customer_registered":
        return Fact(event_type, number, created, person, properties)
    told = version(updated, {"aliases": person.aliases, **properties}, key)
    return Fact(event_type, f"{number}:{told}", updated, person, properties)


def consent(_: str, body: Mapping[str, Any], key: bytes) -> Fact:
    """`customers_email_marketing_consent/update`: `subscribed`, `unsubscribed`, or for other states
    `profile_updated`.

    Of `pending`, `not_subscribed` and the like only the state is passed on: they neither give nor take
    consent.
    """
    account = reading.identifier(body.get("customer_id"))
    email = reading.address(body.get("email_address"))
    person = who(
        account=account_alias("shopify", account) if account else None,
        email=email,
        contact=None,
        tokens=(),
        key=key,
    )
    if person is None:
        raise BadInput("the body names nobody: neither customer_id nor email_address is usable")
    told = _consent(body.get("email_marketing_consent"))
    state = told.get("state") if told else None
    event_type = state if state in ("subscribed", "unsubscribed") else "profile_updated"
    at = reading.moment(told.get("at")) if told else None
    properties = present({"email": email, "consent": told})
    name = account or person.identity
    part = version(at, {"aliases": person.aliases, **properties}, key)
    # apart from the ids of customers/update, which are profile_updated as well
    middle = f"{name}:consent" if event_type == "profile_updated" else name
    return Fact(str(event_type), f"{middle}:{part}", at, person, properties)


def person_properties(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a customer object tells of the person; None for what it does not."""
    home = reading.mapping(body.get("default_address"))
    return {
        "email": reading.address(body.get("email")),
        "first_name": reading.text(body.get("first_name"), 100),
        "last_name": reading.text(body.get("last_name"), 100),
        "locale": reading.locale(body.get("locale")),
        **place_of(home),
    }


def place_of(*addresses: Mapping[str, Any]) -> dict[str, str | None]:
    """Country and region of the first address with a country; some older bodies have its code where the name should
    be."""
    countries = (reading.country(each.get("country_code")) or each.get("country") for each in addresses)
    return reading.place(*zip(countries, (each.get("province_code") for each in addresses), strict=True))


def consent_of(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """A customer object's consent: `email_marketing_consent`, or what bodies before API 2022-04 had in its
    place.
    """
    if isinstance(body.get("email_marketing_consent"), dict):
        return _consent(body["email_marketing_consent"])
    accepts = reading.boolean(body.get("accepts_marketing"))
    if accepts is None:
        return None
    return present(
        {
            "state": "subscribed" if accepts else "not_subscribed",
            "at": reading.moment_stamp(body.get("accepts_marketing_updated_at")),
            "level": reading.text(body.get("marketing_opt_in_level"), 40),
        }
    )


def _consent(value: object) -> dict[str, Any] | None:
    given = reading.mapping(value)
    state = reading.text(given.get("state"), 40)
    if state is None:
        return None
    return present(
        {
            "state": state.lower(),
            "at": reading.moment_stamp(given.get("consent_updated_at")),
            "level": reading.text(given.get("opt_in_level"), 40),
        }
    )
