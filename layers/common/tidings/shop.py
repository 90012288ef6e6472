"""Shop: who sends the mails, as `workflows/shop.yaml` tells it. It travels in every package."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from babel.core import Locale, UnknownLocaleError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from tidings.workflow.model import Duration


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


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_one_line)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"'<>\\]+$")]
Address = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
FontStack = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ,'-]+$")]


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


class Shop(_Part):
    """The settings of `workflows/shop.yaml`.

    `logo` is the address of a picture (its name is shown without one). `address` is the postal address that
    every marketing mail must show, a list of lines. `default_locale`, `timezone` and `currency` serve where a
    customer's own are not known.
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
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    frequency_cap: list[FrequencyCap] = [
        FrequencyCap(at_most=2, within=timedelta(days=1)),
        FrequencyCap(at_most=6, within=timedelta(days=7)),
    ]
    social: list[Social] = []

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.timezone)


def load_shop(path: Path) -> Shop:
    """The shop that a file describes. Only building reads YAML. Raises BadInput with `file:line: what`."""
    from tidings.yamlfile import load_model

    return load_model(Shop, path.read_text(encoding="utf-8"), path)
