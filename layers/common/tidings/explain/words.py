"""The short words that are stored, in words for whoever runs the shop. A word that is not known stands as it is."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from tidings.durations import SECONDS, format_duration
from tidings.people.consent import BOX, CHANNEL, CONFIRMED, FREQUENCY, NO, PAUSED, TOPIC
from tidings.people.refusals import EXITED
from tidings.workflow.model import (
    DateTrigger,
    EventTrigger,
    InactiveTrigger,
    SegmentLeftTrigger,
    SegmentTrigger,
    Workflow,
)

_REFUSALS: Final = {
    "re-entry": "too soon after the last time: re-entry is not allowed yet",
    "open already": "a journey of this workflow is still under way",
    "condition": "the trigger's condition did not hold",
    "too old": "the fact was too old when it came in",
    "undated": "the fact came without a time that can be believed",
    "retired": "the workflow is retired and starts nothing",
}
_WAITS: Final = {
    "quiet hours": "it is night where they are",
    "frequency cap": "they have had as many mails as the shop allows",
    "weekly": "they asked for one mail a week",
    "quota": "the SES account has spent what it may send in a day",
    "rate": "SES takes no more a second",
    "warm-up": "a new domain sends little at first",
    "paused": "the workflow is paused",
    "throttled": "SES asked to go slower",
    "conflict": "something else was being written at that moment",
    "unknown": "SES gave no answer",
}
_SKIPS: Final = {
    "no address": "they have no address",
    "no mail reaches this address": "no mail can reach their address",
    "no consent": "they have not agreed to marketing mail",
    "unsubscribed": "they have unsubscribed",
    "bounced": "their address does not exist or takes no mail",
    "complained": "they have called a mail of the shop spam",
    "erased": "they were erased and have not subscribed since",
    "paused by the customer": "they asked for a pause",
    "expired": "it was too late for it",
    "no coupon left": "there is no coupon for it",
    "nobody knows whether SES took it": "SES gave no answer and nobody knows whether it went out; rather none than two",
}
_ENDS: Final = {
    "completed": "the last step was done",
    "merged": "the same journey of the customer merged with goes on",
    "lost": "its machine was gone",
    "erased": "the customer was erased",
    "closed": "it was closed",
}
_STANDING: Final = {
    "subscribed": "subscribed",
    "confirmed": "subscribed and confirmed",
    "checkout": "the box at the checkout was ticked",
    "implied": "implied by a purchase",
    "unconfirmed": "subscribed, not confirmed yet",
    "pending": "not confirmed yet",
    "unsubscribed": "unsubscribed",
    "refused": "said no",
    "expired": "the purchase that implied it is too long ago",
    "unasked": "never asked",
}
_SLOTS: Final = {
    CHANNEL: "e-mail",
    BOX: "box at the checkout",
    CONFIRMED: "confirmation",
    NO: "latest no to all e-mail",
    FREQUENCY: "how often",
    PAUSED: "pause",
}


def refusal(reason: str) -> str:
    """Why a journey did not begin."""
    if reason.startswith(EXITED):
        return f"{reason.removeprefix(EXITED)} had happened by then, which ends it"
    return _REFUSALS.get(reason, reason)


def wait(reason: str) -> str:
    """Why a mail waits."""
    name, _, other = reason.partition(": ")
    if name == "priority" and other:
        return f"{other} goes first"
    return _WAITS.get(reason, reason)


def skip(reason: str) -> str:
    """Why a mail does not go."""
    name, _, other = reason.partition(": ")
    if name == "expired" and other:
        return f"it could not go out in time, because {wait(other)}"
    return f"{_SKIPS[name]} about {other}" if other and name in _SKIPS else _SKIPS.get(reason, reason)


def end(reason: str) -> str:
    """Why a journey ended."""
    return _ENDS.get(reason, f"by {reason}")


def standing(reason: str) -> str:
    """Why there is consent, or none."""
    return _STANDING.get(reason, reason)


def slot(name: str) -> str:
    """What somebody spoke about."""
    return f"topic {name.removeprefix(TOPIC)}" if name.startswith(TOPIC) else _SLOTS.get(name, name)


def said(slot: str, word: str) -> str:
    """What they said about it. Of a pause its end is kept."""
    return "asked for one" if slot == PAUSED else word


def often(frequency: str) -> str:
    """How often they want mail."""
    return {"weekly": "one marketing mail a week", "paused": "no marketing mail for now"}.get(
        frequency, frequency
    )


def suppression(reason: str) -> str:
    """Why an address is not mailed."""
    name, _, topic = reason.partition(":")
    blocks = "no marketing mail" if name == "unsubscribed" else "no mail at all"
    return f"{name}{f' from {topic}' if topic else ''}: {blocks}{f' about {topic}' if topic else ''}"


def trigger(workflow: Workflow | None, event: str) -> str:
    """What a journey began with."""
    match workflow.trigger if workflow else None:
        case EventTrigger(event=name):
            return f"by {name}" if name == event else f"by {name}, told by {event}"
        case SegmentTrigger(segment=name):
            return f"by entering the segment {name}"
        case SegmentLeftTrigger(segment_left=name):
            return f"by leaving the segment {name}"
        case DateTrigger(date=name):
            return f"by the date {name}"
        case InactiveTrigger(inactive=name, for_=length):
            return f"by no {name} for {format_duration(length)}"
    return f"by {event}"


def fared(type_: str, told: Mapping[str, Any]) -> tuple[str, str]:
    """What became of a mail: a word, and the rest."""
    machine = told.get("machine")
    by_machine = f"by a machine ({machine}), not by a person" if machine else ""
    match type_:
        case "mail_opened":
            return "opened", by_machine
        case "mail_clicked":
            return "clicked", ", ".join(filter(None, (str(told.get("link", "")), by_machine)))
        case "mail_bounced":
            parts = ("hard" if told.get("hard") else "soft", told.get("subtype"), told.get("status"))
            return "bounced", ", ".join(str(part) for part in parts if part)
        case "mail_complained":
            return "complained", "called spam"
        case "mail_delayed":
            return "delayed", str(told.get("kind", ""))
        case "mail_rejected":
            return "rejected", ", ".join(str(told[name]) for name in ("kind", "why") if told.get(name))
    return type_.removeprefix("mail_").replace("_", " "), ""


def length(seconds: int) -> str:
    """A length of time in its two largest units: `1 day 2 hours`."""
    parts = []
    for unit in ("day", "hour", "minute", "second"):
        if number := seconds // SECONDS[unit]:
            parts.append(
                format_duration(timedelta(seconds=number * SECONDS[unit])) if unit != "day" else _days(number)
            )
            seconds %= SECONDS[unit]
    return " ".join(parts[:2]) or "no time"


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"
