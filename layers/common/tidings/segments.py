"""Segments: who belongs where, by rules in the expression language, and which tags a purchase earns. Pure.

Membership follows from the folded facts and the clock, never from what membership was before. Rules meet the clock
only in functions that tell when their answer may change, so that the next look is known beforehand.
"""

import base64
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from tidings.customer import Customer, moment
from tidings.expressions import ExpressionError, holds
from tidings.expressions.changing import Moments
from tidings.expressions.functions import Known, functions
from tidings.expressions.views import customer_view
from tidings.goods.rfm import Bounds, rate
from tidings.people.consent import Terms, overall
from tidings.shop import Shop, Slug, Text

log = logging.getLogger(__name__)

_TOKEN: Final = 3
"""Characters by which a customer remembers a rule: enough to see that it changed."""

Rule = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Segment(_Part):
    """Who belongs: a `rule` over `customer` and `shop`."""

    name: Text | None = None
    description: str = ""
    rule: Rule


class Bought(_Part):
    """What earns a tag: a product of any of these types, vendors, categories or tags of the catalogue."""

    product_type: tuple[Text, ...] = ()
    vendor: tuple[Text, ...] = ()
    category: tuple[Text, ...] = ()
    product_tag: tuple[Text, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, data: Any) -> Any:
        """`vendor: Acme` is short for `vendor: [Acme]`."""
        if not isinstance(data, dict):
            return data
        if not data:
            raise PydanticCustomError("bought", "say what earns the tag, such as `product_type: Tea`")
        return {name: value if isinstance(value, list | tuple) else [value] for name, value in data.items()}

    def fits(self, product: Mapping[str, Any]) -> bool:
        """Whether a product of the catalogue is such a one."""
        told = {
            "product_type": [product.get("product_type")],
            "vendor": [product.get("vendor")],
            "category": [product.get("category") or product.get("product_type")],
            "product_tag": product.get("tags") or [],
        }
        return any(
            {str(value).casefold() for value in told[name] if value}
            & {wanted.casefold() for wanted in getattr(self, name)}
            for name in told
        )


class Rules(_Part):
    """What `segments.yaml` says, and `counted`: the types of events that some rule, workflow or mail counts."""

    segments: dict[Slug, Segment] = {}
    tags: dict[Text, Bought] = {}
    counted: frozenset[str] = frozenset()

    @cached_property
    def tokens(self) -> dict[str, str]:
        """Each rule's token: another when the rule, or one that it asks, changes."""
        return {name: _short(name, self._written(name, ())) for name in sorted(self.segments)}

    @cached_property
    def facts_token(self) -> str:
        """The token of what the fold itself depends on."""
        tags = {tag: self.tags[tag].model_dump(mode="json") for tag in sorted(self.tags)}
        return _short("facts", json.dumps([sorted(self.counted), tags]))

    @property
    def known(self) -> str:
        """All tokens: what a customer that is current carries."""
        return self.facts_token + "".join(self.tokens.values())

    @cached_property
    def uses_rfm(self) -> bool:
        """Whether some rule asks for RFM scores: only then do their moments matter."""
        return any("rfm" in segment.rule for segment in self.segments.values())

    @cached_property
    def uses_consent(self) -> bool:
        """Whether some rule asks for consent."""
        return any("accepts_marketing" in segment.rule for segment in self.segments.values())

    def _written(self, name: str, above: tuple[str, ...]) -> str:
        rule = self.segments[name].rule
        asked = (other for other in sorted(self.segments) if f"'{other}'" in rule or f'"{other}"' in rule)
        deeper = (self._written(other, (*above, name)) for other in asked if other not in (*above, name))
        return "\n".join((rule, *deeper))


@dataclass(frozen=True, slots=True)
class Belonging:
    """Where a customer belongs, and the next moment at which that may change by itself."""

    names: frozenset[str]
    next: datetime | None


def membership(
    customer: Customer, rules: Rules, shop: Shop | None, now: datetime, bounds: Bounds | None = None
) -> Belonging:
    """Where a customer belongs at `now`. A rule that fails on what it meets holds nobody."""
    moments = Moments(now)
    seen = replace(customer, segments={})
    rfm = rate(customer, bounds, now, moments) if rules.uses_rfm else None
    answers: dict[str, bool] = {}

    def belongs(name: str) -> bool:
        if name not in answers:
            answers[name] = False  # a circle, which no build lets through, ends here
            answers[name] = _holds(rules.segments[name].rule, names) if name in rules.segments else False
        return answers[name]

    known = Known(customer=seen, now=now, shop=shop, member=belongs, moments=moments)
    accepts = _accepts(seen, shop.terms if shop else Terms(), now, moments) if rules.uses_consent else None
    view = customer_view(seen, rfm=rfm, accepts=accepts)
    names: dict[str, Any] = {"customer": view, "shop": shop, **functions(known)}
    return Belonging(frozenset(name for name in rules.segments if belongs(name)), moments.next)


def _accepts(customer: Customer, terms: Terms, now: datetime, moments: Moments) -> bool:
    """Whether there is consent; an implied one ends by itself."""
    found = overall(customer, terms, now)
    if found.until is not None:
        moments.note(moment(found.until))
    return found.holds


def unknown(customer: Customer, rules: Rules) -> frozenset[str]:
    """The segments whose rules are new or changed since this customer was last looked at."""
    tokens = _remembered(customer)
    return frozenset(name for name, token in rules.tokens.items() if token not in tokens)


def facts_are_known(customer: Customer, rules: Rules) -> bool:
    """Whether the customer was folded under the counted types and tags in force."""
    return rules.facts_token in _remembered(customer)


def earned(rules: Rules, products: Iterable[Mapping[str, Any]]) -> list[str]:
    """The tags that buying these products of the catalogue earns."""
    known = list(products)
    return [tag for tag, bought in rules.tags.items() if any(bought.fits(product) for product in known)]


def _holds(rule: str, names: Mapping[str, Any]) -> bool:
    try:
        return holds(rule, names)
    except ExpressionError:
        log.warning("a segment's rule failed", extra={"rule": rule})
        return False


def _remembered(customer: Customer) -> frozenset[str]:
    known = customer.known
    return frozenset(known[at : at + _TOKEN] for at in range(0, len(known), _TOKEN))


def _short(*parts: str) -> str:
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:_TOKEN]


Bounded = Callable[[], Bounds | None]
"""Gives the RFM bounds in force."""
