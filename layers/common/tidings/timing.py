"""When the steps of a customer's journey come: by the waits before them, and for mails not within quiet hours. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tidings.customer import Customer, epoch
from tidings.pacing.quiet import held_back
from tidings.ports import Plan
from tidings.schedule import wait_end
from tidings.shop import QuietHours, Shop
from tidings.triggers import last_times
from tidings.workflow.chance import side_of
from tidings.workflow.graph import Node, graph
from tidings.workflow.model import SendStep, SplitStep, WaitForStep, WaitStep, WaitUntil, Workflow

PROMPT = timedelta(hours=1)
"""Whoever has just done something is awake: how long a mail may answer it at night, where its workflow says so."""


def _nothing() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one customer in one workflow. `names` gives what an `until` may name; it is asked only for one."""

    workflow: Workflow
    shop: Shop
    customer: Customer
    names: Callable[[], Mapping[str, Any]] = _nothing

    @property
    def zone(self) -> ZoneInfo:
        """Where the customer lives."""
        return self.customer.zone(self.shop.zone)

    def due(self, waits: tuple[WaitStep, ...], since: datetime) -> datetime:
        """The moment at which these waits are over, whatever the hour."""
        names = self.names() if any(isinstance(each.wait, WaitUntil) for each in waits) else {}
        return wait_end(waits, since, self.zone, names, last_times(self.customer))

    def reached(self, node: Node, since: datetime) -> datetime:
        """When a step comes whose waits count from `since`; a mail when the quiet hours are over."""
        due = self.due(node.waits, since)
        return self.awake(due, since) if isinstance(node.step, SendStep) else due

    def awake(self, at: datetime, since: datetime) -> datetime:
        """The first moment from `at` on at which this workflow's mail may go that counts its waits from `since`."""
        return held_back(self._quiet_hours(at - since), at, self.zone, self.customer.id)

    def _quiet_hours(self, later: timedelta) -> QuietHours | None:
        """Those that a mail keeps which goes so much later than what it answers."""
        bound = self.workflow.is_marketing and (self.workflow.quiet_hours or later > PROMPT)
        return self.shop.quiet_hours if bound else None

    def seconds(self, node: Node, since: datetime, now: datetime) -> int:
        """Whole seconds from `now` until a step, rounded up; a mail that is late waits for quiet hours too."""
        at = max(self.due(node.waits, since), now)
        at = self.awake(at, since) if isinstance(node.step, SendStep) else at
        return -((now - at) // timedelta(seconds=1))

    def next_mail(self, node: str | None, since: datetime) -> datetime | None:
        """The earliest moment at which a journey that goes on to `node` may come to a mail; None when it need not.

        What an `if` will decide is not known yet, and what is waited for may never come: of both sides of an `if` the
        earlier counts, of a `wait_for` its time-out.
        """
        nodes = graph(self.workflow)
        known: dict[str, datetime] = {node: since} if node else {}
        found: list[datetime] = []
        for name, here in nodes.items():  # in the author's order: steps only lead forward
            if name not in known:
                continue
            at = self.reached(here, known[name])
            if isinstance(here.step, SendStep):
                found.append(at)
                continue
            for following, then in self._ways(here, at):
                known[following] = min(known.get(following, then), then)
        return min(found, default=None)

    def plan(self, node: str | None, since: datetime) -> Plan | None:
        """The plan of the next marketing mail; None without one."""
        at = self.next_mail(node, since) if self.workflow.is_marketing else None
        return Plan(epoch(at), self.workflow.priority, epoch(at)) if at else None

    def _ways(self, here: Node, at: datetime) -> list[tuple[str, datetime]]:
        ways = dict(here.branches)
        match here.step:
            case WaitForStep(wait_for=awaited):
                ways, at = {"timed_out": ways["timed_out"]}, at + awaited.at_most
            case SplitStep() as split if not here.is_pause:
                side = side_of(split, self.customer.id, self.workflow.id, here.id)
                ways = {side: ways[side]}
        return [(following, at) for following in ways.values() if following]
