"""What Ann lives around an order: thanks, news of the parcel, care, questions."""

from tests.unit.workflow.told import Stories, bought, happened, joined

JOINED = joined("2026-01-05 09:00")
FIRST = bought("2026-03-10 15:30", "1001")

STORIES: dict[str, Stories] = {
    "order-confirmation": {
        "Ann, who never subscribed, buys twice in an hour": (
            [bought("2026-03-10 15:30", "1001"), bought("2026-03-10 16:10", "1002")],
            (),
        ),
        "Ann's order is paid, and told again": (
            [FIRST, happened("order_paid", "2026-03-10 15:31", placed_at="2026-03-10T15:30:00+00:00")],
            (),
        ),
    },
    "delay-notice": {
        "Ann's parcel is late twice": (
            [
                FIRST,
                happened("shipment_delayed", "2026-03-13 09:00"),
                happened("shipment_delayed", "2026-03-15 11:00"),
            ],
            (),
        ),
    },
    "first-purchase": {
        "Ann buys for the first time, and again a month later": (
            [JOINED, FIRST, bought("2026-04-10 15:30", "1002")],
            (),
        ),
        "Ann buys in the morning": ([JOINED, bought("2026-03-10 09:30", "1001")], ()),
        "Ann buys and cancels": ([JOINED, FIRST, happened("order_cancelled", "2026-03-10 20:00")], ()),
    },
    "repeat-purchase": {
        "Ann buys three times in two months": (
            [JOINED, FIRST, bought("2026-04-10 15:30", "1002"), bought("2026-04-20 15:30", "1003")],
            (),
        ),
        "Ann buys again and gets her money back": (
            [
                JOINED,
                FIRST,
                bought("2026-04-10 15:30", "1002"),
                happened("order_refunded", "2026-04-10 19:00", "1002"),
            ],
            (),
        ),
    },
    "post-purchase-education": {
        "Ann's order arrives": ([JOINED, FIRST, happened("order_delivered", "2026-03-13 18:00")], ()),
        "Ann sends it back": (
            [
                JOINED,
                FIRST,
                happened("order_delivered", "2026-03-13 18:00"),
                happened("order_refunded", "2026-03-20 12:00"),
            ],
            (),
        ),
    },
    "review-request": {
        "Ann's order arrives": ([JOINED, FIRST, happened("order_delivered", "2026-03-13 18:00")], ()),
        "Ann gets the money back for this order": (
            [
                JOINED,
                FIRST,
                happened("order_delivered", "2026-03-13 18:00"),
                happened("order_refunded", "2026-03-20 12:00"),
            ],
            (),
        ),
        "Ann gets the money back for another order": (
            [
                JOINED,
                FIRST,
                happened("order_delivered", "2026-03-13 18:00"),
                happened("order_refunded", "2026-03-20 12:00", "999"),
            ],
            (),
        ),
        "Ann writes a review unasked": (
            [
                JOINED,
                FIRST,
                happened("order_delivered", "2026-03-13 18:00"),
                happened("review_posted", "2026-03-15 12:00"),
            ],
            (),
        ),
        "Two orders of Ann's arrive": (
            [
                JOINED,
                FIRST,
                bought("2026-03-11 15:30", "1002"),
                happened("order_delivered", "2026-03-13 18:00"),
                happened("order_delivered", "2026-03-14 18:00", "1002"),
            ],
            (),
        ),
    },
    "shipping-update": {
        "Ann's order leaves and arrives": (
            [
                FIRST,
                happened("order_fulfilled", "2026-03-11 09:00"),
                happened("order_delivered", "2026-03-13 18:00"),
            ],
            (),
        ),
        "Ann's order leaves, and the carrier is silent": (
            [FIRST, happened("order_fulfilled", "2026-03-11 09:00")],
            (),
        ),
        "Ann's order leaves, and another of hers arrives": (
            [
                FIRST,
                happened("order_fulfilled", "2026-03-11 09:00"),
                happened("order_delivered", "2026-03-12 18:00", "999"),
            ],
            (),
        ),
    },
    "satisfaction-survey": {
        "Ann does not answer": ([JOINED, FIRST, happened("order_delivered", "2026-03-13 18:00")], ()),
        "Ann was unhappy": (
            [
                JOINED,
                FIRST,
                happened("order_delivered", "2026-03-13 18:00"),
                happened("form_answered", "2026-03-31 20:00", form="satisfaction", score=1),
            ],
            (),
        ),
        "Ann was happy": (
            [
                JOINED,
                FIRST,
                happened("order_delivered", "2026-03-13 18:00"),
                happened("form_answered", "2026-03-31 20:00", form="satisfaction", score=5),
            ],
            (),
        ),
    },
}
