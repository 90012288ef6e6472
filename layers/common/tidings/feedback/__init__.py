"""What SES tells of a mail, as events. A dead address or a complaint also suppresses at once; an address that bounces
softly again and again is worn out.

Duplicates and any order change nothing: an event's id is made of the message and what happened to it, soft bounces
are counted by the message, and a suppression keeps its latest moment.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tidings import ports
from tidings.clock import Clock
from tidings.events import Event, address_alias, customer_identity, fact_time, product_identity
from tidings.feedback import bounces, robots
from tidings.feedback.shapes import Report, addresses, first, read, time_of
from tidings.mail.render import deliverable
from tidings.pacing.health import Health
from tidings.pacing.limits import SoftBounces
from tidings.people.compact import epoch, short

SUPPRESSING: Final = {"mail_bounced": "bounced", "mail_complained": "complained"}
COUNTED: Final = {"mail_bounced": "Bounces", "mail_complained": "Complaints"}
REFUSING: Final = frozenset({"mail_complained", "unsubscribed"})
"""By which a person, and not only the address, has said no to marketing mail."""

AGAIN: Final = frozenset({"mail_opened", "mail_clicked", "mail_delayed", "mail_other", "unsubscribed"})
"""What happens to a mail again and again; everything else happens once."""

NAMED: Final = ("bouncedRecipients", "complainedRecipients", "delayedRecipients", "recipients")
"""Where SES names whom a report is about."""

NO_COMPLAINT: Final = "notspam"
"""A reader took the mail out of the spam folder: good news in a complaint's clothes."""

TAGS: Final = ("journey", "workflow", "step", "send_id")
KEPT: Final = 4000
"""Characters of what nobody understood yet that are kept."""

_TOKEN: Final = re.compile(r"(?<=/)[A-Za-z0-9_.~-]{24,}(?=/|$)")
"""A part of a path that may be a signed link: who reads the event must not be able to use it."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """Takes SES's reports in. `address_key` gives the key of address aliases."""

    events: ports.Events
    suppressions: ports.BouncedAddresses
    counters: ports.Counters
    address_key: Callable[[], bytes]
    clock: Clock
    health: Health | None = None
    soft: SoftBounces = field(default_factory=SoftBounces)

    def record(self, message: object) -> None:
        """Store what one message reports, in whatever shape; raises `BadInput` when it is no report of SES."""
        for report in read(message):
            self._record(report)

    def settle(self) -> None:
        """After a batch: what it told of each workflow."""
        if self.health:
            self.health.settle()

    def _record(self, report: Report) -> None:
        event = self._event(report)
        for suppression in self._suppressions(report, event):
            self.suppressions.put(suppression)
        if not self.events.put(event):
            return
        if event.type in COUNTED:
            self.counters.count(COUNTED[event.type])
        if self.health:
            self.health.count(event, report.tag("class"))

    def _suppressions(self, report: Report, event: Event) -> Iterable[ports.Suppression]:
        at = epoch(event.at)
        if event.type in REFUSING and event.identity.startswith(customer_identity("")):
            yield ports.Suppression(event.identity, "unsubscribed", at)
        match event.type:
            case "mail_bounced":
                for address, verdict in bounces.of(report):
                    alias = self._alias(address)
                    worn = at if verdict == bounces.DEAD else None
                    if verdict == bounces.SOFT:
                        sent = epoch(report.sent_at or event.at)
                        times = self.suppressions.bounced_softly(alias, short(report.message_id), sent)
                        worn = self.soft.worn_out(times)
                    if worn is not None:
                        yield ports.Suppression(alias, "bounced", worn)
            case "mail_complained":
                for address in complainants(report):
                    yield ports.Suppression(self._alias(address), "complained", at)
            case "unsubscribed":
                for address in report.destination:
                    yield ports.Suppression(self._alias(address), "unsubscribed", at)

    def _alias(self, address: str) -> str:
        """As mails are addressed: an international domain in Punycode."""
        return address_alias(deliverable(address) or address, self.address_key())

    def _named(self, report: Report) -> str:
        """Of a mail to several, whom this report is about: there may be one for each."""
        told = [each.get("emailAddress") for name in NAMED for each in report.listed(name)]
        return short(" ".join(sorted(map(self._alias, addresses(told))))) if told else ""

    def _event(self, report: Report) -> Event:
        type_ = _type(report)
        customer, sent_as = report.tag("customer"), report.tag("send_id")
        now = self.clock.now()
        at, dated = fact_time(report.at, now)
        name = sent_as if type_ == "mail_sent" and sent_as else report.message_id
        properties = _properties(type_, report)
        if type_ in AGAIN:
            own = time_of(report.told.get("timestamp"))  # the mail's time would be that of all its reports
            name += f":{at:%Y%m%dT%H%M%S%f}" if own else f":{short(_text(report.told))}"
        elif type_ == "mail_bounced" and not properties["hard"]:
            name += (
                f":{properties['verdict']}"  # it may yet bounce hard, and an automatic answer is no bounce
            )
        if len(report.destination) > 1 and (named := self._named(report)):
            name += f":{named}"
        if type_ == "mail_other":
            name += f":{short(report.kind)}:{short(_text(_said_of(report)))}"
        return Event(
            id=f"ses:{type_}:{name}",
            type=type_,
            at=at,
            received_at=now,
            source="ses",
            identity=customer_identity(customer) if customer else f"ses:message:{report.message_id}",
            dated=dated,
            properties=properties,
        )


