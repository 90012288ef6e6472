"""What a customer with a given story would live in a workflow: its machine walked, a step's own decisions.

The story is told to the same fold, triggers and decisions that run in AWS; only stores and clock are missing.
Slots, claims and SES are not played: every mail that is decided on goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tidings import journey as journeys
from tidings import triggers
from tidings.customer import Customer, OpenJourney, apply, epoch, moment, new_customer
from tidings.errors import JourneyExited
from tidings.events import Event, customer_identity
from tidings.ports import Suppression
from tidings.workflow.compile import compile_workflow
from tidings.workflow.graph import NEXT, first_wait, node, wait_before
from tidings.workflow.model import Workflow
from tidings.workflow.walk import Outcome, Timeline, walk

DAILY_RULE = time(0, 5)
"""When the daily rule runs, UTC."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one customer: `events` as they come in, up to `until`; `zone` is the shop's."""

    events: Sequence[Event]
    until: datetime
    zone: ZoneInfo
    suppressions: Sequence[Suppression] = ()


def play(workflow: Workflow, story: Story, where: triggers.Condition) -> list[Timeline]:
    """The journeys of this customer in this workflow, in the order in which they begin.

    `where` evaluates a trigger's condition. A journey under way at `story.until` is played to its end as if
    nothing more happened.
    """
    return _Player(workflow, story, where).run()


class _Player:
    """Tells the story event by event, and walks each journey when it begins."""

    def __init__(self, workflow: Workflow, story: Story, where: triggers.Condition) -> None:
        self.workflow = workflow
        self.story = story
        self.where = where
        self.definition = compile_workflow(workflow, "played")
        self.events = sorted(story.events, key=lambda event: event.received_at)

    def run(self) -> list[Timeline]:
        customer = new_customer("customer", self.events[0])
        timelines = []
        for event in self._with_days():
            before, customer = customer, apply(customer, event)
            happened = triggers.occurrences(event, before, customer)
            ended = {exit_.journey for exit_ in triggers.exits(happened, customer, self._workflows)}
            begun = triggers.entries(event, happened, customer, self._workflows, self.where)
            begun += triggers.due_entries(event, customer, self._workflows, self.story.zone)
            for entry in begun:
                timelines.append(self._walk(entry, event, customer))
                customer = self._opened(customer, entry, timelines[-1])
            now = epoch(event.received_at)
            still = {
                key: open_
                for key, open_ in customer.journeys.items()
                if key not in ended and now < open_.ends_after
            }
            customer = replace(customer, journeys=still)
        return timelines

    @property
    def _workflows(self) -> dict[str, Workflow]:
        return {self.workflow.id: self.workflow}

    def _with_days(self) -> list[Event]:
        """The story's events and a `due` event for every day of it."""
        days = []
        day = self.events[0].received_at.astimezone(UTC).date()
        while (at := datetime.combine(day, DAILY_RULE, UTC)) <= self.story.until:
            since = {"since": f"{day}T00:00:00+00:00"}
            identity = customer_identity("customer")
            days.append(Event(f"due:{day}", "due", at, at, "calendar", identity, properties=since))
            day += timedelta(days=1)
        return sorted([*self.events, *days], key=lambda event: event.received_at)

    def _opened(
        self, customer: Customer, entry: triggers.Entry, timeline: Timeline | None = None
    ) -> Customer:
        entered = epoch(entry.entered_at)
        ends = epoch(timeline.ended_at) if timeline else entered
        return replace(
            customer,
            journeys={**customer.journeys, entry.journey: OpenJourney(self.workflow.id, entered, ends)},
            entries={**customer.entries, self.workflow.id: (entry.occurrence, entered)},
        )

    def _walk(self, entry: triggers.Entry, event: Event, customer: Customer) -> Timeline:
        customer = self._opened(customer, entry)
        later = [each for each in self.events if each.received_at > event.received_at]
        start = event.received_at
        wait = first_wait(self.workflow, entry.since, start, customer.zone(self.story.zone))

        def task(payload: Any, now: datetime) -> Outcome:
            return self._step(entry, payload, self._at(customer, later, now), now)

        given = {"journey": entry.journey, "wait_seconds": wait}
        return walk(self.definition, given, start, task, self._stop(entry, customer, later))

    def _at(self, customer: Customer, later: Sequence[Event], now: datetime) -> Customer:
        for event in later:
            if event.received_at <= now:
                customer = apply(customer, event)
        return customer

    def _stop(
        self, entry: triggers.Entry, customer: Customer, later: Sequence[Event]
    ) -> tuple[datetime, str] | None:
        """When, and by what, the journey is ended from outside."""
        for event in later:
            before, customer = customer, apply(customer, event)
            happened = triggers.occurrences(event, before, customer)
            for exit_ in triggers.exits(happened, customer, self._workflows):
                if exit_.journey == entry.journey:
                    return event.received_at, exit_.reason
        return None

    def _step(self, entry: triggers.Entry, payload: Any, customer: Customer, now: datetime) -> Outcome:
        """What `run_step` would do: the same decision, without slot, claim and SES."""
        step = payload["step"]
        entered = epoch(entry.entered_at)
        here = node(self.workflow, step)
        mail = getattr(here.step, "mail", "")
        suppressions = [each for each in self.story.suppressions if moment(each.at) <= now]
        match journeys.decide(self.workflow, entry.journey, customer, entered, suppressions):
            case journeys.Exit(reason):
                raise JourneyExited(reason)
            case journeys.Skip(reason):
                what = f"skips {mail}: {reason}"
            case journeys.Send():
                what = f"sends {mail}"
        wait = wait_before(self.workflow, here.branches[NEXT], now, now, customer.zone(self.story.zone))
        return Outcome({"journey": entry.journey, "wait_seconds": wait}, what)
