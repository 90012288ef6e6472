"""A small world for tests of the fold and of steps: fakes, four workflows, events made by hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests import fakes
from tidings import events as ev
from tidings.clock import FixedClock
from tidings.customer import Customer
from tidings.events import Event
from tidings.pacing.governor import Unlimited
from tidings.privacy.gate import Gate
from tidings.shop import Sender as From
from tidings.shop import Shop
from tidings.steps import Decider, Sender, Stepper
from tidings.tracking import Catalogue, Tracker
from tidings.workflow.model import Workflow

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
KEY = b"a-key-for-tests"

_DEFINITIONS: tuple[dict[str, Any], ...] = (
    {
        "id": "welcome",
        "name": "Welcome",
        "trigger": {"event": "subscribed"},
        "exit": {"event": "order_placed"},
        "reentry": "never",
        "steps": [{"send": "welcome"}, {"wait": "2 days"}, {"send": "getting-started"}],
    },
    {
        "id": "abandoned-checkout",
        "name": "Abandoned checkout",
        "trigger": {"event": "checkout_started", "where": "event.total > 0"},
        "exit": [{"event": "order_placed"}],
        "reentry": "7 days",
        "steps": [
            {"wait": "1 hour"},
            {"send": "reminder"},
            {"wait": "1 day"},
            {"send": "second-reminder"},
            {"wait": "3 days"},
            {"send": "last-call"},
        ],
    },
    {
        "id": "birthday",
        "name": "Birthday",
        "trigger": {"date": "birthday", "at": "09:00"},
        "steps": [{"send": "birthday"}],
    },
    {
        "id": "win-back",
        "name": "Win back",
        "trigger": {"inactive": "order_placed", "for": "60 days"},
        "exit": {"event": "order_placed"},
        "steps": [{"send": "we-miss-you"}, {"wait": "14 days"}, {"send": "come-back"}],
    },
)
WORKFLOWS = {flow["id"]: Workflow.model_validate(flow) for flow in _DEFINITIONS}


def email(address: str) -> str:
    """The alias of an address."""
    return ev.address_alias(address, KEY)


def event(
    type_: str, name: str, *, at: datetime = NOW, received: datetime | None = None, **told: Any
) -> Event:
    """An event of customer object `account` (and `address`), or of contact `contact`, or of a token alone."""
    account, address = told.pop("account", None), told.pop("address", None)
    contact, tokens = told.pop("contact", None), told.pop("tokens", ())
    aliases = [ev.account_alias("shopify", account)] if account else []
    aliases += [email(value) for value in (address, contact) if value]
    aliases += tokens
    properties = dict(told)
    if address or contact:
        properties.setdefault("email", address or contact)
    return Event(
        id=f"shopify:{type_}:{name}",
        type=type_,
        at=at,
        received_at=received or max(at, NOW),
        source="shopify",
        identity=aliases[0],
        aliases=tuple(aliases),
        names_customer=bool(account),
        properties=properties,
    )


def checkout(token: str, *, type_: str = "checkout_started", at: datetime = NOW, **told: Any) -> Event:
    """A checkout event."""
    told.setdefault("total", "30.00")
    told.setdefault("tokens", (ev.token_alias("shopify", "checkout", token),))
    name = token if type_ == "checkout_started" else f"{token}:{at:%H%M%S}"
    return event(type_, name, at=at, checkout=token, **told)


def order(number: str, *, type_: str = "order_placed", at: datetime = NOW, **told: Any) -> Event:
    """An order event."""
    told.setdefault("total", "30.00")
    told.setdefault("placed_at", at.isoformat())
    return event(type_, number, at=at, order_id=number, **told)


def subscribed(name: str, *, at: datetime = NOW, **told: Any) -> Event:
    """Consent given."""
    return event("subscribed", name, at=at, consent={"state": "subscribed", "at": at.isoformat()}, **told)


SHOP = Shop(
    name="Shop",
    url="https://shop.example",
    sender=From(name="Shop", address="hello@shop.example"),
    support="help@shop.example",
    address=["1 Street"],
)

ANN: dict[str, Any] = {"account": "1", "address": "ann@example.com"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def story() -> list[Event]:
    """A customer's afternoon, told in six events."""
    return [
        event("customer_registered", "1", at=NOW - HOUR, first_name="Ann", **ANN),
        subscribed("1", at=NOW - HOUR / 2, **ANN),
        checkout("t1", at=NOW - HOUR / 3, **ANN),
        checkout("t1", type_="checkout_updated", at=NOW - HOUR / 4, total="44.00", **ANN),
        order("o1", at=NOW - HOUR / 5, total="44.00", checkout="t1", **ANN),
        order("o1", type_="order_paid", at=NOW, placed_at=(NOW - HOUR / 5).isoformat(), total="44.00", **ANN),
    ]


