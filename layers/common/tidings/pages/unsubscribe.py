"""Unsubscribing: a button, and what mail programs post in its place (RFC 8058)."""

from tidings.pages.fields import Form
from tidings.pages.look import Page
from tidings.pages.visit import Visit


def show(visit: Visit) -> Page:
    """What the link would do, and a button that does it."""
    return visit.page("unsubscribe", state="ask")


def act(visit: Visit, form: Form) -> Page:
    """Unsubscribe at once. The suppression counts before the event is folded; safe to repeat."""
    visit.suppress("unsubscribed")
    visit.tell("unsubscribed")
    return visit.page("unsubscribe", state="done")
