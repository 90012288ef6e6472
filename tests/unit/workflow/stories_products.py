"""What Ann lives while a product is sold out."""

from typing import Any

from tests.unit.workflow.told import WHO, Stories, at, joined
from tests.worlds import event
from tidings.events import Event, product_identity


def asked(when: str, number: str = "7") -> Event:
    """Ann leaves her address on the product's page."""
    items = [{"product_id": number, "title": "Genmaicha", "quantity": 1}]
    told: dict[str, Any] = {"product_id": number, "items": items, "items_count": 1}
    return event("back_in_stock_requested", f"b{when}", at=at(when), received=at(when), **WHO, **told)


def stocked(when: str, pieces: int, number: str = "7") -> Event:
    """The catalogue says how many there are."""
    told = {"id": number, "title": "Genmaicha", "status": "active", "inventory": pieces}
    moment = at(when)
    return Event(
        id=f"shopify:product_updated:{number}:{when}",
        type="product_updated",
        at=moment,
        received_at=moment,
        source="shopify",
        identity=product_identity("shopify", number),
        properties={**told, "updated_at": moment.isoformat()},
    )


def said_yes(when: str, request: Event) -> Event:
    """Ann answers the mail that asks whether it was she."""
    told = {"form": "back-in-stock", "product_id": request.properties["product_id"]}
    return event("form_answered", f"f{when}", at=at(when), received=at(when), **WHO, **told)


OUT = stocked("2026-03-01 08:00", 0)
FIRST = asked("2026-03-10 12:00")

STORIES: dict[str, Stories] = {
    "back-in-stock": {
        "Ann asks, says that it was she, and it comes back": (
            [OUT, FIRST, said_yes("2026-03-10 12:20", FIRST), stocked("2026-04-02 07:30", 12)],
            (),
        ),
        "Ann gets our news anyway": (
            [joined("2026-01-05 09:00"), OUT, FIRST, stocked("2026-04-02 07:30", 12)],
            (),
        ),
        "It comes back before Ann has said that it was she": (
            [OUT, FIRST, stocked("2026-03-10 15:00", 12), said_yes("2026-03-11 09:00", FIRST)],
            (),
        ),
        "It was not Ann": ([OUT, FIRST, stocked("2026-04-02 07:30", 12)], ()),
        "It does not come back": (
            [OUT, FIRST, said_yes("2026-03-10 12:20", FIRST), stocked("2026-04-02 07:30", 0)],
            (),
        ),
        "Ann asks twice": (
            [
                joined("2026-01-05 09:00"),
                OUT,
                FIRST,
                asked("2026-03-12 09:00"),
                stocked("2026-04-02 07:30", 12),
            ],
            (),
        ),
        "Ann waits for two things": (
            [
                joined("2026-01-05 09:00"),
                OUT,
                stocked("2026-03-01 08:00", 0, "8"),
                FIRST,
                asked("2026-03-10 12:05", "8"),
                stocked("2026-04-02 07:30", 12, "8"),
            ],
            (),
        ),
    },
}
