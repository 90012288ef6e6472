"""What a step decides for a journey: whether it is over, and of a mail skip or send. Pure, and the same for `run_step`
and for a walk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tidings.customer import Customer
from tidings.mail.render import deliverable
from tidings.people.consent import frequency, standing, subscribed_at
from tidings.ports import Suppression
from tidings.shop import Shop
from tidings.triggers import exited_by
from tidings.workflow.model import Workflow


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing is sent; the journey goes on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Send:
    """The mail goes to this address, if its slot and claim are won."""

    address: str


Decision = Skip | Send

NOWHERE: Final = "no mail reaches this address"

PAUSED_BY_CUSTOMER: Final = "paused by the customer"
"""The one refusal that ends by itself."""


def exit_of(workflow: Workflow, journey: str, customer: Customer, entered_at: int) -> str | None:
    """Why a journey is over, from the customer as they are now; None while it goes on."""
    return "closed" if journey not in customer.journeys else exited_by(workflow, customer, entered_at)


def decide_mail(
    workflow: Workflow, customer: Customer, suppressions: Iterable[Suppression], shop: Shop, now: datetime
) -> Decision:
    """Whether a mail of this workflow may go to the customer now, and where. `suppressions` are those of the customer
    and of their address, `shop` tells the terms in force."""
    held = latest_of(suppressions)
    no = unreachable(customer, held)
    if no is None and workflow.is_marketing:
        no = refused(workflow.topic, customer, held, shop, now)
    address = deliverable(customer.email) if customer.email else None
    return Skip(no or NOWHERE) if no or address is None else Send(address)


def unreachable(customer: Customer, held: Mapping[str, int]) -> str | None:
    """Why no mail at all goes to a customer; None when it may. `held` are suppressions and since when."""
    if customer.email is None:
        return "no address"
    if deliverable(customer.email) is None:
        return NOWHERE
    for reason in ("complained", "bounced"):
        if reason in held:
            return reason
    return "erased" if "erased" in held and held["erased"] >= (subscribed_at(customer) or -1) else None


def latest_of(suppressions: Iterable[Suppression]) -> dict[str, int]:
    """reason → when it was last given."""
    held: dict[str, int] = {}
    for each in suppressions:
        held[each.reason] = max(each.at, held.get(each.reason, each.at))
    return held


def refused(
    topic: str | None, customer: Customer, held: Mapping[str, int], shop: Shop, now: datetime
) -> str | None:
    """Why a customer gets no marketing mail on a topic now; None when they do. Only a newer explicit yes lifts an
    unsubscription: a later order's box or an implied consent does not."""
    found = standing(customer, shop.terms, now, topic)
    if not found.holds:
        whole = found.reason == "unsubscribed" and found.topic is None
        return "unsubscribed" if whole else f"no consent: {topic}" if found.topic else "no consent"
    said = found.since if found.is_explicit and found.since is not None else -1
    if held.get("unsubscribed", -2) >= said:
        return "unsubscribed"
    if held.get(f"unsubscribed:{topic}", -2) >= said:
        return f"no consent: {topic}"
    return PAUSED_BY_CUSTOMER if frequency(customer, now) == "paused" else None
