"""What the recorder tells the inbox page of the stack's tables, on moto."""

import json
from typing import Any

import boto3
import pytest

from infra.local.outputs import Outputs
from infra.local.records import Records
from tests.integration.account import Account
from tests.worlds import ANN, HOUR, KEY, NOW, email, event, subscribed
from tidings.customer import epoch
from tidings.ports import Send, Suppression


class Here(Outputs):
    """The outputs of a stack whose AWS is moto."""

    def client(self, service: str, **options: Any) -> Any:
        """A client in the account's region."""
        return boto3.client(service, region_name="eu-west-1", **options)


@pytest.fixture
def records(account: Account) -> Records:
    """Ann, who has subscribed with her account, and got one mail of three."""
    boto3.client("ssm").put_parameter(Name="/shop/keys/address", Value=KEY.decode(), Type="SecureString")
    account.happen(subscribed("1", account="1"), event("profile_updated", "1", at=NOW + HOUR, **ANN))
    ann = account.only()
    (welcome,) = (journey for journey in ann.journeys if journey.startswith("welcome"))
    times = [(step, epoch(NOW + hours * HOUR)) for hours, step in enumerate(("first", "second", "third"))]
    (first, one), (second, two), (third, three) = times
    for sent in (
        Send(welcome, first, "sent", ann.id, at=one, message_id="m1"),
        Send(welcome, second, "dropped", ann.id, at=two, reason="expired: weekly"),
        Send(welcome, third, "deferred", ann.id, told={"deferred": [(three, "weekly", three + 60)]}),
    ):
        account.sends.claim(sent, None)
    account.suppressions.put(Suppression(email("ann@example.com"), "bounced", epoch(NOW)))
    names = {name: name for name in account.names}
    told = {"tables": names, "endpoint_url": None, "region": "eu-west-1", "credentials": {}}
    told |= {"clock": {"origin": NOW.isoformat(), "started": NOW.isoformat(), "speed": 1.0}}
    told |= {"functions": {"erase_customer": "f"}, "privacy_bucket": "b", "parameter_prefix": "/shop"}
    return Records(Here(told))


def test_what_did_not_go_and_what_waited_is_told_by_reason(records: Records) -> None:
    """With whom it concerns, as a JSON value; what was sent is not among it."""
    told = json.loads(json.dumps(records.held()))
    (never,), (waited,) = told["never"], told["waited"]
    assert (never["reason"], waited["reason"]) == ("expired", "weekly")
    (mail,) = never["mails"]
    assert (mail["workflow"], mail["step"], mail["address"]) == ("welcome", "second", "ann@example.com")
    assert waited["words"] == "they asked for one mail a week"
    assert [each["step"] for each in waited["mails"]] == ["third"]


def test_a_customers_story_is_that_of_make_explain(records: Records, account: Account) -> None:
    """Found by the id that stands on the mail; suppressions by the address, too. Nobody has another id."""
    told = records.story(account.only().id)
    assert told is not None
    (welcome,) = (each for each in told["workflows"] if each["workflow"] == "welcome")
    assert {"entered", "sent", "dropped", "deferred"} <= {line["what"] for line in welcome["lines"]}
    assert [line["reason"] for line in told["person"] if line["what"] == "suppressed"] == ["bounced"]
    assert records.story("nobody") is None
