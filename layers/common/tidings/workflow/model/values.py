"""The values that an author writes: durations, times of day, percentages, names. Each knows its JSON Schema."""

import re
from collections.abc import Callable
from datetime import time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

from tidings.durations import SECONDS, format_duration, parse_duration
from tidings.words import hint

LENIENT: Final = timedelta(minutes=15)
"""How much past its time of day a step may come and still count as on time; quiet hours are spread over no more."""
ReentryWord = Literal["never", "always"]
Thing = Literal["order", "checkout", "cart", "product", "event"]
REENTRY_WORDS: Final = ("never", "always", *(f"each {thing}" for thing in get_args(Thing)))
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final[tuple[str, ...]] = get_args(Weekday)

_UNIT: Final = f"({'|'.join(SECONDS)})s?"
DURATION_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": rf"^\s*\d{{1,6}}\s+{_UNIT}\s*$",
    "examples": ["1 hour", "30 minutes", "7 days"],
}
POSITIVE_PATTERN: Final = rf"^\s*0*[1-9]\d{{0,5}}\s+{_UNIT}\s*$"
OFFSET_SCHEMA: Final = {
    **DURATION_SCHEMA,
    "pattern": rf"^\s*-?\d{{1,6}}\s+{_UNIT}\s*$",
    "examples": ["-7 days", "1 day"],
}
TIME_SCHEMA: Final = {
    "type": "string",
    "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    "examples": ["09:00"],
}
PERCENT_SCHEMA: Final = {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,2})?%$", "examples": ["10%"]}


class Frozen(BaseModel):
    """Base of every model: unknown keys and silent conversions are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        shown = "nothing" if value is None else f'"{value}"'
        raise ValueError(f'{shown} is not a duration: write a number and its unit, such as "1 hour"')
    return parse_duration(value)


def positive(value: timedelta) -> timedelta:
    """`value`, refused unless it is longer than nothing."""
    if value <= timedelta(0):
        raise ValueError(f'"{format_duration(value)}" must be longer than nothing')
    return value


def not_backwards(value: timedelta) -> timedelta:
    """`value`, refused when it is negative."""
    if value < timedelta(0):
        raise ValueError(f'"{format_duration(value)}" is negative: nothing waits backwards')
    return value


def _local_time(value: object) -> time:
    if isinstance(value, time):
        return value
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'"{value}" is not a time of day: write hours and minutes, such as "09:00"')
    return time(int(match[1]), int(match[2]))


def _percent(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,2})?)%", value) if isinstance(value, str) else None
    if match is None or Decimal(match[1]) > 100:
        raise ValueError(f'"{value}" is no percentage: write 0 to 100 and the sign, such as "10%"')
    return Decimal(match[1]) / 100


def format_percent(share: Decimal) -> str:
    """A share of the whole in the author's words: `10%`."""
    text = f"{share * 100:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


class Each(Frozen):
    """A journey for each such thing; the only rule that allows a person two open journeys of one workflow."""

    each: Thing


def _reentry(value: object) -> "timedelta | ReentryWord | Each":
    match value:
        case "never" | "always" | Each():
            return value
        case str() if value in REENTRY_WORDS:
            return Each.model_validate({"each": value.removeprefix("each ")})
        case timedelta():
            return value
        case str() if value[:1].isdigit():
            return positive(parse_duration(value))
        case _:
            raise ValueError(
                f'"{value}" is no rule for entering again{hint(str(value), (*REENTRY_WORDS, "7 days"))}'
            )


def _reentry_text(value: timedelta | str | Each) -> str:
    match value:
        case timedelta():
            return format_duration(value)
        case Each():
            return f"each {value.each}"
    return value


def as_list(value: Any) -> Any:
    """A single thing as a list of one."""
    return value if isinstance(value, list | tuple) else [value]


def frozen_list(value: Any) -> Any:
    """YAML's lists as tuples."""
    return tuple(value) if isinstance(value, list) else value


def first_word(tags: dict[str, str]) -> Callable[[Any], str | None]:
    """A discriminator: the tag of a mapping's first key, or a model's first field, that is one of these words."""

    def tag(value: Any) -> str | None:
        keys = value if isinstance(value, dict) else _written(value)
        return next((tags[key] for key in keys if key in tags), None)

    return tag


def at_least(number: int) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """A validator of how many there are, which is asked only when each by itself is right."""

    def check(value: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(value) < number:
            raise ValueError("nothing is in it" if number == 1 else f"there must be {number} or more")
        return value

    return check


def _written(value: Any) -> list[str]:
    """The words that an author would write for a model's fields."""
    fields = getattr(type(value), "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


Duration = Annotated[
    timedelta, BeforeValidator(_duration), PlainSerializer(format_duration), WithJsonSchema(OFFSET_SCHEMA)
]
LocalTime = Annotated[
    time,
    BeforeValidator(_local_time),
    PlainSerializer(lambda at: f"{at:%H:%M}"),
    WithJsonSchema(TIME_SCHEMA),
]
Percent = Annotated[
    Decimal, BeforeValidator(_percent), PlainSerializer(format_percent), WithJsonSchema(PERCENT_SCHEMA)
]
"""A share of the whole, 0 to 1; written `10%`."""
Reentry = Annotated[
    timedelta | ReentryWord | Each,
    PlainValidator(_reentry),
    PlainSerializer(_reentry_text),
    WithJsonSchema({"anyOf": [{"enum": list(REENTRY_WORDS)}, DURATION_SCHEMA]}),
]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
"""Lower-case letters, digits and single hyphens: fit for a file's name, a key, a state's name."""
Text = Annotated[str, Field(min_length=1)]
Expression = Annotated[str, Field(min_length=1)]
"""A Jinja2 expression; `check` reads it."""
