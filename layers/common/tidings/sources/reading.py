"""Reading what strangers send: strict JSON, and values that are usable or absent.

Every function takes any JSON value and returns a clean one or None; none raises. What comes out can be
stored in DynamoDB: no lone surrogates, no control characters, nothing longer than it may be.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tidings.errors import BadInput

IDENTIFIER_LIMIT = 128
"""Characters of an id or token. DynamoDB's sort key holds 1,024 bytes: room for two of them at four bytes
each.
"""

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_MONEY = re.compile(r"\d{1,15}(\.\d{1,6})?", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[A-Za-z0-9.\u0080-\U0010ffff-]+")


class Number(str):
    """A JSON number that is no integer, as it was written: money must not pass through a float."""

    __slots__ = ()


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds; BadInput for anything else, NaN, endless digits or nesting among
    it.
    """
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_float=Number, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise BadInput("the body is not UTF-8: send JSON in UTF-8") from None
    except RecursionError:
        raise BadInput("the body is nested too deeply to be read") from None
    except ValueError:
        raise BadInput("the body is not JSON: send one JSON object") from None
    if not isinstance(value, dict):
        raise BadInput("the body is JSON but not an object: send one JSON object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def mapping(value: object) -> Mapping[str, Any]:
    """The object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list, without what is not an object; empty in place of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object, limit: int = 200) -> str | None:
    """A string without control characters and lone surrogates, at most `limit` characters; None when
    nothing is left.
    """
    if not isinstance(value, str) or isinstance(value, Number):
        return None
    return _UNSAFE.sub(" ", value[: 4 * limit + 64]).strip()[:limit].strip() or None


def identifier(value: object) -> str | None:
    """An id or token as a string: of a positive integer, a string, or the tail of a
    `gid://shopify/Order/123`.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if 0 < value < 10**20 else None
    if not isinstance(value, str) or isinstance(value, Number):
        return None
    value = value.strip()
    if value.startswith("gid://"):
        value = value.rsplit("/", 1)[1].split("?")[0]
    if not value or len(value) > IDENTIFIER_LIMIT or _UNSAFE.search(value):
        return None
    return value


def integer(value: object) -> int | None:
    """A whole number from 0 to a million; no booleans."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= 1_000_000 else None


def boolean(value: object) -> bool | None:
    """True or false, nothing that looks like it."""
    return value if isinstance(value, bool) else None


def money(value: object) -> str | None:
    """An amount as a decimal string, as it was written; None for what is no amount or below zero."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return str(value) if 0 <= value < 10**15 else None
    value = value.strip()
    return str(value) if _MONEY.fullmatch(value) else None


def currency(value: object) -> str | None:
    """A currency code, three capital letters (ISO 4217)."""
    return value if isinstance(value, str) and re.fullmatch("[A-Z]{3}", value) else None


def country(value: object) -> str | None:
    """A country code, two capital letters (ISO 3166-1 alpha-2)."""
    return value.upper() if isinstance(value, str) and re.fullmatch("[A-Za-z]{2}", value) else None


REGIONAL: Final = frozenset({"AU", "BR", "CA", "ES", "ID", "MX", "PT", "RU", "US"})
"""Countries of which the state or province is kept: it tells the time zone."""


def region(value: object) -> str | None:
    """The code of a state or province: `CA`, `NSW`; of ISO 3166-2's `US-CA` what stands behind the country."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 -]{0,9}", value):
        return None
    return value.upper().rpartition("-")[2].replace(" ", "") or None


def place(*told: tuple[object, object]) -> dict[str, str | None]:
    """Country, and region where it matters, of the first address that has a country."""
    for where, part in told:
        if code := country(where):
            return {"country": code, "region": region(part) if code in REGIONAL else None}
    return {"country": None, "region": None}


def locale(value: object) -> str | None:
    """A language tag with hyphens: `en`, `pt-BR`."""
    return value.replace("_", "-") if isinstance(value, str) and _LOCALE.fullmatch(value) else None


def address(value: object) -> str | None:
    """An e-mail address that mail can be sent to, as it was written; None for anything else.

    Internationalised ones pass (RFC 6531). Quoted local parts, comments and IP literals do not: no shop
    sends them honestly, and they are how headers are forged.
    """
    if not isinstance(value, str):
        return None
    value = value.strip()
    if len(value) > 254 or _UNSAFE.search(value) or not _ADDRESS.fullmatch(value):
        return None
    labels = value.rsplit("@", 1)[1].split(".")
    if len(labels) < 2 or any(
        not label or label[0] == "-" or label[-1] == "-" or len(label) > 63 for label in labels
    ):
        return None
    return value


def link(value: object) -> str | None:
    """An absolute http(s) URL of at most 2,000 characters."""
    url = text(value, 2001)
    ok = url and len(url) <= 2000 and re.match(r"https?://[^\s/]", url) and not re.search(r"[\s<>\"]", url)
    return url if ok else None


def names(value: object) -> list[str] | None:
    """Tags: a list of strings, or one string with commas; at most fifty, None when there are none."""
    parts: Iterable[object] = (
        value[:10_000].split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    )
    found = dict.fromkeys(name for part in parts if (name := text(part, 100)))
    return list(found)[:50] or None


def moment(value: object) -> datetime | None:
    """A time in any ISO 8601 writing, UTC; one without an offset is taken as UTC. None when it is none."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        time = datetime.fromisoformat(value.strip())
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if 1900 <= time.year <= 9000 else None


def stamp(time: datetime) -> str:
    """A time as it is stored: ISO 8601, UTC, with `Z`."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment_stamp(value: object) -> str | None:
    """`moment`, as it is stored."""
    time = moment(value)
    return stamp(time) if time else None


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are there."""
    return {name: value for name, value in values.items() if value is not None}
