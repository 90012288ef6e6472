"""What the generic event may tell, key by key. Each reader raises BadInput naming the key that is wrong.

The counterpart of `docs/events.schema.json`; a test holds the two together.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from tidings.errors import BadInput
from tidings.sources import reading
from tidings.sources.reading import Number, present

MAX_BYTES: Final = 16_384
"""Of an event's details as JSON: a hundred order lines; DynamoDB would hold 400 KB, but bills each
kilobyte.
"""

MAX_DEPTH: Final = 8
MAX_ITEMS: Final = 250
MAX_TOPICS: Final = 20
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TOPIC = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_WHO: Final = frozenset({"id", "customer", "consent"})


def properties(data: Mapping[str, Any], at: datetime, event_type: str = "") -> dict[str, Any]:
    """The event's properties: what `data` tells, the person's details from `data.customer` among it.

    Keys with a meaning of their own are checked, in this type of event; a shop's own keys pass as they are. `at` is
    the time of the fact.
    """
    readers = {**_READERS, **_CONSENT.get(event_type, {})}
    customer = {
        name: value for name, value in nested("data.customer", data.get("customer")).items() if name != "id"
    }
    told: dict[str, Any] = {}
    for place, values in (("data", data), ("data.customer", customer)):
        for name, value in values.items():
            if value is None or (values is data and name in _WHO):
                continue
            if not _NAME.fullmatch(name):
                raise BadInput(
                    f"a key in {place} is no name: use lower-case letters, digits and _, a letter first"
                )
            read = readers.get(name)
            told[name] = read(f"{place}.{name}", value) if read else clean(f"{place}.{name}", value)
    if "birthday" in told and told["birthday"][0] != "-" and date.fromisoformat(told["birthday"]) > at.date():
        raise BadInput("birthday lies after the event: write YYYY-MM-DD, or --MM-DD without the year")
    if "items" in told:
        told["items_count"] = len(told["items"])
        told.setdefault("quantity", sum(item.get("quantity", 1) for item in told["items"]))
    told = present(told)
    if len(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()) > MAX_BYTES:
        raise BadInput(f"data is over {MAX_BYTES} bytes: send what the mails need")
    return told


def nested(key: str, value: object) -> Mapping[str, Any]:
    """An object, empty for null; BadInput for anything else."""
    if not isinstance(value, dict | None):
        raise BadInput(f"{key} must be an object")
    return value or {}


def identifier(key: str, value: object) -> str | None:
    """An id, None for null; BadInput for what cannot be one."""
    found = reading.identifier(value)
    if value is not None and found is None:
        raise BadInput(f"{key} must be a string of at most 128 characters or a positive whole number")
    return found


def moment(key: str, value: object) -> datetime | None:
    """A time, None for null; BadInput for what is none."""
    found = reading.moment(value)
    if value is not None and found is None:
        raise BadInput(f"{key} must be a time in ISO 8601: 2026-03-01T09:30:00Z")
    return found


def clean(key: str, value: object, depth: int = 1) -> Any:
    """Any JSON value that can be stored: strings without control characters, numbers within a double's
    reach.
    """
    if depth > MAX_DEPTH:
        raise BadInput(f"{key} is nested too deeply: at most {MAX_DEPTH} levels")
    if isinstance(value, Number):
        number = float(value)
        if abs(number) > 1e15:
            raise BadInput(f"{key} holds a number beyond 1e15: send it as a string")
        return number
    if isinstance(value, str):
        return reading.text(value, 2000) or ""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        if abs(value) > 10**15:
            raise BadInput(f"{key} holds a number beyond 1e15: send it as a string")
        return value
    if isinstance(value, list):
        return [clean(key, item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {reading.text(name, 64) or "": clean(key, item, depth + 1) for name, item in value.items()}
    raise BadInput(f"{key} is no JSON value")


def _checked(read: Callable[[Any], Any], form: str) -> Callable[[str, object], Any]:
    def check(key: str, value: object) -> Any:
        found = read(value)
        if found is None:
            raise BadInput(f"{key} must be {form}")
        return found

    return check


def _birthday(value: object) -> str | None:
    """`YYYY-MM-DD` or `--MM-DD`; the day must exist, 29 February without a year does."""
    match = re.fullmatch(r"(\d{4}-|--)(\d\d-\d\d)", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        return None
    year = "2000-" if match[1] == "--" else match[1]
    try:
        day = date.fromisoformat(year + match[2])
    except ValueError:
        return None
    return match[0] if day.year >= 1880 else None


def _day(value: object) -> str | None:
    """`YYYY-MM-DD`."""
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _timezone(value: object) -> str | None:
    """An IANA name that exists."""
    from zoneinfo import (
        ZoneInfo,
        ZoneInfoNotFoundError,
    )  # only some events carry one, and it costs the cold start

    if not isinstance(value, str) or len(value) > 64 or not _ZONE.fullmatch(value):
        return None
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _fields(value: object) -> dict[str, Any] | None:
    """A flat map of the shop's own fields; null takes one away."""
    if not isinstance(value, dict) or len(value) > 50:
        return None
    if any(not _NAME.fullmatch(name) or isinstance(held, dict | list) for name, held in value.items()):
        return None
    return {name: clean("fields", held) for name, held in value.items()}


