"""Consent: what a person has said about being written to, and what the shop's terms make of it. Pure.

Words are folded into slots, each slot keeping the latest of its kind whatever the order of arrival. The shop's terms
(double opt-in, implied consent) are applied when somebody asks: a changed setting counts at once, and an expiry at
the moment of sending.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, Protocol

from tidings.events import ORDER_TYPES, Event, fact_time
from tidings.people.compact import epoch, short
from tidings.people.orders import Order
from tidings.people.profile import placed_at

CHANNEL, BOX, CONFIRMED, NO, FREQUENCY, PAUSED = "email", "order", "confirmed", "no", "frequency", "paused"
"""The slots: the latest explicit word on e-mail, a box ticked at checkout, the latest confirmation, the latest no, how
often, and until when not at all. Each topic has one of its own."""

TOPIC: Final = "topic."
"""What the slot of a topic begins with."""

PAUSE: Final = timedelta(days=30)
"""How long a pause lasts that names no end."""

_YES, _PENDING, _LEFT = "subscribed", "pending", "unsubscribed"


class Word(NamedTuple):
    """What was said: `at` is its epoch second, `source` who told, and `proof` a short hash of the key of the event that
    told it."""

    said: str
    at: int
    source: str = ""
    proof: str = ""

    @property
    def _rank(self) -> tuple[int, int, str, str, str]:
        """Later goes before earlier; of the same second no goes before pending, and pending before yes."""
        against = 0 if self.said == _YES else 1 if self.said == _PENDING else 2
        return self.at, against, self.said, self.source, self.proof

    @property
    def is_yes(self) -> bool:
        """Whether it gives consent."""
        return self.said == _YES

    @property
    def is_no(self) -> bool:
        """Whether it refuses. Pending is neither."""
        return self.said not in (_YES, _PENDING)


@dataclass(frozen=True, slots=True)
class Terms:
    """The shop's policy: whether a subscription must be confirmed, and how long a purchase gives consent by itself.
    What was said before the epoch second `confirm_from` needs no confirmation."""

    double_opt_in: bool = False
    implied_for: timedelta | None = None
    topics: tuple[str, ...] = ()
    confirm_from: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether there is consent, and by what. `since` is the epoch second of the word that decides, None where nothing
    was ever said; `until` is when an implied consent ends.

    `reason` of consent: subscribed, confirmed, checkout or implied; of none: unconfirmed, pending, unsubscribed,
    refused (a no that was never a yes), expired (an implied one) or unasked.
    """

    holds: bool
    since: int | None = None
    reason: str = "unasked"
    source: str = ""
    proof: str = ""
    until: int | None = None
    topic: str | None = None
    """The topic that the deciding word is about; None for the channel."""

    @property
    def is_explicit(self) -> bool:
        """Whether the person said so in so many words: only that lifts an earlier no."""
        return self.reason in ("subscribed", "confirmed")


class Person(Protocol):
    """Whoever is asked about: what they said, and what they bought."""

    @property
    def consent(self) -> Mapping[str, Word]:
        """The words by slot."""
        ...

    @property
    def orders(self) -> Mapping[str, Order]:
        """The orders by key."""
        ...


def fold_consent(consent: Mapping[str, Word], event: Event, at: int) -> Mapping[str, Word]:
    """The words after one more event: of each slot the latest."""
    proof = short(event.key)
    changed = dict(consent)
    for slot, said, since in _told(event, at):
        word = Word(said, since, event.source, proof)
        old = changed.get(slot)
        changed[slot] = word if old is None else max(old, word, key=lambda each: each._rank)
    return changed


def standing(person: Person, terms: Terms, now: datetime, topic: str | None = None) -> Standing:
    """Whether mail on a topic, or without one, may be sent at `now` as far as consent goes.

    The latest explicit word on the topic or the channel decides; the box of a checkout speaks only where there is none.
    A purchase implies consent, where the shop says so, unless a no stands.
    """
    words = person.consent
    spoken = [slot for slot in (CHANNEL, f"{TOPIC}{topic}") if slot in words]
    slot = max(spoken, key=lambda each: words[each]._rank, default=BOX)
    word, about = words.get(slot), topic if slot.startswith(TOPIC) else None
    if word is None:
        return _implied(person, terms, now, Standing(False))
    found = Standing(True, word.at, "checkout" if slot == BOX else word.said, word.source, word.proof)
    if word.is_no:
        return replace(found, holds=False, reason=word.said if word.said == _LEFT else "refused", topic=about)
    if not word.is_yes:
        return _implied(person, terms, now, replace(found, holds=False))
    if not terms.double_opt_in or word.at < terms.confirm_from:
        return replace(found, topic=about)
    sure = words.get(CONFIRMED)
    if sure is not None and (NO not in words or sure.at > words[NO].at):
        return Standing(True, max(word.at, sure.at), "confirmed", sure.source, sure.proof, topic=about)
    return _implied(person, terms, now, replace(found, holds=False, reason="unconfirmed", topic=about))


