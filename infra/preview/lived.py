"""What a customer lives in a workflow, moment by moment, and what they get to read.

The story is played on the compiled machine; each mail is then rendered for the customer as they were at its moment.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from infra.preview import made
from infra.preview.shelf import look_up, shelf
from infra.preview.story import DEFAULT_START, Person
from tidings import triggers
from tidings.context import JourneyView, conditions, context
from tidings.customer import Customer, apply, new_customer
from tidings.events import Event
from tidings.expressions import holds
from tidings.mail.render import Mail, render
from tidings.mail.samples import UNSUBSCRIBE
from tidings.shop import Coupon, Shop
from tidings.workflow.chance import variant_of
from tidings.workflow.check.mails import sent
from tidings.workflow.model import SendStep, Workflow, every_step
from tidings.workflow.naming import named
from tidings.workflow.play import Story, play
from tidings.workflow.walk import Timeline, Visit

ME: Final = "customer"
"""The id of whoever lives a story; chance falls by it."""

LONG: Final = timedelta(days=370)
"""How far a story reaches that does not say: a birthday comes once."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as the customer gets it. `name` is the mail's, with its variant; `at` None for one they don't get."""

    number: int
    name: str
    step: str
    mail: Mail
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens. `kind` is event, wait, send, step or end."""

    at: datetime
    kind: str
    what: str
    letter: Letter | None = None


@dataclass(frozen=True, slots=True)
class Lived:
    """A customer's life in a workflow."""

    workflow: Workflow
    person: Person
    zone: ZoneInfo
    moments: tuple[Moment, ...]
    letters: tuple[Letter, ...]
    others: tuple[Letter, ...]
    journeys: int


@dataclass(slots=True)
class Life:
    """Plays and renders. `mails` are the workflow's compiled ones by name, variants apart."""

    workflow: Workflow
    shop: Shop
    mails: Mapping[str, Mapping[str, str]]
    person: Person
    catalogue: dict[str, Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Fill the shelf."""
        self.catalogue = shelf(self.shop, self.person.products)

    def timelines(self) -> list[Timeline]:
        """The journeys, as the compiled machine goes through them."""
        events = self.person.events
        if not events:
            return []
        until = self.person.until or events[-1].received_at + LONG
        story = Story(events, until, self.shop.zone, self.person.suppressions)
        return play(self.workflow, story, condition(self.shop))

    def live(self) -> Lived:
        """The whole life."""
        timelines = self.timelines()
        moments = [Moment(each.received_at, "event", each.type) for each in self.person.events]
        numbers = iter(range(1, 10_000))
        for timeline in timelines:
            moments += self._moments(timeline, numbers)
        letters = [moment.letter for moment in moments if moment.letter]
        moments.sort(key=lambda moment: moment.at)
        seen = {letter.name for letter in letters}
        others = [
            self._letter(next(numbers), name, step, self._last(), None)
            for name, step in self._all().items()
            if name not in seen
        ]
        zone = self._customer(moments[-1].at if moments else DEFAULT_START).zone(self.shop.zone)
        return Lived(
            self.workflow, self.person, zone, tuple(moments), tuple(letters), tuple(others), len(timelines)
        )

    def _moments(self, timeline: Timeline, numbers: Iterator[int]) -> Iterator[Moment]:
        tasks = {each.task: each.node.step for each in named(self.workflow).values()}
        began = timeline.visits[0].at if timeline.visits else timeline.ended_at
        for visit in timeline.visits:
            step = tasks.get(visit.state)
            if isinstance(step, SendStep) and visit.what.startswith("sends"):
                letter = self._letter(next(numbers), self._name(step), step, began, visit.at)
                yield Moment(visit.at, "send", letter.name, letter)
            elif not _goes_without_saying(visit):
                yield Moment(visit.at, *_told(visit, step is not None))
        if timeline.status == "ABORTED":
            yield Moment(timeline.ended_at, "end", f"stopped: {timeline.reason.replace('_', ' ')}")

    def _name(self, step: SendStep) -> str:
        variant = variant_of(step, ME, self.workflow.id)
        return f"{step.mail}.{variant}" if variant else step.mail

    def _all(self) -> dict[str, SendStep]:
        """Every mail of the workflow with its variants, and a step that sends it."""
        steps = (step for _, step in every_step(self.workflow.steps) if isinstance(step, SendStep))
        return {name: step for step in steps for name in sent(step) if name in self.mails}

    def _last(self) -> datetime:
        return self.person.events[-1].received_at if self.person.events else DEFAULT_START

    def _customer(self, at: datetime) -> Customer:
        customer = new_customer(ME, self._cause(at))
        for event in self.person.events:
            if event.received_at <= at:
                customer = apply(customer, event)
        return customer

    def _cause(self, at: datetime) -> Event:
        """The event that a journey began with at this moment; where the calendar began it, the day's."""
        told = [each for each in self.person.events if each.received_at == at]
        return told[-1] if told else Event(f"due:{at:%Y-%m-%d}", "due", at, at, "calendar", f"customer:{ME}")

    def _letter(self, number: int, name: str, step: SendStep, began: datetime, at: datetime | None) -> Letter:
        now = at or began
        products = self.catalogue
        given = context(
            event=self._cause(began),
            customer=self._customer(now),
            journey=JourneyView("preview", self.workflow.id, began),
            shop=self.shop,
            now=now,
            unsubscribe_url=UNSUBSCRIBE if self.workflow.is_marketing else None,
            products=products,
            look_up=lambda wanted: look_up(products, wanted),
            coupon=self._coupon(step),
        )
        return Letter(number, name, step.step_id, render(self.mails[name], given), at)

    def _coupon(self, step: SendStep) -> Coupon | None:
        return self.shop.coupons.get(step.coupon) if step.coupon else None


def condition(shop: Shop) -> triggers.Condition:
    """Evaluates a trigger's `where` as the fold does."""

    def where(source: str, event: Event, customer: Customer) -> bool:
        return holds(source, conditions(customer=customer, shop=shop, now=event.at, event=event))

    return where


def made_for(
    workflow: Workflow,
    shop: Shop,
    mails: Mapping[str, Mapping[str, str]],
    tell: Callable[[Life], bool],
    told: Person | None = None,
) -> Life:
    """The first made customer whom `tell` takes, such as one who begins a journey; else the first of all.

    `told` is who they are, where a file says so and tells no events.
    """
    lives = [Life(workflow, shop, mails, person) for person in made.stories(workflow, shop, told)]
    return next((life for life in lives if tell(life)), lives[0])


def begins(life: Life) -> bool:
    """Whether a journey begins, and sends something."""
    return any(visit.what.startswith("sends") for each in life.timelines() for visit in each.visits)


def clock(at: datetime, zone: ZoneInfo) -> str:
    """A moment on somebody's clock."""
    return f"{at.astimezone(UTC).astimezone(zone):%a %d %b %Y %H:%M}"


def _told(visit: Visit, acts: bool) -> tuple[str, str]:
    """Kind and words of a state that sends nothing."""
    if acts:
        return "step", f"{visit.state}: {visit.what}"
    if visit.what == "the end":
        return "done", visit.state
    return "wait", visit.state


def _goes_without_saying(visit: Visit) -> bool:
    """A wait for nothing, and the way of a choice, which the branch tells."""
    return visit.what == "goes on at once" or visit.what.startswith("goes on to")
