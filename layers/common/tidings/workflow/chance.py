"""Chance that is the same each time: a customer always falls on the same side of the same place. Pure."""

import hashlib
from decimal import Decimal

from tidings.workflow.model import SendStep, SplitStep, Workflow

HOLDOUT = "holdout"
"""The place at which a holdout is drawn; no step can be called so beside it: it is drawn before the first."""


def falls(customer: str, workflow: str, place: str) -> float:
    """A number in [0, 1), evenly spread over customers, independent between places."""
    digest = hashlib.sha256(f"{customer}\n{workflow}\n{place}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def is_held_out(workflow: Workflow, customer: str) -> bool:
    """Whether the customer is kept out of the workflow, to measure what it does."""
    return falls(customer, workflow.id, HOLDOUT) < workflow.holdout


def side_of(step: SplitStep, customer: str, workflow: str, node: str) -> str:
    """The name of the share that the customer falls into."""
    drawn, upper = falls(customer, workflow, node), Decimal(0)
    for each in step.split:
        upper += each.share
        if drawn < upper:
            return each.name
    return step.split[-1].name


def variant_of(step: SendStep, customer: str, workflow: str) -> str:
    """The variant of the mail that the customer gets; "" when none are tested."""
    if not step.test:
        return ""
    return step.test[int(falls(customer, workflow, step.step_id) * len(step.test))]
