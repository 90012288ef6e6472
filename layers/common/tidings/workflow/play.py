"""What a customer with a given story would live in a workflow, on a virtual clock.

The very fold, triggers and steps that run in AWS, on tables in memory; the machine is the compiled one, walked. Only
SES is not there: every mail that is sent arrives. Nobody is held out, so that there is something to see.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from tidings import triggers
from tidings.clock import FixedClock
from tidings.events import Event, customer_identity
from tidings.pacing.pace import QUIET
from tidings.ports import Send, Suppression
from tidings.segments import Rules
from tidings.shop import Sender as From
from tidings.shop import Shop
from tidings.steps import Decider, Letter, Request, Sender, Stepper
from tidings.tracking import Catalogue, Tracker
from tidings.workflow import memory
from tidings.workflow.compile import compile_workflow
from tidings.workflow.graph import node
from tidings.workflow.model import IfStep, SendStep, SetStep, SplitStep, WaitForStep, Workflow
from tidings.workflow.package import Package
from tidings.workflow.walk import Outcome, Timeline, Walking

DAILY_RULE = time(0, 5)
"""When the daily rule runs, UTC."""

WHO = "customer"
"""The id of whoever lives a story; chance falls by it."""

_REV = "played"
_IF = {"then": "holds", "else": "does not hold"}


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one customer: `events` as they come in, up to `until`.

    `zone` is the shop's, for a story that brings no `shop`; `rules` are its segments, with the events that expressions
    count; `products` is what its catalogue knows.
    """

    events: Sequence[Event]
    until: datetime
    zone: ZoneInfo
    suppressions: Sequence[Suppression] = ()
    shop: Shop | None = None
    rules: Rules = field(default_factory=Rules)
    products: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


Reading = Callable[[datetime, Letter], None]
"""Is shown each mail when it is written, as the composer is."""


def play(
    workflow: Workflow, story: Story, where: triggers.Condition, read: Reading = lambda at, letter: None
) -> list[Timeline]:
    """The journeys of this customer in this workflow, in the order in which they begin.

    `where` evaluates a trigger's condition; `read` is shown the mails. A journey under way at `story.until` is played
    to its end as if nothing more happened.
    """
    if not story.events:
        return []
    stage = _Stage(workflow.model_copy(update={"holdout": Decimal(0)}), story, where, read)
    return stage.play()


