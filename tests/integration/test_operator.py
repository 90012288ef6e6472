"""What a person should look at reaches the bus, readable."""

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tidings.aws.operator import EventBridgeOperator, in_words
from tidings.errors import Unavailable


class Bus:
    """EventBridge's client: takes what a real request would hold, or refuses it with a 200."""

    def __init__(self, client: Any, failed: int = 0) -> None:
        self.client, self.failed = client, failed
        self.entries: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        """Count entries as failed, or let the service check them."""
        if self.failed:
            return {"FailedEntryCount": self.failed, "Entries": [{"ErrorCode": "InternalFailure"}]}
        answer: dict[str, Any] = self.client.put_events(Entries=Entries)
        self.entries += Entries
        return answer


def test_a_word_to_the_operator_is_an_event_on_the_bus() -> None:
    """Its kind is what happened, its detail what was told, with the stack's name and one line for people."""
    with mock_aws():
        bus = Bus(boto3.client("events", region_name="eu-west-1"))
        operator = EventBridgeOperator(bus, "shop")
        operator.tell("a workflow paused itself", {"workflow": "welcome", "bounces": 7})
    (entry,) = bus.entries
    assert (entry["Source"], entry["DetailType"]) == ("tidings", "a workflow paused itself")
    assert json.loads(entry["Detail"]) == {
        "workflow": "welcome", "bounces": 7, "stack": "shop", "words": "workflow: welcome; bounces: 7",
    }  # fmt: skip


def test_words_may_stand_between_quotes() -> None:
    """The topic's message is a JSON string: nothing in it may end it."""
    assert in_words({"what_now": 'say "hi"\n\\', "n": 1}) == "what now: say 'hi' /; n: 1"


def test_a_word_that_the_bus_did_not_take_is_said() -> None:
    """PutEvents answers 200 to what it refuses."""
    with pytest.raises(Unavailable, match="InternalFailure"):
        EventBridgeOperator(Bus(None, failed=1), "shop").tell("x", {})