def complainants(report: Report) -> list[str]:
    """Whom a complaint concerns: those named; whoever got the mail when nobody is, or somebody it never went to."""
    named = addresses([entry.get("emailAddress") for entry in report.listed("complainedRecipients")])
    to = report.destination
    reached = {address.lower() for address in to}
    if named and any(address.lower() in reached for address in named):
        return named
    return list(dict.fromkeys([*named, *to]))


def _type(report: Report) -> str:
    """The event's type. A complaint that is none, and a subscription of which nothing follows, are set aside."""
    if report.word == "complaint" and _plain(report.told.get("complaintFeedbackType")) == NO_COMPLAINT:
        return "mail_other"
    if report.word == "subscription":
        wanted = report.told.get("newTopicPreferences")
        left = isinstance(wanted, dict) and wanted.get("unsubscribeAll") is True
        return "unsubscribed" if left else "mail_other"
    return report.type


def _properties(type_: str, report: Report) -> dict[str, Any]:
    what = report.told
    told: dict[str, Any] = {"message_id": report.message_id}
    told |= {name: value for name in TAGS if (value := report.tag(name))}
    match type_:
        case "mail_bounced":
            told |= _bounce(report)
        case "mail_opened":
            told |= {"machine": robots.machine(report), "proxy": robots.proxy(what)}
        case "mail_clicked":
            told |= {"machine": robots.machine(report), "link": link_of(what.get("link"))}
            told |= {"product": product_of(what.get("linkTags"))}
        case "mail_complained":
            told |= {
                "feedback": _said(what.get("complaintFeedbackType")),
                "subtype": _said(what.get("complaintSubType")),
            }
        case "mail_delayed":
            told["kind"] = _said(what.get("delayType"))
        case "mail_rejected":
            told |= {"kind": report.kind, "why": _said(what.get("reason") or what.get("errorMessage"))}
        case "mail_other":
            told |= {"kind": report.kind, "told": _text(report.whole)[:KEPT]}
    return {name: value for name, value in told.items() if value not in (None, "")}


def _bounce(report: Report) -> dict[str, Any]:
    verdicts = {verdict for _, verdict in bounces.of(report)}
    hard = bounces.DEAD in verdicts or _plain(report.told.get("bounceType")) == "permanent"
    entries = report.listed("bouncedRecipients")
    return {
        "hard": hard,
        "bounce": _said(report.told.get("bounceType")),
        "subtype": _said(report.told.get("bounceSubType")),
        "status": bounces.code_of(entries[0]) if entries else None,
        "verdict": bounces.DEAD if hard else bounces.SOFT if bounces.SOFT in verdicts else bounces.NOTHING,
    }


def link_of(link: object) -> str:
    """Where a click led, without what it carried: a query may hold somebody's token, and so may a path."""
    if not isinstance(link, str):
        return ""
    return _TOKEN.sub("…", re.split(r"[?#]", link.strip())[0])[:500]


def product_of(tags: object) -> str:
    """The product that a clicked link shows, by the tags that its mail put on it."""
    source, product = first(tags, "source"), first(tags, "product")
    return product_identity(source, product) if source and product else product


def _plain(value: object) -> str:
    return re.sub(r"[^a-z]", "", value.lower()) if isinstance(value, str) else ""


def _said(value: object) -> str:
    return " ".join(value.split())[:200] if isinstance(value, str) else ""


def _said_of(report: Report) -> dict[str, Any]:
    """All that a report says, whatever key its kind stands under."""
    return {
        name: value for name, value in report.whole.items() if name not in ("eventType", "notificationType")
    }


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