class _Stage:
    """One customer's world: it is also Step Functions to the fold and the steps."""

    def __init__(self, workflow: Workflow, story: Story, where: triggers.Condition, read: Reading) -> None:
        self.workflow = workflow
        self.read = read
        self.story = story
        self.definition = compile_workflow(workflow, _REV)
        self.walkings: dict[str, Walking] = {}
        self.ahead = _with_days(story)
        self.clock = FixedClock(self.ahead[0].received_at)
        self.events, self.sends = memory.Events(), memory.Sends()
        self.customers, journeys = memory.Customers(), memory.Journeys()
        products, ids = memory.Products(story.products), count(1)
        shop = _sharp(story.shop or _shop(story.zone))
        self.tracker = Tracker(
            events=self.events,
            customers=self.customers,
            journeys=journeys,
            machines=self,
            sends=self.sends,
            products=products,
            parked=memory.Quiet(),
            counters=memory.Quiet(),
            catalogue=Catalogue({workflow.id: workflow}, {workflow.id: _REV}, shop, where, story.rules),
            clock=self.clock,
            new_id=lambda: WHO if (number := next(ids)) == 1 else f"{WHO}-{number}",
        )
        package = Package.model_validate(
            {"workflow": workflow.id, "rev": _REV, "definition": workflow, "shop": shop, "mails": {}}
        )
        self.stepper = Stepper(
            customers=self.customers,
            journeys=journeys,
            events=self.events,
            sends=self.sends,
            sender=self._sender(products),
            decider=Decider(self.customers, self.events, self.sends, self, self.clock),
            package=lambda workflow, rev: package,
            clock=self.clock,
        )

    def _sender(self, products: memory.Products) -> Sender:
        return Sender(
            events=self.events,
            sends=self.sends,
            paces=memory.Paces(),
            suppressions=memory.Suppressions(self.story.suppressions, self.clock),
            products=products,
            mailer=memory.Mailer(self.clock),
            counters=memory.Quiet(),
            compose=self._compose,
            address_key=lambda: b"played",
            clock=self.clock,
            jitter=lambda: 0.0,
        )

    def play(self) -> list[Timeline]:
        """Let everything happen in its order; what is told at a moment comes before what a journey does then."""
        while True:
            journeys = [(each.at, name) for name, each in self.walkings.items() if each.is_under_way]
            next_at, journey = min(journeys, default=(datetime.max.replace(tzinfo=UTC), ""))
            if self.ahead and self.ahead[0].received_at <= next_at:
                self._tell(self.ahead.pop(0))
            elif journey:
                self.clock.time = next_at
                self.walkings[journey].step(self._step)
                self._fold()
            else:
                return [each.timeline for each in self.walkings.values()]

    def _tell(self, event: Event) -> None:
        self.clock.time = event.received_at
        if event.type != "due" or self.customers.rows:
            self.events.put(event)
            self._fold()

    def _fold(self) -> None:
        while self.events.fresh:
            self.tracker.track(self.events.fresh.pop(0))

    # ---- Step Functions ----

    def start(self, workflow: str, journey_id: str, wait_seconds: int) -> None:
        """Start the execution named by the journey, once."""
        if journey_id not in self.walkings:
            given = {"journey": journey_id, "wait_seconds": wait_seconds}
            self.walkings[journey_id] = Walking(self.definition, given, self.clock.now())

    def stop(self, workflow: str, journey_id: str) -> None:
        """Stop it where it is."""
        walking = self.walkings.get(journey_id)
        if walking is not None and walking.is_under_way:
            closed = [customer.closed.get(journey_id) for customer in self.customers.rows.values()]
            reason = next((each.reason for each in closed if each), "")
            walking.stop(self.clock.now(), reason)

    def answer(self, token: str, journey_id: str) -> None:
        """Let a waiting Task go on; one that is just being called goes on once it waits."""
        walking = self.walkings.get(journey_id)
        if walking is not None and walking.token == token:
            walking.answer(self.clock.now())
        else:
            self.answered = token

    answered = ""
    """The token that was answered during the call that stored it."""

    # ---- run_step ----

    def _compose(self, letter: Letter) -> bytes:
        self.latest = letter
        self.read(self.clock.now(), letter)
        return b""

    latest: Letter | None = None

    def _step(self, payload: Mapping[str, Any], now: datetime) -> Outcome:
        """What `run_step` does, and what to say of it."""
        token, outcome = payload.get("token", ""), payload.get("outcome", "")
        request = Request(
            payload["journey"], payload["workflow"], payload["step"], payload["rev"], token, outcome
        )
        output = self.stepper.run(request)
        answered_at = now if token and self.answered == token else None
        return Outcome(output, self._words(payload), answered_at)

    def _words(self, payload: Mapping[str, Any]) -> str:
        here, entry = (
            node(self.workflow, payload["step"]),
            self.sends.rows[payload["journey"], payload["step"]],
        )
        match here.step:
            case SendStep(send=mail):
                return self._sent(mail, entry)
            case IfStep():
                return _IF[entry.branch]
            case SetStep():
                return "sets it"
            case WaitForStep() if entry.state == "waiting":
                return "waits for it"
            case SplitStep() if not here.is_pause:
                return f"falls to {entry.branch}"
        return "goes on"

    def _sent(self, mail: str, entry: Send) -> str:
        match entry.state:
            case "sent":
                # A wait that lasts out the quiet hours does not tell why it is longer than the author's.
                reasons = [reason for _, reason, _ in entry.told.get("deferred", ())]
                late = f", after {QUIET}" if reasons[-1:] == [QUIET] else ""
                return f"sends {self.latest.mail if self.latest else mail}{late}"
            case "decided":
                return f"has no coupon left for {mail}"
            case "dropped":
                return f"drops {mail}: {entry.reason}"
        return f"skips {mail}: {entry.reason}"


def _with_days(story: Story) -> list[Event]:
    """The story's events and a `due` event for every day of it, in the order in which they come in."""
    events = sorted(story.events, key=lambda event: event.received_at)
    days = []
    day = events[0].received_at.astimezone(UTC).date()
    while (at := datetime.combine(day, DAILY_RULE, UTC)) <= story.until:
        since = {"since": f"{day}T00:00:00+00:00"}
        identity = customer_identity(WHO)
        days.append(Event(f"due:{day}", "due", at, at, "calendar", identity, properties=since))
        day += timedelta(days=1)
    return sorted([*events, *days], key=lambda event: event.received_at)


def _sharp(shop: Shop) -> Shop:
    """The shop whose quiet hours end for everybody in the same second: a timeline shows the hour, not the chance."""
    if shop.quiet_hours is None:
        return shop
    quiet_hours = shop.quiet_hours.model_copy(update={"spread": timedelta(0)})
    return shop.model_copy(update={"quiet_hours": quiet_hours})


def _shop(zone: ZoneInfo) -> Shop:
    """A shop of no more than a time zone, that sends as often as it likes."""
    address = "shop@example.com"
    sender = From(name="Shop", address=address)
    return Shop(
        name="Shop", url="https://shop.example", sender=sender, support=address, address=["-"],
        timezone=zone.key, frequency_cap=[],
    )  # fmt: skip
