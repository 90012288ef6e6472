"""What customers live in each of the shop's workflows, as text that people read: tests/golden/<workflow>.txt.

`UPDATE_GOLDEN=1` writes them anew; read the difference before committing it. The stories stand in `stories_*.py`,
each with its `STORIES` by workflow.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.workflow.told import Stories
from tidings.customer import Customer
from tidings.events import Event
from tidings.expressions import holds
from tidings.expressions.context import conditions
from tidings.ports import Suppression
from tidings.segments import Rules
from tidings.shop import load_shop
from tidings.workflow.check.segments import counted, load_rules
from tidings.workflow.load import load_workflow, workflow_folders
from tidings.workflow.play import Story, play
from tidings.workflow.walk import Timeline

ROOT = Path(__file__).parents[3]
WORKFLOWS = {folder.name: load_workflow(folder).workflow for folder in workflow_folders(ROOT / "workflows")}
SHOP = load_shop(ROOT / "workflows" / "shop.yaml")
STORIES: dict[str, Stories] = {}
for _path in sorted(Path(__file__).parent.glob("stories_*.py")):
    STORIES |= import_module(f"tests.unit.workflow.{_path.stem}").STORIES


def _rules() -> Rules:
    """The shop's segments, with the events that they and the workflows count, as the build finds them."""
    told = load_rules(ROOT / "workflows").rules
    texts = [segment.rule for segment in told.segments.values()]
    texts += [workflow.model_dump_json() for workflow in WORKFLOWS.values()]
    return told.model_copy(update={"counted": counted(texts)})


RULES = _rules()
DOUBLE_OPT_IN = ("confirm-subscription",)
"""Workflows of shops that ask for a confirmation."""

PRODUCTS = {"shopify:product:7": {"title": "Genmaicha", "product_type": "Tea"}}
"""What a purchase earns a tag by."""


def lived(name: str, events: Sequence[Event], suppressions: Sequence[Suppression]) -> list[Timeline]:
    """Ann's journeys in a workflow that begin within 100 days of the last event."""
    until = events[-1].at + timedelta(days=100)
    shop = SHOP.model_copy(update={"double_opt_in": name in DOUBLE_OPT_IN})
    told = Story(events, until, SHOP.zone, suppressions, shop=shop, rules=RULES, products=PRODUCTS)
    return play(WORKFLOWS[name], told, where)


def where(source: str, event: Event, customer: Customer) -> bool:
    """A trigger's condition, as in production."""
    return holds(source, conditions(event=event, customer=customer, shop=SHOP, now=event.at))


def timelines(name: str) -> str:
    """All stories of a workflow as one text."""
    parts = []
    for title, (events, suppressions) in STORIES[name].items():
        customer_zone = next((e.properties["timezone"] for e in events if "timezone" in e.properties), None)
        zone = ZoneInfo(customer_zone) if customer_zone else SHOP.zone
        journeys = lived(name, events, suppressions)
        text = "\n".join(journey.text(zone) for journey in journeys) or "nothing begins\n"
        parts.append(f"{title} ({zone.key})\n\n{text}")
    return "\n\n".join(parts)


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_each_workflow_plays_as_written_down(name: str) -> None:
    """The compiled machine, walked with the decisions of a step, over a few lives."""
    golden = ROOT / "tests" / "golden" / f"{name}.txt"
    text = timelines(name)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, "utf-8")
    assert golden.read_text("utf-8") == text


def test_no_customer_gets_a_step_twice_in_a_journey() -> None:
    """Over all stories: within one timeline each mail goes at most once."""
    for name, stories in STORIES.items():
        for events, suppressions in stories.values():
            for journey in lived(name, events, suppressions):
                sent = [visit.what for visit in journey.visits if visit.what.startswith("sends")]
                assert len(sent) == len(set(sent))
