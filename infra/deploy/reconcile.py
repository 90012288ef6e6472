"""Fetches from WooCommerce what it could not deliver: it delivers once, and its REST API shows the same bodies.

They are signed and handed to the door as webhooks are. What was known is the same event; nothing here decides anything.
"""

import base64
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from infra.deploy.doctor.lookup import rest
from infra.deploy.errors import DeployError
from infra.deploy.operate import Place
from infra.deploy.web import post
from tidings.sources import SOURCES
from tidings.sources.woocommerce import decoded

_PAGE: Final = 100
"""The most that WooCommerce gives at once."""

Thing = Mapping[str, Any]


def run(at: Place, environ: Mapping[str, str], since: str) -> str:
    """Delivers what was changed since then; returns what to tell. Raises DeployError."""
    try:
        began = datetime.fromisoformat(since).astimezone(UTC)
    except ValueError:
        raise DeployError("say since when: make reconcile SINCE=2026-03-01T00:00:00Z") from None
    try:
        key = _secret(at)
        products = _deliver(at, key, "product", _changed(environ, "products", began))
        orders = list(_changed(environ, "orders", began))
        people = _deliver(at, key, "customer", _customers(environ, orders, began))
        bought = _deliver(at, key, "order", orders)
    except LookupError as error:
        raise DeployError(str(error)) from error
    told = (("orders", bought), ("customers", people), ("products", products))
    return "; ".join(f"{count} {what}, {new} new events" for what, (count, new) in told)


def _secret(at: Place) -> str:
    name = f"{at.parameter_prefix}/webhooks/woocommerce"
    found = at.connect("ssm").get_parameters(Names=[name], WithDecryption=True)["Parameters"]
    secrets = SOURCES["woocommerce"].secrets(found[0]["Value"] if found else "")
    if not secrets:
        raise DeployError(f"{name} is not set: the webhooks' secret")
    return decoded(secrets[0])


def _changed(environ: Mapping[str, str], resource: str, since: datetime) -> Iterator[Thing]:
    """The orders or products that were changed since."""
    when = f"{since:%Y-%m-%dT%H:%M:%S}"
    yield from _pages(environ, f"{resource}?modified_after={when}&dates_are_gmt=true&status=any&order=asc")


def _customers(environ: Mapping[str, str], orders: Iterable[Thing], since: datetime) -> Iterator[Thing]:
    """Who ordered, and who registered since: customers can't be asked for by the time of their change."""
    numbers = sorted({int(order["customer_id"]) for order in orders if order.get("customer_id")})
    for first in range(0, len(numbers), _PAGE):
        wanted = ",".join(map(str, numbers[first : first + _PAGE]))
        yield from _pages(environ, f"customers?role=all&include={wanted}")
    for each in _pages(environ, "customers?role=all&orderby=registered_date&order=desc"):
        if datetime.fromisoformat(each["date_created_gmt"]).replace(tzinfo=UTC) < since:
            return
        if int(each["id"]) not in numbers:
            yield each


def _pages(environ: Mapping[str, str], query: str) -> Iterator[Thing]:
    number = 1
    while True:
        answer = rest(environ, f"{query}&per_page={_PAGE}&page={number}")
        if answer.status != 200 or not isinstance(answer.json, list):
            raise DeployError(
                f"WooCommerce answers {answer.status}: is the key of this shop, and may it read?"
            )
        yield from answer.json
        if len(answer.json) < _PAGE:
            return
        number += 1


def _deliver(at: Place, key: str, resource: str, things: Iterable[Thing]) -> tuple[int, int]:
    """How many were delivered, and how many events that nobody had told yet came of them."""
    count = new = 0
    for thing in things:
        body = json.dumps(thing).encode()
        headers = {
            "content-type": "application/json",
            "x-wc-webhook-topic": f"{resource}.updated",
            "x-wc-webhook-signature": base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode(),
        }
        answer = post(f"{at.api_url}/webhooks/woocommerce", body, headers)
        if answer.status != 200:
            raise DeployError(
                f"the door answers {answer.status} for {resource} {thing.get('id')}: {answer.json}"
            )
        count, new = count + 1, new + int(answer.json.get("accepted", 0))
    return count, new
