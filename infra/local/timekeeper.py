"""Ends, on the shop's clock, Tasks that have waited too long for an event.

The embedded AWS scales the seconds of a Wait but not the time-out of a Task: what would be two days there is two
days here. This looks at the ledger and fails what is overdue with the error that AWS would.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from infra.local.outputs import Outputs

EVERY: Final = 0.5
"""Machine seconds between two looks: half a shop hour at the usual speed."""


@dataclass(frozen=True, slots=True)
class Timekeeper:
    """Watches one stack."""

    outputs: Outputs

    def run(self) -> None:
        """Look for ever; a stack that is being taken down ends it with its process."""
        store, states = self.outputs.client("dynamodb"), self.outputs.client("stepfunctions")
        failed: set[str] = set()
        while True:
            failed |= self.look(store, states, failed)
            time.sleep(EVERY)

    def look(self, store: Any, states: Any, failed: set[str]) -> set[str]:
        """Fail every overdue Task once; the tokens that were failed now."""
        now = int(self.outputs.clock.now().timestamp())
        try:
            overdue = self._overdue(store, now) - failed
            for token in overdue:
                states.send_task_failure(taskToken=token, error="States.Timeout", cause="it waited too long")
        except (store.exceptions.ClientError, OSError) as error:
            print(f"timekeeper: {type(error).__name__}", flush=True)
            return set()
        return overdue

    def _overdue(self, store: Any, now: int) -> set[str]:
        pages = store.get_paginator("scan").paginate(
            TableName=self.outputs.values["tables"]["sends"],
            FilterExpression="#state = :waiting",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":waiting": {"S": "waiting"}},
        )
        waiting = [item["told"]["M"] for page in pages for item in page["Items"]]
        return {told["token"]["S"] for told in waiting if int(told["until"]["N"]) <= now}
