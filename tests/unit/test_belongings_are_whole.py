"""Nothing that is kept of a person can be forgotten: a new table, bucket, queue or attribute fails here until somebody
says what an erasure does with it, what an export tells of it, and where the shop reads that."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from infra.deploy import explain
from tests.integration.office import PERSONAL
from tests.unit.test_template import PARTS, of_type, statements
from tests.worlds import ANN, NOW, order
from tidings.customer import ClosedJourney, Customer, OpenJourney, epoch
from tidings.events import Event
from tidings.people.consent import Word
from tidings.people.orders import Checkout, Order
from tidings.people.refusals import Refusal
from tidings.ports import Journey, Pace, Plan, Send, Suppression
from tidings.privacy.belongings import Belongings
from tidings.privacy.exporting import document
from tidings.privacy.receipts import EXPIRES
from tidings.settings import EraseCustomerSettings

DOCS = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")
NOBODY = {"products", "health"}
"""Tables that hold no person."""

BY_ITSELF = {"limits"}
"""Tables whose items expire within days: hashes that forms are counted by."""

TABLES = of_type("AWS::DynamoDB::Table")
ERASED = set(
    EraseCustomerSettings.from_env(
        {f"{name.removesuffix('Table').upper()}_TABLE": "t" for name in TABLES}
        | dict.fromkeys(
            ("PRIVACY_BUCKET", "FAILURES_BUCKET", "STATE_MACHINE_ARN_PREFIX", "STACK", "PARAMETER_PREFIX"),
            "x",
        )
    ).tables
)


def role(name: str) -> str:
    """`events` of `EventsTable`."""
    return name.removesuffix("Table").lower()


def test_every_table_is_erased_from_or_holds_nobody() -> None:
    """In every template; the erasure's settings, its test on all tables, and what is explained name the same ones."""
    assert {role(name) for name in TABLES} == ERASED | NOBODY | BY_ITSELF
    assert set(PERSONAL) == set(explain.PERSONAL) == ERASED
    for name in BY_ITSELF:
        assert TABLES[f"{name.title()}Table"]["Properties"]["TimeToLiveSpecification"]["Enabled"] is True


