"""The composition root: settings → adapters, built when first asked for and kept.

Each part imports what it needs itself: a function starts with its own modules only.
"""

import os
from functools import cache, partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidings.aws.parameters import Parameters
    from tidings.clock import Clock
    from tidings.customer import Customer
    from tidings.daily import Daily
    from tidings.events import Event
    from tidings.feedback import Feedback
    from tidings.goods.learning import Learner
    from tidings.intake.ingest import Ingest
    from tidings.intake.track import Track
    from tidings.pages import Pages
    from tidings.ports import Operator, Products
    from tidings.privacy.desk import PrivacyDesk
    from tidings.segments import Bounded
    from tidings.settings import RunStepSettings
    from tidings.shop import Shop
    from tidings.steps import Stepper
    from tidings.tracking import Tracker
    from tidings.triggers import Condition

LINK_KEYS = "/keys/links"


@cache
def ingest() -> "Ingest":
    """The way in, for receive_webhook."""
    from tidings import clock
    from tidings.aws.client import client
    from tidings.aws.events_table import EventsTable
    from tidings.aws.parameters import Parameters
    from tidings.aws.unread import UnreadBucket
    from tidings.events import ADDRESS_KEY, TID_KEYS, TRACK_KEY
    from tidings.intake.ingest import Ingest
    from tidings.settings import ReceiveWebhookSettings
    from tidings.sources import SOURCES

    settings = ReceiveWebhookSettings.from_env(os.environ)
    time = clock.from_json(settings.clock)
    names = (ADDRESS_KEY, TRACK_KEY, TID_KEYS, *(f"/webhooks/{source}" for source in SOURCES))
    return Ingest(
        store=EventsTable(client("dynamodb"), settings.events_table),
        parameters=Parameters(partial(client, "ssm"), settings.parameter_prefix, names, time),
        clock=time,
        unread=UnreadBucket(partial(client, "s3"), settings.failures_bucket),
    )


@cache
def track() -> "Track":
    """The way in for the shop's pages, for receive_webhook."""
    from tidings.intake.track import Track
    from tidings.settings import ReceiveWebhookSettings

    settings, door = ReceiveWebhookSettings.from_env(os.environ), ingest()
    return Track(door.store, door.parameters, door.clock, settings.track_origins, settings.track_sandboxed)


class _Counters:
    """Answers `ports.Counters` by the operator's metrics."""

    def count(self, metric: str, by: int = 1) -> None:
        """Add to a metric."""
        from tidings import observe

        observe.count({metric: by})


@cache
def tracker() -> "Tracker":
    """The fold, for track_event."""
    from tidings import clock
    from tidings.aws.client import client
    from tidings.aws.customers_table import OwnedCustomersTable
    from tidings.aws.desk import AsynchronousDesk
    from tidings.aws.events_table import EventsTable
    from tidings.aws.journeys_table import JourneysTable
    from tidings.aws.machines import StateMachines
    from tidings.aws.parked_table import ParkedTable
    from tidings.aws.products_table import ProductsTable
    from tidings.aws.sends_table import SendsTable
    from tidings.aws.suppressions_table import SuppressionsTable
    from tidings.aws.table import Table
    from tidings.privacy.gate import Gate
    from tidings.settings import TrackEventSettings
    from tidings.tracking import Catalogue, Tracker
    from tidings.workflow.package import Packages

    settings = TrackEventSettings.from_env(os.environ)
    dynamodb = client("dynamodb", read=5, attempts=3)
    table = {name: Table(dynamodb, value) for name, value in settings.tables.items()}
    time = clock.from_json(settings.clock)
    packages = Packages()
    shop = packages.shop
    products = ProductsTable(table["products"])
    bounds = _bounds(products, time)
    return Tracker(
        events=EventsTable(dynamodb, settings.tables["events"]),
        customers=OwnedCustomersTable(table["customers"], table["aliases"]),
        journeys=JourneysTable(table["journeys"]),
        machines=StateMachines(
            client("stepfunctions", read=5, attempts=3), settings.state_machine_arn_prefix
        ),
        sends=SendsTable(table["sends"]),
        products=products,
        parked=ParkedTable(table["parked"]),
        counters=_Counters(),
        catalogue=Catalogue(
            packages.workflows, packages.revs, shop, _condition(shop, bounds), packages.rules, bounds
        ),
        clock=time,
        gate=Gate(
            SuppressionsTable(table["suppressions"]),
            AsynchronousDesk(client("lambda", read=5, attempts=3), settings.erase_customer),
        ),
    )


