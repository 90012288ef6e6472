"""The deployed function dies while SES takes its mail: one mail all the same; and an operator who asks why."""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.deploy import explain, privacy, release
from infra.deploy.__main__ import main
from infra.local.inbox_client import Inbox
from tests.e2e.helpers.shop import Shop, eventually
from tests.e2e.helpers.stories import Told, stories

LOOKED_AGAIN = 90.0
"""Seconds: the step looks for SES's send event a quarter of a minute after it was cut off."""


def workers(shop: Shop) -> list[int]:
    """The processes in which this stack's run_step runs."""
    name, endpoint = shop.outputs.values["functions"]["run_step"], shop.outputs.text("endpoint_url")
    wanted = {f"AWS_LAMBDA_FUNCTION_NAME={name}", f"AWS_ENDPOINT_URL={endpoint}"}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environ = set((process / "environ").read_bytes().decode(errors="replace").split("\0"))
        except OSError:
            continue
        if wanted <= environ:
            found.append(int(process.name))
    return found


def errors_of(shop: Shop, workflow: str, journey: str) -> set[str]:
    """The errors in an execution's history."""
    machine = shop.outputs.values["state_machines"][workflow]
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{journey}"
    history = shop.client("stepfunctions").get_execution_history(executionArn=arn)["events"]
    details = (each for event in history for each in event.values() if isinstance(each, dict))
    return {str(each["error"]) for each in details if "error" in each}


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found by /proc")
def test_killed_while_ses_takes_the_mail_it_goes_once(shop: Shop) -> None:
    """The process is killed between claim and settlement, while SES accepts the mail. The machine tries again, and the
    step finds the claim and then SES's send event: one mail, settled as sent, and the journey goes on."""
    person = stories(shop.now, 9100)[0].person
    told, desk = Told(person, shop.now), Inbox(shop.outputs.text("inbox_url"))
    desk.books(hold=True)  # SES takes a moment
    try:
        for hook in (told.account(), told.consent()):
            assert shop.deliver(hook.topic, hook.raw).status == 200
        customer = shop.known(email=person.email)
        journey = eventually("a journey", lambda: shop.journey("welcome", customer.id))
        eventually("the claim", lambda: shop.sent(journey, "welcome"))
        killed = workers(shop)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
    finally:
        desk.books(release=True)
    assert killed
    shop.mail(person.email, "welcome")

    def settled() -> dict[str, Any] | None:
        entry = shop.sent(journey, "welcome")
        return entry if entry and entry["state"] != "claimed" else None

    entry = eventually("the settlement", settled, patience=LOOKED_AGAIN)
    assert (entry["state"], entry["attempt"]) == ("sent", 1)
    (row,) = shop.mails(person.email)
    assert (row["step"], row["message_id"]) == ("welcome", entry["message_id"])
    assert shop.executions("welcome")[journey] in ("RUNNING", "SUCCEEDED")
    assert "Runtime.ExitError" in errors_of(shop, "welcome", journey)


def test_an_operator_asks_why(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make explain` on the running stack, by e-mail and by id, for people and for machines."""
    person = stories(shop.now, 9200)[0].person
    told = Told(person, shop.now)
    for hook in (told.account(), told.consent()):
        assert shop.deliver(hook.topic, hook.raw).status == 200
    shop.mail(person.email, "welcome")  # which would else come second where the machine is busy
    later = replace(told, at=shop.now)
    for hook in later.checkouts(later.cart):
        assert shop.deliver(hook.topic, hook.raw).status == 200
    customer = shop.known(email=person.email)
    journey = eventually("a journey", lambda: shop.journey("abandoned-checkout", customer.id))
    eventually("the reminder's turn", lambda: shop.sent(journey, "reminder"))
    eventually("the delivery", lambda: _delivered(shop, customer.id))

    (tmp_path / "build" / "local").mkdir(parents=True)
    (tmp_path / "build" / "local" / "outputs.json").write_text(json.dumps(shop.outputs.values))
    monkeypatch.setattr(release, "ROOT", tmp_path)
    assert main(["explain", person.email], {}) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Customer {customer.id}, {person.email}\n")
    assert "they have had as many mails as the shop allows" in text
    assert main(["explain", customer.id], {"JSON": "1"}) == 0
    data = json.loads(capsys.readouterr().out)
    lines = {each["workflow"]: [line["what"] for line in each["lines"]] for each in data["workflows"]}
    assert lines["welcome"][0] == "entered"
    assert {"sent", "delivered"} <= set(lines["welcome"])
    assert {"entered", "waited", "deferred", "under way"} <= set(lines["abandoned-checkout"])
    assert person.email not in json.dumps(data)
    assert explain.tables("")["sends"] == shop.outputs.values["tables"]["sends"]
    assert privacy.desk("").name == "local"
    assert main(["explain", "nobody@example.com"], {}) == 1
    assert "nobody is known by that name" in capsys.readouterr().err


def _delivered(shop: Shop, customer: str) -> bool:
    return any(event.type == "mail_delivered" for event in shop.events_of(f"customer:{customer}"))
