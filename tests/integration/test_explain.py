"""`make explain` on moto: by e-mail, id or account, across a merge, from the tables of a stack."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.yaml_helper import yaml_parse

from infra.deploy import explain, release
from infra.deploy.__main__ import main
from infra.deploy.errors import DeployError
from tests.integration.account import Account
from tests.worlds import ANN, HOUR, KEY, NOW, checkout, email, event, order, subscribed
from tidings.aws.codec import encode_item
from tidings.customer import epoch
from tidings.ports import Send, Suppression

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shop(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The account as the local stack of this machine."""
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/shop/keys/address", Value=KEY.decode(), Type="SecureString")
    names = {name: name for name in account.names}
    told = {
        "tables": names,
        "functions": dict.fromkeys(("track_event", "run_daily", "erase_customer"), "f"),
        "endpoint_url": None,
        "region": "eu-west-1",
        "credentials": {},
        "clock": {"origin": NOW.isoformat(), "started": NOW.isoformat(), "speed": 1.0},
        "parameter_prefix": "/shop",
        "stack": "local",
        "api_url": "",
        **dict.fromkeys(("privacy_bucket", "packages_bucket", "failures_bucket"), "b"),
    }
    (tmp_path / "build" / "local").mkdir(parents=True)
    (tmp_path / "build" / "local" / "outputs.json").write_text(json.dumps(told))
    monkeypatch.setattr(release, "ROOT", tmp_path)
    return account


def live(account: Account) -> str:
    """Ann leaves a checkout as a guest and subscribes with her account; both become one. Returns the id that went."""
    account.happen(checkout("t1", contact="ann@example.com"), subscribed("1", at=NOW + HOUR, account="1"))
    guest: str = account.scan("customers")[0]["id"]["S"]
    account.happen(event("profile_updated", "1", at=NOW + 2 * HOUR, **ANN))
    account.happen(checkout("t3", at=NOW + 3 * HOUR, **ANN), order("o1", at=NOW + 4 * HOUR, **ANN))
    account.suppressions.put(Suppression(email("ann@example.com"), "unsubscribed", epoch(NOW + 5 * HOUR)))
    journeys = account.only().closed
    (welcome,) = (journey for journey in journeys if journey.startswith("welcome"))
    sent = Send(welcome, "welcome", "sent", guest, message_id="m1", at=epoch(NOW + HOUR))
    account.sends.claim(sent, None)
    return guest


def test_a_customer_is_explained_by_any_of_their_names(shop: Account) -> None:
    """E-mail, account, their own id or that of whom they were before: the same story; the address only where given."""
    guest = live(shop)
    by_mail = explain.run("", "Ann@example.com")
    assert by_mail.startswith(f"Customer {shop.only().id}, Ann@example.com\n")
    for name in (shop.only().id, guest, "shopify:customer:1"):
        told = explain.run("", name)
        assert told.splitlines()[1:] == by_mail.splitlines()[1:]
        assert "ann@" not in told.lower()
    data = json.loads(explain.run("", shop.only().id, as_json=True))
    lines = {(each["workflow"], line["what"]): line for each in data["workflows"] for line in each["lines"]}
    assert lines["welcome", "sent"]["message_id"] == "m1"
    assert lines["welcome", "exited"]["reason"] == "order_placed"
    assert lines["abandoned-checkout", "not entered"]["reason"] == "open already"
    assert lines["abandoned-checkout", "exited"]["at"] == lines["welcome", "exited"]["at"]
    assert [line["reason"] for line in data["person"] if line["what"] == "suppressed"] == ["unsubscribed"]
    (said,) = (line for line in data["person"] if line["what"] == "consent")
    assert (said["event"], said["source"]) == ("shopify:subscribed:1", "shopify")
    assert {"birthday", "win-back"} <= set(data["nothing_happened_in"])


def test_a_suppression_is_found_however_the_address_is_spelt(shop: Account) -> None:
    """An international domain is told in its own letters, and suppressed in Punycode, as mail goes to it."""
    shop.happen(subscribed("1", account="1", address="zoe@m\u00fcnchen.example"))
    mailed = email("zoe@xn--mnchen-3ya.example")
    shop.suppressions.put(Suppression(mailed, "bounced", epoch(NOW + HOUR)))
    assert "no mail goes to them: their address does not exist or takes no mail" in explain.run(
        "", shop.only().id
    )


def test_soft_bounces_that_are_counted_hold_nothing_back(shop: Account) -> None:
    """Their count lies beside the suppressions, and is none."""
    shop.happen(subscribed("1", **ANN))
    shop.suppressions.bounced_softly(email("ann@example.com"), "m1", epoch(NOW))
    told = explain.run("", "ann@example.com")
    assert "suppressed" not in told
    assert "1970" not in told


def test_a_paused_workflow_is_told(shop: Account) -> None:
    """The operator's pause holds for everybody."""
    shop.happen(subscribed("1", **ANN))
    told = {"workflow": "welcome", "day": "pause", "by": "ops", "paused": True, "at": epoch(NOW)}
    shop.dynamodb.put_item(TableName="health", Item=encode_item(told))
    assert "paused       for everybody, by ops" in explain.run("", "ann@example.com")


def test_whoever_is_not_known_is_said_to_be_unknown(
    shop: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped address, an empty one, and a cart that nobody's name was given to: exit code 1 and one line."""
    shop.happen(checkout("t9"))
    for who in ("nobody@example.com", "c0ffee"):
        assert main(["explain", who], {}) == 1
        assert "nobody is known by that name" in capsys.readouterr().err
    assert main(["explain", ""], {}) == 1
    assert "say which customer" in capsys.readouterr().err
    with pytest.raises(DeployError, match="1 events go by that name"):
        explain.run("", "shopify:checkout:t9")


class Stacks:
    """CloudFormation, with a stack that nests another."""

    def describe_stack_resource(self, **asked: str) -> dict[str, Any]:
        """The stack of tables in it."""
        assert asked == {"StackName": "shop", "LogicalResourceId": "Tables"}
        return {"StackResourceDetail": {"PhysicalResourceId": "arn:shop-Tables-1"}}

    def describe_stacks(self, **asked: str) -> dict[str, Any]:
        """Its outputs."""
        assert asked == {"StackName": "arn:shop-Tables-1"}
        resources = yaml_parse((ROOT / "infra" / "tables.yaml").read_text(encoding="utf-8"))["Outputs"]
        told = [{"OutputKey": name, "OutputValue": f"shop-{name}-1"} for name in resources]
        return {"Stacks": [{"Outputs": told}]}


def test_on_aws_the_tables_are_those_of_the_nested_stack() -> None:
    """Their names are outputs of the stack that holds them, every one that is read among them."""
    found = explain.tables("shop", Stacks())
    assert {*explain.PERSONAL, "health"} <= found.keys()
    assert found["sends"] == "shop-SendsTable-1"