def _bounds(products: "Products", time: "Clock") -> "Bounded":
    """The bounds of RFM, asked for again after an hour: they are learned once a day."""
    from datetime import datetime, timedelta

    from tidings.goods.rfm import RFM, Bounds, load

    kept: list[tuple[datetime, Bounds | None]] = []

    def bounds() -> Bounds | None:
        now = time.machine_now()
        if not kept or now - kept[0][0] > timedelta(hours=1):
            kept[:] = [(now, load(products.get([RFM]).get(RFM)))]
        return kept[0][1]

    return bounds


@cache
def learner() -> "Learner":
    """What the shop's customers teach, for track_event."""
    from tidings import clock
    from tidings.aws.client import client
    from tidings.aws.customers_table import CustomersTable
    from tidings.aws.products_table import ProductsTable
    from tidings.aws.table import Table
    from tidings.goods.learning import Learner
    from tidings.settings import TrackEventSettings

    settings = TrackEventSettings.from_env(os.environ)
    dynamodb = client("dynamodb", read=10, attempts=3)
    return Learner(
        customers=CustomersTable(Table(dynamodb, settings.tables["customers"])),
        products=ProductsTable(Table(dynamodb, settings.tables["products"])),
        clock=clock.from_json(settings.clock),
    )


def _condition(shop: "Shop", bounds: "Bounded") -> "Condition":
    from tidings.expressions import holds
    from tidings.expressions.context import conditions

    def condition(source: str, event: "Event", customer: "Customer") -> bool:
        asked = bounds() if "rfm" in source else None
        names = conditions(event=event, customer=customer, shop=shop, now=event.at, bounds=asked)
        return holds(source, names)

    return condition


def _keys(parameters: "Parameters", name: str) -> dict[str, bytes]:
    from tidings import links

    return links.parse_keys(parameters.words(name))


@cache
def stepper() -> "Stepper":
    """A journey's step, for run_step."""
    from datetime import timedelta

    from tidings import clock
    from tidings.aws.archive import PackageArchive
    from tidings.aws.client import client
    from tidings.aws.customers_table import CustomersTable
    from tidings.aws.events_table import EventsTable
    from tidings.aws.journeys_table import JourneysTable
    from tidings.aws.machines import TaskAnswers
    from tidings.aws.parameters import Parameters
    from tidings.aws.products_table import ProductsTable
    from tidings.aws.sends_table import PaceTable, SendsTable
    from tidings.aws.suppressions_table import SuppressionsTable
    from tidings.aws.table import Table
    from tidings.events import ADDRESS_KEY, TID_KEYS, only_key
    from tidings.mail.letters import Composer
    from tidings.settings import RunStepSettings
    from tidings.steps import Decider, Sender, Stepper
    from tidings.workflow.package import Packages

    settings = RunStepSettings.from_env(os.environ)
    dynamodb = client("dynamodb", read=5, attempts=3)
    table = {name: Table(dynamodb, value) for name, value in settings.tables.items()}
    time = clock.from_json(settings.clock)
    packages = Packages(archive=PackageArchive(client("s3", read=10), settings.packages_bucket))
    names = (LINK_KEYS, TID_KEYS, ADDRESS_KEY)
    parameters = Parameters(partial(client, "ssm"), settings.parameter_prefix, names, time)
    customers = CustomersTable(table["customers"])
    events, sends = EventsTable(dynamodb, settings.tables["events"]), SendsTable(table["sends"])
    products = ProductsTable(table["products"])
    keys, tids = (partial(_keys, parameters, name) for name in (LINK_KEYS, TID_KEYS))
    sender = Sender(
        events=events,
        sends=sends,
        paces=PaceTable(table["pace"]),
        suppressions=SuppressionsTable(table["suppressions"]),
        products=products,
        **_ses(settings, dynamodb, time, packages.shop),
        counters=_Counters(),
        compose=Composer(settings.pages_url, keys, time, products.get, tids),
        address_key=lambda: only_key(parameters.words(ADDRESS_KEY)),
        clock=time,
        unknown_after=timedelta(seconds=settings.unknown_after),
        shop=packages.shop,
    )
    decider = Decider(customers, events, sends, TaskAnswers(client("stepfunctions")), time)
    journeys, bounds = JourneysTable(table["journeys"]), _bounds(products, time)
    return Stepper(customers, journeys, events, sends, sender, decider, packages.get, time, bounds)


