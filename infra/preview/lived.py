"""What a customer lives in a workflow, moment by moment: their story played on the compiled machine."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from infra.preview import made
from infra.preview.reader import ME, Reader, Scene, Written
from infra.preview.story import Person
from tidings import triggers
from tidings.context import conditions
from tidings.customer import Customer
from tidings.events import Event
from tidings.expressions import holds
from tidings.mail.render import Mail
from tidings.shop import Shop
from tidings.workflow.chance import variant_of
from tidings.workflow.check.mails import sent
from tidings.workflow.model import SendStep, SetStep, WaitForStep, Workflow, every_step
from tidings.workflow.naming import Named, named
from tidings.workflow.play import Story, play
from tidings.workflow.walk import Timeline, Visit

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

    @property
    def read(self) -> tuple[Letter, ...]:
        """Every mail that can be seen, those first that go."""
        return (*self.letters, *self.others)


@dataclass(slots=True)
class Life:
    """Plays, and has the mails read."""

    written: Written
    person: Person

    def timelines(self) -> list[Timeline]:
        """The journeys, as the compiled machine goes through them."""
        events = self.person.events
        if not events:
            return []
        until = self.person.until or events[-1].received_at + LONG
        story = Story(events, until, self.written.shop.zone, self.person.suppressions)
        return play(self.written.workflow, story, condition(self.written.shop))

    def live(self) -> Lived:
        """The whole life."""
        reader, timelines = Reader(self.written, self.person), self.timelines()
        moments = [Moment(each.received_at, "event", each.type) for each in self.person.events]
        numbers = iter(range(1, 10_000))
        for timeline in timelines:
            moments += self._moments(reader, timeline, numbers)
        letters = [moment.letter for moment in moments if moment.letter]
        moments.sort(key=lambda moment: moment.at)
        seen = {letter.name for letter in letters}
        began = next((each.visits[0].at for each in timelines if each.visits), reader.last)
        scene = Scene(began, began)
        others = [
            Letter(next(numbers), name, step.step_id, reader.mail(name, step, scene))
            for name, step in self._all().items()
            if name not in seen
        ]
        zone = reader.customer(reader.last).zone(self.written.shop.zone)
        workflow, count = self.written.workflow, len(timelines)
        return Lived(workflow, self.person, zone, tuple(moments), tuple(letters), tuple(others), count)

    def _moments(self, reader: Reader, timeline: Timeline, numbers: Iterator[int]) -> Iterator[Moment]:
        nodes = named(self.written.workflow).values()
        tasks = {each.task: each.node.step for each in nodes}
        began = timeline.visits[0].at if timeline.visits else timeline.ended_at
        scene = Scene(began, began)
        for visit in timeline.visits:
            step = tasks.get(visit.state)
            scene = _follow(reader, replace(scene, now=visit.at), nodes, visit)
            if isinstance(step, SendStep) and visit.what.startswith("sends"):
                name = self._name(step)
                letter = Letter(next(numbers), name, step.step_id, reader.mail(name, step, scene), visit.at)
                yield Moment(visit.at, "send", name, letter)
            elif not _goes_without_saying(visit):
                yield Moment(visit.at, *_told(visit, step is not None))
        if timeline.status == "ABORTED":
            yield Moment(timeline.ended_at, "end", f"stopped: {timeline.reason.replace('_', ' ')}")

    def _name(self, step: SendStep) -> str:
        variant = variant_of(step, ME, self.written.workflow.id)
        return f"{step.mail}.{variant}" if variant else step.mail

    def _all(self) -> dict[str, SendStep]:
        """Every mail of the workflow with its variants, and a step that sends it."""
        every = every_step(self.written.workflow.steps)
        steps = (step for _, step in every if isinstance(step, SendStep))
        return {name: step for step in steps for name in sent(step) if name in self.written.mails}


def _follow(reader: Reader, scene: Scene, nodes: Iterable[Named], visit: Visit) -> Scene:
    """The scene after a state: with the event that came, with what a step set."""
    for each in nodes:
        step = each.node.step
        if isinstance(step, SetStep) and visit.state == each.task:
            return replace(scene, told=(*scene.told, reader.sets(step, scene)))
        if isinstance(step, WaitForStep) and visit.state == each.outcomes.get("arrived"):
            return replace(scene, arrived=reader.came(step.wait_for.event, visit.at))
    return scene


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
