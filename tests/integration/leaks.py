"""Marks for everything personal, bodies full of them, and ears at every place that must not hear any."""

import copy
import json
import logging
import re
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.account import Account
from tests.integration.wired import now, unwire
from tests.unit.sources import bodies
from tidings.aws import client as clients

EMAILS = (
    "Zzyx.Mark@Example.com",
    "zzyx.mark@example.com",
    "ZZYX.MARK@EXAMPLE.COM",
    "zzyx.mark+tea@example.com",
)
NAME, STREET, NOTE, PHONE, IP = (
    "Zzyxa",
    "17 Zzyxroad",
    "ring twice, zzyxnote",
    "+49 30 9955331177",
    "203.0.113.77",
)
MARKS = re.compile(r"zzyx|9955331177|203\.0\.113\.77", re.IGNORECASE)
ADDRESS = {
    "first_name": NAME, "last_name": NAME, "name": NAME, "address1": STREET, "city": "Zzyxtown", "phone": PHONE,
    "country_code": "GB",
}  # fmt: skip
PERSON = {
    "id": 7001, "email": EMAILS[0], "first_name": NAME, "last_name": NAME, "phone": PHONE, "default_address": ADDRESS,
    "note": NOTE,
}  # fmt: skip
LINE = {**bodies.LINE, "title": "Zzyx mug", "properties": [{"name": "engraving", "value": NOTE}]}
ABOUT = {
    "note": NOTE,
    "browser_ip": IP,
    "phone": PHONE,
    "client_details": {"browser_ip": IP, "user_agent": NOTE},
}
PLACES = {"shipping_address": ADDRESS, "billing_address": ADDRESS}


def marked() -> dict[str, dict[str, Any]]:
    """A genuine body of each topic, of this minute, with a mark wherever a person shows."""
    at = now().isoformat()
    times = {"created_at": at, "updated_at": at}
    shown = {**times, **ABOUT, **PLACES, "customer": PERSON, "line_items": [LINE]}
    told = copy.deepcopy(bodies.TOPIC_BODIES)
    for topic in told:
        if topic.startswith(("orders/", "checkouts/")):
            told[topic] |= {**shown, "email": EMAILS[1]} | (
                {"contact_email": EMAILS[2]} if "orders" in topic else {}
            )
        elif topic.startswith(("carts/", "fulfillments/", "refunds/")):
            told[topic] |= {**times, "note": NOTE, "tracking_url": "https://ups.example/zzyx"}
        elif topic in ("customers/create", "customers/update"):
            told[topic] |= {**times, **PERSON, "addresses": [ADDRESS]}
        elif topic.startswith("customers_email"):
            told[topic] |= {"email_address": EMAILS[2]}
            told[topic]["email_marketing_consent"]["consent_updated_at"] = at
        elif topic.startswith("customers/"):
            told[topic] |= {"customer": {"id": 7001, "email": EMAILS[2], "phone": PHONE}}
    told["fulfillments/create"] |= {"destination": ADDRESS, "email": EMAILS[3]}
    told["refunds/create"] |= {"note": NOTE}
    return told


def spoiled(body: dict[str, Any], mark: str) -> Iterator[dict[str, Any]]:
    """The body with the mark in place of each of its texts and numbers in turn; ids and tokens aside."""
    for path in _leaves(body):
        if not re.search(r"(^|_)(id|token)$", str(path[-1])):
            changed = copy.deepcopy(body)
            place: Any = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = mark
            yield changed


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(each, (*path, step))
    elif path:
        yield path


