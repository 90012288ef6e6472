"""What SES lets this account send, and a counter by which instances share its rate."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tidings.aws.table import Table
from tidings.errors import Unavailable
from tidings.pacing.governor import Quota


@dataclass(frozen=True, slots=True)
class SesAccount:
    """Answers `governor.Account`: docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html."""

    client: Any

    def quota(self) -> Quota:
        """The quota as it stands. Raises Unavailable, whatever the reason: nobody waits for it."""
        try:
            told = self.client.get_account()
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"GetAccount: {type(error).__name__}") from error
        limits = told.get("SendQuota") or {}
        return Quota(
            per_second=float(limits.get("MaxSendRate") or 0),
            per_day=float(limits.get("Max24HourSend") or 0),
            sent=float(limits.get("SentLast24Hours") or 0),
            enabled=bool(told.get("SendingEnabled", True)),
            standing=str(told.get("EnforcementStatus") or ""),
        )


@dataclass(frozen=True, slots=True)
class Leases:
    """Answers `governor.Shared`: counters in the pace table, which forget themselves."""

    table: Table

    def take(self, name: str, units: int, expires: int) -> int:
        """Add to a counter; what it stands at then. `expires` is in epoch seconds of machine time."""
        item = self.table.add({"customer": f"#{name}"}, {"taken": units}, {"expires": expires})
        return int(item["taken"])
