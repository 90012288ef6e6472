"""What happens in a journey, step by step. A step is told by its first word."""

import re
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from tidings.durations import format_duration
from tidings.workflow.model.values import (
    DURATION_SCHEMA,
    POSITIVE_PATTERN,
    Duration,
    Expression,
    Frozen,
    LocalTime,
    Percent,
    Slug,
    Text,
    Weekday,
    at_least,
    first_word,
    frozen_list,
    not_backwards,
    positive,
)

Place = tuple[str | int, ...]
"""The way to a step in the author's document: keys of mappings and positions in lists."""

_LENGTH: Final[dict[str, Any]] = {"pattern": DURATION_SCHEMA["pattern"]}
_SOME: Final[dict[str, Any]] = {"pattern": POSITIVE_PATTERN}
_ID: Final = "A name of its own, where the mail's name, or none, is not enough to tell it from others."


# ---- waits ----


class WaitFor(Frozen):
    """A length of time; with `then_at`, on to the next such time of day on the recipient's clock."""

    for_: Duration = Field(
        alias="for", description="How long.", examples=["1 day"], json_schema_extra=_LENGTH
    )
    then_at: LocalTime | None = Field(
        None, description="Then on to this time of day, where the recipient lives.", examples=["10:00"]
    )

    _length = field_validator("for_")(not_backwards)


class WaitQuiet(Frozen):
    """Until there was no such event for so long: starts again with each."""

    for_: Duration = Field(
        alias="for", description="How long it must be quiet.", examples=["4 hours"], json_schema_extra=_SOME
    )
    after_last: Text = Field(description="The event that starts the wait again.", examples=["product_viewed"])

    _length = field_validator("for_")(positive)


class WaitWeekday(Frozen):
    """Until the next such weekday and time on the recipient's clock."""

    until: Weekday = Field(description="The day of the week.", examples=["tuesday"])
    at: LocalTime = Field(time(9), description="The time of that day.", examples=["10:00"])


class WaitUntil(Frozen):
    """Until a moment or day that an expression names; `at` is the time of the day, `offset` how far from it.

    A day without `at` is meant at 09:00. What is over, or not known, is not waited for.
    """

    until: Expression = Field(
        description="An expression that gives a moment or a day.",
        examples=["event.date"],
        # A single word would be a weekday.
        json_schema_extra={"pattern": "[^A-Za-z]"},
    )
    offset: Duration = Field(
        timedelta(0), description="How far from it; negative for before.", examples=["-1 day"]
    )
    at: LocalTime | None = Field(
        None, description="The time of that day, where the recipient lives.", examples=["09:00"]
    )

    @model_validator(mode="after")
    def _whole_days(self) -> "WaitUntil":
        if self.at is not None and self.offset % timedelta(days=1):
            raise ValueError(
                f'"{format_duration(self.offset)}" is not a number of whole days; `at` names the time of day'
            )
        return self


Wait = Annotated[
    Annotated[WaitFor, Tag("wait")]
    | Annotated[WaitQuiet, Tag("quiet wait")]
    | Annotated[WaitWeekday, Tag("weekday wait")]
    | Annotated[WaitUntil, Tag("until wait")],
    Discriminator(lambda value: _wait_kind(value)),
]


def _wait_kind(value: Any) -> str:
    if not isinstance(value, dict):
        kinds: dict[type, str] = {
            WaitQuiet: "quiet wait",
            WaitWeekday: "weekday wait",
            WaitUntil: "until wait",
        }
        return kinds.get(type(value), "wait")
    if "until" in value:
        # A single word can't be a moment: a weekday is meant, if misspelt.
        word = isinstance(value["until"], str) and re.fullmatch(r"[A-Za-z]*", value["until"])
        return "weekday wait" if word else "until wait"
    return "quiet wait" if "after_last" in value else "wait"


def _short_wait(value: Any) -> Any:
    """`wait: 1 hour` is short for `wait: {for: 1 hour}`."""
    return value if isinstance(value, dict | Frozen) else {"for": value}