class Ears:
    """What was heard, by place."""

    def __init__(self) -> None:
        self.heard: dict[str, list[str]] = defaultdict(list)

    def hear(self, place: str, *said: object) -> None:
        """Note what appears at a place."""
        self.heard[place] += [
            each if isinstance(each, str) else json.dumps(each, default=repr) for each in said
        ]

    def leaks(self) -> dict[str, str]:
        """place → the first text there that holds a mark."""
        return {
            place: said[max(0, found.start() - 200) : found.end() + 80]
            for place, texts in self.heard.items()
            for said in texts
            if (found := MARKS.search(said))
        }

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """Note what an error says, as Lambda tells the log and whoever invoked it, with all that it came from."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - any error is told by Lambda
            self.hear(place, "".join(traceback.format_exception(error)))


class Loud(Exception):
    """An error that quotes what it was given."""


def loud_client_error(said: str) -> Exception:
    """A service refuses a request and quotes it."""
    told: Any = {"Error": {"Code": "ValidationException", "Message": said}}
    told["ResponseMetadata"] = {"HTTPStatusCode": 400}
    error: Exception = ClientError(told, "PutItem")
    return error


class Spoiler:
    """A client whose call number `at` fails with an error that quotes the whole request."""

    def __init__(self, client: Any, turn: Callable[[], bool], kind: Callable[[str], Exception]) -> None:
        self._client, self._turn, self._kind = client, turn, kind

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name.startswith("_") or name in ("meta", "exceptions") or not callable(call):
            return call

        def spoiled(**request: Any) -> Any:
            if self._turn():
                raise self._kind(f"{name} was given {request!r}")
            return call(**request)

        return spoiled


MOST_CALLS = 150
"""More than any function makes when it is called once."""


def each_call_fails(
    monkeypatch: pytest.MonkeyPatch, kind: Callable[[str], Exception], run: Callable[[], None]
) -> int:
    """Run something again and again; each time the next of its calls to AWS fails with an error that quotes all it was
    given, until a run goes through. Returns how many runs that took."""
    connect, turn, made = clients.client, 0, 0

    def is_due() -> bool:
        nonlocal made
        made += 1
        return made == turn

    def spoiling(service: str, **options: Any) -> Any:
        return Spoiler(connect(service, **options), is_due, kind)

    monkeypatch.setattr(clients, "client", spoiling)
    unwire()
    for turn in range(1, MOST_CALLS):
        made = 0
        run()
        if made < turn:
            break
    else:
        pytest.fail(f"it makes more than {MOST_CALLS} calls: not all of them have failed")
    monkeypatch.setattr(clients, "client", connect)
    return turn


def listen(account: Account, ears: Ears, caplog: pytest.LogCaptureFixture, capsys: Any) -> None:
    """Everything that is to be seen from outside by now: logs, metrics, executions, what is put aside, names."""
    printed = capsys.readouterr()
    ears.hear("logs and metrics", printed.out, printed.err)
    ears.hear("logs", *(repr(record.__dict__) for record in caplog.records))
    for machine in account.states.list_state_machines()["stateMachines"]:
        arn = machine["stateMachineArn"]
        for each in account.states.list_executions(stateMachineArn=arn)["executions"]:
            told = account.states.describe_execution(executionArn=each["executionArn"])
            ears.hear("execution names", each["name"])
            ears.hear("execution input", told["input"], told.get("output", ""))
    ears.hear("parked events", *(repr(item) for item in account.scan("parked")))
    ears.hear("keys of events", *(json.dumps([i["identity"], i["id"]]) for i in account.scan("events")))
    ears.hear("ids of journeys", *(repr(item) for item in account.scan("journeys")))
    ears.hear("the ledger", *(repr(item) for item in account.scan("sends")))
    ears.hear("suppressions", *(repr(item) for item in account.scan("suppressions")))
    for table in ("limits", "aliases", "pace", "health"):
        ears.hear(table, *(repr(item) for item in account.scan(table)))
    s3 = boto3.client("s3")
    for bucket in ("packages", "failures", "privacy"):
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        ears.hear("object keys", *keys)
        for key in keys:
            if key.startswith("receipts/"):
                ears.hear("receipts", s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())


class Stdout:
    """What is written now goes where this test's output goes; an earlier test's is closed."""

    def write(self, text: str) -> None:
        """Print."""
        sys.stdout.write(text)

    def flush(self) -> None:
        """Nothing is held back."""


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture, capsys: Any) -> pytest.LogCaptureFixture:
    """Every word that is logged, however little it weighs; to this test's output, not to an earlier one's."""
    for handler in logging.getLogger("tidings").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.stream = Stdout()
    caplog.set_level(logging.DEBUG, logger="tidings")
    return caplog
