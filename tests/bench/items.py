"""How large events and customers are in DynamoDB, after the demo shop's year with all ready-made workflows.

Sizes by AWS's own rules: docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html.
The year is folded twice: as it happened, day by day with the daily rule, and imported in one go, which is when
customers remember the most event ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from infra.local.story import Story
from infra.local.wire import Webhook, headers
from tests.bench.figures import Figure
from tests.unit.sources.bodies import KEY
from tests.worlds import World
from tidings.aws import codec, customer_item, events_table
from tidings.clock import FixedClock
from tidings.customer import Customer
from tidings.daily import Daily
from tidings.errors import BadInput
from tidings.events import ORDER_TYPES, Event
from tidings.expressions import holds
from tidings.expressions.context import conditions
from tidings.ports import Send
from tidings.shop import load_shop
from tidings.sources import SOURCES, Request
from tidings.workflow.check.segments import load_rules
from tidings.workflow.load import load_workflow

BOUND = 1024
SEED = 1
START = datetime(2026, 2, 27, tzinfo=UTC)
DAY = timedelta(days=1)
ROOT = Path(__file__).parents[2]
COUNTED = frozenset({"mail_clicked", "product_viewed"})
"""What the ready-made rules and workflows count."""


class Ended:
    """A ledger by which every journey that can have ended has."""

    def is_final(self, journey_id: str) -> bool:
        """It has."""
        return bool(journey_id)

    def entries(self, journey_id: str) -> Sequence[Send]:
        """None that waits."""
        return ()


def size(value: Mapping[str, Any]) -> int:
    """The bytes of an attribute value."""
    kind, held = next(iter(value.items()))
    match kind:
        case "S":
            return len(held.encode())
        case "B":
            return len(held)
        case "N":
            return (len(held.lstrip("-").replace(".", "").strip("0")) + 1) // 2 + 1
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(len(each.encode()) for each in held)
        case "L":
            return 3 + sum(1 + size(each) for each in held)
        case "M":
            return 3 + item_size(held) + len(held)
        case _:
            raise TypeError(f"no size is known of {kind}")


def item_size(item: Mapping[str, Any]) -> int:
    """The bytes of an item as DynamoDB counts them."""
    return sum(len(name.encode()) + size(value) for name, value in item.items())


def measure() -> list[Figure]:
    """Medians, and how many events take one write unit."""
    hooks = Story(SEED, "http://127.0.0.1/pictures/").history(START)
    lived, imported = _live(hooks), _import(hooks)
    told = [event for event in lived.events.rows.values() if event.source != "calendar"]
    sizes = [item_size(events_table.to_item(event)) for event in told]
    orders = [taken for taken, event in zip(sizes, told, strict=True) if event.type in ORDER_TYPES]
    small = 100 * sum(each <= BOUND for each in sizes) / len(sizes)
    return [
        Figure(f"event item, median of {len(sizes)}", median(sizes), "bytes"),
        Figure(f"event item of an order, median of {len(orders)}", median(orders), "bytes"),
        Figure("events of one write unit", small, "%"),
        Figure(f"customer item, median of {len(lived.customers.people)}", _median(lived), "bytes", BOUND),
        Figure("customer item, the largest", max(map(_customer_size, lived.customers.people)), "bytes"),
        Figure("customer item, median after an import in one go", _median(imported), "bytes", BOUND),
    ]  # fmt: skip


def _live(hooks: list[Webhook]) -> World:
    """The year as it happened."""
    world = _world(hooks[0].at)
    daily = Daily(world.events, world.customers, world.clock)
    for hook in hooks:
        while world.clock.time.date() < hook.at.date():
            world.clock.time = (
                datetime.combine(world.clock.time.date() + DAY, datetime.min.time(), UTC) + DAY / 288
            )
            known = set(world.events.rows)
            daily.run()
            for key in world.events.rows.keys() - known:
                world.tracker.track(world.events.rows[key])
        world.clock.time = max(world.clock.time, hook.at)
        _deliver(world, hook)
    return world


def _import(hooks: list[Webhook]) -> World:
    """The year told in one go, on its last day."""
    world = _world(START)
    for hook in hooks:
        _deliver(world, hook)
    return world


def _world(at: datetime) -> World:
    """A shop with everything that it comes with."""
    world, folder = World(clock=FixedClock(at)), ROOT / "workflows"
    shop = load_shop(folder / "shop.yaml")
    workflows = {
        path.parent.name: load_workflow(path.parent).workflow
        for path in sorted(folder.glob("*/workflow.yaml"))
    }

    def where(source: str, event: Event, customer: Customer) -> bool:
        return holds(source, conditions(event=event, customer=customer, shop=shop, now=event.at))

    rules = load_rules(folder).rules.model_copy(update={"counted": COUNTED})
    catalogue = replace(
        world.tracker.catalogue,
        workflows=workflows,
        revs=dict.fromkeys(workflows, "r1"),
        shop=shop,
        where=where,
        rules=rules,
    )
    world.tracker = replace(world.tracker, catalogue=catalogue)
    object.__setattr__(world.tracker, "sends", Ended())
    return world


def _deliver(world: World, hook: Webhook) -> None:
    sent = headers(hook, "whsec_c2VjcmV0", hook.event_id, world.clock.now())
    request = Request(hook.source, {name.lower(): value for name, value in sent.items()}, hook.body)
    try:
        events: list[Event] = SOURCES[hook.source].parse(request, world.clock.now(), KEY)
    except BadInput as error:
        raise AssertionError(f"{hook.topic} of the demo shop was refused") from error
    for event in events:
        if world.events.put(event):
            world.tracker.track(event)


def _customer_size(customer: Customer) -> int:
    told = {name: value for name, value in customer_item.to_item(customer).items() if value is not None}
    return item_size(codec.encode_item(told))


def _median(world: World) -> float:
    return median(map(_customer_size, world.customers.people))