def _topics(value: object) -> list[str] | None:
    """Names of the shop's topics; none would be a word about nothing."""
    names = value if isinstance(value, list) and value else None
    return None if names is None or not all(_is_topic(each) for each in names) else names[:MAX_TOPICS]


def _choices(value: object) -> dict[str, bool] | None:
    """Each topic wanted or not."""
    if not isinstance(value, dict) or not 1 <= len(value) <= MAX_TOPICS:
        return None
    told = all(_is_topic(name) and isinstance(wanted, bool) for name, wanted in value.items())
    return value if told else None


def _is_topic(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 60 and _TOPIC.fullmatch(value) is not None


def _often(value: object) -> str | None:
    return value if isinstance(value, str) and value in ("all", "weekly", "paused") else None


def _items(value: object) -> list[dict[str, Any]] | None:
    if (
        not isinstance(value, list)
        or len(value) > MAX_ITEMS
        or not all(isinstance(item, dict) for item in value)
    ):
        return None
    return [
        present(
            {
                "product_id": reading.identifier(item.get("product_id")),
                "variant_id": reading.identifier(item.get("variant_id")),
                "title": reading.text(item.get("title"), 120),
                "variant": reading.text(item.get("variant"), 60),
                "quantity": reading.integer(item.get("quantity")),
                "price": reading.money(item.get("price")),
                "sku": reading.text(item.get("sku"), 60),
            }
        )
        for item in value
    ]


def _address(key: str, value: object) -> str | None:
    """An unusable address counts as none: who it concerns is then told by the id, or by nothing, which is
    refused.
    """
    return reading.address(value)


def _time(key: str, value: object) -> str | None:
    found = moment(key, value)
    return reading.stamp(found) if found else None


_money = _checked(reading.money, 'an amount like "19.90", not below zero')
_currency = _checked(reading.currency, "three capital letters (ISO 4217)")
_text = _checked(lambda value: reading.text(value, 200), "a string")
_codes = _checked(
    lambda value: reading.names(value) if isinstance(value, list) else None, "a list of strings"
)

_READERS: Final = MappingProxyType[str, Callable[[str, object], Any]](
    {
        "email": _address,
        "first_name": _text,
        "last_name": _text,
        "locale": _checked(reading.locale, "a language tag: en, pt-BR"),
        "country": _checked(reading.country, "two letters (ISO 3166-1)"),
        "region": _checked(reading.region, "the code of a state or province: CA, NSW"),
        "timezone": _checked(_timezone, "an IANA time zone: Europe/Berlin"),
        "birthday": _checked(_birthday, "a day that exists, as YYYY-MM-DD or --MM-DD"),
        "tags": _codes,
        "fields": _checked(
            _fields, "a flat object of at most 50 names with strings, numbers, true, false or null"
        ),
        "checkout": identifier,
        "cart": identifier,
        "order_id": identifier,
        "order_name": _text,
        "total": _money,
        "currency": _currency,
        "presentment_total": _money,
        "presentment_currency": _currency,
        "subtotal": _money,
        "discount": _money,
        "shipping": _money,
        "tax": _money,
        "taxes_included": _checked(reading.boolean, "true or false"),
        "discount_codes": _codes,
        "accepts_marketing": _checked(reading.boolean, "true or false"),
        "url": _checked(reading.link, "an absolute http or https address"),
        "items": _checked(_items, f"a list of at most {MAX_ITEMS} objects"),
        "tracking_company": _text,
        "tracking_number": _text,
        "tracking_url": _checked(reading.link, "an absolute http or https address"),
        "expected_on": _checked(_day, "a day that exists, as YYYY-MM-DD"),
        "reason": _text,
        "placed_at": _time,
        "started_at": _time,
        "completed_at": _time,
        "cancelled_at": _time,
        "registered_at": _time,
    }
)

_WORD: Final = {
    "topics": _checked(_topics, "a list of at least one topic: lower-case letters, digits and hyphens"),
    "confirmed": _checked(reading.boolean, "true or false"),
}
_CONSENT: Final = MappingProxyType[str, Mapping[str, Callable[[str, object], Any]]](
    {
        "subscribed": _WORD,
        "unsubscribed": _WORD,
        "preferences_changed": {
            "topics": _checked(_choices, "an object of topics, each true or false"),
            "frequency": _checked(_often, "all, weekly or paused"),
            "paused_until": _time,
        },
    }
)
"""What these types of events tell besides; in others the names are the shop's own."""
