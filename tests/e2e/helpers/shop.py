"""A shop before the stack: it signs, posts, waits for facts, and looks into the tables as an operator would."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from infra.local.outputs import Outputs
from tests.unit.sources.bodies import shopify_headers, standard_headers
from tidings.aws.codec import decode_item, encode_item
from tidings.aws.customers_table import CustomersTable
from tidings.aws.events_table import from_image
from tidings.aws.table import Table
from tidings.clock import Clock
from tidings.customer import Customer
from tidings.events import Event, account_alias, address_alias

PATIENCE: Final = 90.0
"""Seconds within which a fact must come true. None takes more than a few on an idle machine; some are shared."""

SHOP_WAITS: Final = 5.0
"""Seconds that Shopify waits for an answer."""

T = TypeVar("T")


def eventually(what: str, look: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """The first true value that `look` gives."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not come true within {patience:.0f} s"
        time.sleep(0.05)
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What a POST or GET was answered with, and after how many seconds."""

    status: int
    body: bytes
    seconds: float
    headers: dict[str, str]

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        told: dict[str, Any] = json.loads(self.body)
        return told


@dataclass(frozen=True)
class Shop:
    """Everything by which a test meets the stack."""

    outputs: Outputs

    @property
    def clock(self) -> Clock:
        """The shop's."""
        return self.outputs.clock

    @property
    def now(self) -> datetime:
        """Shop time, in whole seconds as shops state it."""
        return self.clock.now().replace(microsecond=0)

    # ---- the door ----

    def call(self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """One HTTP request on a connection of its own."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        started = time.monotonic()
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            told = answer.read()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, time.monotonic() - started, given)
        finally:
            connection.close()

    def post(self, source: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One delivery, whatever it is."""
        url = f"{self.outputs.text('api_url')}/webhooks/{source}"
        return self.call("POST", url, body, {"content-type": "application/json", **headers})

    def deliver(self, topic: str, body: bytes | dict[str, Any]) -> Answer:
        """A signed Shopify webhook."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        secret = self.outputs.values["webhook_secrets"]["shopify"]
        return self.post("shopify", raw, shopify_headers(topic, raw, secret))

    def deliver_all(self, hooks: Iterable[tuple[str, bytes]], at_once: int) -> list[Answer]:
        """Signed Shopify webhooks, so many side by side."""
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(lambda hook: self.deliver(*hook), hooks))

    def tell(self, type_: str, at: datetime, delivery: str, **data: Any) -> Answer:
        """A signed event of the generic source."""
        body = json.dumps({"type": type_, "timestamp": at.isoformat(), "data": data}).encode()
        secret = self.outputs.values["webhook_secrets"]["events"]
        return self.post("events", body, standard_headers(body, datetime.now(UTC), delivery, secret))

    def settle(self) -> None:
        """Until everything sent so far is folded: a last event is sent, and looked for.

        The stream's one shard is worked off in order.
        """
        name = f"settled-{next(_numbers)}"
        now = self.clock.now()
        answer = self.tell(
            "profile_updated", now, name, customer={"email": "keeper@example.com"}, first_name=name
        )
        assert answer.status == 200, answer.body
        eventually("the fold of all events", lambda: self._keeper() == name)

    def _keeper(self) -> Any:
        keeper = self.customer(email="keeper@example.com")
        return keeper.get("first_name") if keeper else None

    # ---- the tables ----

    def client(self, service: str) -> Any:
        """A client of the embedded AWS, as its administrator."""
        return self.outputs.client(service)

    @cached_property
    def dynamodb(self) -> Any:
        """A client of the tables."""
        return self.client("dynamodb")

    @cached_property
    def address_key(self) -> bytes:
        """The key of address aliases."""
        name = f"{self.outputs.text('parameter_prefix')}/keys/address"
        value = self.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        return str(value).encode()

    def table(self, name: str) -> Table:
        """A table by its role."""
        return Table(self.dynamodb, self.outputs.values["tables"][name])

    def scan(self, name: str) -> list[dict[str, Any]]:
        """All items of a table."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table(name).name, ConsistentRead=True
        )
        return [decode_item(item) for page in pages for item in page["Items"]]

    def events(self) -> list[Event]:
        """All events stored."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table("events").name, ConsistentRead=True
        )
        return [from_image(item) for page in pages for item in page["Items"]]

    def events_of(self, identity: str) -> list[Event]:
        """The events stored under one identity."""
        answer = self.dynamodb.query(
            TableName=self.table("events").name,
            KeyConditionExpression="#i = :i",
            ExpressionAttributeNames={"#i": "identity"},
            ExpressionAttributeValues=encode_item({":i": identity}),
            ConsistentRead=True,
        )
        return [from_image(item) for item in answer["Items"]]

    def alias(self, *, account: object = None, email: str | None = None) -> str:
        """The alias of a Shopify account or of an address."""
        return account_alias("shopify", account) if email is None else address_alias(email, self.address_key)

    def customer(self, *, account: object = None, email: str | None = None) -> Customer | None:
        """The customer who is known by that account or address."""
        found = self.table("aliases").get(alias=self.alias(account=account, email=email))
        return CustomersTable(self.table("customers")).get(found["customer"]) if found else None

    def known(self, *, account: object = None, email: str | None = None) -> Customer:
        """The same, once there is one."""
        return eventually(f"customer {account or email}", lambda: self.customer(account=account, email=email))

    # ---- journeys and mails ----

    def journeys(self) -> Counter[tuple[str, str]]:
        """How many journeys have begun, by (workflow, customer)."""
        return Counter((item["workflow"], item["customer"]) for item in self.scan("journeys"))

    def executions(self, workflow: str) -> dict[str, str]:
        """Journey → status of its execution."""
        pages = self.client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.outputs.values["state_machines"][workflow])
        return {each["name"]: each["status"] for page in found for each in page["executions"]}

    def journey(self, workflow: str, customer: str) -> str | None:
        """The id of the customer's only journey of a workflow, if it has begun."""
        found = [
            item["id"]
            for item in self.scan("journeys")
            if (item["workflow"], item["customer"]) == (workflow, customer)
        ]
        assert len(found) <= 1, f"{len(found)} journeys of {workflow} for one customer"
        return str(found[0]) if found else None

    def inbox(self, path: str) -> Answer:
        """A page of the recorder."""
        return self.call("GET", f"{self.outputs.text('inbox_url')}{path}")

    def mails(self, email: str) -> list[dict[str, Any]]:
        """The mails to one address so far, oldest first."""
        listed = self.inbox("api/mails?version=").json["mails"]
        return sorted(
            (row for row in listed if email.lower() in [to.lower() for to in row["to"]]),
            key=lambda row: row["number"],
        )

    def mail(self, email: str, step: str) -> dict[str, Any]:
        """The one mail of a step to an address, once it has come."""
        (row,) = eventually(
            f"mail {step} to {email}", lambda: [row for row in self.mails(email) if row["step"] == step]
        )
        return row

    def raw(self, row: dict[str, Any]) -> bytes:
        """A mail as it was sent."""
        return self.inbox(f"api/mails/{row['number']}/raw").body

    def sent(self, journey: str, step: str) -> dict[str, Any] | None:
        """A step's entry in the ledger."""
        return self.table("sends").get(journey=journey, step=step)


_numbers = count(1)

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
