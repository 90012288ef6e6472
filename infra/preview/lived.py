"""What a customer lives in a workflow, moment by moment: their story played on the compiled machine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from infra.preview import made
from infra.preview.reader import Reader, Written
from infra.preview.shelf import shelf
from infra.preview.story import Person
from tidings import steps as letters
from tidings import triggers
from tidings.customer import Customer
from tidings.events import Event
from tidings.expressions import holds
from tidings.expressions.context import conditions
from tidings.mail.render import Mail
from tidings.shop import Shop
from tidings.workflow.check.mails import sent
from tidings.workflow.model import EventTrigger, SendStep, SetStep, Step, WaitForStep, Workflow, every_step
from tidings.workflow.naming import named
from tidings.workflow.play import Story, play
from tidings.workflow.walk import Timeline, Visit

YEAR: Final = timedelta(days=370)
"""How far a story reaches that does not say, where time itself may begin a journey: a birthday comes once."""

WHILE: Final = timedelta(days=60)
"""How far it reaches else; a journey under way is told to its end."""


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

    @property
    def read(self) -> tuple[Letter, ...]:
        """Every mail that can be seen, those first that go."""
        return (*self.letters, *self.others)


@dataclass(slots=True)
class Life:
    """Plays, and reads the mails."""

    written: Written
    person: Person
    posted: dict[tuple[str, datetime], letters.Letter] = field(default_factory=dict)
    _played: list[Timeline] | None = None

    def timelines(self) -> list[Timeline]:
        """The journeys, as the compiled machine goes through them; their letters are `posted`."""
        if self._played is None:
            self._played = self._play()
        return self._played

    def _play(self) -> list[Timeline]:
        events, shop = self.person.events, self.written.shop
        if not events:
            return []
        begins_by_event = isinstance(self.written.workflow.trigger, EventTrigger)
        until = self.person.until or events[-1].received_at + (WHILE if begins_by_event else YEAR)
        known = shelf(shop, self.person.products)
        told = Story(events, until, shop.zone, self.person.suppressions, shop, self.written.rules, known)
        return play(self.written.workflow, told, condition(shop), self._post)

    def _post(self, at: datetime, letter: letters.Letter) -> None:
        self.posted[letter.journey, at] = letter

    def live(self) -> Lived:
        """The whole life."""
        reader, timelines = Reader(self.written, self.person), self.timelines()
        moments = [Moment(each.received_at, "event", each.type) for each in self.person.events]
        numbers = iter(range(1, 10_000))
        for timeline in timelines:
            moments += self._moments(reader, timeline, numbers)
        read = [moment.letter for moment in moments if moment.letter]
        moments.sort(key=lambda moment: moment.at)
        seen = {letter.name for letter in read}
        like, at = next(((each, at) for (_, at), each in self.posted.items()), None) or reader.imagined()
        others = [
            Letter(next(numbers), name, step.step_id, reader.read(reader.other(name, step, like), at))
            for name, step in self._all().items()
            if name not in seen
        ]
        zone = like.customer.zone(self.written.shop.zone)
        workflow, count = self.written.workflow, len(timelines)
        return Lived(workflow, self.person, zone, tuple(moments), tuple(read), tuple(others), count)

    def _moments(self, reader: Reader, timeline: Timeline, numbers: Iterator[int]) -> Iterator[Moment]:
        nodes = named(self.written.workflow).values()
        tasks = {each.task: each.node.step for each in nodes}
        outcomes = {state for each in nodes for state in each.outcomes.values()}
        for visit in timeline.visits:
            step = tasks.get(visit.state)
            posted = self.posted.get((visit.input["journey"], visit.at))
            if isinstance(step, SendStep) and posted and visit.what.startswith(f"sends {posted.mail}"):
                mail = reader.read(posted, visit.at)
                letter = Letter(next(numbers), posted.mail, step.step_id, mail, visit.at)
                yield Moment(visit.at, "send", posted.mail, letter)
            elif visit.state in outcomes:
                yield Moment(visit.at, "step", visit.state.replace("_", " "))
            elif not _goes_without_saying(visit):
                yield Moment(visit.at, *_told(visit, step))
        if timeline.status == "ABORTED":
            yield Moment(timeline.ended_at, "end", f"stopped: {timeline.reason.replace('_', ' ')}")

    def _all(self) -> dict[str, SendStep]:
        """Every mail of the workflow with its variants, and a step that sends it."""
        every = every_step(self.written.workflow.steps)
        steps = (step for _, step in every if isinstance(step, SendStep))
        return {name: step for step in steps for name in sent(step)}


def condition(shop: Shop) -> triggers.Condition:
    """Evaluates a trigger's `where` as the fold does."""

    def where(source: str, event: Event, customer: Customer) -> bool:
        return holds(source, conditions(customer=customer, shop=shop, now=event.at, event=event))

    return where


def made_for(written: Written, tell: Callable[[Life], bool], told: Person | None = None) -> Life:
    """The first made customer whom `tell` takes, such as one who begins a journey; else the first of all.

    `told` is who they are, where a file says so and tells no events.
    """
    lives = [Life(written, person) for person in made.stories(written.workflow, written.shop, told)]
    return next((life for life in lives if tell(life)), lives[0])


def begins(life: Life) -> bool:
    """Whether a journey begins, and sends something."""
    return any(visit.what.startswith("sends") for each in life.timelines() for visit in each.visits)


def clock(at: datetime, zone: ZoneInfo) -> str:
    """A moment on somebody's clock."""
    return f"{at.astimezone(UTC).astimezone(zone):%a %d %b %Y %H:%M}"


def _told(visit: Visit, step: Step | None) -> tuple[str, str]:
    """Kind and words of a state that sends nothing."""
    if visit.what == "the end":
        return "done", visit.state
    if isinstance(step, SetStep | WaitForStep):
        return "step", visit.state
    return ("wait", visit.state) if step is None else ("step", f"{visit.state}: {visit.what}")


def _goes_without_saying(visit: Visit) -> bool:
    """A wait for nothing, and the way of a choice, which the branch tells."""
    return visit.what in ("goes on at once", "goes on") or visit.what.startswith("goes on to")
