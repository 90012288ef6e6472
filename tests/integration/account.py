"""The tables as the template declares them, in moto, behind clients that can be cut off at any write."""

from pathlib import Path
from typing import Any

import boto3
from samtranslator.yaml_helper import yaml_parse

from tests.fakes import FakeCounters, FakeDesk, Faults
from tests.worlds import NOW, WORKFLOWS, tracker_of
from tidings.aws.customers_table import OwnedCustomersTable
from tidings.aws.events_table import EventsTable
from tidings.aws.journeys_table import JourneysTable
from tidings.aws.machines import StateMachines
from tidings.aws.parked_table import ParkedTable
from tidings.aws.products_table import ProductsTable
from tidings.aws.sends_table import PaceTable, SendsTable
from tidings.aws.suppressions_table import SuppressionsTable
from tidings.aws.table import Table
from tidings.clock import FixedClock
from tidings.events import Event
from tidings.privacy.gate import Gate

TEMPLATE = Path(__file__).parents[2] / "infra" / "tables.yaml"
ROLE = "arn:aws:iam::123456789012:role/machines"
WRITES = {
    "put_item",
    "update_item",
    "delete_item",
    "transact_write_items",
    "start_execution",
    "stop_execution",
    "send_email",
    "put_object",
}


class Cuttable:
    """A client whose writes pass by `faults`."""

    def __init__(self, client: Any, faults: Faults) -> None:
        self._client, self._faults = client, faults

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name not in WRITES:
            return call
        return lambda **arguments: self._faults.around(name, lambda: call(**arguments))


class Account:
    """An AWS account with the template's tables and one machine a workflow; call inside `mock_aws`."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.clock = FixedClock(NOW)
        self.counters = FakeCounters()
        self.dynamodb = boto3.client("dynamodb", region_name="eu-west-1")
        self.states = boto3.client("stepfunctions", region_name="eu-west-1")
        self._create()
        client = Cuttable(self.dynamodb, self.faults)
        tables = {name: Table(client, name) for name in self.names}
        self.events = EventsTable(self.dynamodb, "events")
        self.customers = OwnedCustomersTable(tables["customers"], tables["aliases"])
        self.journeys = JourneysTable(tables["journeys"])
        self.sends = SendsTable(tables["sends"])
        self.paces = PaceTable(tables["pace"])
        self.suppressions = SuppressionsTable(tables["suppressions"])
        self.products = ProductsTable(tables["products"])
        self.parked = ParkedTable(tables["parked"])
        self.desk = FakeDesk()
        prefix = "arn:aws:states:eu-west-1:123456789012:stateMachine:shop-"
        self.machines = StateMachines(Cuttable(self.states, self.faults), prefix)
        self.tracker = tracker_of(self, gate=Gate(self.suppressions, self.desk))

    def _create(self) -> None:
        self.names = set()
        resources = yaml_parse(TEMPLATE.read_text())["Resources"]
        kept = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
        for resource in resources.values():
            if resource["Type"] != "AWS::DynamoDB::Table":
                continue
            logical = next(name for name, each in resources.items() if each is resource)
            name = logical.removesuffix("Table").lower()
            told = {key: resource["Properties"][key] for key in kept if key in resource["Properties"]}
            self.dynamodb.create_table(TableName=name, **told)
            self.names.add(name)
        shops = {path.parent.name for path in TEMPLATE.parents[1].glob("workflows/*/workflow.yaml")}
        for workflow in sorted(shops.union(WORKFLOWS)):
            definition = '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": true}}}'
            self.states.create_state_machine(name=f"shop-{workflow}", definition=definition, roleArn=ROLE)

    def happen(self, *happened: Event) -> None:
        """Store and deliver events, in this order."""
        for each in happened:
            self.events.put(each)
            self.tracker.track(each)

    def scan(self, table: str) -> list[dict[str, Any]]:
        """All items of a table, undecoded."""
        items: list[dict[str, Any]] = self.dynamodb.scan(TableName=table)["Items"]
        return items

    def only(self) -> Any:
        """The one customer who was not merged into another."""
        (item,) = [item for item in self.scan("customers") if "merged_into" not in item]
        return self.customers.get(item["id"]["S"])

    def executions(self, workflow: str) -> dict[str, str]:
        """name → status of a workflow's executions."""
        arn = f"{self.machines.arn_prefix}{workflow}"
        listed = self.states.list_executions(stateMachineArn=arn)["executions"]
        return {each["name"]: each["status"] for each in listed}
