"""A workflow: its words, and the steps they lead through."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tidings.workflow.model.steps import AllSteps, SendStep, every_step
from tidings.workflow.model.triggers import ExitRule, Goal, Trigger
from tidings.workflow.model.values import (
    POSITIVE_PATTERN,
    Duration,
    Each,
    Frozen,
    Percent,
    Reentry,
    Slug,
    Text,
    as_list,
    at_least,
    format_percent,
    frozen_list,
    positive,
)


class Workflow(Frozen):
    """One workflow. `id` is the folder's name, put in by the loader and never written by the author."""

    # Machines are named `<stack>-<id>`, and a machine's name has 80 characters.
    id: Annotated[Slug, Field(max_length=40)]
    name: Text = Field(description="What people call it.", examples=["Abandoned checkout"])
    description: str = Field(
        "", description="When to use it.", examples=["Reminds customers of what they left."]
    )
    class_: Literal["marketing", "transactional"] = Field(
        "marketing",
        alias="class",
        description="marketing needs consent and keeps to caps and quiet hours; transactional passes them.",
        examples=["marketing"],
    )
    topic: Slug | None = Field(
        None, description="The kind of mail, for the recipient's choice.", examples=["reminders"]
    )
    priority: int = Field(
        50,
        ge=0,
        le=100,
        description="0 to 100: who goes first when the frequency cap lets one through.",
        examples=[80],
    )
    quiet_hours: bool = Field(
        True,
        description="false: a mail within an hour of what it answers goes at night, too.",
        examples=[False],
    )
    trigger: Trigger = Field(description="What begins a journey.", examples=[{"event": "checkout_started"}])
    reentry: Reentry = Field(
        description="When the same customer may begin again. Events: never, dates and the like: always, unless told.",
        examples=["7 days", "never", "always", "each order"],
    )
    exit: Annotated[tuple[ExitRule, ...], BeforeValidator(frozen_list), BeforeValidator(as_list)] = Field(
        (),
        description="One rule or a list: such an event ends the journey at once.",
        examples=[{"event": "order_placed"}],
    )
    goal: Goal | None = Field(
        None,
        description="What counts as success; measured from the entry, ends nothing.",
        examples=[{"event": "order_placed", "within": "5 days"}],
    )
    holdout: Percent = Field(
        Decimal(0),
        description="Customers kept out, to measure what the mails bring.",
        examples=["10%"],
        json_schema_extra={"pattern": r"^[0-9]{1,2}(\.[0-9]{1,2})?%$"},
    )
    max_age: Duration | None = Field(
        None,
        description="A fact older than this starts nothing; a day, unless told.",
        examples=["2 days"],
        json_schema_extra={"pattern": POSITIVE_PATTERN},
    )
    retired: bool = Field(False, description="true: starts nothing more.", examples=[True])
    steps: AllSteps = Field(
        json_schema_extra={"minItems": 1},
        description="What happens, in order.",
        examples=[[{"wait": "1 hour"}, {"send": "reminder"}]],
    )

    _something = field_validator("steps")(at_least(1))

    @field_validator("max_age")
    @classmethod
    def _long_enough(cls, value: timedelta | None) -> timedelta | None:
        return None if value is None else positive(value)

    @field_validator("holdout")
    @classmethod
    def _somebody(cls, value: Decimal) -> Decimal:
        if value >= 1:
            raise ValueError(f'"{format_percent(value)}" keeps everybody out')
        return value

    @model_validator(mode="before")
    @classmethod
    def _default_reentry(cls, data: Any) -> Any:
        """An event enters once; what has occurrences of its own enters at each, unless the author says."""
        if isinstance(data, dict) and "reentry" not in data:
            trigger = data.get("trigger")
            once = isinstance(trigger, dict) and "event" in trigger
            return {**data, "reentry": "never" if once or not isinstance(trigger, dict) else "always"}
        return data

    @property
    def is_marketing(self) -> bool:
        """Whether it needs marketing consent and obeys caps."""
        return self.class_ == "marketing"

    @property
    def is_single(self) -> bool:
        """Whether a person has at most one open journey of it."""
        return not isinstance(self.reentry, Each)

    @property
    def sends(self) -> Iterator[SendStep]:
        """Every step that sends a mail, in the author's order."""
        return (step for _, step in every_step(self.steps) if isinstance(step, SendStep))

    def exits_on(self, event_type: str) -> bool:
        """Whether an event of this type may end its journeys; `where` of the rule is asked besides."""
        return any(rule.event == event_type for rule in self.exit)
