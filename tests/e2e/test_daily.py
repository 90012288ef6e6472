"""The day: who is due starts once, however often the rule fires; days that nobody ran are caught up."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from infra.local.options import Options, free_ports
from infra.local.outputs import Outputs
from infra.local.stack import Stack
from tests.e2e.helpers.shop import DAY, Shop, eventually
from tests.e2e.helpers.stories import Told, stories
from tidings.schedule import due_on, next_due
from tidings.triggers import DueView
from tidings.workflow.load import load_workflow

A_DAY_A_SECOND = 86400.0
BIRTHDAY = load_workflow(Path(__file__).parents[2] / "workflows" / "birthday").workflow


def run_daily(shop: Shop) -> int:
    """The rule's function, once; how many events were new."""
    name = shop.outputs.values["functions"]["run_daily"]
    event = {"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
    answer = shop.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()
    return int(json.load(answer["Payload"])["due"])


def tell_birthday(shop: Shop, email: str, day: datetime, at: datetime) -> None:
    """A fact of `at`: the birthday is on that day, every year."""
    told = {"customer": {"email": email}, "birthday": f"--{day:%m-%d}", "timezone": "UTC"}
    assert shop.tell("profile_updated", at, f"birthday-{email}", **told).status == 200


def test_who_is_due_starts_once(shop: Shop) -> None:
    """A birthday tomorrow, known for long, and a silence of sixty days: begun by the first run, left by the second."""
    born, silent = "born@daily.example", stories(shop.now, 6000)[0].person
    tell_birthday(shop, born, shop.now + DAY, shop.now - 3 * DAY)
    told = Told(silent, shop.now - timedelta(days=59, hours=12))
    for hook in told.purchase(told.cart)[:2]:
        assert shop.deliver(hook.topic, hook.raw).status == 200
    shop.settle()
    customers = {"birthday": shop.known(email=born).id, "win-back": shop.known(email=silent.email).id}
    assert {flow: shop.journey(flow, who) for flow, who in customers.items()} == dict.fromkeys(customers)

    assert run_daily(shop) >= 2
    for workflow, customer in customers.items():
        eventually(f"a journey of {workflow}", partial(shop.journey, workflow, customer))
    shop.settle()
    assert run_daily(shop) == 0
    shop.settle()
    begun = shop.journeys()
    assert [begun[workflow, customer] for workflow, customer in customers.items()] == [1, 1]


def test_a_birthday_told_too_late_for_todays_run_starts_by_itself(shop: Shop) -> None:
    """What falls into the window that the rule has looked at already is begun by the fold; the rule adds nothing."""
    email = "late@daily.example"
    tell_birthday(shop, email, shop.now + DAY, shop.now)
    customer = shop.known(email=email)
    assert eventually("a journey", lambda: shop.journey("birthday", customer.id))
    run_daily(shop)
    shop.settle()
    assert shop.journeys()["birthday", customer.id] == 1


@pytest.fixture(scope="module")
def fast(options: Options, stack: Stack) -> Iterator[Shop]:
    """A second stack, on which a day lasts a second."""
    port, inbox_port = free_ports(2)
    home = options.directory.parent / "fast"
    chosen = replace(
        options, port=port, inbox_port=inbox_port, speed=A_DAY_A_SECOND, directory=home, run=home / "run"
    )
    running = Stack(chosen)
    running.up()
    yield Shop(Outputs.read(chosen.outputs))
    running.down()


def test_a_missed_day_is_caught_up(fast: Shop) -> None:
    """The rule did not fire on the birthday nor on the days after: the next run starts what was missed, once."""
    fast.settle()  # its functions are warm: from here on latency is hours, not days
    person = stories(fast.now, 6100)[0].person
    told = Told(person, fast.now - 5 * DAY)
    for hook in (told.account(), told.consent()):
        assert fast.deliver(hook.topic, hook.raw).status == 200
    birthday = fast.now + 6 * DAY
    tell_birthday(fast, person.email, birthday, fast.now - 5 * DAY)
    fast.settle()
    customer = fast.known(email=person.email)
    assert customer.due_on == f"{birthday:%Y-%m-%d}"
    eventually("the days after", lambda: fast.now > birthday + 2 * DAY)
    assert fast.journey("birthday", customer.id) is None

    assert run_daily(fast) == 1
    assert fast.mail(person.email, "birthday")["workflow"] == "birthday"
    fast.settle()
    assert run_daily(fast) == 0
    fast.settle()
    assert fast.journeys()["birthday", customer.id] == 1
    after = fast.known(email=person.email)
    # The entry has moved on: to the birthday in a year, or to what a segment or an anniversary brings before it.
    again = next_due([BIRTHDAY], DueView(after, ZoneInfo("UTC")), birthday + DAY)
    assert again
    assert str(again.year) == str(birthday.year + 1)
    assert after.due_on
    assert f"{birthday:%Y-%m-%d}" < after.due_on <= due_on(again)
