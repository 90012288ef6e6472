"""Requests of privacy law. From track_event, which does not wait: the key of a `request`, or a customer who is `gone`.
From an operator, who does: `erase` and `export` name a customer's id or an alias, never an address.
"""

from collections.abc import Mapping
from typing import Any

from tidings import observe, wiring


@observe.discreet
def handler(event: dict[str, Any], context: object) -> Mapping[str, Any]:
    """Carry out one request; answers with a receipt, or where an export lies. An outage raises, and it comes again."""
    desk = wiring.privacy_desk()
    match event:
        case {"request": [identity, event_id]}:
            answer = desk.answer(identity, event_id)
        case {"gone": customer}:
            answer = desk.gone(customer)
        case {"erase": who}:
            answer = desk.erase(who)
        case {"export": who}:
            answer = desk.export(who)
        case _:
            raise ValueError("ask for one of: request, gone, erase, export")
    kept = {name: answer[name] for name in ("receipt", "removed", "place", "told", "done") if name in answer}
    observe.logger().info("privacy", extra={"asked": next(iter(event)), **kept})
    return answer
