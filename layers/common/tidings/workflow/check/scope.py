"""The words that a workflow may use besides the language's own: the shop's events, segments, coupons, fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, get_type_hints

from tidings.errors import BadInput
from tidings.events import PRIVACY_TYPES, TYPES
from tidings.expressions.checking import Shape, Vocabulary
from tidings.expressions.context import NAMES
from tidings.expressions.functions import SIGNATURES
from tidings.expressions.views import CustomerView, EventView
from tidings.shop import KINDS, Shop
from tidings.workflow.check.segments import load_rules, problems
from tidings.workflow.model import EventTrigger, SegmentLeftTrigger, SegmentTrigger, Trigger

INTERNAL: Final = PRIVACY_TYPES | {"due", "mail_other", "product_updated", "product_deleted"}
"""Events about no customer's doing: nothing begins or ends with them."""

_CALENDAR: Final = ("id", "type", "at")
"""What a journey that the calendar begins knows of its event."""


@dataclass(frozen=True)
class Scope:
    """What the shop and its segments declare; without a shop that can be read, nothing is known to be wrong."""

    shop: Shop | None
    segments: frozenset[str] | None
    is_lost: bool = False
    """Whether there ought to be a shop and it could not be read: any word may be one of its own."""

    @cached_property
    def events(self) -> frozenset[str]:
        """The events that a workflow may name."""
        return (TYPES - INTERNAL) | set(self.shop.events if self.shop else ())

    @property
    def coupons(self) -> frozenset[str] | None:
        """The names of the shop's coupons."""
        return frozenset(self.shop.coupons) if self.shop else None

    @property
    def topics(self) -> frozenset[str] | None:
        """The topics that customers choose among."""
        return frozenset(self.shop.topics) if self.shop else None

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words that functions take."""
        return Vocabulary(self.events, self.segments, self.coupons)

    @cached_property
    def fields(self) -> Mapping[str, Any] | None:
        """The shop's own fields of customers, with their types."""
        return {name: KINDS[kind] for name, kind in self.shop.fields.items()} if self.shop else None

    def names(
        self, trigger: Trigger | None, arrived: str | None = None, *, journey: bool = True
    ) -> dict[str, Any]:
        """What an expression may name: functions, the trigger's event, the customer, and where it is there the
        event that `arrived`."""
        names = {**SIGNATURES, **NAMES, "event": self._event(trigger), "customer": self.customer}
        if arrived is not None:
            names["arrived"] = self._told(arrived)
        if not journey:
            del names["journey"]
        return names

    @cached_property
    def customer(self) -> Shape:
        """What may be named of a customer, with the shop's own fields."""
        kinds = get_type_hints(CustomerView)
        if self.fields is not None:
            where = ": the shop's own are declared in shop.yaml under `fields`"
            kinds["fields"] = Shape(self.fields, self.fields, where)
        return Shape(kinds)

    def _event(self, trigger: Trigger | None) -> Shape:
        match trigger:
            case EventTrigger(event=event):
                return self._told(event)
            case SegmentTrigger() | SegmentLeftTrigger() | None:
                return self._told("")
        kinds = get_type_hints(EventView)
        where = ": the calendar begins this workflow, and no order, cart or form"
        return Shape({name: kinds[name] for name in _CALENDAR}, {}, where)

    def _told(self, event: str) -> Shape:
        """An event of this type. The shop's own events declare their properties; of others any may be asked."""
        own = self.shop.events.get(event) if self.shop else None
        items = None if own is None else {name: KINDS[kind] for name, kind in own.items()}
        return Shape(get_type_hints(EventView), items)


def load_scope(root: Path, shop: Shop | None) -> tuple[Scope, list[str]]:
    """The scope of a folder of workflows, and what is wrong with its segments."""
    try:
        source = load_rules(root)
    except BadInput as error:
        return Scope(shop, None, shop is None), str(error).splitlines()
    scope = Scope(shop, frozenset(source.rules.segments), shop is None)
    return scope, list(problems(source, scope.customer, scope.vocabulary))


def kind_of_value(value: object) -> Any:
    """The type of a literal value in YAML."""
    return next((kind for kind in (bool, int, float, str, datetime, date) if isinstance(value, kind)), Any)
