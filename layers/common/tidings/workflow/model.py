"""What a workflow says, as typed, frozen models. One shape for the author's YAML and the package's JSON.

Triggers and steps are unions told apart by the word they begin with, so that a new one is a new class and a line
in its union. Nothing here looks at the shop: that is `check`. Packages of earlier revisions are read for 400 days:
words may be added, with defaults, and none may be taken away.
"""

import re
from collections.abc import Callable
from datetime import time, timedelta
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Tag,
    field_validator,
    model_validator,
)

from tidings.durations import format_duration, parse_duration
from tidings.words import hint

ReentryWord = Literal["never", "always"]
Thing = Literal["order", "checkout", "cart", "product"]
REENTRY_WORDS: Final = ("never", "always", *(f"each {thing}" for thing in get_args(Thing)))


class Frozen(BaseModel):
    """Base of every model: unknown keys and silent conversions are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(f'"{value}" is not a duration: write a number and its unit, such as "1 hour"')
    return parse_duration(value)


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError(f'"{format_duration(value)}" must be longer than nothing')
    return value


def _local_time(value: object) -> time:
    if isinstance(value, time):
        return value
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'"{value}" is not a time of day: write hours and minutes, such as "09:00"')
    return time(int(match[1]), int(match[2]))


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
            return _positive(parse_duration(value))
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


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(format_duration)]
LocalTime = Annotated[time, BeforeValidator(_local_time), PlainSerializer(lambda at: f"{at:%H:%M}")]
Reentry = Annotated[timedelta | ReentryWord | Each, PlainValidator(_reentry), PlainSerializer(_reentry_text)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Text = Annotated[str, Field(min_length=1)]


def _first_word(tags: dict[str, str]) -> Callable[[Any], str | None]:
    """A discriminator: the tag of the first of these words that is a mapping's key or a model's field."""

    def tag(value: Any) -> str | None:
        keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", {})
        return next((tags[word] for word in tags if word in keys), None)

    return tag


# ---- triggers ----


class EventTrigger(Frozen):
    """Starts a journey when such an event comes; `where` is an expression over `event` and `customer`."""

    event: Text
    where: Text | None = None


class DateTrigger(Frozen):
    """Starts a journey each year, `offset` days from the date, at `at` on the recipient's clock."""

    date: Literal["birthday"]
    offset: Duration = timedelta(0)
    at: LocalTime = time(9)

    @field_validator("offset")
    @classmethod
    def _whole_days(cls, value: timedelta) -> timedelta:
        if value % timedelta(days=1):
            raise ValueError(
                f'"{format_duration(value)}" is not a number of whole days; `at` names the time of day'
            )
        if abs(value) > timedelta(days=330):
            raise ValueError(f'"{format_duration(value)}" is more than 330 days from the date')
        return value


class InactiveTrigger(Frozen):
    """Starts a journey once the last event of this type lies `for_` back; once for each such silence."""

    inactive: Text
    for_: Annotated[Duration, Field(alias="for")]

    _long_enough = field_validator("for_")(_positive)


TRIGGER_WORDS: Final = {"event": "event trigger", "date": "date trigger", "inactive": "inactivity trigger"}
Trigger = Annotated[
    Annotated[EventTrigger, Tag("event trigger")]
    | Annotated[DateTrigger, Tag("date trigger")]
    | Annotated[InactiveTrigger, Tag("inactivity trigger")],
    Discriminator(_first_word(TRIGGER_WORDS)),
]


class ExitRule(Frozen):
    """Ends the journey at once when such an event comes, wherever it waits."""

    event: Text


# ---- steps ----


class WaitFor(Frozen):
    """A length of time; with `then_at`, on to the next such time of day on the recipient's clock."""

    for_: Annotated[Duration, Field(alias="for")]
    then_at: LocalTime | None = None

    @field_validator("for_")
    @classmethod
    def _not_backwards(cls, value: timedelta) -> timedelta:
        if value < timedelta(0):
            raise ValueError(f'"{format_duration(value)}" is negative: nothing waits backwards')
        return value


def _short_wait(value: Any) -> Any:
    """`wait: 1 hour` is short for `wait: {for: 1 hour}`."""
    return value if isinstance(value, dict | WaitFor) else {"for": value}


class WaitStep(Frozen):
    """Lets time pass."""

    wait: Annotated[WaitFor, BeforeValidator(_short_wait)]


class SendStep(Frozen):
    """Sends a mail of the workflow's `emails/` folder; `id` names the step where that is not enough."""

    send: Slug
    id: Slug | None = None

    @property
    def step_id(self) -> str:
        """The step's name within its workflow: what the ledger and the machine call it."""
        return self.id or self.send

    @property
    def mail(self) -> str:
        """The mail it sends."""
        return self.send


STEP_WORDS: Final = {"wait": "wait step", "send": "send step"}
Step = Annotated[
    Annotated[WaitStep, Tag("wait step")] | Annotated[SendStep, Tag("send step")],
    Discriminator(_first_word(STEP_WORDS)),
]


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _frozen_list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Workflow(Frozen):
    """One workflow. `id` is the folder's name, put in by the loader and never written by the author."""

    # Machines are named `<stack>-<id>`, and a machine's name has 80 characters.
    id: Annotated[Slug, Field(max_length=40)]
    name: Text
    description: str = ""
    class_: Annotated[Literal["marketing", "transactional"], Field(alias="class")] = "marketing"
    topic: Slug | None = None
    priority: Annotated[int, Field(ge=0, le=100)] = 50
    trigger: Trigger
    reentry: Reentry
    exit: Annotated[tuple[ExitRule, ...], BeforeValidator(_frozen_list), BeforeValidator(_as_list)] = ()
    max_age: Duration | None = None
    retired: bool = False
    steps: Annotated[tuple[Step, ...], BeforeValidator(_frozen_list), Field(min_length=1)]

    @field_validator("max_age")
    @classmethod
    def _long_enough(cls, value: timedelta | None) -> timedelta | None:
        return None if value is None else _positive(value)

    @model_validator(mode="before")
    @classmethod
    def _default_reentry(cls, data: Any) -> Any:
        """Date and inactivity triggers enter at each occurrence, an event once, unless the author says."""
        if isinstance(data, dict) and "reentry" not in data:
            trigger = data.get("trigger")
            recurring = isinstance(trigger, dict) and not trigger.keys().isdisjoint({"date", "inactive"})
            return {**data, "reentry": "always" if recurring else "never"}
        return data

    @property
    def is_marketing(self) -> bool:
        """Whether it needs marketing consent and obeys caps."""
        return self.class_ == "marketing"

    @property
    def is_single(self) -> bool:
        """Whether a person has at most one open journey of it."""
        return not isinstance(self.reentry, Each)

    def exits_on(self, event_type: str) -> bool:
        """Whether an event of this type ends its journeys."""
        return any(rule.event == event_type for rule in self.exit)
