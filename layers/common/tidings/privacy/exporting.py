"""Everything that is kept of a person, for them to read: one JSON document with times as ISO 8601."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from tidings.customer import Customer, moment
from tidings.events import Event
from tidings.ports import Journey, Send
from tidings.privacy.belongings import Belongings

CONSENT_TYPES: Final = frozenset({"subscribed", "unsubscribed", "preferences_changed", "mail_complained"})

ABOUT: Final = (
    "Everything that Tidings keeps of this person: who they are, what they agreed to, what happened, which mails they "
    "were sent and why. Addresses that must not be mailed are kept as hashes."
)


def document(found: Belongings, made_at: datetime) -> str:
    """The document."""
    whole = [each for each in found.customers if each.merged_into is None]
    told: dict[str, Any] = {
        "about": ABOUT,
        "made_at": _iso(made_at),
        "people": [_person(customer) for customer in whole],
        "consent": {
            "now": [fact for customer in whole for fact in _consent(customer)],
            "told_by": [_event(each) for each in _in_order(found.events) if _is_consent(each)],
        },
        "known_by": sorted(found.aliases),
        "events": [_event(each) for each in _in_order(found.events)],
        "journeys": [
            _journey(each, found) for each in sorted(found.journeys, key=lambda j: (j.entered_at, j.id))
        ],
        "recent_mails": [
            {"mail": slot, "at": _time(at)} for pace in found.paces for slot, at in sorted(pace.sends.items())
        ],
        "planned_mails": [
            {"journey": journey, "at": _time(plan.at)}
            for pace in found.paces
            for journey, plan in sorted(pace.planned.items())
        ],
        "suppressions": [
            {"address": each.address, "reason": each.reason, "since": _time(each.at)}
            for each in found.suppressions
        ],
        "put_aside": [{"identity": identity, "event": id_} for identity, id_ in found.parked],
    }
    return json.dumps(told, ensure_ascii=False, indent=1, default=str)


def _person(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "known_since": _time(customer.created_at),
        "profile": {
            name: {"value": value, "told_at": _time(at)}
            for name, (value, at) in sorted(customer.profile.items())
        },
        "orders": [
            {
                "placed_at": _time(order.placed_at),
                "total": order.total,
                "cancelled": order.cancelled,
                "items": [{"product": product, "pieces": pieces} for product, pieces in order.items],
                "refunds": [amount for _, amount in order.refunds],
            }
            for order in sorted(customer.orders.values(), key=lambda each: each.placed_at)
        ],
        "tags": {tag: _time(at) for tag, at in sorted(customer.earned.items())},
        "segments": {name: _time(at) for name, at in sorted(customer.segments.items())},
        "discount_codes": {code: _time(at) for code, at in sorted(customer.codes.items())},
        "last_times": {name: _time(at) for name, at in sorted(customer.last.items())},
        "counts": dict(customer.counts),
        **_noted(customer),
    }


def _noted(customer: Customer) -> dict[str, Any]:
    """What is remembered so that journeys begin and end at the right moment, or not at all."""
    return {
        "times": {name: [_time(at) for at in told] for name, told in sorted(customer.times.items())},
        "checkouts": [
            {"updated_at": _time(each.updated_at), "told_by": each.event, "completed": each.completed}
            for each in sorted(customer.checkouts.values(), key=lambda each: each.updated_at)
        ],
        "last_entered": {name: _time(at) for name, (_, at) in sorted(customer.entries.items())},
        "not_entered": [
            {"workflow": each.workflow, "why": each.reason, "at": _time(each.at)} for each in customer.refused
        ],
        "looked_at_again_on": customer.due_on,
    }


def _consent(customer: Customer) -> list[dict[str, Any]]:
    """Each fact of consent as the customer has it: what, the word, since when, and where from."""
    return [{"for": name, **_stamped(fact)} for name, fact in sorted(customer.consent.items())]


def _stamped(fact: Any) -> dict[str, Any]:
    names = ("word", "at", "source", "proof")
    values = list(fact) if isinstance(fact, Sequence) and not isinstance(fact, str) else [fact]
    told = dict(zip(names, values, strict=False))
    return told | ({"at": _time(told["at"])} if isinstance(told.get("at"), int) else {})


def _is_consent(event: Event) -> bool:
    told = event.properties
    return event.type in CONSENT_TYPES or bool(told.get("consent") or told.get("accepts_marketing"))


def _event(event: Event) -> dict[str, Any]:
    return {
        "type": event.type,
        "at": _iso(event.at),
        "received_at": _iso(event.received_at),
        "source": event.source,
        "proof": event.key,
        "told": event.properties,
    }


def _journey(journey: Journey, found: Belongings) -> dict[str, Any]:
    closed = {key: each for customer in found.customers for key, each in customer.closed.items()}
    end = closed.get(journey.id)
    return {
        "workflow": journey.workflow,
        "entered_at": _time(journey.entered_at),
        "began_with": journey.event,
        "held_out": journey.held_out,
        "ended": {"how": end.outcome, "why": end.reason, "at": _time(end.at)} if end else None,
        "steps": [_step(each) for each in sorted(found.sends, key=_when) if each.journey == journey.id],
    }


def _step(send: Send) -> Mapping[str, Any]:
    told = asdict(send)
    kept = ("step", "state", "reason", "message_id", "variant", "branch", "told")
    told["told"] = {name: value for name, value in told["told"].items() if name != "token"}
    return {name: told[name] for name in kept if told[name]} | {"at": _time(send.at)}


def _when(send: Send) -> tuple[int, str]:
    return send.at, send.step


def _in_order(events: Sequence[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.at, event.key))


def _time(at: int) -> str | None:
    return _iso(moment(at)) if at else None


def _iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
