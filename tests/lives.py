"""A customer in several workflows at once, on a virtual clock, with the very fold and steps: what caps, quiet hours
and priorities make of them."""

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests import fakes
from tests.worlds import ANN, DAY, NOW, SHOP, World, checkout, stepper_of, subscribed
from tidings.customer import moment
from tidings.errors import SendDeferred
from tidings.ports import Send
from tidings.shop import QuietHours, Shop
from tidings.steps import Letter, Request
from tidings.tracking import Catalogue
from tidings.workflow.graph import graph
from tidings.workflow.model import Workflow
from tidings.workflow.package import Package

NIGHT = QuietHours(from_=time(22), to=time(8))
CAPPED = SHOP.model_copy(update={"timezone": "America/New_York"})
QUIET = CAPPED.model_copy(update={"quiet_hours": NIGHT})
ZONE = ZoneInfo("America/New_York")
"""NOW is eight o'clock in the morning there."""


def flow(name: str, *steps: dict[str, Any], **told: Any) -> Workflow:
    """A workflow that a checkout begins."""
    base = {"id": name, "name": name, "trigger": {"event": "checkout_started"}, "reentry": "always"}
    return Workflow.model_validate({**base, **told, "steps": list(steps)})


@dataclass
class Life:
    """One customer, whose checkout begins a journey in each workflow; their steps run as the machines would run them,
    of those of one second the ones first that `turns` says."""

    flows: list[Workflow]
    shop: Shop = CAPPED
    turns: dict[str, int] = field(default_factory=dict)
    governor: fakes.FakeGovernor = field(default_factory=fakes.FakeGovernor)
    latest: timedelta = timedelta(days=400)

    def __post_init__(self) -> None:
        self.world, by_id = World(), {each.id: each for each in self.flows}
        self.sends, self.paces, self.mailer = fakes.FakeSends(), fakes.FakePaces(), fakes.FakeMailer()
        catalogue = Catalogue(by_id, dict.fromkeys(by_id, "r1"), self.shop, lambda *_: True)
        self.world.tracker = replace(self.world.tracker, catalogue=catalogue, sends=self.sends)
        packages = {
            name: Package.model_validate(
                {"workflow": name, "rev": "r1", "definition": each, "shop": self.shop, "mails": {}}
            )
            for name, each in by_id.items()
        }
        self.stepper = stepper_of(
            self.world,
            sends=self.sends,
            paces=self.paces,
            mailer=self.mailer,
            governor=self.governor,
            suppressions=fakes.FakeSuppressions(),
            compose=_name,
            package=lambda name, rev: packages[name],
        )
        self.sent: list[tuple[datetime, str]] = []
        self.world.happen(subscribed("1", at=NOW - 9 * DAY, received=NOW, **ANN))

    def begin(self, **told: Any) -> dict[str, tuple[datetime, str]]:
        """The checkout; by workflow when its first step is due, and the journey."""
        self.world.happen(checkout("t1", at=NOW, **ANN, **told))
        started = self.world.machines.started
        return {
            self.world.journeys.rows[journey].workflow: (NOW + timedelta(seconds=wait), journey)
            for journey, wait in started.items()
        }

    def step(self, journey: str, name: str) -> int:
        """One step now; the seconds until the next."""
        workflow = self.world.journeys.rows[journey].workflow
        before = len(self.mailer.sent)
        answer = self.stepper.run(Request(journey, workflow, name, "r1"))
        self.sent += [(self.world.clock.now(), mail.content.decode()) for mail in self.mailer.sent[before:]]
        return int(answer["wait_seconds"])

    def live(self, **told: Any) -> list[tuple[datetime, str]]:
        """All journeys to their ends; the mails, `workflow/mail`, with their moments."""
        ways = {each.id: graph(each) for each in self.flows}
        ahead = [
            (at, self.turns.get(name, 0), name, journey, next(iter(ways[name])))
            for name, (at, journey) in self.begin(**told).items()
        ]
        while ahead:
            at, turn, name, journey, here = min(ahead)
            ahead.remove((at, turn, name, journey, here))
            assert at < NOW + self.latest
            self.world.clock.time = at
            try:
                seconds, following = self.step(journey, here), ways[name][here].branches["next"]
            except SendDeferred as deferred:
                seconds, following = deferred.seconds, here
            if following:
                ahead.append((at + timedelta(seconds=seconds), turn, name, journey, following))
        return self.sent

    def flow_of(self, row: Send) -> str:
        """The workflow of a ledger entry."""
        return self.world.journeys.rows[row.journey].workflow

    def overtaken(self, row: Send, window: timedelta) -> list[str]:
        """The mails of lower priority that made this one wait for the cap: they went while it waited or its moment was
        known, and it would not have had to give way to others at that moment."""
        ranks = {each.id: each.priority for each in self.flows if each.is_marketing}
        sent = [(at, ranks[id_], id_) for at, name in self.sent if (id_ := name.partition("/")[0]) in ranks]
        before = [
            each for each in self.sends.rows.values() if each.journey == row.journey and each.at < row.at
        ]
        known = max(before, key=lambda each: each.at, default=None)
        since = NOW if known is None else moment(known.at)
        rank, found = ranks.get(self.flow_of(row), 0), []
        for at, reason, _ in row.told.get("deferred", ()):
            asked = moment(at)
            others = [at for at, priority, _ in sent if priority >= rank and asked <= at < asked + window]
            if since is not None and reason == "frequency cap" and not others:
                lower = ((at, id_) for at, priority, id_ in sent if priority < rank)
                found += [id_ for at, id_ in lower if since < at < asked < at + window]
            since = asked
        return found

    def entry(self, workflow: str, step: str) -> Send:
        """What the ledger says."""
        (found,) = (
            row
            for (journey, name), row in self.sends.rows.items()
            if name == step and journey.startswith(workflow)
        )
        return found


def _name(letter: Letter) -> bytes:
    return f"{letter.package.workflow.id}/{letter.mail}".encode()


def local(text: str) -> datetime:
    """A wall time in New York."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)
