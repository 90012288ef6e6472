"""What is told of a person: a fold of events, in any order. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tidings.events import CHECKOUT_TYPES, ORDER_TYPES, PAGE_TYPES, Event
from tidings.people.compact import epoch

PROFILE: Final = (
    "email",
    "first_name",
    "last_name",
    "locale",
    "country",
    "region",
    "timezone",
    "birthday",
    "currency",
    "tags",
)
"""Properties of an event that describe the person."""

Stamped = tuple[Any, int]
"""A value and the epoch second of the fact that gave it."""


def fold_profile(profile: Mapping[str, Stamped], event: Event, at: int) -> Mapping[str, Stamped]:
    """The profile after one more event: of each value the latest word."""
    told = {name: event.properties[name] for name in PROFILE if event.properties.get(name) not in (None, "")}
    if event.type == "customer_registered" or "registered_at" in event.properties:
        told["registered_at"] = event.properties.get("registered_at", event.at.isoformat())
    for name, value in (event.properties.get("fields") or {}).items():
        told[f"field.{name}"] = value
    if "contact_email" in event.properties and "email" not in event.properties and not event.names_customer:
        told["contact_email"] = event.properties[
            "contact_email"
        ]  # of a parcel: beside the address, never over it
    if event.type in CHECKOUT_TYPES | ORDER_TYPES | PAGE_TYPES:
        told.pop("tags", None)  # an order's tags describe the order
        told.pop("currency", None)
    return {**profile, **{name: newer(profile.get(name), value, at) for name, value in told.items()}}


def newer(old: Stamped | None, value: Any, at: int) -> Stamped:
    """The later fact; of two of one second the larger text, so that the order of arrival does not matter."""
    if old is None or (at, _text(value)) > (old[1], _text(old[0])):
        return (value, at)
    return old


def placed_at(event: Event) -> int:
    """When the order that an event is about was placed, as far as it says."""
    placed = event.properties.get("placed_at")
    return epoch(datetime.fromisoformat(placed)) if placed else epoch(event.at)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
