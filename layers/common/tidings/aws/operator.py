"""What a person should look at, as events on the account's bus: a rule hands them to the topic of alarms."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from tidings.aws.client import code, outages
from tidings.errors import Unavailable

SOURCE: Final = "tidings"


@dataclass(frozen=True, slots=True)
class EventBridgeOperator:
    """Answers `ports.Operator`. `stack` tells deployments in one account apart."""

    client: Any
    stack: str

    def tell(self, what: str, detail: Mapping[str, Any]) -> None:
        """Put an event whose `detail-type` is `what`; `words` in its detail is the rest in one readable line."""
        told = {**detail, "stack": self.stack, "words": in_words(detail)}
        entry = {"Source": SOURCE, "DetailType": what, "Detail": json.dumps(told, default=str)}
        try:
            with outages():
                answer = self.client.put_events(Entries=[entry])
        except ClientError as error:
            raise Unavailable(f"PutEvents: {code(error)}") from error
        if answer.get("FailedEntryCount"):
            raise Unavailable(f"PutEvents: {answer['Entries'][0].get('ErrorCode')}")


def in_words(detail: Mapping[str, Any]) -> str:
    """A detail as a line that may stand between quotes: `workflow: welcome; bounces: 7 of 100`."""
    line = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in detail.items())
    return " ".join(line.replace('"', "'").replace("\\", "/").split())
