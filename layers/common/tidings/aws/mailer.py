"""SES, version 2. The SDK's own retries are off: whoever sends must know what became of the one attempt.

Errors: docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html. An answer with a 4xx means that SES
did not take the mail; a 5xx, a broken connection or no answer mean that nobody knows.

The sender stands in the mail's own From header. Told beside it (`FromEmailAddress`) it would take that header's place,
and SES takes no line break there, which a long name in encoded words has.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from tidings.aws.client import code
from tidings.clock import Clock
from tidings.errors import SendRejected, SendUnknown
from tidings.ports import Outgoing

THROTTLED: Final = frozenset(
    {"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"}
)
SOON, LATER = 60, 900
"""Machine seconds until the next attempt: after throttling or no connection; after a refusal that people must mend."""

IDLE: Final = timedelta(seconds=5)
"""After so long without a mail its connection may be dead and not know it: Lambda lets idle ones go, and what was
closed while the instance was frozen is not heard of. The SDK tries again elsewhere; a mail has one attempt."""


@dataclass(slots=True)
class SesMailer:
    """Answers `ports.Mailer`."""

    client: Any
    configuration_set: str
    clock: Clock
    _last: datetime | None = None

    def send(self, mail: Outgoing) -> str:
        """The message id. Raises SendRejected when SES provably did not take the mail, SendUnknown otherwise."""
        now = self.clock.machine_now()
        if self._last is not None and now - self._last > IDLE:
            self.client.close()
        self._last = now
        try:
            answer = self.client.send_email(
                Destination={"ToAddresses": [mail.recipient]},
                Content={"Raw": {"Data": mail.content}},
                EmailTags=[{"Name": name, "Value": value} for name, value in mail.tags.items()],
                ConfigurationSetName=self.configuration_set,
            )
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            raise SendRejected(type(error).__name__, SOON) from error
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
            if code(error) in THROTTLED:
                raise SendRejected(code(error), SOON, throttled=True) from error
            if 400 <= status < 500:
                raise SendRejected(code(error), LATER) from error
            raise SendUnknown(code(error)) from error
        except BotoCoreError as error:
            raise SendUnknown(type(error).__name__) from error
        return str(answer["MessageId"])
