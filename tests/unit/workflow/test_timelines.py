"""What customers live in each of the shop's workflows, as text that people read: tests/golden/<workflow>.txt.

`UPDATE_GOLDEN=1` writes them anew; read the difference before committing it.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.worlds import checkout, event, order, subscribed
from tidings.context import customer_view, event_view
from tidings.customer import Customer
from tidings.events import Event
from tidings.expressions import holds
from tidings.ports import Suppression
from tidings.workflow.load import load_workflow, workflow_folders
from tidings.workflow.play import Story, play

ROOT = Path(__file__).parents[3]
WORKFLOWS = {folder.name: load_workflow(folder).workflow for folder in workflow_folders(ROOT / "workflows")}
SHOP_ZONE = ZoneInfo("America/New_York")
WHO: dict[str, Any] = {"account": "1", "address": "ann@example.com"}


def at(text: str) -> datetime:
    """`2026-03-10 12:00`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def joined(when: str, **more: Any) -> Event:
    """Ann subscribes, on a day before the workflow's own beginning."""
    return subscribed(f"s{when}", at=at(when), received=at(when), **WHO, **more)


def left(when: str, **more: Any) -> Event:
    """Ann leaves a checkout."""
    return checkout(f"c{when}", at=at(when), received=at(when), **{**WHO, **more})


def bought(when: str) -> Event:
    """Ann buys."""
    return order(f"o{when}", at=at(when), received=at(when), **WHO)


def told(when: str, **profile: Any) -> Event:
    """Ann's profile changes."""
    return event("profile_updated", f"p{when}", at=at(when), received=at(when), **WHO, **profile)


def unsubscribed(when: str) -> Event:
    """Ann takes her consent back."""
    state = {"state": "unsubscribed", "at": at(when).isoformat()}
    return event("unsubscribed", f"u{when}", at=at(when), received=at(when), consent=state, **WHO)


def bounced(when: str) -> Suppression:
    """Ann's address is found dead."""
    return Suppression("ann", "bounced", int(at(when).timestamp()))


Stories = dict[str, tuple[Sequence[Event], Sequence[Suppression]]]

STORIES: dict[str, Stories] = {
    "welcome": {
        "Ann subscribes and buys nothing": ([joined("2026-03-10 12:00")], ()),
        "Ann subscribes and buys the day after": ([joined("2026-03-10 12:00"), bought("2026-03-11 15:30")], ()),
        "Ann subscribes, leaves after an hour, and comes back a month later": (
            [joined("2026-03-10 12:00"), unsubscribed("2026-03-10 13:00"), joined("2026-04-10 12:00")],
            (),
        ),
        "Ann subscribes, and the first mail bounces": ([joined("2026-03-10 12:00")], [bounced("2026-03-10 12:01")]),
    },
    "abandoned-checkout": {
        "Ann leaves a checkout and does not come back": ([joined("2026-01-05 09:00"), left("2026-03-10 12:00")], ()),
        "Ann leaves a checkout and buys after the first reminder": (
            [joined("2026-01-05 09:00"), left("2026-03-10 12:00"), bought("2026-03-10 20:15")],
            (),
        ),
        "Ann leaves a checkout and buys within the hour": (
            [joined("2026-01-05 09:00"), left("2026-03-10 12:00"), bought("2026-03-10 12:40")],
            (),
        ),
        "Ann leaves a checkout that costs nothing": (
            [joined("2026-01-05 09:00"), left("2026-03-10 12:00", total="0.00")],
            (),
        ),
        "Ann leaves checkouts on the 10th, the 12th and the 20th": (
            [joined("2026-01-05 09:00"), left("2026-03-10 12:00"), left("2026-03-12 12:00"), left("2026-03-20 12:00")],
            (),
        ),
        "Ann, who never subscribed, leaves a checkout": ([left("2026-03-10 12:00")], ()),
    },
    "birthday": {
        "Ann, in Auckland, was born on 29 February": (
            [joined("2026-02-01 09:00"), told("2026-02-01 09:00", birthday="1992-02-29", timezone="Pacific/Auckland")],
            (),
        ),
        "Ann, in Honolulu, tells day and month on the eve": (
            [joined("2026-02-01 09:00", timezone="Pacific/Honolulu"), told("2026-05-13 22:00", birthday="--05-14")],
            (),
        ),
        "Ann, somewhere, unsubscribes before her birthday": (
            [
                joined("2026-02-01 09:00"),
                told("2026-02-01 09:00", birthday="1992-05-14"),
                unsubscribed("2026-05-01 09:00"),
            ],
            (),
        ),
    },
    "win-back": {
        "Ann orders once and falls silent": ([joined("2026-01-05 09:00"), bought("2026-01-10 15:30")], ()),
        "Ann orders again after the first mail": (
            [joined("2026-01-05 09:00"), bought("2026-01-10 15:30"), bought("2026-03-15 10:00")],
            (),
        ),
        "Ann orders again on the 59th day": (
            [joined("2026-01-05 09:00"), bought("2026-01-10 15:30"), bought("2026-03-10 10:00")],
            (),
        ),
    },
}  # fmt: skip


def where(source: str, event: Event, customer: Customer) -> bool:
    """A trigger's condition, as in production."""
    return holds(source, {"event": event_view(event), "customer": customer_view(customer), "now": event.at})


def timelines(name: str) -> str:
    """All stories of a workflow as one text."""
    parts = []
    for title, (events, suppressions) in STORIES[name].items():
        story = Story(
            events, until=events[-1].at + timedelta(days=100), zone=SHOP_ZONE, suppressions=suppressions
        )
        customer_zone = next((e.properties["timezone"] for e in events if "timezone" in e.properties), None)
        zone = ZoneInfo(customer_zone) if customer_zone else SHOP_ZONE
        journeys = play(WORKFLOWS[name], story, where)
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
            story = Story(
                events, until=events[-1].at + timedelta(days=100), zone=SHOP_ZONE, suppressions=suppressions
            )
            for journey in play(WORKFLOWS[name], story, where):
                sent = [visit.what for visit in journey.visits if visit.what.startswith("sends")]
                assert len(sent) == len(set(sent))
