"""What a run came to, read from the tables and the recorded mails."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.held import Held, grouped, never_went, waited
from infra.local.outputs import Outputs
from tidings.aws.codec import decode_item
from tidings.aws.customer_item import from_item


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by workflow; `events_stored` holds every event, the shop's and Tidings' own. `skipped` and `deferred`
    count mails that never went, and times that one had to wait, by reason.
    """

    events_stored: int
    customers: int
    mails: dict[str, int]
    started: dict[str, int]
    exited: dict[str, int]
    waiting: dict[str, int]
    skipped: dict[str, int] = field(default_factory=dict)
    deferred: dict[str, int] = field(default_factory=dict)

    def summary(self, accepted: int, duplicate: int, seconds: float) -> dict[str, Any]:
        """The run's `summary.json`."""
        return {
            "events_accepted": accepted,
            "events_duplicate": duplicate,
            "events_stored": self.events_stored,
            "customers": self.customers,
            "journeys_started": sum(self.started.values()),
            "journeys_exited": sum(self.exited.values()),
            "journeys_waiting": sum(self.waiting.values()),
            "mails_sent": sum(self.mails.values()),
            "mails_by_workflow": dict(sorted(self.mails.items())),
            "mails_skipped": sum(self.skipped.values()),
            "skipped_by_reason": dict(sorted(self.skipped.items())),
            "deferrals": sum(self.deferred.values()),
            "deferrals_by_reason": dict(sorted(self.deferred.items())),
            "seconds": round(seconds, 1),
        }

    def table(self) -> str:
        """Workflow × mails sent, exited, still waiting, as lines of text."""
        names = sorted({*self.mails, *self.started})
        columns = (self.mails, self.exited, self.waiting)
        rows = [(name, [column.get(name, 0) for column in columns]) for name in names]
        rows.append(("all", [sum(column.values()) for column in columns]))
        width = max(len("workflow"), *(len(row[0]) for row in rows))
        lines = [f"  {'workflow':<{width}}  {'mails sent':>10}  {'exited':>8}  {'still waiting':>13}"]
        lines += [
            f"  {name:<{width}}  {sent:>10}  {out:>8}  {open_:>13}" for name, (sent, out, open_) in rows
        ]
        lines.insert(-1, "  " + "-" * (len(lines[0]) - 2))
        lines.append("")
        for what, counts in (("never went", self.skipped), ("had to wait", self.deferred)):
            ranked = sorted(counts.items(), key=lambda told: (-told[1], told[0]))
            lines.append(
                f"  {what}: " + (", ".join(f"{reason} {count}" for reason, count in ranked) or "none")
            )
        return "\n".join(lines)


def read(outputs: Outputs, mails: Path) -> Figures:
    """The figures of this moment. `mails` is the run's `mails.json`."""
    tables, store = outputs.values["tables"], outputs.client("dynamodb")
    started = Counter(item["workflow"]["S"] for item in scan(store, tables["journeys"]))
    exited: Counter[str] = Counter()
    known = (from_item(decode_item(item)) for item in scan(store, tables["customers"]))
    people = [customer for customer in known if customer.merged_into is None]
    for customer in people:
        for ended in customer.closed.values():
            exited[ended.workflow] += ended.outcome == "exited"
    ledger = [decode_item(item) for item in scan(store, tables["sends"])]
    sent = Counter(str(mail["workflow"]) for mail in json.loads(mails.read_text(encoding="utf-8")))
    return Figures(
        events_stored=sum(1 for _ in scan(store, tables["events"], "#i", {"#i": "identity"})),
        customers=len(people),
        mails=dict(sent),
        started=dict(started),
        exited=dict(exited),
        skipped=_counted(never_went(ledger)),
        deferred=_counted(waited(ledger)),
        waiting={name: _running(outputs, arn) for name, arn in outputs.values["state_machines"].items()},
    )


def _counted(held: Iterable[Held]) -> dict[str, int]:
    return {reason: len(mails) for reason, mails in grouped(held).items()}


def _running(outputs: Outputs, machine: str) -> int:
    pages = outputs.client("stepfunctions").get_paginator("list_executions")
    found = pages.paginate(stateMachineArn=machine, statusFilter="RUNNING")
    return sum(len(page["executions"]) for page in found)


def scan(
    store: Any, table: str, projection: str | None = None, names: dict[str, str] | None = None
) -> Iterator[dict[str, Any]]:
    """Every item of a table, as DynamoDB writes it."""
    wish: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    if projection:
        wish |= {"ProjectionExpression": projection, "ExpressionAttributeNames": names}
    while True:
        page = store.scan(**wish)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        wish["ExclusiveStartKey"] = page["LastEvaluatedKey"]
