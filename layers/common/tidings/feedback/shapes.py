"""Whatever brings it, one report: EventBridge's shape, event publishing's (SNS, Firehose), the older notifications',
and SNS's envelope around any of them.

Liberal in what it reads: a name's spelling, a missing part or a null where a list should be refuse nothing. Only
what names no message is no report of SES; and even then a bounce or a complaint that names somebody is heard.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tidings.errors import BadInput
from tidings.people.compact import short

KINDS: Final = {
    "send": "mail_sent",
    "delivery": "mail_delivered",
    "deliverydelay": "mail_delayed",
    "open": "mail_opened",
    "click": "mail_clicked",
    "bounce": "mail_bounced",
    "complaint": "mail_complained",
    "reject": "mail_rejected",
    "renderingfailure": "mail_rejected",
    "subscription": "mail_subscription",
}
"""What SES calls it, in small letters and one word → the type of event."""

DETAIL_TYPES: Final = {
    "sent": "send",
    "delivered": "delivery",
    "deliverydelayed": "deliverydelay",
    "opened": "open",
    "clicked": "click",
    "bounced": "bounce",
    "complaintreceived": "complaint",
    "rejected": "reject",
    "renderingfailed": "renderingfailure",
    "subscribed": "subscription",
}
"""EventBridge's `detail-type` without "Email", for a report that does not name itself."""

SECTIONS: Final = {"renderingfailure": ("failure", "renderingFailure"), "deliverydelay": ("deliveryDelay",)}
GREETINGS: Final = ("successfully validated sns topic", "you have successfully subscribed")
"""What SES says to a topic when it is set up: no report, and nothing to mend."""

UNREADABLE: Final = "unreadable"
EARLIEST: Final = 2000
"""The year before which no mail was sent: a time from then is none."""

LONGEST: Final = 1000
"""Characters of what should hold an address that are looked at."""

_BARE: Final = re.compile(r"[^\s@<>(),;:\"]{1,64}@[^\s@<>(),;:\"]{1,255}")
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `kind` is SES's own word for it, `word` the same in small letters; `told` is the part about what
    happened, `whole` all but the mail."""

    kind: str
    word: str
    mail: Mapping[str, Any]
    told: Mapping[str, Any]
    whole: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The type of event; what SES may invent one day is `mail_other`."""
        return KINDS.get(self.word, "mail_other")

    @property
    def message_id(self) -> str:
        """SES's name for the mail."""
        return str(self.mail["messageId"]).strip()

    @property
    def sent_at(self) -> datetime | None:
        """When SES took the mail."""
        return time_of(self.mail.get("timestamp"))

    @property
    def at(self) -> datetime | None:
        """When it happened."""
        return time_of(self.told.get("timestamp")) or self.sent_at

    @property
    def destination(self) -> list[str]:
        """Whom the mail went to."""
        told = self.mail.get("destination")
        common = self.mail.get("commonHeaders")
        if not told and isinstance(common, Mapping):
            told = common.get("to")
        return addresses(told if isinstance(told, list) else [told])

    def tag(self, name: str) -> str:
        """A tag that Tidings put on the mail, "" without."""
        return first(self.mail.get("tags"), name)

    def listed(self, name: str) -> list[Mapping[str, Any]]:
        """The objects in a list of what is told."""
        found = self.told.get(name)
        found = found if isinstance(found, list) else [found]
        return [
            {"emailAddress": each} if isinstance(each, str) else each for each in found if _is_entry(each)
        ]


def read(body: object) -> Iterator[Report]:
    """The reports in a message; none in a greeting to a new topic. Raises BadInput for what is no report of SES, after
    those beside it that are."""
    found = list(_unwrapped(body, _DEEPEST))
    yield from (each for each in found if isinstance(each, Report))
    if not found and isinstance(body, str) and '"SubscriptionConfirmation"' in body:
        raise BadInput("SNS asks whether the queue may hear a topic: open the SubscribeURL in the message")
    if not found or UNREADABLE in found:
        raise BadInput("not a report of SES: nothing in it names a message")


