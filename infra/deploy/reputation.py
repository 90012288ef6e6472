"""Pauses a workflow's marketing mails and lets them out again; tells how each workflow's mails are received. Here and
on AWS alike.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3

from infra.deploy import release
from infra.deploy.errors import DeployError
from tidings import clock as clocks
from tidings.aws.health_table import HealthTable
from tidings.aws.table import Table
from tidings.clock import Clock
from tidings.pacing.health import Pause, percent, resumed
from tidings.pacing.limits import Limits
from tidings.people.compact import epoch, moment
from tidings.shop import load_shop
from tidings.words import hint
from tidings.workflow.load import load_workflow

BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Desk:
    """A deployed stack, as far as reputation goes, and the workflows in this checkout."""

    table: str
    client: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=clocks.SystemClock)
    workflows: Path = release.ROOT / "workflows"

    @property
    def health(self) -> HealthTable:
        """The table of counts and pauses."""
        return HealthTable(Table(boto3.client("dynamodb", **self.client), self.table))

    @property
    def names(self) -> list[str]:
        """All workflows."""
        return sorted(path.parent.name for path in self.workflows.glob("*/workflow.yaml"))


def desk(stack: str) -> Desk:
    """The stack of that name on AWS; the local one for "". Raises DeployError when it is not there."""
    if stack:
        return Desk(release.standing(stack)["HealthTable"])
    told = release.local()
    return Desk(
        told["tables"]["health"], release.local_client(told), clocks.from_json(json.dumps(told["clock"]))
    )


def pause(at: Desk, workflow: str) -> str:
    """Holds the workflow's mails from now on; returns what to tell. Raises DeployError."""
    _known(at, workflow)
    if not load_workflow(at.workflows / workflow).workflow.is_marketing:
        raise DeployError(
            f"{workflow} is transactional: somebody waits for its mails. Set `retired: true` to end it"
        )
    new = at.health.pause(Pause(workflow, True, epoch(at.clock.now()), BY_HAND, BY_HAND, told=True))
    return f"{workflow} {'is paused: its mails wait' if new else 'was paused already'}; make resume WORKFLOW={workflow}"


def resume(at: Desk, workflow: str) -> str:
    """Lets the workflow's mails out again, and forgives what was counted until now; returns what to tell. Raises
    DeployError."""
    _known(at, workflow)
    known = at.health.pause_of(workflow)
    if known is None or not known.paused:
        return f"{workflow} is not paused; paused: {', '.join(_paused(at)) or 'none'}"
    today = at.clock.now().date()
    record = at.health.record(workflow, f"{today:%Y-%m-%d}")
    at.health.resume(resumed(record, today, epoch(at.clock.now()), workflow, BY_HAND))
    return f"{workflow} goes on: what waited comes back within the hours that it was held for, spread out"


def health(at: Desk) -> str:
    """Each workflow's mails of the last days, as a table."""
    limits = load_shop(at.workflows / "shop.yaml").limits
    lines = [f"{'workflow':28}{'sent':>8}{'bounces':>18}{'complaints':>18}"]
    for workflow in at.names:
        record = at.health.record(workflow, _since(at, limits))
        total = record.total(_since(at, limits))
        if total or record.pause:
            lines.append(_line(workflow, total, limits) + _told(record.pause))
    return "\n".join(lines)


def _line(workflow: str, total: Counter[str], limits: Limits) -> str:
    parts = [
        f"{total[what]} ({percent(Decimal(limit.rate(total[what], total['sent'])))})"
        for what, limit in (("bounced", limits.bounces), ("complained", limits.complaints))
    ]
    return f"{workflow:28}{total['sent']:>8}{parts[0]:>18}{parts[1]:>18}"


def _told(pause: Pause | None) -> str:
    if pause is None or not pause.paused:
        return ""
    why = f": {pause.reason}" if pause.reason not in ("", pause.by) else ""
    return f"  paused {pause.by} since {moment(pause.at):%Y-%m-%d %H:%M} UTC{why}"


def _since(at: Desk, limits: Limits) -> str:
    return f"{at.clock.now().date() - max(limits.within, timedelta(days=1)):%Y-%m-%d}"


def _paused(at: Desk) -> list[str]:
    store = at.health
    return [name for name in at.names if (found := store.pause_of(name)) and found.paused]


def _known(at: Desk, workflow: str) -> None:
    if workflow not in at.names:
        raise DeployError(
            f'there is no workflow "{workflow}"{hint(workflow, at.names)}'
            if workflow
            else f"say which: WORKFLOW=<name>; paused: {', '.join(_paused(at)) or 'none'}"
        )