class WaitStep(Frozen):
    """Lets time pass."""

    wait: Annotated[Wait, BeforeValidator(_short_wait)] = Field(
        description="A duration, or one of: for + then_at, until + at, until + offset + at, for + after_last.",
        examples=["1 hour", {"for": "1 day", "then_at": "10:00"}],
    )


# ---- actions ----

Steps = Annotated[tuple["Step", ...], BeforeValidator(frozen_list)]


class SendStep(Frozen):
    """Sends a mail of the workflow's `emails/` folder; `id` names the step where that is not enough."""

    send: Slug = Field(description="The mail: emails/<name>.mjml.j2 of this workflow.", examples=["reminder"])
    id: Slug | None = Field(None, description=_ID, examples=["reminder-again"])
    test: Annotated[tuple[Slug, ...], BeforeValidator(frozen_list)] = Field(
        (),
        description="Variants of the mail, shared out evenly: emails/<mail>.<variant>.mjml.j2, or `variants` of its "
        "front matter.",
        examples=[["question", "urgency"]],
        json_schema_extra={"minItems": 2, "uniqueItems": True},
    )
    coupon: Text | None = Field(
        None, description="The coupon of shop.yaml that the mail carries.", examples=["comeback-10"]
    )
    expires: Duration | None = Field(
        None,
        description="Dropped when it can't go out within this time of its moment.",
        examples=["1 day"],
        json_schema_extra=_SOME,
    )
    else_: Steps = Field(
        (),
        alias="else",
        description="Steps for when there is no coupon left to send.",
        examples=[[{"send": "offer-plain"}]],
    )

    @field_validator("expires")
    @classmethod
    def _length(cls, value: timedelta | None) -> timedelta | None:
        return None if value is None else positive(value)

    @field_validator("test")
    @classmethod
    def _several(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) == 1 or len(set(value)) < len(value):
            raise ValueError("a test compares two variants or more, each named once")
        return value

    @property
    def step_id(self) -> str:
        """The step's name within its workflow: what the ledger and the machine call it."""
        return self.id or self.send

    @property
    def mail(self) -> str:
        """The mail it sends."""
        return self.send


class IfStep(Frozen):
    """Goes one way or the other, by an expression that is asked when the journey gets there."""

    if_: Expression = Field(
        alias="if", description="The expression.", examples=["event.total >= 100 and not in_segment('vip')"]
    )
    then: Steps = Field(
        description="The steps if it holds.",
        examples=[[{"send": "offer"}]],
        json_schema_extra={"minItems": 1},
    )
    else_: Steps = Field(
        (),
        alias="else",
        description="The steps if it does not hold, or can't be told.",
        examples=[[{"send": "second-reminder"}]],
    )
    id: Slug | None = Field(None, description=_ID, examples=["is-large"])

    _something = field_validator("then")(at_least(1))


class Share(Frozen):
    """One side of a split."""

    name: Slug = Field(description="What this side is called.", examples=["with-offer"])
    share: Percent = Field(description="How many of all customers.", examples=["50%"])
    steps: Steps = Field(
        (), description="The steps of this side; none for a control group.", examples=[[{"send": "offer"}]]
    )


class SplitStep(Frozen):
    """Shares customers out by chance; the same customer always falls on the same side."""

    split: Annotated[tuple[Share, ...], BeforeValidator(frozen_list)] = Field(
        json_schema_extra={"minItems": 2},
        description="The sides; their shares sum to 100%.",
        examples=[
            [{"name": "a", "share": "50%", "steps": [{"send": "offer"}]}, {"name": "b", "share": "50%"}]
        ],
    )
    id: Slug | None = Field(None, description=_ID, examples=["offer-test"])

    _several = field_validator("split")(at_least(2))


class SetTag(Frozen):
    """Gives the customer a tag."""

    tag: Text = Field(description="The tag that the customer gets.", examples=["cat-owner"])


class SetUntag(Frozen):
    """Takes a tag from the customer."""

    untag: Text = Field(description="The tag that the customer loses.", examples=["cat-owner"])


class SetField(Frozen):
    """Writes a field of the customer."""

    field: Text = Field(description="A field of the shop's own, declared in shop.yaml.", examples=["size"])
    to: str | bool | int | float = Field(
        description="Its new value: a number, true or false, or an expression; a text has quotes of its own.",
        examples=["event.items[0].variant", "'large'", 3],
    )


