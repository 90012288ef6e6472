"""The world behind SES: mailboxes that take mail, people who open and click, machines that open first, and
the rest.

It answers each recorded mail with the events that SES would send to EventBridge, in the form in which they
reach the feedback queue, stamped with shop time. The same recipient does the same with the same mail for the
same seed.
"""

import heapq
import itertools
import json
import random
import re
import sys
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infra.local.mailbox import Recorded
from tidings.clock import Clock

DETAIL_TYPES: Final = {
    "Send": "Email Sent",
    "Delivery": "Email Delivered",
    "Open": "Email Opened",
    "Click": "Email Clicked",
    "Bounce": "Email Bounced",
    "Complaint": "Email Complaint Received",
    "DeliveryDelay": "Email Delivery Delayed",
}
"""SES event type → EventBridge detail-type."""

_BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_APPLE: Final = "Mozilla/5.0"
_GMAIL: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
_SCANNER: Final = "Mozilla/5.0 (compatible; Barracuda Sentinel)"
_ACCOUNT: Final = "000000000000"
_LINK: Final = re.compile(r'<a\b([^>]*?)\shref="(https?://[^"]+)"')
_TAGS: Final = re.compile(r'ses:tags="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens to a mail: a SES event type, the shop time, and the part of the event that tells
    of it.
    """

    kind: str
    at: datetime
    told: dict[str, Any]
    put_at: datetime
    """When it reaches the queue; later than `at` where events overtake each other."""


def react(mail: Recorded, html: str, seed: int | None) -> list[Happening]:
    """What becomes of a mail, in the order in which SES tells it.

    The address decides about bounces and complaints (local part `bounce…`, `softbounce…`, `complaint…`).
    Opens and clicks, repeated events and events that overtake each other come only with a seed.
    """
    address = mail.to[0] if mail.to else ""
    local = address.partition("@")[0].lower()
    draw = random.Random(f"{seed} {address} {mail.tags.get('workflow')} {mail.tags.get('step')}")
    happened = [_happening("Send", mail.at, {})]
    if local.startswith("bounce"):
        happened.append(_bounce(address, mail.at + timedelta(seconds=2), permanent=True))
    elif local.startswith("softbounce"):
        happened.append(_delay(address, mail.at + timedelta(minutes=5)))
        happened.append(_bounce(address, mail.at + timedelta(hours=14), permanent=False))
    else:
        delivered = mail.at + timedelta(seconds=1 + 3 * draw.random())
        happened.append(_delivery(address, delivered))
        if local.startswith("complaint"):
            happened.append(_complaint(address, delivered + timedelta(minutes=40)))
        elif seed is not None:
            happened += _reading(html, delivered, random.Random(f"{seed} {address}"), draw)
    return happened if seed is None else _as_it_arrives(happened, draw)


def _reading(html: str, delivered: datetime, habits: random.Random, draw: random.Random) -> list[Happening]:
    happened = []
    links = [
        link for link in _LINK.findall(html) if "/unsubscribe/" not in link[1] and "/pages/" not in link[1]
    ]
    if habits.random() < 0.2:  # a privacy proxy fetches the picture at once, whoever reads
        happened.append(_open(delivered + timedelta(seconds=1.4), _APPLE))
    interest, office = habits.random(), habits.random()
    if links and office < 0.05:  # at work a scanner follows a link before anybody sees the mail
        happened.append(_click(delivered + timedelta(seconds=0.6), links[0], _SCANNER))
    if draw.random() > 0.25 + 0.7 * interest:
        return happened
    opened = delivered + timedelta(minutes=draw.randint(3, 240))
    happened.append(_open(opened, _GMAIL if office > 0.6 else _BROWSER))
    if links and draw.random() < 0.2 + 0.5 * interest:
        clicked = opened + timedelta(seconds=draw.randint(5, 90))
        happened.append(_click(clicked, links[draw.randrange(len(links))], _BROWSER))
    return happened


def _as_it_arrives(happened: list[Happening], draw: random.Random) -> list[Happening]:
    """Now and then an event comes late, so that others overtake it, or twice."""
    arriving = []
    for event in happened:
        late = timedelta(minutes=draw.randint(1, 30)) if draw.random() < 0.06 else timedelta(0)
        moved = Happening(event.kind, event.at, event.told, event.put_at + late)
        arriving += [moved, moved] if draw.random() < 0.06 else [moved]
    return arriving


def _happening(kind: str, at: datetime, told: dict[str, Any]) -> Happening:
    return Happening(kind, at, told if kind == "Send" else told | {"timestamp": _stamp(at)}, at)


def _delivery(address: str, at: datetime) -> Happening:
    told = {
        "processingTimeMillis": 1025, "recipients": [address], "smtpResponse": "250 2.0.0 OK",
        "reportingMTA": "a8-21.smtp-out.amazonses.com",
    }  # fmt: skip
    return _happening("Delivery", at, told)


def _open(at: datetime, agent: str) -> Happening:
    return _happening("Open", at, {"ipAddress": "192.0.2.7", "userAgent": agent})


def _click(at: datetime, link: tuple[str, str], agent: str) -> Happening:
    """A click on a link, told with the tags that stand on it, as SES tells them."""
    attributes, address = link
    found = _TAGS.search(attributes)
    pairs = [each.partition(":")[::2] for each in found[1].split(";") if each] if found else []
    told = {
        "ipAddress": "192.0.2.7", "link": address.replace("&amp;", "&"),
        "linkTags": {name: [value] for name, value in pairs} or None, "userAgent": agent,
    }  # fmt: skip
    return _happening("Click", at, told)


def _bounce(address: str, at: datetime, permanent: bool) -> Happening:
    status, said = (
        ("5.1.1", "smtp; 550 5.1.1 user unknown") if permanent else ("4.2.2", "smtp; 452 4.2.2 mailbox full")
    )
    told = {
        "feedbackId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{address} {at}")),
        "bounceType": "Permanent" if permanent else "Transient",
        "bounceSubType": "General" if permanent else "MailboxFull",
        "bouncedRecipients": [
            {"emailAddress": address, "action": "failed", "status": status, "diagnosticCode": said}
        ],
        "reportingMTA": "dns; a8-21.smtp-out.amazonses.com",
    }
    return _happening("Bounce", at, told)


def _delay(address: str, at: datetime) -> Happening:
    told = {
        "delayType": "MailboxFull", "expirationTime": _stamp(at + timedelta(hours=14)),
        "delayedRecipients": [
            {"emailAddress": address, "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 mailbox full"}
        ],
    }  # fmt: skip
    return _happening("DeliveryDelay", at, told)


def _complaint(address: str, at: datetime) -> Happening:
    told = {
        "complainedRecipients": [{"emailAddress": address}],
        "feedbackId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{address} {at}")),
        "complaintSubType": None, "complaintFeedbackType": "abuse", "userAgent": _BROWSER,
        "arrivalDate": _stamp(at),
    }  # fmt: skip
    return _happening("Complaint", at, told)


def envelope(mail: Recorded, event: Happening, region: str) -> dict[str, Any]:
    """A SES event as EventBridge puts it on the queue; `mail.tags` hold lists, as SES has them."""
    tags = {name: [value] for name, value in mail.tags.items()}
    detail = {
        "eventType": event.kind,
        "mail": {
            "timestamp": _stamp(mail.at), "source": mail.sender, "sendingAccountId": _ACCOUNT,
            "messageId": mail.message_id, "destination": list(mail.to), "headersTruncated": False,
            "headers": [{"name": "From", "value": mail.sender}, {"name": "Subject", "value": mail.subject}],
            "commonHeaders": {
                "from": [mail.sender], "to": list(mail.to), "messageId": mail.message_id,
                "subject": mail.subject,
            },
            "tags": tags,
        },
        event.kind[0].lower() + event.kind[1:]: event.told,
    }  # fmt: skip
    name = uuid.uuid5(
        uuid.NAMESPACE_URL, f"{mail.message_id} {event.kind} {event.at} {event.told.get('userAgent')}"
    )
    return {
        "version": "0", "id": str(name), "detail-type": DETAIL_TYPES[event.kind], "source": "aws.ses",
        "account": _ACCOUNT, "time": event.at.strftime("%Y-%m-%dT%H:%M:%SZ"), "region": region,
        "resources": [f"arn:aws:ses:{region}:{_ACCOUNT}:identity/{mail.sender}"], "detail": detail,
    }  # fmt: skip


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class MailWorld:
    """Waits for each happening's shop time and puts it on the queue. One thread; `put` is only called from
    there.
    """

    clock: Clock
    region: str
    put: Callable[[list[str]], None]
    seed: int | None = None
    resting: bool = False
    marks: dict[int, list[str]] = field(default_factory=dict)
    told: int = 0
    _due: list[tuple[datetime, int, Recorded, Happening]] = field(default_factory=list)
    _order: Iterable[int] = field(default_factory=itertools.count)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        """Begin to tell what happens, in a thread of its own."""
        threading.Thread(target=self._run, name="mail world", daemon=True).start()

    def receive(self, mail: Recorded, html: str) -> None:
        """A mail has been sent."""
        with self._changed:
            if self.resting:
                return
            for event in react(mail, html, self.seed):
                heapq.heappush(self._due, (event.put_at, next(iter(self._order)), mail, event))
            self._changed.notify()

    def rest(self, resting: bool) -> None:
        """While it rests nothing happens to mails; what had not happened yet is dropped."""
        with self._changed:
            self.resting = resting
            if resting:
                self._due.clear()
            self._changed.notify()

    def take_due(self) -> list[tuple[Recorded, Happening]]:
        """What has happened by now and was not told yet, at most ten."""
        now = self.clock.now()
        taken: list[tuple[Recorded, Happening]] = []
        with self._changed:
            while self._due and self._due[0][0] <= now and len(taken) < 10:
                _, _, mail, event = heapq.heappop(self._due)
                taken.append((mail, event))
        return taken

    def tell(self, taken: list[tuple[Recorded, Happening]]) -> None:
        """Put events on the queue and mark their mails."""
        self.put([json.dumps(envelope(mail, event, self.region)) for mail, event in taken])
        for mail, event in taken:
            marks = self.marks.setdefault(mail.number, [])
            if event.kind not in marks:
                marks.append(event.kind)
            self.told += 1

    def _run(self) -> None:
        while True:
            taken = self.take_due()
            if taken:
                self._tell_patiently(taken)
                continue
            with self._changed:
                wait = 60.0
                if self._due:
                    ahead = (self._due[0][0] - self.clock.now()).total_seconds()
                    wait = max(0.02, ahead / max(1, self.clock.shop_seconds(1)))
                self._changed.wait(min(wait, 60.0))

    def _tell_patiently(self, taken: list[tuple[Recorded, Happening]]) -> None:
        for pause in (0.2, 1.0, 5.0, None):
            try:
                self.tell(taken)
            except Exception as error:  # noqa: BLE001 - boto3's errors have no common base
                if pause is None:
                    print(f"mail world: {len(taken)} events lost: {error}", file=sys.stderr)
                    return
                threading.Event().wait(pause)
            else:
                return
