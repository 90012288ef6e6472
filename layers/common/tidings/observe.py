"""What the operator sees: structured logs and at most ten metrics, by Lambda Powertools. Never personal
data.
"""

from collections.abc import Mapping
from functools import cache

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit


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
