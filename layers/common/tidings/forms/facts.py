"""The events that follow from a form. Pure.

An event's id is made of what was answered and of the showing it was answered in (its stamp): sent twice, by a double
click or a second attempt after an outage, it is one fact; a changed answer is another.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from tidings.events import Event, customer_identity
from tidings.forms.fields import Answers
from tidings.sources.reading import present, stamp

SOURCE: Final = "page"
"""The source of events that pages tell."""

KEPT_AS_FIELDS: Final = ("interests", "reward")
"""Answers that are kept of the customer, beside the birthday: as fields, which the shop declares."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One sending of a form: when, from which showing, and whose. `identity` is the customer's, or the alias of an
    address that nobody has proven to be theirs."""

    at: datetime
    showing: str
    identity: str
    properties: Mapping[str, Any]

    def event(self, type_: str, told: Mapping[str, Any], about: str = "", source: str = SOURCE) -> Event:
        """The fact. `about` names in plain words what it is about, for the id."""
        properties = present({**self.properties, **told})
        content = json.dumps([self.showing, told], sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16]
        name = ":".join(part for part in (about, digest) if part)
        return Event(
            id=f"{SOURCE}:{type_}:{name}",
            type=type_,
            at=self.at,
            received_at=self.at,
            source=source,
            identity=self.identity,
            aliases=() if self.identity.startswith(customer_identity("")) else (self.identity,),
            properties=properties,
        )


def sent_by_link(customer: str, send: str, at: datetime, showing: str) -> Sent:
    """What the reader of a mail sends, by the link in it."""
    return Sent(at, f"{send}\n{showing}", customer_identity(customer), {"send_id": send})


def sent_by_anybody(address: str, alias: str, at: datetime, showing: str) -> Sent:
    """What somebody sends who says that this address is theirs. It is a contact address: it never replaces what the
    shop knows of its owner."""
    return Sent(at, showing, alias, {"contact_email": address})


def form_answered(
    sent: Sent, form: str, answers: Answers, about: Mapping[str, str] = MappingProxyType({})
) -> Event:
    """A survey. Its birthday becomes the customer's, interests and reward become their fields. `about` is what the
    form was about, besides."""
    told = dict(answers.values)
    kept = {name: told.pop(name) for name in KEPT_AS_FIELDS if name in told}
    return sent.event("form_answered", {"form": form, **about, **told, "fields": kept or None}, form)


def review_posted(sent: Sent, answers: Answers, about: Mapping[str, str], source: str) -> Event:
    """A review of a product or of an order: `about` is `product_id` or `order_id`, of the shop platform `source`."""
    told = {"rating": answers.values["rating"], "text": answers.values.get("text"), **about}
    return sent.event("review_posted", told, source=source)


def lead_captured(sent: Sent, answers: Answers, language: str) -> list[Event]:
    """A message to the shop, and, where its box was ticked, the wish to be written to.

    The wish is no consent: the address's owner is asked first (`opt_in_requested`). The message is not `question`,
    which mails quote: whoever types a stranger's address must not have the shop send them what they typed.
    """
    wish = answers.values.get("news") is True
    told = {
        "form": "contact",
        "name": answers.values.get("name"),
        "message": answers.values["message"],
        "wants_news": wish,
        "language": language,
    }
    lead = sent.event("lead_captured", told, "contact")
    if not wish:
        return [lead]
    how = {"form": "contact", "asked_at": stamp(sent.at), "language": language}
    asked = replace(sent, showing=f"{sent.showing}\n{lead.id}").event("opt_in_requested", how, "contact")
    return [lead, asked]


def back_in_stock_requested(sent: Sent, product: str, source: str, title: str | None) -> Event:
    """The wish to hear when a product can be bought again: one a day from each address."""
    told = {
        "product_id": product,
        "items": [present({"product_id": product, "title": title, "quantity": 1})],
        "items_count": 1,
    }
    day = f"{sent.at:%Y-%m-%d}"
    return replace(sent, showing=day).event("back_in_stock_requested", told, day, source)
