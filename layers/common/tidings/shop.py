"""Shop: who sends the mails, as `workflows/shop.yaml` tells it. It travels in every package."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from babel.core import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tidings.events import TYPES
from tidings.forms.catalogue import FORMS, INTERESTS, REWARDS, Question
from tidings.pacing.limits import Limits, SoftBounces, WarmUp
from tidings.people.consent import Terms
from tidings.workflow.model import LENIENT, Duration, LocalTime
from tidings.workflow.model.values import positive


def _locale(value: str) -> str:
    try:
        Locale.parse(value, sep="-" if "-" in value else "_")
    except (ValueError, UnknownLocaleError):
        raise PydanticCustomError("locale", "no such locale: write one such as `en-US` or `ko`") from None
    return value


def _timezone(value: str) -> str:
    if value not in available_timezones():
        raise PydanticCustomError("timezone", "no such time zone: write one such as `Europe/Berlin`")
    return value


def _one_line(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise PydanticCustomError("one_line", "keep it on one line")
    return value


def _own_event(value: str) -> str:
    if value in TYPES:
        raise PydanticCustomError("own_event", "Tidings knows this event already: leave it out")
    return value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_one_line)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"'<>\\]+$")]
Address = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
EventName = Annotated[Word, AfterValidator(_own_event)]
Kind = Literal["text", "number", "boolean", "date", "list"]
FontStack = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ,'-]+$")]


KINDS: Final[Mapping[str, type]] = {"text": str, "number": float, "boolean": bool, "date": date, "list": list}
"""What a field or property of the shop's own may be, as the checks of expressions see it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Colours(_Part):
    """The brand's colours, `#rrggbb`, on light ground. On dark ground mails keep only `accent`."""

    page: Colour = "#f4f1ec"
    card: Colour = "#ffffff"
    text: Colour = "#2c2a27"
    muted: Colour = "#6f6a62"
    line: Colour = "#e5dfd5"
    accent: Colour = "#2f5d50"
    on_accent: Colour = "#ffffff"


class Fonts(_Part):
    """Font stacks for headings and for text. The last name should be a generic family."""

    heading: FontStack = "Georgia, 'Times New Roman', serif"
    text: FontStack = "'Helvetica Neue', Helvetica, Arial, sans-serif"


class Sender(_Part):
    """Whom mails come from. SES must have the address, or its domain, as a verified identity."""

    name: Text
    address: Address


class Social(_Part):
    """A place where the shop can be followed."""

    name: Text
    url: Url


class FrequencyCap(_Part):
    """No more than `at_most` marketing mails to one customer within any span of `within`."""

    at_most: Annotated[int, Field(ge=1)]
    within: Duration


class QuietHours(_Part):
    """When marketing mail waits, on the recipient's clock: from one time of day to another, over midnight if need be.
    What waited goes out within `spread` of their end."""

    from_: Annotated[LocalTime, Field(alias="from")]
    to: LocalTime
    spread: Duration = timedelta(minutes=10)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)

    @model_validator(mode="after")
    def _some_time_left(self) -> "QuietHours":
        left = timedelta(hours=self.from_.hour - self.to.hour, minutes=self.from_.minute - self.to.minute)
        if left % timedelta(days=1) < timedelta(hours=1):
            raise PydanticCustomError("quiet_hours", "quiet hours must leave an hour of the day or more")
        if not timedelta(0) <= self.spread <= LENIENT:
            raise PydanticCustomError("spread", "`spread` is 15 minutes at most")
        return self


