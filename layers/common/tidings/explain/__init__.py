"""Why somebody got a mail, or did not: each workflow with every decision in time order, from stored facts alone. Pure.

What began stands in the journeys, what each step decided in the ledger, how a mail fared in SES's events, how a journey
ended and what never began in the customer's item. Nothing is computed again: what is not stored is not told.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tidings.customer import Customer
from tidings.explain import journeys, words
from tidings.explain.model import Chapter, Line, Story, when
from tidings.journey import PAUSED_BY_CUSTOMER, latest_of, refused, unreachable
from tidings.mail.render import deliverable
from tidings.pacing.health import Pause
from tidings.people import consent
from tidings.people.compact import epoch, short
from tidings.ports import Suppression
from tidings.privacy.belongings import COUNTED, Belongings
from tidings.shop import Shop
from tidings.workflow.model import Workflow

__all__ = ["Chapter", "Facts", "Line", "Story", "explain"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is stored: all that is kept of the person, and who is paused. `workflows` are those in force, `asked` is the
    address that the operator named, "" for none. `alias` gives that of an address, by which suppressions stand, ""
    where nobody knows."""

    kept: Belongings
    shop: Shop
    workflows: Mapping[str, Workflow]
    now: datetime
    pauses: Mapping[str, Pause] = field(default_factory=dict)
    asked: str = ""
    alias: Callable[[str], str] = lambda address: ""

    @property
    def suppressions(self) -> list[Suppression]:
        """What holds mails back, without what is only counted."""
        return [each for each in self.kept.suppressions if each.reason not in COUNTED]

    def holds(self, customer: Customer, suppression: Suppression) -> bool:
        """Whether a suppression is of the person, or of the address that mail goes to now."""
        mailed = self.alias(deliverable(customer.email or "") or "")
        return not mailed or suppression.address == mailed or not suppression.address.startswith("email:")


def explain(facts: Facts) -> Story:
    """The person's story. Raises LookupError when there is no customer among what is kept."""
    customer = next((each for each in facts.kept.customers if not each.merged_into), None)
    if customer is None:
        raise LookupError("no customer")
    told: dict[str, list[Line]] = {}
    zone = customer.zone(facts.shop.zone)
    for journey in facts.kept.journeys:
        lines = journeys.told(journey, facts.kept, facts.workflows.get(journey.workflow), zone)
        told.setdefault(journey.workflow, []).extend(lines)
    for each in customer.refused:
        line = Line(each.at, "not entered", words.refusal(each.reason), {"reason": each.reason})
        told.setdefault(each.workflow, []).append(line)
    for name, pause in facts.pauses.items():
        if pause.paused or name in told:
            told.setdefault(name, []).append(_pause(pause))
    chapters = [_chapter(name, lines, facts.workflows.get(name)) for name, lines in told.items()]
    return Story(
        customer=customer.id,
        merged=customer.ids[1:],
        address=facts.asked,
        zone=zone.key,
        person=tuple(sorted([*_consent(customer, facts), *_suppressions(customer, facts)], key=_order)),
        now=tuple(_standing(customer, facts)),
        chapters=tuple(sorted(chapters, key=lambda each: (each.lines[0].at, each.workflow))),
        silent=tuple(sorted(facts.workflows.keys() - told.keys())),
    )


def _order(line: Line) -> int:
    return line.at


def _chapter(name: str, lines: Iterable[Line], workflow: Workflow | None) -> Chapter:
    known = (workflow.name, workflow.class_) if workflow else (name, "no longer in force")
    return Chapter(name, *known, tuple(sorted(lines, key=_order)))


def _pause(pause: Pause) -> Line:
    why = f", {pause.reason}" if pause.reason not in ("", pause.by) else ""
    by = pause.by if pause.by.startswith("by ") else f"by {pause.by or 'somebody'}"
    text = f"for everybody, {by}{why}"
    return Line(pause.at, "paused" if pause.paused else "resumed", text, {"by": pause.by})


# ---- consent ----


def _consent(customer: Customer, facts: Facts) -> Iterable[Line]:
    zone = customer.zone(facts.shop.zone)
    proofs = {short(event.key): event.id for event in facts.kept.events}
    for slot, word in customer.consent.items():
        event = proofs.get(word.proof, "")
        said = words.said(slot, word.said)
        said += f", until {when(int(word.said), zone)}" if slot == consent.PAUSED else ""
        text = f"{words.slot(slot)}: {said}; told by {word.source or 'an earlier version'}"
        text += f", event {event}" if event else ""
        told = {"slot": slot, "said": word.said, "source": word.source, "proof": word.proof, "event": event}
        yield Line(word.at, "consent", text, told)


def _suppressions(customer: Customer, facts: Facts) -> Iterable[Line]:
    """An unsubscription stands under address and person: it is told once."""
    told: dict[tuple[int, str], bool] = {}
    for each in facts.suppressions:
        key = each.at, each.reason
        told[key] = told.get(key, False) or facts.holds(customer, each)
    for (at, reason), holds in sorted(told.items()):
        where = "" if holds else ", at an address that mail no longer goes to"
        yield Line(
            at, "suppressed", f"{words.suppression(reason)}{where}", {"reason": reason, "holds": holds}
        )


def _standing(customer: Customer, facts: Facts) -> Iterable[Line]:
    """What holds at this moment, under the shop's terms."""
    now, terms = epoch(facts.now), facts.shop.terms
    held = latest_of(each for each in facts.suppressions if facts.holds(customer, each))
    for topic in (None, *terms.topics):
        found = consent.standing(customer, terms, facts.now, topic)
        # A click that is not folded yet holds mails back already.
        no = refused(topic, customer, held, facts.shop, facts.now) if found.holds else None
        no = None if no == PAUSED_BY_CUSTOMER else no
        holds, about = found.holds and no is None, topic or "e-mail in general"
        why = words.skip(no) if no else words.standing(found.reason)
        text = f"consent to {about}: {'yes' if holds else 'no'}, {why}"
        yield Line(now, "consent now", text, {"topic": topic, "holds": holds, "reason": no or found.reason})
    if (reason := unreachable(customer, held)) is not None:
        yield Line(now, "mail now", f"no mail goes to them: {words.skip(reason)}", {"reason": reason})
    for _, event in facts.kept.parked:
        yield Line(now, "parked", f"event {event} could not be folded: make redrive", {"event": event})
    often = consent.frequency(customer, facts.now)
    if often != "all":
        yield Line(now, "how often", words.often(often), {"frequency": often})
