"""What SES tells of a mail, as events. A hard bounce or complaint also suppresses the address at once.

Reads the shape that EventBridge delivers (`detail-type`, `detail`):
docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html. Duplicates and any order change nothing, since an
event's id is made of the message and what happened to it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tidings import ports
from tidings.clock import Clock
from tidings.customer import epoch
from tidings.errors import BadInput
from tidings.events import Event, address_alias, customer_identity, fact_time

TYPES: Final = {
    "Send": "mail_sent",
    "Delivery": "mail_delivered",
    "DeliveryDelay": "mail_delayed",
    "Open": "mail_opened",
    "Click": "mail_clicked",
    "Bounce": "mail_bounced",
    "Complaint": "mail_complained",
    "Reject": "mail_rejected",
    "Rendering Failure": "mail_rejected",
}
SUPPRESSING: Final = {"mail_bounced": "bounced", "mail_complained": "complained"}
COUNTED: Final = {"mail_bounced": "Bounces", "mail_complained": "Complaints"}


@dataclass(frozen=True, slots=True)
class Feedback:
    """Takes SES's events in."""

    events: ports.Events
    suppressions: ports.Suppressions
    counters: ports.Counters
    address_key: Callable[[], bytes]
    clock: Clock

    def record(self, message: Mapping[str, Any]) -> None:
        """Store one EventBridge message as an event; raises `BadInput` when it is no SES event."""
        detail = message.get("detail")
        mail = detail.get("mail") if isinstance(detail, Mapping) else None
        if not isinstance(detail, Mapping) or not isinstance(mail, Mapping) or not mail.get("messageId"):
            raise BadInput("not an SES event from EventBridge: no detail.mail.messageId")
        event = self._event(detail, mail)
        reason = SUPPRESSING.get(event.type)
        if reason and event.properties.get("hard", True):
            for address in _recipients(detail, mail):
                alias = address_alias(address, self.address_key())
                self.suppressions.put(ports.Suppression(alias, reason, epoch(event.at)))
        if self.events.put(event) and event.type in COUNTED:
            self.counters.count(COUNTED[event.type])

    def _event(self, detail: Mapping[str, Any], mail: Mapping[str, Any]) -> Event:
        kind = str(detail.get("eventType") or detail.get("notificationType") or "")
        type_ = TYPES.get(kind, "mail_other")
        tags = mail.get("tags") or {}
        customer, sent_as = _tag(tags, "customer"), _tag(tags, "send_id")
        message_id = str(mail["messageId"])
        what = _section(detail, kind)
        at, dated = fact_time(_time(what.get("timestamp") or mail.get("timestamp")), self.clock.now())
        name = sent_as if type_ == "mail_sent" and sent_as else message_id
        # Opens and clicks happen again; everything else happens to a mail once.
        again = (
            f":{at:%Y%m%dT%H%M%S%f}"
            if type_ in ("mail_opened", "mail_clicked", "mail_delayed", "mail_other")
            else ""
        )
        return Event(
            id=f"ses:{type_}:{name}{again}",
            type=type_,
            at=at,
            received_at=self.clock.now(),
            source="ses",
            identity=customer_identity(customer) if customer else f"ses:message:{message_id}",
            dated=dated,
            properties=_properties(type_, kind, what, tags, message_id),
        )


def is_hard(bounce: Mapping[str, Any]) -> bool:
    """Whether a bounce means that the address will never take mail.

    `Permanent` does; so does a "Transient" of subtype General whose diagnosis is 550 with status 5.1.x (no such
    mailbox), as SES labels some of them.
    """
    if bounce.get("bounceType") == "Permanent":
        return True
    return bounce.get("bounceSubType") == "General" and any(
        str(each.get("status", "")).startswith("5.1.") and "550" in str(each.get("diagnosticCode", ""))
        for each in _listed(bounce, "bouncedRecipients")
    )


def _properties(
    type_: str, kind: str, what: Mapping[str, Any], tags: Mapping[str, Any], message_id: str
) -> dict[str, Any]:
    told: dict[str, Any] = {"message_id": message_id}
    told |= {
        name: value for name in ("journey", "workflow", "step", "send_id") if (value := _tag(tags, name))
    }
    match type_:
        case "mail_bounced":
            told |= {
                "hard": is_hard(what),
                "bounce": what.get("bounceType"),
                "subtype": what.get("bounceSubType"),
            }
        case "mail_clicked":
            told["link"] = str(what.get("link", "")).split("?")[0][:500]
        case "mail_complained":
            told["feedback"] = what.get("complaintFeedbackType")
        case "mail_rejected" | "mail_other":
            told["kind"] = kind
    return {name: value for name, value in told.items() if value is not None}


def _section(detail: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    key = kind[:1].lower() + kind[1:].replace(" ", "")
    section = detail.get(key) or detail.get("failure") or {}
    return section if isinstance(section, Mapping) else {}


def _recipients(detail: Mapping[str, Any], mail: Mapping[str, Any]) -> Iterable[str]:
    told = [
        *_listed(detail.get("bounce"), "bouncedRecipients"),
        *_listed(detail.get("complaint"), "complainedRecipients"),
    ]
    named = [str(each["emailAddress"]) for each in told if each.get("emailAddress")]
    return named or [address for address in mail.get("destination") or [] if isinstance(address, str)]


def _listed(section: Any, name: str) -> list[Mapping[str, Any]]:
    listed = section.get(name) if isinstance(section, Mapping) else None
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []


def _tag(tags: Any, name: str) -> str:
    value = tags.get(name) if isinstance(tags, Mapping) else None
    return str(value[0]) if isinstance(value, list) and value else ""


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
