"""What a customer reads: the letters that their journeys write, rendered as a step renders them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from infra.preview.shelf import look_up, shelf
from infra.preview.story import DEFAULT_START, ME, Person
from tidings.customer import apply, epoch, moment, new_customer
from tidings.events import Event, customer_identity
from tidings.expressions.context import context
from tidings.expressions.views import JourneyView
from tidings.mail.render import Mail, render
from tidings.mail.samples import DOORS, UNSUBSCRIBE
from tidings.segments import Rules, membership
from tidings.shop import Shop
from tidings.steps import Letter
from tidings.workflow.model import SendStep, Workflow
from tidings.workflow.package import Package


@dataclass(frozen=True, slots=True)
class Written:
    """What belongs to one workflow: its package, and the segments' rules."""

    package: Package
    rules: Rules

    @property
    def workflow(self) -> Workflow:
        """The workflow itself."""
        return self.package.workflow

    @property
    def shop(self) -> Shop:
        """Whose it is."""
        return self.package.shop


@dataclass(slots=True)
class Reader:
    """One customer, and all they might read."""

    written: Written
    person: Person
    catalogue: Mapping[str, Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Fill the shelf."""
        self.catalogue = shelf(self.written.shop, self.person.products)

    def read(self, letter: Letter, at: datetime) -> Mail:
        """A letter at a moment."""
        products = self.catalogue
        given = context(
            event=letter.event,
            customer=letter.customer,
            journey=JourneyView(letter.journey, self.written.workflow.id, moment(letter.entered_at)),
            shop=self.written.shop,
            now=at,
            unsubscribe_url=UNSUBSCRIBE if self.written.workflow.is_marketing else None,
            pages=DOORS,
            products=products,
            look_up=lambda wanted: look_up(products, wanted),
            coupon=letter.coupon,
            arrived=letter.arrived,
        )
        return render(dict(self.written.package.mails[letter.mail]), given)

    def other(self, name: str, step: SendStep, like: Letter) -> Letter:
        """A mail that did not go, as it would speak of what another spoke of."""
        coupon = self.written.shop.coupons.get(step.coupon) if step.coupon else None
        return replace(like, mail=name, coupon=coupon)

    def imagined(self) -> tuple[Letter, datetime]:
        """A letter at the end of the story, where no journey wrote one."""
        events = self.person.events
        at = events[-1].received_at if events else DEFAULT_START
        day = Event(f"due:{at:%Y-%m-%d}", "due", at, at, "calendar", customer_identity(ME))
        customer = new_customer(ME, day)
        for event in events:
            customer = apply(customer, event)
        belongs = membership(customer, self.written.rules, self.written.shop, at).names
        letter = Letter(
            package=self.written.package,
            mail="",
            customer=replace(customer, segments=dict.fromkeys(sorted(belongs), epoch(at))),
            event=events[-1] if events else day,
            products=self.catalogue,
            address="",
            address_alias="",
            journey="preview",
            entered_at=epoch(at),
            send_id="",
        )
        return letter, at
