"""What a customer reads: each mail rendered for them as they were at its moment, as a step would render it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from infra.preview.shelf import look_up, shelf
from infra.preview.story import DEFAULT_START, Person
from tidings.context import JourneyView, conditions, context
from tidings.customer import Customer, apply, epoch, new_customer
from tidings.events import Event, customer_identity
from tidings.expressions import ExpressionError, evaluate
from tidings.mail.render import Mail, render
from tidings.mail.samples import UNSUBSCRIBE
from tidings.orders import checkout_key
from tidings.segments import Rules, membership
from tidings.shop import Shop
from tidings.workflow.model import SendStep, SetField, SetStep, SetTag, SetUntag, Workflow

ME: Final = "customer"
"""The id of whoever lives a story; chance falls by it."""


@dataclass(frozen=True, slots=True)
class Written:
    """What belongs to one workflow: its shop, the segments' rules, its compiled mails by name, variants apart."""

    workflow: Workflow
    shop: Shop
    rules: Rules
    mails: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A moment of a journey: when it began, the event it last waited for, what its steps have set."""

    began: datetime
    now: datetime
    arrived: Event | None = None
    told: Sequence[Event] = ()


@dataclass(slots=True)
class Reader:
    """One customer, and all they might read."""

    written: Written
    person: Person
    catalogue: Mapping[str, Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Fill the shelf."""
        self.catalogue = shelf(self.written.shop, self.person.products)

    @property
    def last(self) -> datetime:
        """When the last event of the story comes."""
        return self.person.events[-1].received_at if self.person.events else DEFAULT_START

    def customer(self, at: datetime, told: Sequence[Event] = ()) -> Customer:
        """The customer at a moment, with what a journey has set by then."""
        customer = new_customer(ME, self.cause(at))
        for event in (*(each for each in self.person.events if each.received_at <= at), *told):
            customer = apply(customer, event)
        belongs = membership(customer, self.written.rules, self.written.shop, at).names
        return replace(customer, segments=dict.fromkeys(sorted(belongs), epoch(at)))

    def cause(self, at: datetime) -> Event:
        """The event that a journey began with at this moment; where the calendar began it, the day's."""
        told = [each for each in self.person.events if each.received_at == at]
        day = Event(f"due:{at:%Y-%m-%d}", "due", at, at, "calendar", customer_identity(ME))
        return told[-1] if told else day

    def came(self, kind: str, by: datetime) -> Event | None:
        """The latest event of a type by a moment."""
        came = [each for each in self.person.events if each.type == kind and each.received_at <= by]
        return came[-1] if came else None

    def mail(self, name: str, step: SendStep, scene: Scene) -> Mail:
        """A mail at a moment."""
        customer = self.customer(scene.now, scene.told)
        shop = self.written.shop
        given = context(
            event=self._event(scene.began, customer),
            customer=customer,
            journey=self._journey(scene),
            shop=shop,
            now=scene.now,
            unsubscribe_url=UNSUBSCRIBE if self.written.workflow.is_marketing else None,
            products=self.catalogue,
            look_up=lambda wanted: look_up(self.catalogue, wanted),
            coupon=shop.coupons.get(step.coupon) if step.coupon else None,
            arrived=scene.arrived,
        )
        return render(self.written.mails[name], given)

    def sets(self, step: SetStep, scene: Scene) -> Event:
        """The event by which a step tells what it set."""
        match step.set:
            case SetTag(tag=tag):
                told: dict[str, Any] = {"tags_added": [tag]}
            case SetUntag(untag=tag):
                told = {"tags_removed": [tag]}
            case SetField(field=name, to=to):
                told = {"fields": {name: self._value(to, scene) if isinstance(to, str) else to}}
        identity = customer_identity(ME)
        return Event(
            f"set:{scene.now}", "profile_updated", scene.now, scene.now, "journey", identity, properties=told
        )

    def _value(self, to: str, scene: Scene) -> Any:
        customer = self.customer(scene.now, scene.told)
        names = conditions(
            customer=customer,
            shop=self.written.shop,
            now=scene.now,
            event=self._event(scene.began, customer),
            arrived=scene.arrived,
            journey=self._journey(scene),
        )
        try:
            found = evaluate(to, names)
        except ExpressionError:
            return None
        return found if isinstance(found, str | bool | int | float | None) else str(found)

    def _journey(self, scene: Scene) -> JourneyView:
        return JourneyView("preview", self.written.workflow.id, scene.began)

    def _event(self, began: datetime, customer: Customer) -> Event:
        """The event that mails speak of: of a checkout its latest, so that they show what is left."""
        event = self.cause(began)
        latest = customer.checkouts.get(checkout_key(event) or "")
        return next((each for each in self.person.events if latest and each.key == latest.event), event)
