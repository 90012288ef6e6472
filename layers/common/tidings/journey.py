"""What a step decides for a journey: exit, skip or send. Pure, and the same for `run_step` and for a walk."""

from collections.abc import Iterable
from dataclasses import dataclass

from tidings.customer import Customer
from tidings.mail.render import deliverable
from tidings.ports import Suppression
from tidings.triggers import exited_by
from tidings.workflow.model import Workflow


@dataclass(frozen=True, slots=True)
class Exit:
    """The journey is over."""

    reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing is sent; the journey goes on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Send:
    """The mail goes to this address, if its slot and claim are won."""

    address: str


Decision = Exit | Skip | Send


def decide(
    workflow: Workflow, journey: str, customer: Customer, entered_at: int, suppressions: Iterable[Suppression]
) -> Decision:
    """What to do now with a journey's next mail, from the customer as they are now.

    `entered_at` is in epoch seconds; `suppressions` are those of the customer's address.
    """
    reason = exit_of(workflow, journey, customer, entered_at)
    return Exit(reason) if reason else decide_mail(workflow, customer, suppressions)


def exit_of(workflow: Workflow, journey: str, customer: Customer, entered_at: int) -> str | None:
    """Why a journey is over, from the customer as they are now; None while it goes on."""
    return "closed" if journey not in customer.journeys else exited_by(workflow, customer, entered_at)


def decide_mail(workflow: Workflow, customer: Customer, suppressions: Iterable[Suppression]) -> Skip | Send:
    """Whether a mail of this workflow may go to the customer now, and where."""
    if customer.email is None:
        return Skip("no address")
    address = deliverable(customer.email)
    if address is None:
        return Skip("no mail reaches this address")
    reasons = {suppression.reason: suppression.at for suppression in suppressions}
    for reason in ("complained", "bounced"):
        if reason in reasons:
            return Skip(reason)
    if workflow.is_marketing:
        consented_at = customer.consented_at
        if consented_at is None:
            return Skip("no consent")
        if reasons.get("unsubscribed", -1) >= consented_at:
            return Skip("unsubscribed")
    return Send(address)
