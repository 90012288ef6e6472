"""What is fit to show of what strangers wrote: one line of bounded length, a name that is one, the address of a page.

What is missing, or is not what it should be, is None.
"""

import re
from datetime import date as Date
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

NAME_LENGTH, TEXT_LENGTH, URL_LENGTH = 60, 120, 2000
_GAP: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HIDDEN: Final = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffc]")
_HOST: Final = re.compile(r"[\w.:\[\]-]+")
"""Of a page's address: nothing that ends a word where hosts are listed, as in a Content-Security-Policy."""

_ADVERT: Final = re.compile(r"://|www\.|[@<>{}]|\.[a-z]{2,}/", re.IGNORECASE)

_EAST_ASIAN: Final = re.compile("[々\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")


def text(value: object, length: int = TEXT_LENGTH) -> str | None:
    """`value` as one line of at most `length` characters, without control, invisible and half characters;
    None when nothing is left."""
    if not isinstance(value, str | int):
        return None
    line = _HIDDEN.sub("", _GAP.sub(" ", str(value)[: length * 4])).strip()
    if len(line) > length:
        line = line[: length - 1].rstrip() + "…"
    return line or None


def name(value: object) -> str | None:
    """A person's name, None for what can't be one: strangers advertise in the name field of sign-up forms."""
    line = text(value, NAME_LENGTH)
    if line is None or _ADVERT.search(line) or not any(character.isalpha() for character in line):
        return None
    return line


def called(first: str | None, last: str | None) -> str | None:
    """What to call a person: the first name; where names are written in Hangul, Han or Kana the whole name, family
    first, and the family name alone where nothing else is known."""
    if last is None or not _EAST_ASIAN.fullmatch(last):
        return first
    if first is None or (first.startswith(last) and len(first) > len(last)):
        return first or last
    return f"{last}{first}" if _EAST_ASIAN.fullmatch(first) else first


def page(value: object) -> str | None:
    """`value` when it is the address of a page or picture (http or https, with a host), else None."""
    if not isinstance(value, str) or len(value) > URL_LENGTH:
        return None
    address = value.strip()
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or not _HOST.fullmatch(parts.netloc):
        return None
    if _GAP.search(address) or _HIDDEN.search(address) or "\\" in address:
        return None
    return quote(address, safe="!#$%&'()*+,/:;=?@[]~-._")


def pieces(value: object, default: int) -> int:
    """A number of pieces, `default` for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else default


def listed(value: object) -> list[Any]:
    """A list, empty for what is none."""
    return value if isinstance(value, list) else []


def texts(value: object) -> tuple[str, ...]:
    """The texts in a list."""
    return tuple(found for found in map(text, listed(value)) if found)


def stamp(value: object) -> datetime | None:
    """A moment with its zone."""
    try:
        found = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def day(value: object) -> Date | None:
    """A day."""
    try:
        return Date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None
