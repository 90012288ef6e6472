"""When each source was last heard, and how much of it was refused.

By the door's log, which names source and status and nothing personal (Logs Insights: half a cent for each gigabyte).
Where that tells nothing, by a bounded look into the Events table.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

SEARCH: Final = (
    'filter message = "webhook" and ispresent(source) '
    "| stats max(@timestamp) as last, count(*) as number by source, status"
)
REFUSALS: Final = (
    'filter message = "webhook" and status = 401 and ispresent(source) | stats count(*) as number by source'
)
PATIENCE: Final = 20.0
"""Seconds that Logs Insights may take."""

PAGES: Final = 10
"""Of a megabyte each, that are looked at of the Events table: a tenth of a cent."""

Seen = tuple[dict[str, datetime], dict[str, int] | None]


def arrivals(connect: Callable[[str], Any], events: str, log: str) -> Seen:
    """(source → when it was last heard, source → deliveries refused for their signature in a day). What was refused
    stands in the log only: None where it can't be asked."""
    last: dict[str, datetime] = {}
    refused: dict[str, int] | None = None
    if log:
        try:
            logs = connect("logs")
            for row in _asked(logs, log, SEARCH, timedelta(days=7)) or ():
                if row.get("status") == "200":
                    heard = _moment(row["last"])
                    last[row["source"]] = max(heard, last.get(row["source"], heard))
            counted = _asked(logs, log, REFUSALS, timedelta(days=1))
            refused = None if counted is None else {row["source"]: int(row["number"]) for row in counted}
        except (ClientError, BotoCoreError):
            last = {}  # the table may tell
    return last or _in_table(connect("dynamodb"), events), refused


def _asked(logs: Any, log: str, query: str, since: timedelta) -> list[Mapping[str, str]] | None:
    """The rows of a query; None when it fails or takes too long."""
    now = datetime.now(UTC)
    started = logs.start_query(
        logGroupName=log,
        startTime=int((now - since).timestamp()),
        endTime=int(now.timestamp()),
        queryString=query,
    )["queryId"]
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = logs.get_query_results(queryId=started)
        if answer["status"] == "Complete":
            return [{each["field"]: each["value"] for each in row} for row in answer.get("results", [])]
        if answer["status"] not in ("Scheduled", "Running"):
            break
        time.sleep(0.5)
    return None


def _moment(value: str) -> datetime:
    """Of a time or of milliseconds: Logs Insights gives the one for a field, the other for a maximum."""
    try:
        return datetime.fromtimestamp(float(value) / 1000, UTC)
    except ValueError:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)


def _in_table(dynamodb: Any, events: str) -> dict[str, datetime]:
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=events,
        ProjectionExpression="#s, received_at",
        ExpressionAttributeNames={"#s": "source"},
        PaginationConfig={"MaxItems": PAGES * 1000},
    )
    last: dict[str, datetime] = {}
    for page in pages:
        for item in page["Items"]:
            source, heard = item["source"]["S"], datetime.fromisoformat(item["received_at"]["S"])
            last[source] = max(heard, last.get(source, heard))
    return last
