"""What the operator sees: structured logs and at most ten metrics, by Lambda Powertools. Never personal
data.
"""

import traceback
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any, Final, TypeVar

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from tidings.errors import TidingsError

Answer = TypeVar("Answer")
PLACES: Final = 12
"""Lines of a traceback that are kept."""


@cache
def logger() -> Logger:
    """The function's logger; service and level come from Powertools' own variables."""
    return Logger()


@cache
def metrics() -> Metrics:
    """The function's metrics; namespace and service come from Powertools' own variables."""
    return Metrics()


def count(counts: Mapping[str, int]) -> None:
    """Add to metrics by name, in one line of CloudWatch's embedded metric format; the only dimension is
    `service`.
    """
    if not counts:
        return
    for name, number in counts.items():
        metrics().add_metric(name=name, unit=MetricUnit.Count, value=number)
    metrics().flush_metrics()


def discreet(handle: Callable[[Any, Any], Answer]) -> Callable[[Any, Any], Answer]:
    """A handler that raises no words of others: what it raises is logged, and stands in executions' histories.

    Tidings' own errors are worded to hold no personal data. Of any other, which may quote what it stumbled over, the
    class goes on, and the log tells the place.
    """

    @wraps(handle)
    def handler(event: Any, context: Any) -> Answer:
        try:
            return handle(event, context)
        except TidingsError as error:
            raise error from None
        except Exception as error:  # noqa: BLE001 - whatever it is, it goes on as it came, without its words
            logger().error("failed", extra={"error": type(error).__name__, "places": _places(error)})
            raise _wordless(error) from None

    return handler


def _places(error: BaseException) -> list[str]:
    """Where it went wrong, the innermost last: files, lines and functions, and no values."""
    frames = traceback.extract_tb(error.__traceback__)[-PLACES:]
    return [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]


def _wordless(error: Exception) -> Exception:
    """An error of a class of the same name, which is what machines and alarms know it by."""
    kind: type[Exception] = type(type(error).__name__, (Exception,), {})
    return kind("its words may quote a person's: the log says where it was")
