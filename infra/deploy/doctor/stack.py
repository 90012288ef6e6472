"""Whether the stack works: what waits, what was given up, who hears of it, what is paused."""

from collections.abc import Iterator, Sequence
from typing import Final

from infra.deploy.doctor.facts import Alarm, Check, Daily, Finding, Fold, Machine, Queue, fail, ok, warn

LAG_SECONDS: Final = 600
ROOM: Final = 100
"""Functions at once that a shop does with: four for each shard of the stream, five for reports, steps, webhooks, pages.
"""
BACKLOG: Final = 1000
"""Reports of SES that may wait: a mailing's are worked off in minutes."""


def waiting(queues: Sequence[Queue]) -> Iterator[Finding]:
    """What waits, and what was given up."""
    worried = False
    for queue in queues:
        if queue.mapping != "Enabled":
            worried = True
            yield fail(
                f"the mapping of {queue.name} is {queue.mapping}: bounces and complaints are not heard",
                "Lambda console → record-feedback → triggers → enable",
            )
        if queue.dead and queue.messages:
            worried = True
            yield fail(
                f"{queue.messages} messages were given up in {queue.name}",
                "docs/operations.md, Queues: read them, mend the cause, move them back or delete them",
            )
        elif queue.messages > BACKLOG:
            worried = True
            yield warn(
                f"{queue.messages} messages wait in {queue.name}", "look at the log of record_feedback"
            )
    if not worried:
        yield ok(", ".join(f"{queue.name} {queue.messages}" for queue in queues))


def stream(fold: Fold) -> Iterator[Finding]:
    """Whether events are folded, and how late."""
    if fold.mapping != "Enabled":
        yield fail(
            f"the stream's mapping is {fold.mapping}: events are stored, and nothing follows",
            "Lambda console → track-event → triggers → enable; within a day, for as long as the stream keeps them",
        )
    elif fold.lag_seconds is not None and fold.lag_seconds > LAG_SECONDS:
        yield fail(
            f"the oldest event waits {fold.lag_seconds / 60:.0f} minutes to be folded",
            "track_event's log says why",
        )
    elif fold.lag_seconds is None:
        yield ok("enabled; nothing came lately")
    else:
        yield ok(f"enabled, {fold.lag_seconds:.0f} s behind")


def aside(fold: Fold) -> Iterator[Finding]:
    """What was put aside is not lost, but nobody acts on it."""
    counts = (
        (fold.parked, "parked events"),
        (fold.failed_batches, "batches given up"),
        (fold.unread, "deliveries that could not be read"),
    )
    held = [f"{count} {what}" for count, what in counts if count]
    if held:
        yield warn(", ".join(held), "mend the cause (the functions' logs name it), then make redrive")
    else:
        yield ok("nothing")


def heard(alarms: Sequence[Alarm]) -> Iterator[Finding]:
    """An alarm that nobody hears is none."""
    deaf = [alarm.name for alarm in alarms if not alarm.heard_by]
    ringing = [alarm.name for alarm in alarms if alarm.state == "ALARM"]
    if not alarms:
        yield fail("there are no alarms", "make deploy: the template has them")
    if ringing:
        yield fail(f"ringing: {', '.join(ringing)}", "docs/operations.md, Alarms")
    if deaf:
        yield warn(
            f"{len(deaf)} of {len(alarms)} alarms have no confirmed subscriber",
            "make deploy PARAMETERS='AlarmEmail=...', and confirm the mail that SNS sends",
        )
    if alarms and not ringing and not deaf:
        yield ok(f"{len(alarms)}, quiet, with somebody to hear them")


def workflows(paused: frozenset[str]) -> Iterator[Finding]:
    """A workflow that paused itself resumes only by hand."""
    if paused:
        yield warn(
            f"paused: {', '.join(sorted(paused))}",
            "find out why people complained, then make resume WORKFLOW=<name>",
        )
    else:
        yield ok("none is paused")


def calendar(daily: Daily) -> Iterator[Finding]:
    """Birthdays and silences hang on it."""
    if not daily.enabled:
        yield fail(
            "the daily rule is disabled: no birthday, no win-back", "EventBridge console → Rules → enable"
        )
    elif daily.runs is not None and daily.runs < 1:
        yield warn(
            "run_daily did not run in two days (a stack of today runs at 00:05 UTC)",
            "look at its log; to catch up: docs/operations.md, Missed days",
        )
    else:
        yield ok("enabled" if daily.runs is None else f"enabled, ran {daily.runs:.0f} times in two days")


def packages(machines: Sequence[Machine]) -> Iterator[Finding]:
    """A journey needs the mails with which it began."""
    missing = [machine.workflow for machine in machines if machine.missing]
    if not machines:
        yield fail("there is no workflow", "make build, make deploy")
    elif missing:
        yield fail(
            f"packages are missing: {', '.join(sorted(missing))}",
            "make build, make deploy from the commit that is deployed",
        )
    else:
        yield ok(f"{len(machines)} workflows, all packages there")


def room(concurrency: int) -> Iterator[Finding]:
    """AWS promises 1,000 and begins new accounts with ten; whoever finds no room is answered 5xx or waits."""
    if concurrency < ROOM:
        yield warn(
            f"{concurrency} functions may run at once in this account: a rush, or make backfill, crowds webhooks out",
            "Service Quotas → AWS Lambda → Concurrent executions: ask for 1,000 (it costs nothing)",
        )
    else:
        yield ok(f"{concurrency} functions may run at once")


CHECKS: Final = (
    Check("stream", ("fold",), stream),
    Check("put-aside", ("fold",), aside),
    Check("queues", ("queues",), waiting),
    Check("alarms", ("alarms",), heard),
    Check("workflows", ("paused",), workflows),
    Check("daily", ("daily",), calendar),
    Check("concurrency", ("concurrency",), room),
    Check("packages", ("machines",), packages),
)
