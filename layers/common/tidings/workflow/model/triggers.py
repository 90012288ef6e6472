"""What begins a journey. A trigger is told by its first word; `calendar`, `every`, `product` will be more."""

import re
from datetime import time, timedelta
from typing import Annotated, Final

from pydantic import Discriminator, Field, Tag, field_validator

from tidings.durations import format_duration
from tidings.words import hint
from tidings.workflow.model.values import (
    POSITIVE_PATTERN,
    Duration,
    Expression,
    Frozen,
    LocalTime,
    Text,
    first_word,
    positive,
)

DATES: Final = ("birthday", "registered_at")
"""The dates of a customer that every shop knows; its own are `fields.<name>`."""

_OWN_DATE: Final = re.compile(r"fields\.[A-Za-z_][A-Za-z0-9_]*")


class EventTrigger(Frozen):
    """Starts a journey when such an event comes and `where` holds."""

    event: Text = Field(description="The event that begins a journey.", examples=["checkout_started"])
    where: Expression | None = Field(
        None,
        description="An expression over `event` and `customer`: only if it holds does a journey begin.",
        examples=["event.total > 0"],
    )


class SegmentTrigger(Frozen):
    """Starts a journey when a customer enters a segment."""

    segment: Text = Field(
        description="The segment of segments.yaml that a customer enters.", examples=["vip"]
    )


class SegmentLeftTrigger(Frozen):
    """Starts a journey when a customer leaves a segment."""

    segment_left: Text = Field(
        description="The segment of segments.yaml that a customer leaves.", examples=["engaged"]
    )


class DateTrigger(Frozen):
    """Starts a journey each year, `offset` days from the date, at `at` on the recipient's clock."""

    date: Text = Field(
        description="A date of the customer: birthday, registered_at, or a date of the shop's own, fields.<name>.",
        examples=["birthday", "registered_at", "fields.wedding_day"],
        json_schema_extra={"pattern": rf"^({'|'.join(DATES)}|{_OWN_DATE.pattern})$"},
    )
    offset: Duration = Field(
        timedelta(0), description="Whole days from the date; negative for before.", examples=["-7 days"]
    )
    at: LocalTime = Field(
        time(9), description="The time of day where the customer lives.", examples=["09:00"]
    )

    @field_validator("date")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in DATES and not _OWN_DATE.fullmatch(value):
            raise ValueError(f'"{value}" is no date of a customer{hint(value, (*DATES, "fields.…"))}')
        return value

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

    inactive: Text = Field(description="The event that has not come.", examples=["order_placed"])
    for_: Duration = Field(
        alias="for",
        description="For how long it has not come.",
        examples=["60 days"],
        json_schema_extra={"pattern": POSITIVE_PATTERN},
    )

    _long_enough = field_validator("for_")(positive)


TRIGGER_WORDS: Final = {
    "event": "event trigger",
    "segment": "segment trigger",
    "segment_left": "segment_left trigger",
    "date": "date trigger",
    "inactive": "inactivity trigger",
}
Trigger = Annotated[
    Annotated[EventTrigger, Tag("event trigger")]
    | Annotated[SegmentTrigger, Tag("segment trigger")]
    | Annotated[SegmentLeftTrigger, Tag("segment_left trigger")]
    | Annotated[DateTrigger, Tag("date trigger")]
    | Annotated[InactiveTrigger, Tag("inactivity trigger")],
    Discriminator(first_word(TRIGGER_WORDS)),
]


class ExitRule(Frozen):
    """Ends the journey at once when such an event comes and `where` holds, wherever it waits."""

    event: Text = Field(description="The event that ends the journey.", examples=["order_placed"])
    where: Expression | None = Field(
        None,
        description="An expression; `arrived` is this event, `event` the trigger's.",
        examples=["arrived.order_id == event.order_id"],
    )


class Goal(Frozen):
    """What the workflow is for: counted when it comes within a time of the entry. Ends nothing."""

    event: Text = Field(description="The event that counts as success.", examples=["order_placed"])
    where: Expression | None = Field(
        None, description="An expression; `arrived` is this event.", examples=["arrived.total > 0"]
    )
    within: Duration = Field(
        description="How long after the entry it still counts.",
        examples=["5 days"],
        json_schema_extra={"pattern": POSITIVE_PATTERN},
    )

    _long_enough = field_validator("within")(positive)
