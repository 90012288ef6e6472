"""The real steps, and the real fold, on the real adapters; DynamoDB, SES and Step Functions are those of this package.

Everything runs on one virtual clock in one thread, so that a seed tells a run from its first call to its last.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from tests.fakes import FakeCounters
from tests.faults.aws import PREFIX, Ses, States
from tests.faults.dynamodb import Around, Dynamo, tables
from tests.worlds import NOW, SHOP, stepper_of, tracker_of
from tidings.aws.customers_table import OwnedCustomersTable
from tidings.aws.events_table import EventsTable
from tidings.aws.journeys_table import JourneysTable
from tidings.aws.machines import StateMachines
from tidings.aws.mailer import SesMailer
from tidings.aws.parked_table import ParkedTable
from tidings.aws.products_table import ProductsTable
from tidings.aws.sends_table import PaceTable, SendsTable
from tidings.aws.suppressions_table import SuppressionsTable
from tidings.aws.table import Table
from tidings.clock import FixedClock
from tidings.events import Event
from tidings.steps import Letter, Request, Sender, Stepper
from tidings.workflow.compile import compile_workflow
from tidings.workflow.model import Workflow
from tidings.workflow.package import Package
from tidings.workflow.walk import Outcome

REV = "r1"


class Stage:
    """One shop. `around` is handed every call to AWS; `arrival` tells when SES's send events come."""

    def __init__(
        self,
        workflows: Mapping[str, Workflow],
        random: Random,
        around: Around,
        arrival: Callable[[], float | None],
    ) -> None:
        self.workflows, self.random, self.around = workflows, random, around
        self.clock, self.counters = FixedClock(NOW), FakeCounters()
        self.called: dict[str, Mapping[str, Any]] = {}
        dynamo = Dynamo(around)
        of = {name: Table(dynamo, name) for name in tables()}
        self.events = EventsTable(dynamo, "events")
        self.customers = OwnedCustomersTable(of["customers"], of["aliases"])
        self.journeys, self.sends = JourneysTable(of["journeys"]), SendsTable(of["sends"])
        self.paces, self.suppressions = PaceTable(of["pace"]), SuppressionsTable(of["suppressions"])
        self.products, self.parked = ProductsTable(of["products"]), ParkedTable(of["parked"])
        self.ses = Ses(self.clock, arrival, around)
        definitions = {name: compile_workflow(flow, REV) for name, flow in workflows.items()}
        self.states = States(definitions, self.clock, around)
        self.machines = StateMachines(self.states, PREFIX)
        self.packages = {name: _package(flow) for name, flow in workflows.items()}
        self.stepper: Stepper = stepper_of(
            self,
            mailer=SesMailer(self.ses, "shop", self.clock),
            compose=self._compose,
            package=lambda workflow, rev: self.packages[workflow],
        )
        self.tracker = tracker_of(self, workflows, new_id=lambda: f"{random.getrandbits(80):020x}")

    def sends_with(self, made: Callable[[Sender], Sender]) -> None:
        """Let another sender take the place of the real one."""
        self.stepper = replace(self.stepper, sender=made(self.stepper.sender))

    def task(self, payload: Mapping[str, Any], now: object) -> Outcome:
        """What `run_step` does when a machine calls it."""
        self.called[payload["journey"]] = payload
        return Outcome(self.stepper.run(Request(**payload)), "")

    def live(self, journey: str, come: Callable[[Event], None]) -> None:
        """Let one machine go on to its end; `come` is handed SES's events when they are due."""
        execution = self.states.executions[journey]
        while execution.is_under_way:
            self.clock.time = max(self.clock.time, execution.walking.at)
            for event in self.ses.due():
                come(event)
            execution.step(self.task, self.random)

    def _compose(self, letter: Letter) -> bytes:
        self.around("compose", {"class": letter.package.workflow.class_}, dict)
        return letter.mail.encode()


def _package(workflow: Workflow) -> Package:
    told = {"workflow": workflow.id, "rev": REV, "definition": workflow, "shop": SHOP, "mails": {}}
    return Package.model_validate(told)
