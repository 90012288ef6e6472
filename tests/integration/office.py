"""The privacy desk on a moto account, and two people of whom everything is kept."""

import json
from typing import Any

import boto3

from tests.fakes import FakeOperator
from tests.integration.account import Account, Cuttable
from tests.worlds import DAY, HOUR, KEY, NOW, checkout, email, event, order, subscribed
from tidings.aws.buckets import FailuresBucket, PrivateStore
from tidings.aws.personal import PersonalTables
from tidings.aws.table import Table
from tidings.customer import epoch
from tidings.events import Event, customer_identity
from tidings.ports import Pace, Send, Suppression
from tidings.privacy.desk import PrivacyDesk
from tidings.privacy.erasing import Eraser
from tidings.privacy.receipts import Receipts

PERSONAL = ("events", "customers", "aliases", "journeys", "sends", "pace", "parked", "suppressions")
ANN: dict[str, Any] = {"account": "1", "address": "ann@example.com"}
BOB: dict[str, Any] = {"account": "20", "address": "bob@example.com"}
WELCOME = "welcome"


class Office:
    """`desk` on the account's tables; its writes pass by the account's faults."""

    def __init__(self, account: Account) -> None:
        self.account, self.operator = account, FakeOperator()
        self.s3 = boto3.client("s3", region_name="eu-west-1")
        for bucket in ("privacy", "failures"):
            place = {"LocationConstraint": "eu-west-1"}
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        client = Cuttable(account.dynamodb, account.faults)
        records = PersonalTables({name: Table(client, name) for name in PERSONAL}, lambda: KEY)
        store = PrivateStore(Cuttable(self.s3, account.faults), "privacy")
        receipts, failures = Receipts(store), FailuresBucket(self.s3, "failures")
        self.desk = PrivacyDesk(
            records=records,
            shredder=records,
            eraser=Eraser(records, records, account.machines, receipts, failures, account.clock),
            store=store,
            suppressions=account.suppressions,
            operator=self.operator,
            clock=account.clock,
        )

    def documents(self, folder: str) -> dict[str, Any]:
        """name → document, of one folder of the private bucket."""
        listed = self.s3.list_objects_v2(Bucket="privacy", Prefix=f"{folder}/").get("Contents", [])
        return {each["Key"]: self._document(each["Key"]) for each in listed}

    def _document(self, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket="privacy", Key=key)["Body"].read())


def requested(at: Account, type_: str = "erasure_requested", **who: Any) -> Event:
    """A request as Shopify's webhook tells it, received now."""
    told = event(type_, f"r{who['account']}", at=at.clock.now(), **who, orders=["o1"])
    bare = {"orders": told.properties["orders"]}
    return Event(**{name: getattr(told, name) for name in Event.__slots__} | {"properties": bare})


def live(account: Account, who: dict[str, Any], tag: str, *, merges: bool = True) -> str:
    """A customer of whom there is something in every table; returns their id."""
    number, address = who["account"], who["address"]
    if merges:  # two customers at first, one of them known by the address alone
        account.happen(checkout(f"{tag}-g", at=NOW - DAY, contact=address))
        account.happen(checkout(f"{tag}-a", at=NOW - DAY, account=number))
    tokens = (f"shopify:checkout:{tag}-1", f"shopify:cart:{tag}-c", f"track:visitor:{tag}-browser")
    account.happen(
        event("product_viewed", f"{tag}-v", at=NOW - 3 * HOUR, tokens=(f"track:visitor:{tag}-browser",)),
        event("customer_registered", number, at=NOW - 2 * HOUR, first_name=f"{tag} Marked", **who),
        subscribed(number, at=NOW - HOUR, **who),
        checkout(f"{tag}-1", at=NOW - HOUR, tokens=tokens, cart=f"{tag}-c", **who),
        order(f"{tag}-o", at=NOW, checkout=f"{tag}-1", tokens=(*tokens, f"shopify:order:{tag}-o"), **who),
        event("order_refunded", f"{tag}-r", at=NOW, order_id=f"{tag}-o", tokens=(f"shopify:order:{tag}-o",)),
    )
    customer_id = account.customers.resolve([email(address)])[email(address)]
    customer = account.customers.get(customer_id)
    assert customer is not None
    journey = next(iter(customer.journeys or customer.closed))
    account.sends.claim(Send(journey, "welcome", "sent", customer.id, message_id=f"m-{tag}"), None)
    account.paces.put(Pace(customer.id, 1, {f"{journey}#welcome": epoch(NOW)}))
    sent = Event(
        f"ses:mail_sent:{tag}", "mail_sent", NOW, NOW, "ses", f"customer:{customer.id}", properties={}
    )
    account.happen(sent)
    account.parked.put(f"shopify:customer:{number}", f"shopify:order_placed:{tag}-bad", "ValueError", 1)
    account.suppressions.put(Suppression(email(address), "unsubscribed", epoch(NOW) - 5))
    account.suppressions.put(Suppression(customer_identity(customer.id), "unsubscribed", epoch(NOW) - 5))
    account.suppressions.bounced_softly(email(address), f"m-{tag}", epoch(NOW) - 5)
    report = Event(f"ses:mail_other:{tag}", "mail_other", NOW, NOW, "ses", f"ses:message:m-{tag}")
    account.events.put(report)
    return customer.id


def rows(account: Account, *needles: str) -> list[tuple[str, str]]:
    """(table, item) of all items that hold one of these, suppressions aside that stay."""
    found = [(table, json.dumps(item, default=str)) for table in PERSONAL for item in account.scan(table)]
    stays = [(table, text) for table, text in found if table == "suppressions" and '"erased"' in text]
    return [each for each in found if each not in stays and any(needle in each[1] for needle in needles)]


def ask(account: Account, office: Office, request: Event) -> Any:
    """Store a request and carry it out."""
    account.events.put(request)
    return office.desk.answer(request.identity, request.id)
