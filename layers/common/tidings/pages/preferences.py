"""The preference centre: which topics, how often, or nothing at all.

What is chosen counts at once: what was turned off as suppressions, what was turned on as soon as the event is folded.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tidings.customer import moment
from tidings.events import customer_identity
from tidings.journey import PAUSED_BY_CUSTOMER, latest_of, refused
from tidings.pages.fields import Form, many, text
from tidings.pages.look import Page
from tidings.pages.visit import Visit
from tidings.people.consent import PAUSE, PAUSED, frequency

FREQUENCIES: Final = ("all", "weekly", "paused")

PURPOSE: Final = "preferences"


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody gets: the topics that are on, how often, and until when nothing."""

    topics: tuple[str, ...] = ()
    frequency: str = "all"
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Now:
    """What holds, and whether no mail of this kind reaches the address whatever is chosen."""

    choice: Choice
    blocked: bool = False


def show(visit: Visit) -> Page:
    """What holds now, as a form."""
    return _page(visit, _now(visit))


def act(visit: Visit, form: Form) -> Page:
    """Keep what was chosen. Only what is as it was, and as the form showed it, goes without saying: of a choice just
    made the customer may not know yet, and its opposite must not pass for no change. Nothing at all is always said:
    whoever was never asked has refused only now."""
    now = _now(visit)
    wanted = _wanted(visit, form, now.choice)
    if wanted is None:
        return _page(visit, now, status=422, wrong={"frequency": "choose"})
    told: dict[str, Any] = {}
    same = set(wanted.topics) == set(now.choice.topics) == set(text(form, "shown").split())
    if not same or not wanted.topics:
        told["topics"] = {topic: topic in wanted.topics for topic in visit.shop.topics}
    if not wanted.frequency == now.choice.frequency == text(form, "shown_frequency"):
        told["frequency"] = wanted.frequency
        if wanted.paused_until:
            told["paused_until"] = wanted.paused_until.isoformat()
    for reason in _suppressed(told.get("topics", {})):
        visit.suppress(reason)
    if told:
        named = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]
        visit.tell("preferences_changed", f"{visit.linked.send}:{named}", **told)
    return _page(visit, Now(wanted, now.blocked), saved=True)


def _now(visit: Visit) -> Now:
    customer = visit.stores.customers.get(visit.linked.customer)
    if customer is None:
        return Now(Choice())
    names = (visit.linked.address, *map(customer_identity, customer.ids))
    held = latest_of(each for name in names for each in visit.stores.suppressions.of(name))
    answers = {topic: refused(topic, customer, held, visit.shop, visit.now) for topic in visit.shop.topics}
    on = tuple(topic for topic, why in answers.items() if why in (None, PAUSED_BY_CUSTOMER))
    often = frequency(customer, visit.now)
    until = moment(int(customer.consent[PAUSED].said)) if often == "paused" else None
    return Now(Choice(on, often, until), "complained" in held or "bounced" in held)


def _wanted(visit: Visit, form: Form, now: Choice) -> Choice | None:
    """What the form says; None when it says nothing that there is."""
    often = text(form, "frequency") or now.frequency
    if often not in FREQUENCIES:
        return None
    chosen = [] if text(form, "do") == "nothing" else many(form, "topic")
    goes_on = now.paused_until if text(form, "shown_frequency") == "paused" else None
    return Choice(
        tuple(topic for topic in visit.shop.topics if topic in chosen),
        often,
        (goes_on or visit.now + PAUSE) if often == "paused" else None,
    )


def _suppressed(topics: Mapping[str, bool]) -> list[str]:
    """What no longer goes to the address: one word for everything, one for each topic that is off."""
    off = [f"unsubscribed:{topic}" for topic, wanted in topics.items() if not wanted]
    return ["unsubscribed"] if off and len(off) == len(topics) else off


def _page(
    visit: Visit, now: Now, status: int = 200, wrong: Mapping[str, str] | None = None, saved: bool = False
) -> Page:
    return visit.page(
        "preferences",
        status,
        topics=list(visit.shop.topics.items()),
        chosen=now.choice,
        blocked=now.blocked,
        until=visit.look.day(now.choice.paused_until or visit.now + PAUSE),
        saved=saved,
        wrong=wrong or {},
    )
