"""The function as AWS calls it, and the operator's two commands, on moto."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from functions.erase_customer.handler import handler as erase_customer
from functions.receive_webhook.handler import handler as receive_webhook
from functions.track_event.handler import handler as track_event
from infra.deploy import privacy
from infra.deploy.__main__ import main
from infra.deploy.errors import DeployError
from tests.integration.account import Account
from tests.integration.wired import CONTEXT, KEY, checkout_of_now, deliver, stored, stream, webhook
from tests.unit.sources import bodies
from tidings.aws.desk import AsynchronousDesk
from tidings.events import address_alias

ADDRESS = "Ada.Byron@Example.com"
ALIAS = address_alias(ADDRESS, KEY.encode())


class Invoked:
    """Stands for Lambda: what is invoked runs at once, here."""

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []

    def __call__(self, _: object, payload: dict[str, Any], function: str = "") -> dict[str, Any]:
        """Run it, with what JSON leaves of its answer."""
        self.payloads.append(payload)
        answer: dict[str, Any] = json.loads(json.dumps(erase_customer(payload, CONTEXT)))
        return answer


@pytest.fixture
def invoked(shop: Account, monkeypatch: pytest.MonkeyPatch) -> Invoked:
    """Both ways of asking the function: without waiting, and waiting."""
    lambda_ = Invoked()
    monkeypatch.setattr(AsynchronousDesk, "_invoke", lambda desk, payload: lambda_(desk, payload) and None)
    monkeypatch.setattr(privacy, "_invoke", lambda_)
    monkeypatch.setattr("tidings.aws.operator.EventBridgeOperator.tell", lambda *told: None)
    return lambda_


@pytest.fixture
def desk(shop: Account, invoked: Invoked) -> privacy.Desk:
    """The stack as the commands see it."""
    return privacy.Desk("shop", "shop-erase-customer", "privacy", "/shop", "customers", "events", {})


def ask(shop: Account, topic: str, body: dict[str, Any]) -> Any:
    """A compliance webhook, and what its stream brings; the event that it became."""
    known = {event.key for event in stored(shop)}
    assert receive_webhook(webhook(topic, body), CONTEXT)["statusCode"] == 200
    (request,) = [event for event in stored(shop) if event.key not in known]
    track_event(stream(request), CONTEXT)
    return request


def test_a_redaction_erases(shop: Account, invoked: Invoked) -> None:
    """Webhook, stream, function: what is handed on is a key, and nothing is left but hashes."""
    deliver(shop, "checkouts/create", checkout_of_now())
    deliver(shop, "customers/create", bodies.CUSTOMER)
    request = ask(shop, "customers/redact", bodies.REDACTION)
    assert invoked.payloads == [{"request": [request.identity, request.id]}]
    assert [shop.scan(table) for table in ("customers", "aliases", "events", "journeys")] == [[], [], [], []]
    assert "RUNNING" not in shop.executions("abandoned-checkout").values()
    assert {row["reason"]["S"] for row in shop.scan("suppressions")} == {"erased"}
    track_event(stream(request), CONTEXT)  # the stream delivers it again
    assert shop.scan("customers") == []


def test_a_request_for_data_exports_and_changes_nothing(
    shop: Account, invoked: Invoked, desk: privacy.Desk
) -> None:
    """The document is the one that make export prints."""
    deliver(shop, "customers/create", bodies.CUSTOMER)
    before = shop.scan("customers")
    ask(shop, "customers/data_request", bodies.DATA_REQUEST)
    assert shop.scan("customers") == before
    document = json.loads(privacy.export(desk, ADDRESS))
    assert document["people"][0]["profile"]["email"]["value"] == ADDRESS
    assert invoked.payloads[-1] == {"export": ALIAS}


def test_a_shop_that_leaves_is_not_erased_by_itself(
    shop: Account, invoked: Invoked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recorded, and the operator hears of it."""
    told: list[Any] = []
    monkeypatch.setattr("tidings.aws.operator.EventBridgeOperator.tell", lambda _, *what: told.append(what))
    deliver(shop, "customers/create", bodies.CUSTOMER)
    request = ask(shop, "shop/redact", bodies.TOPIC_BODIES["shop/redact"])
    assert len(shop.scan("customers")) == 1
    assert request.key in {event.key for event in stored(shop)}
    ((what, detail),) = told
    assert what == "A shop asked to be erased"
    assert "SHOP=1" in detail["what_to_do"]


def test_an_operator_erases_by_address(shop: Account, invoked: Invoked, desk: privacy.Desk) -> None:
    """In any spelling; the address leaves the operator's machine as a hash, and the receipt is printed."""
    deliver(shop, "customers/create", bodies.CUSTOMER)
    told = privacy.erase(desk, " ada.byron@EXAMPLE.com ")
    assert invoked.payloads == [{"erase": ALIAS}]
    assert "s3://privacy/receipts/" in told
    assert "ada" not in told.lower()
    assert shop.scan("customers") == []
    assert "nobody was known" in privacy.erase(desk, ADDRESS)
    with pytest.raises(DeployError, match="nobody is known"):
        privacy.export(desk, ADDRESS)


def test_an_address_is_hashed_as_the_functions_hash_it(
    shop: Account, invoked: Invoked, desk: privacy.Desk
) -> None:
    """With the parameter's first word, whatever follows it: else the command would find nobody, and say so."""
    told = {"Type": "SecureString", "Overwrite": True}
    boto3.client("ssm").put_parameter(Name="/shop/keys/address", Value=f"{KEY} another\n", **told)
    deliver(shop, "customers/create", bodies.CUSTOMER)
    assert "nobody was known" not in privacy.erase(desk, ADDRESS)
    assert invoked.payloads == [{"erase": ALIAS}]


@pytest.mark.parametrize("who", ["shopify:customer:7001", None])
def test_an_operator_erases_by_id_or_account(
    shop: Account, invoked: Invoked, desk: privacy.Desk, who: str | None
) -> None:
    """As the logs and the tables name them."""
    deliver(shop, "customers/create", bodies.CUSTOMER)
    privacy.erase(desk, who or shop.only().id)
    assert shop.scan("customers") == []


def test_everybody_is_erased_at_the_word_of_an_operator(shop: Account, desk: privacy.Desk) -> None:
    """Only with the stack's name; carts and browsers that nobody was named for go, too, the catalogue stays."""
    deliver(shop, "customers/create", bodies.CUSTOMER)
    deliver(shop, "carts/create", bodies.CART)
    deliver(shop, "products/create", bodies.PRODUCT)
    for word in ("", "yes", "tidings"):
        with pytest.raises(DeployError, match="CONFIRM=shop"):
            privacy.erase_shop(desk, word)
    told = privacy.erase_shop(desk, "shop")
    assert told.startswith("erased 1 customers and 1 without a name")
    assert shop.scan("customers") == []
    assert [event.type for event in stored(shop)] == ["product_updated"]


def test_the_commands_say_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is erased for want of a name."""
    desk = privacy.Desk("shop", "f", "b", "/shop", "c", "e", {})
    monkeypatch.setattr(privacy, "desk", lambda _: desk)
    run: Callable[..., int] = lambda *words, **environ: main(words, environ)  # noqa: E731
    assert [run("erase", ""), run("export", " ")] == [1, 1]
    assert run("erase", "", SHOP="1") == 1
    said = capsys.readouterr().err
    assert said.count("say which customer") == 2
    assert "CONFIRM=shop" in said
