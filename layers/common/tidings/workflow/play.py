"""What a customer with a given story would live in a workflow: its machine walked, a step's own decisions.

The story is told to the same fold, triggers and steps that run in AWS; only stores and clock are missing. Slots,
claims and SES are not played: every mail that is decided on goes. Nor are holdouts: whoever enters goes through.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tidings import ports, triggers
from tidings.context import conditions, journey_view
from tidings.customer import Customer, OpenJourney, apply, epoch, new_customer
from tidings.events import Event, customer_identity
from tidings.expressions import ExpressionError, holds
from tidings.knowledge import Knowledge
from tidings.segments import Rules
from tidings.shop import Shop
from tidings.workflow.compile import compile_workflow
from tidings.workflow.graph import first_wait
from tidings.workflow.model import Workflow
from tidings.workflow.package import Package
from tidings.workflow.playing import Moment, Played
from tidings.workflow.walk import Timeline, walk

DAILY_RULE: Final = time(0, 5)
"""When the daily rule runs, UTC."""

ME: Final = "customer"
"""The id of whoever lives a story; chance falls by it."""


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one customer: `events` as they come in, up to `until`; `zone` is the shop's.

    `rules` are those of segments and earned tags, `products` the catalogue's by id, `shop` whose coupons and fields
    expressions may name; without one, nobody's.
    """

    events: Sequence[Event]
    until: datetime
    zone: ZoneInfo
    suppressions: Sequence[ports.Suppression] = ()
    shop: Shop | None = None
    rules: Rules = field(default_factory=Rules)
    products: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


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
        self.workflows = {workflow.id: workflow}
        self.story = story
        self.where = where
        self.shop = story.shop or _nobodys(story.zone)
        self.package = Package.model_validate(
            {"workflow": workflow.id, "rev": "played", "definition": workflow, "shop": self.shop, "mails": {}}
        )
        self.definition = compile_workflow(workflow, "played")
        self.knowledge = Knowledge(story.rules, self.shop, _Shelf(story.products))
        self.moments = self._told()

    def run(self) -> list[Timeline]:
        """The journeys."""
        timelines: list[Timeline] = []
        journeys: dict[str, OpenJourney] = {}
        records: dict[str, ports.Journey] = {}
        entries: dict[str, tuple[Any, int]] = {}
        for at, moment in enumerate(self.moments):
            customer = replace(moment.customer, journeys=journeys, entries=entries)
            ended = self._ended(moment, customer, records)
            begun = triggers.entries(
                moment.event, moment.happened, customer, self.workflows, self.where
            ) + triggers.due_entries(moment.event, customer, self.workflows, self.story.zone)
            journeys = {key: open_ for key, open_ in journeys.items() if key not in ended}
            for entry in begun:
                record = _record(entry)
                records[entry.journey] = record
                timelines.append(self._walk(record, entry, at))
                closes = epoch(timelines[-1].ended_at)
                journeys[entry.journey] = OpenJourney(self.workflow.id, record.entered_at, closes)
                entries = {**entries, self.workflow.id: (entry.occurrence, record.entered_at)}
            now = epoch(moment.event.received_at)
            journeys = {key: open_ for key, open_ in journeys.items() if now < open_.ends_after}
        return timelines

    def _told(self) -> list[Moment]:
        """The whole story folded, with a `due` event for every day of it."""
        events = self._with_days()
        customer = new_customer(ME, events[0])
        moments = []
        for event in events:
            (told,) = self.knowledge.told([event])
            folded = apply(customer, told, self.knowledge.counted)
            placed, moved = self.knowledge.belong(customer, folded, event, event.received_at)
            happened = (*triggers.occurrences(event, customer, folded), *moved)
            # Whoever is folded once is known from then on.
            customer = replace(placed, version=customer.version + 1)
            moments.append(Moment(event, customer, happened))
        return moments

    def _with_days(self) -> list[Event]:
        first = min(event.received_at for event in self.story.events)
        days = []
        day = first.astimezone(UTC).date()
        while (at := datetime.combine(day, DAILY_RULE, UTC)) <= self.story.until:
            since = {"since": f"{day}T00:00:00+00:00"}
            days.append(
                Event(f"due:{day}", "due", at, at, "calendar", customer_identity(ME), properties=since)
            )
            day += timedelta(days=1)
        known = (event for event in days if event.received_at >= first)
        return sorted([*self.story.events, *known], key=lambda event: event.received_at)

    def _walk(self, record: ports.Journey, entry: triggers.Entry, began: int) -> Timeline:
        played = Played(self.package, record, self.moments, began, self.story.suppressions)
        start = self.moments[began].event.received_at
        customer = played.customer(start)
        names = conditions(customer=customer, shop=self.shop, now=start, event=self.moments[began].event)
        last = triggers.last_times(customer)
        wait = first_wait(self.workflow, entry.since, start, customer.zone(self.story.zone), names, last)
        given = {"journey": record.id, "wait_seconds": wait}
        return walk(self.definition, given, start, played.task, self._stop(record, began))

    def _stop(self, record: ports.Journey, began: int) -> tuple[datetime, str] | None:
        """When, and by what, a journey is ended from outside."""
        open_ = {record.id: OpenJourney(self.workflow.id, record.entered_at, 0)}
        for moment in self.moments[began + 1 :]:
            customer = replace(
                moment.customer,
                journeys=open_,
                entries={self.workflow.id: (record.occurrence, record.entered_at)},
            )
            if reason := self._ended(moment, customer, {record.id: record}).get(record.id):
                return moment.event.received_at, reason
        return None

    def _ended(
        self, moment: Moment, customer: Customer, records: Mapping[str, ports.Journey]
    ) -> dict[str, str]:
        """The open journeys that what happened ends, and why."""

        def met(condition: str, journey: str) -> bool:
            return self._meets(condition, records[journey], moment)

        found = triggers.exits(moment.happened, customer, self.workflows, met)
        return {exit_.journey: exit_.reason for exit_ in found}

    def _meets(self, condition: str, record: ports.Journey, moment: Moment) -> bool:
        began = next(each.event for each in self.moments if each.event.key == record.event)
        names = conditions(
            customer=moment.customer,
            shop=self.shop,
            now=moment.event.at,
            event=began,
            arrived=moment.event,
            journey=journey_view(record),
        )
        try:
            return holds(condition, names)
        except ExpressionError:
            return False


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The catalogue of a story."""

    products: Mapping[str, Mapping[str, Any]]

    def get(self, product_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """What is known of these."""
        return {name: self.products[name] for name in product_ids if name in self.products}

    def put(self, product_id: str, product: Mapping[str, Any], at: int) -> None:
        """A story's catalogue stays as it is."""


def _record(entry: triggers.Entry) -> ports.Journey:
    return ports.Journey(
        id=entry.journey,
        workflow=entry.workflow,
        customer=ME,
        event=entry.event,
        occurrence=entry.occurrence,
        rev="played",
        entered_at=epoch(entry.entered_at),
        since=epoch(entry.since),
    )


def _nobodys(zone: ZoneInfo) -> Shop:
    """A shop of which only the time zone matters."""
    told = {
        "name": "Shop",
        "url": "https://shop.example",
        "from": {"name": "Shop", "address": "shop@shop.example"},
        "support": "shop@shop.example",
        "address": ["Shop"],
        "timezone": zone.key,
    }
    return Shop.model_validate(told)
