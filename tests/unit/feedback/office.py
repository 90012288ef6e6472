"""Feedback on fakes, reports made by hand, and the reports of the corpus, each in the shapes in which it may come."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import fakes
from tests.worlds import KEY, NOW
from tidings.clock import FixedClock
from tidings.events import Event
from tidings.feedback import Feedback

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "ses"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")
TOLD = {
    "Send": "mail_sent", "Delivery": "mail_delivered", "Open": "mail_opened", "Click": "mail_clicked",
    "Bounce": "mail_bounced", "Complaint": "mail_complained", "Reject": "mail_rejected",
    "DeliveryDelay": "mail_delayed", "Rendering Failure": "mail_rejected",
}  # fmt: skip


@dataclass
class Office:
    """Feedback on fakes."""

    faults: fakes.Faults = field(default_factory=fakes.Faults)

    def __post_init__(self) -> None:
        self.events = fakes.FakeEvents(self.faults)
        self.suppressions = fakes.FakeSuppressions(self.faults)
        self.counters = fakes.FakeCounters()
        self.feedback = Feedback(self.events, self.suppressions, self.counters, lambda: KEY, FixedClock(NOW))

    def record(self, *messages: object) -> list[Event]:
        """Record messages; all events there are then."""
        for message in messages:
            self.feedback.record(message)
        return list(self.events.rows.values())

    @property
    def suppressed(self) -> set[tuple[str, str]]:
        """(address alias, reason)."""
        return set(self.suppressions.rows)


def message(
    kind: str,
    tags: dict[str, str] | None = None,
    at: str | None = "2026-03-10T11:00:00.000Z",
    *,
    name: str = "m1",
    sent: str = "2026-03-10T10:00:00.000Z",
    **told: Any,
) -> dict[str, Any]:
    """An event as EventBridge brings it."""
    mail = {"timestamp": sent, "messageId": name, "destination": ["ann@example.com"]}
    marks = {
        "customer": "c1",
        "journey": "j1",
        "workflow": "welcome",
        "step": "hello",
        "send_id": f"s-{name}",
    }
    mail_ = mail | {"tags": {name: [value] for name, value in (marks if tags is None else tags).items()}}
    key = kind[:1].lower() + kind[1:].replace(" ", "")
    section = {} if kind == "Send" else {"timestamp": at} | told
    return {
        "detail-type": f"Email {kind}",
        "source": "aws.ses",
        "detail": {"eventType": kind, "mail": mail_, key: section},
    }


def bounce(
    type_: str = "Permanent", subtype: str = "General", *, name: str = "m1", sent: str = "", **recipient: Any
) -> dict[str, Any]:
    """A bounce of Ann's mailbox."""
    bounced = [{"emailAddress": "Ann@Example.com", **recipient}]
    told: dict[str, Any] = {"bounceType": type_, "bounceSubType": subtype, "bouncedRecipients": bounced}
    if not sent:
        return message("Bounce", name=name, **told)
    return message("Bounce", name=name, sent=sent, at=sent, **told)


def shapes(detail: dict[str, Any]) -> dict[str, object]:
    """A report in every shape in which it may come."""
    kind = str(detail.get("eventType") or detail.get("notificationType"))
    rest = {name: value for name, value in detail.items() if name not in ("eventType", "notificationType")}
    envelope = {"Type": "Notification", "MessageId": "n1", "TopicArn": "arn:aws:sns:eu-west-1:1:t"}
    bridged = {"version": "0", "detail-type": f"Email {kind}", "source": "aws.ses", "detail": detail}
    return {
        "event publishing": {**rest, "eventType": kind},
        "its text": json.dumps({**rest, "eventType": kind}),
        "the older notification": {**rest, "notificationType": kind},
        "EventBridge": bridged,
        "SNS": {**envelope, "Message": json.dumps(detail)},
        "SNS, as text": json.dumps({**envelope, "Message": json.dumps(detail)}),
        "SNS to a function": {
            "Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(detail)}}]
        },
        "EventBridge through SNS": {**envelope, "Message": json.dumps(bridged)},
    }


def corpus() -> Iterator[tuple[str, dict[str, Any]]]:
    """(file, the report itself) of every report in the corpus."""
    for path in sorted(CORPUS.rglob("*.json")):
        try:
            body = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue
        if isinstance(body, dict) and isinstance(body.get("detail"), dict):
            yield str(path.relative_to(CORPUS)), body["detail"]
        elif isinstance(body, dict) and isinstance(body.get("mail"), dict):
            yield str(path.relative_to(CORPUS)), body


FOUND = list(corpus()) if CORPUS.is_dir() else []
