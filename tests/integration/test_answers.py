"""What AWS may answer, and what is made of it: writes in each other's way, answers lost, machines not there yet."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.account import Account
from tests.worlds import ANN, NOW, checkout, order
from tidings import ports
from tidings.aws.machines import StateMachines
from tidings.aws.sends_table import SendsTable
from tidings.aws.table import Table
from tidings.customer import epoch
from tidings.errors import Conflict, Unavailable

SEND = ports.Send("j1", "hello", "claimed", "c1", attempt=1, at=epoch(NOW), claimed_at=epoch(NOW))


def refusal(operation: str, code: str) -> ClientError:
    """AWS's answer with a 400."""
    answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(answer, operation)


class Refusing:
    """A client whose `call` is refused once with `code`; everything else goes through."""

    def __init__(self, client: Any, call: str, code: str) -> None:
        self._client, self._call, self._codes = client, call, [code]

    def __getattr__(self, name: str) -> Any:
        if name == self._call and self._codes:
            raise_ = refusal(name, self._codes.pop())

            def refuse(**_: Any) -> Any:
                raise raise_

            return refuse
        return getattr(self._client, name)


class Losing:
    """A client that loses the answer to each PutItem, so that the SDK makes it again."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name != "put_item":
            return call

        def twice(**arguments: Any) -> Any:
            call(**arguments)
            return call(**arguments)

        return twice


def test_a_transaction_in_the_way_of_a_fold_is_no_poison(account: Account) -> None:
    """The customer is part of somebody's transaction at this moment: the fold looks again."""
    account.happen(order("o1", **ANN))
    told = order("o2", **ANN)
    account.events.put(told)
    client = Refusing(account.dynamodb, "put_item", "TransactionConflictException")
    object.__setattr__(account.customers, "customers", Table(client, "customers"))
    account.tracker.track_all([told])
    assert account.only().orders_count == 2
    assert account.scan("parked") == []


@pytest.mark.parametrize(
    "code", ["StateMachineDoesNotExist", "StateMachineDeleting", "ExecutionLimitExceeded"]
)
def test_a_machine_that_cannot_start_yet_is_an_outage(account: Account, code: str) -> None:
    """A deployment makes the machine a moment later: the delivery comes again, nothing is parked."""
    machines = account.machines
    client = Refusing(machines.client, "start_execution", code)
    object.__setattr__(account.tracker, "machines", StateMachines(client, machines.arn_prefix))
    told = checkout("t1", **ANN)
    account.events.put(told)
    with pytest.raises(Unavailable):
        account.tracker.track_all([told])
    account.tracker.track_all([told])
    assert list(account.executions("abandoned-checkout").values()) == ["RUNNING"]
    assert account.scan("parked") == []


def test_a_claim_whose_answer_was_lost_is_won_all_the_same(account: Account) -> None:
    """The SDK's second try finds the first one's item; another attempt's claim it does not take for its own."""
    sends = SendsTable(Table(Losing(account.dynamodb), "sends"))
    mine = replace(SEND, nonce="a1")
    sends.claim(mine, None)
    assert sends.get("j1", "hello") == mine
    with pytest.raises(Conflict):
        sends.claim(replace(SEND, nonce="b2"), None)
    with pytest.raises(Conflict):
        sends.claim(SEND, None)
