"""Confirming a subscription (double opt-in): a button, which a scanner that follows links does not press."""

from typing import Final

from tidings.pages.fields import Form
from tidings.pages.look import Page
from tidings.pages.visit import Visit

PURPOSE: Final = "confirm"


def show(visit: Visit) -> Page:
    """What is confirmed, and a button that does it."""
    return visit.page("confirm", state="ask")


def act(visit: Visit, form: Form) -> Page:
    """Subscribe, confirmed: who has the link has the mailbox."""
    visit.tell("subscribed", confirmed=True)
    return visit.page("confirm", state="done")