class Greeting(_Part):
    """How customers of one country are greeted: `named` holds `{name}`, `plain` is for those without a name."""

    named: Text
    plain: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _only_named(cls, value: Any) -> Any:
        return {"named": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_name(self) -> "Greeting":
        if "{name}" not in self.named or "{" in self.named.replace("{name}", "") + (self.plain or ""):
            raise PydanticCustomError("greeting", "write {name} where the name belongs, in `named` alone")
        return self


class Coupon(_Part):
    """A code that everybody may use. Give `percent` or `amount` (in the shop's currency) to let mails say it."""

    code: Annotated[Text, StringConstraints(max_length=60)]
    description: Text | None = None
    percent: Annotated[Decimal, Field(gt=0, le=100)] | None = None
    amount: Annotated[Decimal, Field(gt=0)] | None = None
    ends: date | None = None

    @model_validator(mode="after")
    def _one_worth(self) -> "Coupon":
        if self.percent is not None and self.amount is not None:
            raise PydanticCustomError("one_worth", "a coupon has a `percent` or an `amount`, not both")
        return self


class Shop(_Part):
    """The settings of `workflows/shop.yaml`.

    `logo` is the address of a picture (its name is shown without one). `address` is the postal address that
    every marketing mail must show, a list of lines. `default_locale`, `timezone` and `currency` serve where a
    customer's own are not known; `frequency_cap` and `quiet_hours` say how often and when marketing mail goes, and
    stand in all workflows' way together; `written_in` is the language of the mails' files, which catalogues translate.
    `greetings` are by country, in the place of the language's own. `survey_url` is the page on which customers
    answer the survey; `forms` are Tidings' own surveys, each with its questions, of which `interests` and `rewards`
    are the answers to choose among, by the word that is kept. `coupons` are the shop's fixed codes by the name that
    workflows use; `fields` are what it keeps of customers besides, `events` what it tells besides, each with its
    properties and their kinds. `topics` are what a customer may choose among, each with its title; `double_opt_in` asks
    for a confirmation of each subscription, of those from a date on where it names one, and `implied_consent` is how
    long a purchase gives consent by itself.
    """

    name: Text
    url: Url
    logo: Url | None = None
    tagline: Text | None = None
    colours: Colours = Colours()
    fonts: Fonts = Fonts()
    sender: Annotated[Sender, Field(alias="from")]
    reply_to: Address | None = None
    support: Address
    address: Annotated[list[Text], Field(min_length=1)]
    default_locale: Annotated[str, AfterValidator(_locale)] = "en-US"
    written_in: Annotated[str, AfterValidator(_locale)] = "en"
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    frequency_cap: list[FrequencyCap] = [
        FrequencyCap(at_most=1, within=timedelta(hours=16)),
        FrequencyCap(at_most=4, within=timedelta(days=7)),
    ]
    quiet_hours: QuietHours | None = None
    soft_bounces: SoftBounces = SoftBounces()
    limits: Limits = Limits()
    warm_up: WarmUp | None = None
    social: list[Social] = []
    greetings: dict[Country, Greeting] = {}
    survey_url: Url | None = None
    forms: dict[Slug, Annotated[list[Question], Field(min_length=1)]] = {
        name: list(asked) for name, asked in FORMS.items()
    }
    interests: Annotated[dict[Slug, Text], Field(min_length=1)] = INTERESTS
    rewards: Annotated[dict[Slug, Text], Field(min_length=1)] = REWARDS
    coupons: dict[Slug, Coupon] = {}
    fields: dict[Word, Kind] = {}
    events: dict[EventName, dict[Word, Kind]] = {}
    topics: Annotated[dict[Slug, Text], Field(min_length=1)] = {
        "newsletter": "Newsletter",
        "offers": "Offers",
        "product-news": "Product news",
        "reminders": "Reminders",
    }
    double_opt_in: bool | date = False
    implied_consent: Duration | None = None

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)

    @field_validator("implied_consent")
    @classmethod
    def _some_time(cls, value: timedelta | None) -> timedelta | None:
        return None if value is None else positive(value)

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def terms(self) -> Terms:
        """What the shop makes of what its customers have said."""
        asks = self.double_opt_in
        since = int(datetime.combine(asks, time(), self.zone).timestamp()) if isinstance(asks, date) else 0
        return Terms(bool(asks), self.implied_consent, tuple(self.topics), since)


def load_shop(path: Path) -> Shop:
    """The shop that a file describes. Only building reads YAML. Raises BadInput with `file:line: what`."""
    from tidings.yamlfile import load_model

    return load_model(Shop, path.read_text(encoding="utf-8"), path)