def _operator(stack: str) -> "Operator":
    """The operator, told by events on the account's bus."""
    from tidings.aws.client import client
    from tidings.aws.operator import EventBridgeOperator

    return EventBridgeOperator(client("events", read=5, attempts=3), stack)


def _ses(settings: "RunStepSettings", dynamodb: Any, time: "Clock", shop: "Shop") -> dict[str, Any]:
    """SES, and what it lets through: a sender's `mailer` and `governor`."""
    from tidings.aws.client import client
    from tidings.aws.health_table import HealthTable
    from tidings.aws.mailer import SesMailer
    from tidings.aws.quota import Leases, SesAccount
    from tidings.aws.table import Table
    from tidings.pacing.governor import AccountGovernor, Watched

    governor = AccountGovernor(
        account=SesAccount(client("sesv2", read=2)),
        pauses=HealthTable(Table(dynamodb, settings.tables["health"])),
        shared=Leases(Table(dynamodb, settings.tables["pace"])),
        operator=_operator(settings.stack),
        clock=time,
        warm_up=shop.warm_up,
        zone=shop.zone,
    )
    mailer = SesMailer(client("sesv2", read=10, attempts=1), settings.configuration_set, time)
    return {"mailer": Watched(mailer, governor, time), "governor": governor}


@cache
def feedback() -> "Feedback":
    """What SES tells, for record_feedback."""
    from tidings import clock
    from tidings.aws.client import client
    from tidings.aws.events_table import EventsTable
    from tidings.aws.health_table import HealthTable
    from tidings.aws.parameters import Parameters
    from tidings.aws.suppressions_table import SuppressionsTable
    from tidings.aws.table import Table
    from tidings.events import ADDRESS_KEY, only_key
    from tidings.feedback import Feedback
    from tidings.pacing.health import Health
    from tidings.settings import RecordFeedbackSettings
    from tidings.workflow.package import Packages

    settings = RecordFeedbackSettings.from_env(os.environ)
    dynamodb = client("dynamodb", read=5, attempts=3)
    time, shop = clock.from_json(settings.clock), Packages().shop
    parameters = Parameters(partial(client, "ssm"), settings.parameter_prefix, (ADDRESS_KEY,), time)
    health = HealthTable(Table(dynamodb, settings.tables["health"]))
    return Feedback(
        events=EventsTable(dynamodb, settings.tables["events"]),
        suppressions=SuppressionsTable(Table(dynamodb, settings.tables["suppressions"])),
        counters=_Counters(),
        address_key=lambda: only_key(parameters.words(ADDRESS_KEY)),
        clock=time,
        health=Health(health, _operator(settings.stack), time, shop.limits),
        soft=shop.soft_bounces,
    )