def _unwrapped(body: object, deeper: int) -> Iterator[Report | str | None]:
    """What is inside of one wrapping after another; None for a greeting, `UNREADABLE` for one of several that holds
    nothing."""
    if isinstance(body, str):
        if body.strip().lower().startswith(GREETINGS):
            yield None
            return
        body = parsed(body)
    if isinstance(body, str | list) and deeper:
        yield from _several([body] if isinstance(body, str) else body, deeper - 1)
    if not isinstance(body, Mapping) or deeper == 0:
        return
    if _word(body.get("notificationType")) == "amazonsnssubscriptionsucceeded":
        yield None
    elif isinstance(body.get("detail"), Mapping):
        yield from _reported(body["detail"], str(body.get("detail-type") or ""))
    elif isinstance(body.get("mail"), Mapping) or _word(
        body.get("eventType") or body.get("notificationType")
    ):
        yield from _reported(body, "")
    elif isinstance(body.get("Records"), list):
        records = (each if isinstance(each, Mapping) else {} for each in body["Records"])
        yield from _several([each.get("Sns") or each.get("body") for each in records], deeper - 1)
    elif "Message" in body:
        yield from _unwrapped(body["Message"], deeper - 1)


def _several(inner: Iterable[object], deeper: int) -> Iterator[Report | str | None]:
    for each in inner:
        yield from list(_unwrapped(each, deeper)) or [UNREADABLE]


def _reported(detail: Mapping[str, Any], detail_type: str) -> Iterator[Report]:
    mail = detail.get("mail")
    mail = mail if isinstance(mail, Mapping) else {}
    kind = str(detail.get("eventType") or detail.get("notificationType") or "").strip()
    word = _word(kind)
    if not word:
        called = _word(detail_type).removeprefix("email")
        word = DETAIL_TYPES.get(called) or next((each for each in KINDS if _section(detail, each)), called)
        kind = kind or detail_type.removeprefix("Email ") or word
    told = _section(detail, word)
    name = str(mail.get("messageId") or "").strip() or _nameless(word, told)
    if name:
        whole = {key: value for key, value in detail.items() if key != "mail"}
        yield Report(kind[:100], word, {**mail, "messageId": name}, told, whole)


def _nameless(word: str, told: Mapping[str, Any]) -> str:
    """A name for a report that names no message, but somebody who must not be mailed again; else "": it is none."""
    named = told.get({"bounce": "bouncedRecipients", "complaint": "complainedRecipients"}.get(word, ""))
    given = told.get("feedbackId")
    return (
        (given if isinstance(given, str) else "") or short(json.dumps(told, sort_keys=True)) if named else ""
    )


def _section(detail: Mapping[str, Any], word: str) -> Mapping[str, Any]:
    names = SECTIONS.get(word, (word,))
    found = next((value for name, value in detail.items() if _word(name) in map(_word, names)), None)
    return found if isinstance(found, Mapping) else {}


def parsed(text: str) -> object:
    """A JSON text's value without half characters, which nothing could store; None for what is none."""
    try:
        value: object = json.loads(text.removeprefix("\ufeff"))
        if "\\ud" in text.lower():
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        return value
    except (ValueError, RecursionError):
        return None


def _word(value: object) -> str:
    return re.sub(r"[^a-z]", "", value.lower()) if isinstance(value, str) else ""


def _is_entry(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, str) and "@" in value)


def first(tags: object, name: str) -> str:
    """The first value of a tag, whether it stands in a list or alone."""
    value = tags.get(name) if isinstance(tags, Mapping) else None
    if isinstance(value, list):
        value = value[0] if value else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def addresses(told: list[Any]) -> list[str]:
    """The addresses in what may be bare, in angle brackets, or behind a name."""
    found = (_address(each) for each in told if isinstance(each, str))
    return list(dict.fromkeys(filter(None, found)))


def _address(text: str) -> str:
    text = text.strip()[:LONGEST]
    bracketed = re.search(r"<([^<>]*)>\s*$", text)
    found = _BARE.search(bracketed[1] if bracketed else text)
    return found[0] if found else ""


def time_of(value: object) -> datetime | None:
    """An ISO 8601 time, in UTC where it names no zone; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year >= EARLIEST else None
