"""How far a mailing may go: soft bounces, bounce and complaint rates, warm-up. Settings of `shop.yaml`."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tidings.workflow.model import Duration
from tidings.workflow.model.values import Percent

LONGEST_RAMP: Final = 365


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SoftBounces(_Part):
    """An address that bounced softly `count` mails sent within any span of `within` is mailed no more."""

    count: Annotated[int, Field(ge=2, le=20)] = 5
    within: Duration = timedelta(days=14)

    def worn_out(self, sent: Iterable[int]) -> int | None:
        """The latest of the mails (epoch seconds) that fills a span; None while none does."""
        ordered, span = sorted(sent), self.within.total_seconds()
        filled = (
            last
            for first, last in zip(ordered, ordered[self.count - 1 :], strict=False)
            if last - first <= span
        )
        return max(filled, default=None)


class RateLimit(_Part):
    """Above `warning` the operator is told, above `limit` the workflow pauses itself. A rate is taken over at least
    `mails`, so that a few mails prove nothing."""

    warning: Percent
    limit: Percent
    mails: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _warns_first(self) -> "RateLimit":
        if self.warning > self.limit:
            raise PydanticCustomError("warns_first", "`warning` is above `limit`: it would never be heard")
        return self

    def rate(self, count: int, sent: int) -> Decimal:
        """How many of all mails, of at least `mails`."""
        return Decimal(count) / max(sent, self.mails)


class Limits(_Part):
    """Bounces and complaints of one workflow within the last `within`."""

    within: Duration = timedelta(days=7)
    bounces: RateLimit = RateLimit(warning=Decimal("0.025"), limit=Decimal("0.05"), mails=200)
    complaints: RateLimit = RateLimit(warning=Decimal("0.0005"), limit=Decimal("0.001"), mails=1000)


class WarmUp(_Part):
    """A new domain's ramp: `first_day` mails in the 24 hours after it `starts`, each day `factor` times as many."""

    starts: date
    first_day: Annotated[int, Field(ge=1)] = 200
    factor: Annotated[float, Field(gt=1, le=3)] = 1.5

    def allowed(self, today: date, quota: float) -> float | None:
        """The mails of 24 hours on a day; None before the ramp, and once it has reached the account's quota."""
        days = (today - self.starts).days
        if not 0 <= days <= LONGEST_RAMP:
            return None
        allowed = float(self.first_day)
        for _ in range(days):
            allowed *= self.factor
            if quota > 0 and allowed >= quota:
                return None
        return allowed if quota <= 0 or allowed < quota else None