def overall(person: Person, terms: Terms, now: datetime) -> Standing:
    """The standing of the channel or of any topic, whichever is best: consent, else what waits to be confirmed."""
    named = (slot.removeprefix(TOPIC) for slot in person.consent if slot.startswith(TOPIC))
    each = [standing(person, terms, now, topic) for topic in (None, *sorted(named))]
    return max(each, key=lambda one: (one.holds, one.reason == "unconfirmed", one.since or -1))


def frequency(person: Person, now: datetime) -> Literal["all", "weekly", "paused"]:
    """How often the person wants marketing mail at `now`. Of a pause and a later choice the later counts."""
    pause, chosen = person.consent.get(PAUSED), person.consent.get(FREQUENCY)
    if pause and (chosen is None or pause.at >= chosen.at) and epoch(now) < int(pause.said):
        return "paused"
    return "weekly" if chosen and chosen.said == "weekly" else "all"


def subscribed_at(person: Person) -> int | None:
    """The epoch second of the latest explicit yes, on the channel or any topic, that no later word took back there."""
    slots = (slot for slot in person.consent if slot == CHANNEL or slot.startswith(TOPIC))
    return max((person.consent[slot].at for slot in slots if person.consent[slot].is_yes), default=None)


def _implied(person: Person, terms: Terms, now: datetime, without: Standing) -> Standing:
    """The standing by the latest purchase that stands, else `without` it."""
    bought = [(order.placed_at, key) for key, order in person.orders.items() if order.stands]
    if terms.implied_for is None or not bought:
        return without
    at, key = max(bought)
    until = at + int(terms.implied_for.total_seconds())
    if epoch(now) >= until:
        return replace(without, reason="expired") if without.reason == "unasked" else without
    return Standing(True, at, "implied", "order", key, until)


def _told(event: Event, at: int) -> Iterator[tuple[str, str, int]]:
    """What an event says: slot, word and its epoch second."""
    if event.type == "preferences_changed":
        yield from _preferred(event, at)
        return
    if event.type == "mail_complained":  # whoever calls a mail spam has said no, wherever the next would go
        yield from _said(CHANNEL, _LEFT, at)
        return
    told = event.properties.get("consent") or {}
    topics: list[str] = []
    if event.type in ("subscribed", "unsubscribed"):
        state, since = event.type, _stamp(told.get("at"), event, at)
        topics = _names(event.properties.get("topics"))
    elif told.get("state") and (told.get("at") or told["state"] in ("subscribed", "unsubscribed")):
        # A consent without a date was given before Shopify kept dates: it is as old as the account.
        dated = told.get("at") or event.properties.get("registered_at")
        state, since = str(told["state"]), _stamp(dated, event, 0)
    else:
        if event.type in ORDER_TYPES and event.properties.get("accepts_marketing"):
            yield BOX, _YES, placed_at(event)
        return
    for slot in [f"{TOPIC}{name}" for name in topics] or [CHANNEL]:
        yield from _said(slot, state, since)
    sure = event.properties.get("confirmed") is True or told.get("level") == "confirmed_opt_in"
    if state == _YES and sure:
        yield CONFIRMED, _YES, since


def _preferred(event: Event, at: int) -> Iterator[tuple[str, str, int]]:
    """Chosen on a page that only a mail to the person leads to: a yes is confirmed; all topics off is a no to all."""
    topics = event.properties.get("topics")
    if isinstance(topics, Mapping) and topics:
        for name, wanted in topics.items():
            yield f"{TOPIC}{name}", _YES if wanted is True else _LEFT, at
        any_ = any(wanted is True for wanted in topics.values())
        yield from _said(CHANNEL, _YES if any_ else _LEFT, at)
        if any_:
            yield CONFIRMED, _YES, at
    match event.properties.get("frequency"):
        case "all" | "weekly" as often:
            yield FREQUENCY, often, at
        case "paused":
            until = _stamp(event.properties.get("paused_until"), None, at + int(PAUSE.total_seconds()))
            yield PAUSED, str(until), at


def _said(slot: str, state: str, at: int) -> Iterator[tuple[str, str, int]]:
    """A word, and of a no to the whole channel its time besides: it voids confirmations before it."""
    yield slot, state, at
    if slot == CHANNEL and Word(state, at).is_no:
        yield NO, state, at


def _stamp(value: Any, event: Event | None, otherwise: int) -> int:
    """The epoch second that a text tells. Of an event, one from the future counts as of its receipt."""
    if not value:
        return otherwise
    told = datetime.fromisoformat(str(value))
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    return epoch(fact_time(told, event.received_at)[0] if event else told)


def _names(value: Any) -> list[str]:
    """The topics that an event names; one may stand without a list."""
    return [str(name) for name in ([value] if isinstance(value, str) else value or ())]