@cache
def pages() -> "Pages":
    """The pages behind links, for serve_page."""
    from tidings import clock
    from tidings.aws.client import client
    from tidings.aws.customers_table import CustomersTable
    from tidings.aws.events_table import EventsTable
    from tidings.aws.limits_table import LimitsTable
    from tidings.aws.parameters import Parameters
    from tidings.aws.products_table import ProductsTable
    from tidings.aws.suppressions_table import SuppressionsTable
    from tidings.aws.table import Table
    from tidings.events import ADDRESS_KEY, only_key
    from tidings.pages import Pages, Stores
    from tidings.settings import ServePageSettings
    from tidings.workflow.package import Packages

    settings = ServePageSettings.from_env(os.environ)
    dynamodb = client("dynamodb")
    time = clock.from_json(settings.clock)
    parameters = Parameters(partial(client, "ssm"), settings.parameter_prefix, (LINK_KEYS, ADDRESS_KEY), time)
    packages = Packages()
    stores = Stores(
        events=EventsTable(dynamodb, settings.tables["events"]),
        suppressions=SuppressionsTable(Table(dynamodb, settings.tables["suppressions"])),
        customers=CustomersTable(Table(dynamodb, settings.tables["customers"])),
        link_keys=partial(_keys, parameters, LINK_KEYS),
        look_up=ProductsTable(Table(dynamodb, settings.tables["products"])).get,
        limits=LimitsTable(Table(dynamodb, settings.tables["limits"])),
        address_key=lambda: only_key(parameters.words(ADDRESS_KEY)),
    )
    return Pages(stores, packages.shop, time, packages.pages)


@cache
def daily() -> "Daily":
    """The daily rule, for run_daily."""
    from tidings import clock
    from tidings.aws.client import client
    from tidings.aws.customers_table import CustomersTable
    from tidings.aws.events_table import EventsTable
    from tidings.aws.table import Table
    from tidings.daily import Daily
    from tidings.settings import RunDailySettings

    settings = RunDailySettings.from_env(os.environ)
    dynamodb = client("dynamodb", read=5, attempts=3)
    return Daily(
        events=EventsTable(dynamodb, settings.tables["events"]),
        customers=CustomersTable(Table(dynamodb, settings.tables["customers"])),
        clock=clock.from_json(settings.clock),
    )


@cache
def privacy_desk() -> "PrivacyDesk":
    """Requests of privacy law, for erase_customer."""
    from tidings import clock
    from tidings.aws.buckets import FailuresBucket, PrivateStore
    from tidings.aws.client import client
    from tidings.aws.machines import StateMachines
    from tidings.aws.parameters import Parameters
    from tidings.aws.personal import PersonalTables
    from tidings.aws.suppressions_table import SuppressionsTable
    from tidings.aws.table import Table
    from tidings.events import ADDRESS_KEY, only_key
    from tidings.privacy.desk import PrivacyDesk
    from tidings.privacy.erasing import Eraser
    from tidings.privacy.receipts import Receipts
    from tidings.settings import EraseCustomerSettings

    settings = EraseCustomerSettings.from_env(os.environ)
    dynamodb, s3 = client("dynamodb", read=5, attempts=3), client("s3", read=10, attempts=3)
    store, time = PrivateStore(s3, settings.privacy_bucket), clock.from_json(settings.clock)
    parameters = Parameters(partial(client, "ssm"), settings.parameter_prefix, (ADDRESS_KEY,), time)
    tables = {name: Table(dynamodb, value) for name, value in settings.tables.items()}
    records = PersonalTables(tables, lambda: only_key(parameters.words(ADDRESS_KEY)))
    machines = StateMachines(client("stepfunctions", read=5, attempts=3), settings.state_machine_arn_prefix)
    failures = FailuresBucket(s3, settings.failures_bucket)
    return PrivacyDesk(
        records=records,
        shredder=records,
        eraser=Eraser(records, records, machines, Receipts(store), failures, time),
        store=store,
        suppressions=SuppressionsTable(records.tables["suppressions"]),
        operator=_operator(settings.stack),
        clock=time,
    )
