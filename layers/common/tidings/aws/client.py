"""botocore clients with deadlines, and the line between an outage and a mistake."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tidings.errors import Unavailable

OUTAGES: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExecutionLimitExceeded",
        "ExpiredToken",
        "ExpiredTokenException",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "NoSuchBucket",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ResourceNotFoundException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "StateMachineDeleting",
        "StateMachineDoesNotExist",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
        "UnrecognizedClientException",
    }
)
"""Error codes that time or the operator mends: throttling, the service's own faults, missing rights or
tables, a machine that a deployment has not made yet.
"""


def client(service: str, *, connect: float = 1.0, read: float = 1.5, attempts: int = 2) -> Any:
    """A client of a service, with time-outs in seconds for each attempt, and attempts in all.

    As it is, a call ends within 5 seconds at worst, the time a shop waits; who has longer passes more.
    """
    config = Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        parameter_validation=False,
    )
    return _session().create_client(service, config=config)


@cache
def _session() -> Any:
    return botocore.session.get_session()


def code(error: ClientError) -> str:
    """The error's code: `ConditionalCheckFailedException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def outages() -> Iterator[None]:
    """Raise Unavailable in place of what only time or the operator mends; let other ClientErrors pass."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code(error) in OUTAGES or status >= 500:
            raise Unavailable(f"{error.operation_name}: {code(error)}") from error
        raise
    except BotoCoreError as error:  # no connection, no answer in time, no credentials, no region
        raise Unavailable(type(error).__name__) from error