def essence(customer: Customer) -> object:
    """What must not depend on the order of arrival."""
    checkouts = {
        key: (value.updated_at, value.event, value.completed) for key, value in customer.checkouts.items()
    }
    return (
        dict(customer.profile),
        dict(customer.consent),
        dict(customer.orders),
        checkouts,
        dict(customer.last),
    )


def above_nothing(source: str, event: Event, customer: Customer) -> bool:
    """Stands for the expression `event.total > 0`."""
    assert source == "event.total > 0"
    return float(event.properties.get("total", 0)) > 0


def stepper_of(parts: Any, **told: Any) -> Stepper:
    """A stepper on the ports that `parts` has by these names; `told` replaces or adds."""

    def part(name: str) -> Any:
        return told[name] if name in told else getattr(parts, name)

    shared = {name: part(name) for name in ("events", "sends", "clock")}
    names = ("paces", "suppressions", "products", "mailer", "counters", "compose")
    own: dict[str, Any] = {name: part(name) for name in names} | {"address_key": lambda: KEY}
    own["governor"] = told.get("governor") or Unlimited()
    sender = Sender(**shared, **own, jitter=lambda: 0.0, pause=lambda seconds: None)
    decider = Decider(**shared, customers=part("customers"), machines=part("machines"))
    return Stepper(
        **shared,
        customers=part("customers"),
        journeys=part("journeys"),
        package=part("package"),
        sender=sender,
        decider=decider,
    )


def tracker_of(parts: Any, workflows: Mapping[str, Workflow] = WORKFLOWS, **told: Any) -> Tracker:
    """A tracker of these workflows on the ports that `parts` has by these names; `told` adds."""
    names = (
        "events",
        "customers",
        "journeys",
        "machines",
        "sends",
        "products",
        "parked",
        "counters",
        "clock",
    )
    catalogue = Catalogue(workflows, dict.fromkeys(workflows, "r1"), SHOP, above_nothing)
    return Tracker(**{name: getattr(parts, name) for name in names}, catalogue=catalogue, **told)


@dataclass
class World:
    """A tracker on fakes. `faults` is shared by all that can fail."""

    faults: fakes.Faults = field(default_factory=fakes.Faults)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))

    def __post_init__(self) -> None:
        self.events = fakes.FakeEvents()
        self.customers = fakes.FakeCustomers(self.faults)
        self.journeys = fakes.FakeJourneys(self.faults)
        self.machines = fakes.FakeMachines(self.faults)
        self.sends = fakes.FakeSends()
        self.products = fakes.FakeProducts()
        self.parked = fakes.FakeParked()
        self.counters = fakes.FakeCounters()
        self.suppressions = fakes.FakeSuppressions(self.faults)
        self.desk = fakes.FakeDesk(self.faults)
        numbers = count(1)
        self.new_id: Callable[[], str] = lambda: f"c{next(numbers)}"
        self.tracker = tracker_of(self, new_id=self.new_id, gate=Gate(self.suppressions, self.desk))

    def happen(self, *happened: Event) -> None:
        """Store and deliver events, in this order."""
        for each in happened:
            self.events.put(each)
            self.tracker.track(each)

    def only(self) -> Customer:
        """The one customer there is."""
        (customer,) = self.customers.people
        return customer

    def pass_time(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.advance(by)


def world_with(**told: object) -> World:
    """A world with one more workflow, `extra`."""
    world = World()
    flow = Workflow.model_validate({"id": "extra", "name": "Extra", **told})
    catalogue = world.tracker.catalogue
    workflows = {**WORKFLOWS, "extra": flow}
    revs = dict.fromkeys(workflows, "r1")
    world.tracker = replace(world.tracker, catalogue=replace(catalogue, workflows=workflows, revs=revs))
    return world