SET_WORDS: Final = {"tag": "set tag", "untag": "set untag", "field": "set field"}
Setting = Annotated[
    Annotated[SetTag, Tag("set tag")]
    | Annotated[SetUntag, Tag("set untag")]
    | Annotated[SetField, Tag("set field")],
    Discriminator(first_word(SET_WORDS)),
]


class SetStep(Frozen):
    """Writes something down about the customer; it is an event like any other."""

    set: Setting = Field(
        description="A tag, or a field and its new value.",
        examples=[{"tag": "cat-owner"}, {"field": "size", "to": "'large'"}],
    )
    id: Slug | None = Field(None, description=_ID, examples=["remember-size"])


class Awaited(Frozen):
    """The event that a `wait_for` waits for, and for how long."""

    event: Text = Field(description="The event to wait for.", examples=["checkout_updated"])
    where: Expression | None = Field(
        None, description="An expression; `arrived` is this event.", examples=["arrived.total > 0"]
    )
    at_most: Duration = Field(description="How long at most.", examples=["2 days"], json_schema_extra=_SOME)

    _length = field_validator("at_most")(positive)


class WaitForStep(Frozen):
    """Waits for an event, and goes one way when it comes and the other when it does not."""

    wait_for: Awaited = Field(
        description="The event, and how long at most.",
        examples=[{"event": "checkout_updated", "at_most": "2 days"}],
    )
    arrived: Steps = Field(
        (),
        description="The steps if it came; expressions here may name `arrived`.",
        examples=[[{"send": "still-there"}]],
    )
    timed_out: Steps = Field(
        (), description="The steps if it did not come in time.", examples=[[{"exit": True}]]
    )
    id: Slug | None = Field(None, description=_ID, examples=["came-back"])


class ExitStep(Frozen):
    """Ends the journey."""

    exit: Annotated[Literal[True], WithJsonSchema({"const": True})] = Field(
        description="The journey ends here.", examples=[True]
    )


STEP_WORDS: Final = {
    "wait": "wait step",
    "send": "send step",
    "if": "if step",
    "split": "split step",
    "set": "set step",
    "wait_for": "wait_for step",
    "exit": "exit step",
}
Step = Annotated[
    Annotated[WaitStep, Tag("wait step")]
    | Annotated[SendStep, Tag("send step")]
    | Annotated[IfStep, Tag("if step")]
    | Annotated[SplitStep, Tag("split step")]
    | Annotated[SetStep, Tag("set step")]
    | Annotated[WaitForStep, Tag("wait_for step")]
    | Annotated[ExitStep, Tag("exit step")],
    Discriminator(first_word(STEP_WORDS)),
]
AllSteps = Annotated[tuple[Step, ...], BeforeValidator(frozen_list)]
"""A workflow's steps: the same as the steps inside a step, no more to be resolved."""

for _recursive in (SendStep, IfStep, Share, SplitStep, WaitForStep):
    _recursive.model_rebuild()


def branches_of(step: "Step") -> dict[str, tuple[Place, tuple["Step", ...]]]:
    """The steps inside a step: by the branch's name, where they stand in it and what they are.

    Of a `send` only `else`, and only when the author wrote one.
    """
    match step:
        case SendStep(else_=other):
            return {"else": (("else",), other)} if other else {}
        case IfStep(then=then, else_=other):
            return {"then": (("then",), then), "else": (("else",), other)}
        case SplitStep(split=shares):
            return {each.name: (("split", at, "steps"), each.steps) for at, each in enumerate(shares)}
        case WaitForStep(arrived=arrived, timed_out=timed_out):
            return {"arrived": (("arrived",), arrived), "timed_out": (("timed_out",), timed_out)}
    return {}


def every_step(steps: tuple["Step", ...], place: Place = ("steps",)) -> Iterator[tuple[Place, "Step"]]:
    """Each step and its place, in the author's order, those inside others too."""
    for at, step in enumerate(steps):
        yield (*place, at), step
        for inner, nested in branches_of(step).values():
            yield from every_step(nested, (*place, at, *inner))
