"""Numbers, money and dates as the recipient writes them. Pure; the words of CLDR, through Babel."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_datetime_format
from babel.numbers import format_currency, format_decimal

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_FIELD: Final = re.compile(r"y{1,4}|M{1,4}|E{1,4}|d{1,2}")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
MOST: Final = Decimal(10) ** 12
"""No sum in a shop is larger; what claims to be is not shown."""


def amount(value: object) -> Decimal | None:
    """`value` as an exact amount; None for what is none: not finite, absurdly large, no number, nothing."""
    if value is None or isinstance(value, bool | float):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < MOST else None


def currency_code(value: object) -> str | None:
    """`value` when it has the form of an ISO 4217 code, else None."""
    return value if isinstance(value, str) and _CURRENCY.fullmatch(value) else None


@lru_cache(maxsize=1024)
def locale_of(wanted: str | None, country: str | None, default: str) -> Locale:
    """A customer's locale: as told (`pt-BR`, `zh_TW`), with their country where they tell only the language.

    An unknown one falls back to its language, then to `default` (one that Babel knows).
    """
    locale = _parse(wanted) or _parse((wanted or "").replace("_", "-").partition("-")[0])
    if locale is None:
        locale = _parse(default) or Locale("en")
    if locale.territory is None and country and wanted:
        locale = _parse(f"{locale}_{country}") or locale
    return locale


def _parse(name: str | None) -> Locale | None:
    if not name or not _LOCALE.fullmatch(name):
        return None
    try:
        return Locale.parse(name.replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        return None


def money(value: object, currency: object, locale: Locale) -> str:
    """An amount in its currency: `$64.00`, `¥6,400`, `KWD 12.500`. Empty for none, bare without currency."""
    number = amount(value)
    if number is None:
        return ""
    code = currency_code(currency)
    if code is None:
        return format_decimal(number, "#,##0.00", locale=locale)
    return format_currency(number, code, locale=locale)


def number(value: object, locale: Locale) -> str:
    """A number with the locale's separators; empty for none."""
    found = amount(str(value)) if isinstance(value, float) else amount(value)
    return "" if found is None else format_decimal(found, locale=locale)


def day(value: object, locale: Locale, zone: ZoneInfo, form: str = "long") -> str:
    """A date, or a time's date in `zone`; empty for none. `form`: short, medium, long, full or a pattern.

    A pattern of fields alone (`MMMM y`) is written in the locale's order, with its words: `2026年3月`.
    """
    if isinstance(value, datetime):
        value = _local(value, zone).date()
    if not isinstance(value, date):
        return ""
    skeleton = _skeleton(form)
    if skeleton in locale.datetime_skeletons:
        form = str(locale.datetime_skeletons[skeleton].pattern)
    return format_date(value, form, locale=locale)


@lru_cache(maxsize=64)
def _skeleton(form: str) -> str | None:
    """The fields of a pattern in CLDR's order, None when there is more in it than fields."""
    fields = {field[0]: field for field in form.split()}
    if not fields or not all(_FIELD.fullmatch(field) for field in fields.values()):
        return None
    return "".join(fields[letter] for letter in "yMEd" if letter in fields)


def clock_time(value: object, locale: Locale, zone: ZoneInfo, form: str = "short") -> str:
    """The time of day in `zone`. Empty for none."""
    if isinstance(value, datetime):
        return format_time(_local(value, zone).time(), form, locale=locale)
    return format_time(value, form, locale=locale) if isinstance(value, time) else ""


def day_and_time(value: object, locale: Locale, zone: ZoneInfo, form: str = "medium") -> str:
    """Date and time in `zone`, without seconds; `form` is the date's. Empty for none."""
    if not isinstance(value, datetime):
        return ""
    joined = str(get_datetime_format("medium", locale)).replace("'", "")
    return joined.replace("{1}", day(value, locale, zone, form)).replace(
        "{0}", clock_time(value, locale, zone)
    )


def _local(value: datetime, zone: ZoneInfo) -> datetime:
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(zone)
