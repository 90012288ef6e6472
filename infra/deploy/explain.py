"""Tells an operator why a customer got a mail, or did not: here and on AWS alike. Reads, and writes nothing."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3

from infra.deploy import operate, privacy, release
from infra.deploy.errors import DeployError
from tidings.aws.health_table import HealthTable
from tidings.aws.personal import PersonalTables
from tidings.aws.table import Table
from tidings.clock import Clock, from_json
from tidings.errors import BadInput
from tidings.events import address_alias, customer_identity
from tidings.explain import Facts, Story
from tidings.explain import explain as told
from tidings.people.compact import epoch
from tidings.privacy.belongings import Search, asked_for
from tidings.shop import load_shop
from tidings.workflow.load import load_workflow, workflow_folders
from tidings.workflow.model import Workflow

PERSONAL: Final = (
    "aliases",
    "customers",
    "events",
    "journeys",
    "pace",
    "parked",
    "sends",
    "suppressions",
)
UNKNOWN: Final = "nobody is known by that name: CUSTOMER=<e-mail, id, or alias such as shopify:customer:1>"


def run(stack: str, customer: str, *, as_json: bool = False) -> str:
    """The customer's story, as text or JSON. Raises DeployError when there is nobody, or no such stack."""
    at = privacy.desk(stack)
    who = privacy.named(at, customer)
    clock = from_json(operate.place(stack).clock)
    asked = customer.strip() if who != customer.strip() else ""
    key = privacy.address_key(at)
    story = story_of(at.connect("dynamodb"), tables(stack), who, clock, asked=asked, key=key)
    return json.dumps(story.data(), indent=1, ensure_ascii=False) if as_json else story.text().rstrip()


def story_of(
    client: Any,
    names: dict[str, str],
    who: str,
    clock: Clock,
    *,
    asked: str = "",
    key: bytes = b"",
    root: Path = release.ROOT / "workflows",
) -> Story:
    """The story of whoever goes by that id or alias. `names` are the tables' by role, `root` is the shop's folder;
    `key` hashes their address as mail goes to it, under which it is suppressed."""
    tables_ = {name: Table(client, names[name]) for name in PERSONAL}
    name = who if ":" in who else customer_identity(who)
    kept = Search(PersonalTables(tables_, lambda: key), asked_for(who, epoch(clock.now()))).find()
    workflows = _workflows(root)
    health = HealthTable(Table(client, names["health"]))
    met = {journey.workflow for journey in kept.journeys} | workflows.keys()
    pauses = {each: pause for each in sorted(met) if (pause := health.pause_of(each))}

    def alias(address: str) -> str:
        return address_alias(address, key) if key and address else ""

    facts = Facts(kept, load_shop(root / "shop.yaml"), workflows, clock.now(), pauses, asked, alias)
    try:
        return told(facts)
    except LookupError:
        if kept.events and name not in kept.ids:
            raise DeployError(
                f"{len(kept.events)} events go by that name, and none of them names a customer yet"
            ) from None
        raise DeployError(UNKNOWN) from None


def tables(stack: str, stacks: Any = None) -> dict[str, str]:
    """The names of a stack's tables by role: `journeys`. `stacks` is a CloudFormation client."""
    if not stack:
        return dict(release.local()["tables"])
    stacks = stacks or boto3.client("cloudformation")
    nested = stacks.describe_stack_resource(StackName=stack, LogicalResourceId="Tables")
    physical = nested["StackResourceDetail"]["PhysicalResourceId"]
    found = stacks.describe_stacks(StackName=physical)["Stacks"][0]["Outputs"]
    return {
        each["OutputKey"].removesuffix("Table").lower(): each["OutputValue"]
        for each in found
        if each["OutputKey"].endswith("Table")
    }


@cache
def _workflows(root: Path) -> dict[str, Workflow]:
    """Those in force. The journeys of one that cannot be read are told all the same."""
    found = {}
    for folder in workflow_folders(root):
        try:
            found[folder.name] = load_workflow(folder).workflow
        except BadInput:
            continue
    return found
