"""What a form asks, and what was sent for it: values that can be kept, errors by field, and what was typed. Pure.

An error is a short word that the page puts into the reader's language. Nothing that was typed is lost by one.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from tidings.fit import name as person

Form = Mapping[str, str | list[str]]
"""What was sent, by field; a list where a field came more than once."""

Kind = Literal["line", "lines", "name", "address", "birthday", "choice", "choices", "stars", "tick"]

MISSING: Final = "missing"
CHOOSE: Final = "choose"
TOO_LONG: Final = "long"
ADDRESS: Final = "address"
NO_DAY: Final = "no such day"
NO_YEAR: Final = "no such year"
HALF: Final = "half a day"
FUTURE: Final = "future"
CHOICE: Final = "choose"
NOTHING: Final = "nothing"
"""Of a form as a whole: all of it was left empty."""

PARTS: Final = ("day", "month", "year")
"""A birthday is asked in three fields, `birthday_day` and so on; the year may be left out."""

OLDEST: Final = 1900
_CONTROL: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_HIDDEN: Final = re.compile("[\u00ad\u200c-\u200f\u2060-\u2065\u2028\u2029\ud800-\udfff\ufff9-\ufffc]")
_ENCODED_WORD: Final = re.compile(r"=\?[^?]*\?[bq]\?", re.IGNORECASE)
_GAP: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked. `most` are the characters of a text, `options` the words of a choice."""

    name: str
    kind: Kind
    required: bool = False
    most: int = 200
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """What was sent. `values` are those that can be kept; `typed` is what to show in the fields again."""

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str | list[str]] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors


def read(fields: Iterable[Field], form: Form, today: date, *, something: bool = False) -> Answers:
    """What a form's fields were answered. `today` is the shop's; `something` asks for one answer at least."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    typed: dict[str, str | list[str]] = {}
    asked = list(fields)
    for each in asked:
        typed |= _typed(each, form)
        try:
            value = _value(each, form, today)
        except ValueError as error:
            errors[each.name] = str(error)
            continue
        if value is not None:
            values[each.name] = value
        elif each.required:
            errors[each.name] = CHOOSE if each.kind in ("stars", "choice") else MISSING
    if something and asked and not values and not errors:
        errors[asked[0].name] = NOTHING
    return Answers(values, errors, typed)


def address(text: str) -> str | None:
    """An e-mail address that SES delivers to, its domain in small letters; None for anything else.

    The part before the @ is plain ASCII: SES takes no other. No quotes, comments, names or IP literals, and no encoded
    word (`=?utf-8?q?…?=`), which a mail server on the way may decode into another address.
    """
    if _ENCODED_WORD.search(text):
        return None
    from email_validator import EmailNotValidError, validate_email  # costs the other pages their start

    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return str(found.normalized)


def birthday(day: str, month: str, year: str, today: date) -> str | None:
    """`YYYY-MM-DD`, or `--MM-DD` without the year, of which 29 February is one; None when nothing was told. Raises
    ValueError with what is wrong."""
    told = [_number(part) for part in (day, month, year)]
    if not any((day, month, year)):
        return None
    if not day or not month:
        raise ValueError(HALF)
    in_day, in_month, in_year = told
    if year and (in_year is None or not OLDEST <= in_year <= 9999):
        raise ValueError(NO_YEAR)
    try:
        found = date(in_year or 2000, in_month or 0, in_day or 0)
    except (ValueError, OverflowError):
        raise ValueError(NO_DAY) from None
    if in_year is None:
        return f"--{found:%m-%d}"
    if found > today:
        raise ValueError(FUTURE)
    return found.isoformat()


def one(form: Form, name: str) -> str:
    """A field's text, the last one sent: trimmed, its lines ended alike, without control characters."""
    value = form.get(name, "")
    last = value if isinstance(value, str) else value[-1]
    lines = unicodedata.normalize("NFC", last).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(" ", lines).strip()


def many(form: Form, name: str) -> list[str]:
    """All values of a field that may come more than once."""
    value = form.get(name, [])
    return [value] if isinstance(value, str) else list(value)


def _typed(asked: Field, form: Form) -> dict[str, str | list[str]]:
    if asked.kind == "birthday":
        names = [f"{asked.name}_{part}" for part in PARTS]
        return {name: one(form, name)[:40] for name in names}
    if asked.kind == "choices":
        return {asked.name: [each for each in many(form, asked.name) if each in asked.options]}
    return {asked.name: one(form, asked.name)}


def _value(asked: Field, form: Form, today: date) -> Any:
    """The answer, None without one. Raises ValueError with what is wrong."""
    name, text = asked.name, one(form, asked.name)
    match asked.kind:
        case "birthday":
            day, month, year = (one(form, f"{name}_{part}") for part in PARTS)
            return birthday(day, month, year, today)
        case "choices":
            found = [each for each in many(form, name) if each]
            return _chosen(found, asked.options) or None
        case "choice":
            return _chosen([text], asked.options)[0] if text else None
        case "stars":
            number = _number(text)
            if text and (number is None or not 1 <= number <= 5):
                raise ValueError(CHOICE)
            return number
        case "tick":
            return True if text else None
        case "address":
            return _address(text if len(set(many(form, name))) < 2 else "two of them")
    return _text(asked, text)


def _text(asked: Field, text: str) -> str | None:
    line = _HIDDEN.sub("", text)
    if asked.kind != "lines":
        line = _GAP.sub(" ", line)
    line = line.strip()
    if len(line) > asked.most:
        raise ValueError(TOO_LONG)
    if asked.kind == "name":  # an advertisement in its place is no name, and nobody need be told
        return person(line)
    return line or None


def _address(text: str) -> str | None:
    if not text:
        return None
    found = address(text)
    if found is None:
        raise ValueError(ADDRESS)
    return found


def _chosen(words: list[str], options: tuple[str, ...]) -> list[str]:
    """The words in the order of the options, each once. Raises ValueError for any other."""
    if set(words) - set(options):
        raise ValueError(CHOICE)
    return [each for each in options if each in words]


def _number(text: str) -> int | None:
    """A whole number of at most four digits, full-width ones too, as keyboards in East Asia write them."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return int(plain) if re.fullmatch("[0-9]{1,4}", plain) else None