@pytest.mark.parametrize("name", sorted(ERASED))
def test_the_eraser_may_find_and_delete_in_every_table_of_persons(name: str) -> None:
    """Or an erasure would stop there for ever."""
    wanted = f"'Outputs.{name.title()}Arn'"
    rights = {
        action
        for each in statements("EraseCustomer")
        if wanted in str(each["Resource"])
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert {"dynamodb:Query", "dynamodb:DeleteItem"} <= rights, rights


def _row(*names: str) -> bool:
    """Whether the list of places has a line whose first cell speaks of all of these."""
    cells = re.findall(r"^\| ([^|]+) \|", DOCS, re.MULTILINE)
    return any(all(name in cell.lower() for name in names) for cell in cells)


def test_every_place_is_in_the_list_that_the_shop_reads() -> None:
    """Tables, buckets but for the packages (definitions, nobody's), queues."""
    assert [name for name in TABLES if not _row(role(name))] == []
    buckets = {re.sub("Bucket$", "", name).lower() for name in of_type("AWS::S3::Bucket")} - {"packages"}
    assert [
        name for name in sorted(buckets) if not _row("private" if name == "privacy" else name, "bucket")
    ] == []
    queues = {
        "FeedbackQueue": "feedback queue",
        "FeedbackDeadLetters": "dead letters",
        "FailuresQueue": "failures queue",
    }
    assert set(of_type("AWS::SQS::Queue")) == queues.keys()
    assert all(_row(name) for name in queues.values())


def _days(bucket: str, prefix: str | None) -> int:
    rules = of_type("AWS::S3::Bucket")[bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
    (days,) = (int(each["ExpirationInDays"]) for each in rules if each.get("Prefix") == prefix)
    return days


def test_what_expires_by_itself_does_so_when_the_receipt_says() -> None:
    """Days in the receipt, in the templates and in what the shop reads."""
    assert EXPIRES["exports that were asked for"] == f"{_days('PrivacyBucket', 'exports/')} days"
    assert EXPIRES["batches in the failures bucket"] == f"{_days('FailuresBucket', None)} days"
    assert EXPIRES["deliveries there that could not be read"] == f"{_days('FailuresBucket', 'unread/')} days"
    longest = max(
        int(queue["Properties"].get("MessageRetentionPeriod", 345_600))
        for queue in of_type("AWS::SQS::Queue").values()
    )
    assert EXPIRES["messages in the queues of failures and dead letters"] == f"{longest // 86_400} days"
    assert all(each.split()[0] in DOCS for each in EXPIRES.values())


def test_nothing_else_that_could_keep_anything_is_deployed() -> None:
    """A database, cache, stream or file system would need a place in all of the above."""
    kinds = {
        resource["Type"]
        for name, part in PARTS.items()
        if name != "workflows.yaml"
        for resource in part["Resources"].values()
    }
    keeping = re.compile(
        r"DynamoDB|S3::Bucket|SQS::Queue|SNS::Topic|Logs::|RDS|ElastiCache|Kinesis|Firehose|EFS|Timestream|MSK"
    )
    known = {
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::Logs::LogGroup",
    }
    assert {kind for kind in kinds if keeping.search(kind)} <= known


MACHINERY = "of no person: what guards the machinery"
TOLD: dict[type, dict[str, str]] = {
    Customer: {
        "id": "people.id",
        "created_at": "people.known_since",
        "partitions": "known_by",
        "profile": "people.profile",
        "consent": "consent.now",
        "orders": "people.orders",
        "checkouts": "people.checkouts",
        "last": "people.last_times",
        "counts": "people.counts",
        "times": "people.times",
        "earned": "people.tags",
        "codes": "people.discount_codes",
        "segments": "people.segments",
        "closed": "journeys.ended",
        "entries": "people.last_entered",
        "refused": "people.not_entered",
        "due_on": "people.looked_at_again_on",
        "journeys": "journeys",
        "version": MACHINERY,
        "silent": MACHINERY,
        "known": MACHINERY,
        "pending": MACHINERY,
        "seen": MACHINERY,
        "merged_into": MACHINERY,
    },
    Word: {
        "said": "consent.now.word",
        "at": "consent.now.at",
        "source": "consent.now.source",
        "proof": "consent.now.proof",
    },
    Order: {
        "placed_at": "people.orders.placed_at",
        "total": "people.orders.total",
        "told_at": MACHINERY,
        "cancelled": "people.orders.cancelled",
        "items": "people.orders.items",
        "refunds": "people.orders.refunds",
    },
    Checkout: {
        "updated_at": "people.checkouts.updated_at",
        "event": "people.checkouts.told_by",
        "completed": "people.checkouts.completed",
    },
    OpenJourney: {
        "workflow": "journeys.workflow",
        "entered_at": "journeys.entered_at",
        "ends_after": MACHINERY,
        "next_at": "planned_mails",
        "priority": MACHINERY,
    },
    ClosedJourney: {
        "workflow": "journeys.workflow",
        "outcome": "journeys.ended",
        "reason": "journeys.ended",
        "at": "journeys.ended",
    },
    Refusal: {
        "at": "people.not_entered.at",
        "workflow": "people.not_entered.workflow",
        "reason": "people.not_entered.why",
    },
    Event: {
        "id": "events.proof",
        "type": "events.type",
        "at": "events.at",
        "received_at": "events.received_at",
        "source": "events.source",
        "identity": "events.proof",
        "aliases": "known_by",
        "names_customer": MACHINERY,
        "dated": MACHINERY,
        "properties": "events.told",
    },
    Journey: {
        "id": MACHINERY,
        "workflow": "journeys.workflow",
        "customer": "people.id",
        "event": "journeys.began_with",
        "occurrence": MACHINERY,
        "rev": MACHINERY,
        "entered_at": "journeys.entered_at",
        "since": MACHINERY,
        "held_out": "journeys.held_out",
    },
    Send: {
        "journey": "journeys",
        "step": "journeys.steps.step",
        "state": "journeys.steps.state",
        "customer": "people.id",
        "attempt": MACHINERY,
        "nonce": MACHINERY,
        "at": "journeys.steps.at",
        "claimed_at": MACHINERY,
        "reason": "journeys.steps.reason",
        "message_id": "journeys.steps.message_id",
        "final": MACHINERY,
        "branch": "journeys.steps.branch",
        "variant": "journeys.steps.variant",
        "told": "journeys.steps.told",
    },
    Pace: {
        "customer": "people.id",
        "version": MACHINERY,
        "sends": "recent_mails",
        "planned": "planned_mails",
    },
    Plan: {"at": "planned_mails.at", "priority": MACHINERY, "due": MACHINERY},
    Suppression: {
        "address": "suppressions.address",
        "reason": "suppressions.reason",
        "at": "suppressions.since",
    },
    Belongings: {
        "ids": "people.id",
        "names": "known_by",
        "customers": "people",
        "aliases": "known_by",
        "events": "events",
        "journeys": "journeys",
        "sends": "journeys.steps",
        "paces": "recent_mails",
        "parked": "put_aside",
        "suppressions": "suppressions",
    },
}
"""Class → attribute → where an export tells it, or why it does not."""


def _paths(document: Any, place: str = "") -> Iterator[str]:
    """Where something stands in a document: `people.orders.total`."""
    if isinstance(document, list):
        for each in document:
            yield from _paths(each, place)
    elif document not in (None, {}, ""):
        yield place
        for name, each in document.items() if isinstance(document, dict) else ():
            yield from _paths(each, f"{place}.{name}".lstrip("."))


def _everything() -> Belongings:
    """A person of whom there is something in every attribute."""
    at = epoch(NOW)
    customer = Customer(
        id="c1",
        created_at=at,
        partitions=frozenset({"shopify:customer:1"}),
        profile={"email": ("ann@example.com", at)},
        consent={"email": Word("subscribed", at, "shopify", "p")},
        last={"order_placed": at},
        counts={"mail_opened": 1},
        orders={"o": Order(at, "9.00", at, True, (("shopify:1", 2),), (("r", "1.00"),))},
        times={"order_placed": (at,)},
        checkouts={"k": Checkout(at, "shopify:customer:1|x", True)},
        earned={"tea": at},
        codes={"ten": at},
        segments={"vip": at},
        journeys={"j2": OpenJourney("w", at, at, at)},
        closed={"j1": ClosedJourney("w", "exited", "bought", at)},
        entries={"w": ("x", at)},
        refused=(Refusal(at, "w", "condition"),),
        due_on="2026-04-01",
    )
    bought = order("1", **ANN)
    records = [Journey(f"j{n}", "w", "c1", bought.key, "x", "r1", at, at, held_out=n == 2) for n in (1, 2)]
    send = Send(
        "j1",
        "s",
        "sent",
        "c1",
        at=at,
        reason="r",
        message_id="m",
        branch="next",
        variant="a",
        told={"deferred": [[at, "paused", at]]},
    )
    return Belongings(
        ids=frozenset({"c1"}),
        names=frozenset(),
        customers=(customer,),
        aliases={"shopify:customer:1": "c1"},
        events=(bought,),
        journeys=tuple(records),
        sends=(send,),
        paces=(Pace("c1", 1, {"j1#s": at}, {"j2": Plan(at, 1, at)}),),
        parked=(("shopify:customer:1", "x"),),
        suppressions=(Suppression("email:1", "unsubscribed", at),),
    )


def test_an_export_tells_every_attribute() -> None:
    """Each where `TOLD` says that it stands."""
    found = set(_paths(json.loads(document(_everything(), NOW))))
    wanted = {place for told in TOLD.values() for place in told.values()} - {MACHINERY}
    assert sorted(wanted - found) == []


@pytest.mark.parametrize("kind", TOLD, ids=lambda kind: str(kind.__name__))
def test_every_attribute_is_exported_or_is_machinery(kind: Any) -> None:
    """A new one is neither until somebody decides."""
    names = set(kind._fields) if issubclass(kind, tuple) else {each.name for each in fields(kind)}
    assert names == TOLD[kind].keys()
