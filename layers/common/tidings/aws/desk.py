"""The function `erase_customer`, asked without waiting for it: Lambda repeats what fails, then keeps it."""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tidings.aws.client import code, outages
from tidings.errors import Unavailable
from tidings.events import Event


@dataclass(frozen=True, slots=True)
class AsynchronousDesk:
    """Answers `privacy.gate.Desk`. What is handed over are keys: hashes and opaque ids."""

    client: Any
    function: str

    def ask(self, event: Event) -> None:
        """Carry out a request, or remove an event that nobody may know of, by its key."""
        self._invoke({"request": [event.identity, event.id]})

    def gone(self, customer_id: str) -> None:
        """Remove what was begun for a customer who is no more."""
        self._invoke({"gone": customer_id})

    def _invoke(self, payload: dict[str, Any]) -> None:
        try:
            with outages():
                self.client.invoke(
                    FunctionName=self.function, InvocationType="Event", Payload=json.dumps(payload)
                )
        except ClientError as error:
            raise Unavailable(f"Invoke: {code(error)}") from error
