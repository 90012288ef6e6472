"""What Ann lives in the first workflows."""

from tests.unit.workflow.told import Stories, bought, bounced, changed, joined, left, unsubscribed

STORIES: dict[str, Stories] = {
    "welcome": {
        "Ann subscribes at three in the morning": ([joined("2026-03-10 07:00")], ()),
        "Ann subscribes and buys nothing": ([joined("2026-03-10 12:00")], ()),
        "Ann subscribes and buys the day after": ([joined("2026-03-10 12:00"), bought("2026-03-11 15:30")], ()),
        "Ann subscribes, leaves after an hour, and comes back a month later": (
            [joined("2026-03-10 12:00"), unsubscribed("2026-03-10 13:00"), joined("2026-04-10 12:00")],
            (),
        ),
        "Ann subscribes, and the first mail bounces": ([joined("2026-03-10 12:00")], [bounced("2026-03-10 12:01")]),
    },
    "confirm-subscription": {
        "Ann subscribes, and again within the hour and a week later": (
            [joined("2026-03-10 12:00"), joined("2026-03-10 12:40"), joined("2026-03-17 12:00")],
            (),
        ),
        "Ann ticks the box at an order": ([bought("2026-03-10 12:00", accepts_marketing=True)], ()),
        "Ann has confirmed at the shop's platform": ([joined("2026-03-10 12:00", confirmed=True)], ()),
        "Ann subscribes, and the address has bounced before": (
            [joined("2026-03-10 12:00")],
            [bounced("2026-02-10 12:00")],
        ),
    },
    "abandoned-checkout": {
        "Ann leaves a checkout and does not come back": ([joined("2026-01-05 09:00"), left("2026-03-10 12:00")], ()),
        "Ann is at the checkout for forty minutes, then leaves": (
            [
                joined("2026-01-05 09:00"),
                left("2026-03-10 12:00"),
                changed("2026-03-10 12:00", "2026-03-10 12:40"),
                bought("2026-03-10 20:15"),
            ],
            (),
        ),
        "Ann leaves a checkout and buys after the first reminder": (
            [joined("2026-01-05 09:00"), left("2026-03-10 12:00"), bought("2026-03-10 20:15")],
            (),
        ),
        "Ann leaves a checkout and buys within the hour": (
            [joined("2026-01-05 09:00"), left("2026-03-10 12:00"), bought("2026-03-10 12:40")],
            (),
        ),
        "Ann leaves a checkout that costs nothing": (
            [joined("2026-01-05 09:00"), left("2026-03-10 12:00", total="0.00")],
            (),
        ),
        "Ann leaves checkouts on the 10th, the 12th and the 20th": (
            [joined("2026-01-05 09:00"), left("2026-03-10 12:00"), left("2026-03-12 12:00"), left("2026-03-20 12:00")],
            (),
        ),
        "Ann leaves a checkout late in the evening": (
            [joined("2026-01-05 09:00"), left("2026-03-11 01:30")],
            (),
        ),
        "Ann, who never subscribed, leaves a checkout": ([left("2026-03-10 12:00")], ()),
    },
    "win-back": {
        "Ann orders once and falls silent": ([joined("2026-01-05 09:00"), bought("2026-01-10 15:30")], ()),
        "Ann orders again after the first mail": (
            [joined("2026-01-05 09:00"), bought("2026-01-10 15:30"), bought("2026-03-15 10:00")],
            (),
        ),
        "Ann orders again on the 59th day": (
            [joined("2026-01-05 09:00"), bought("2026-01-10 15:30"), bought("2026-03-10 10:00")],
            (),
        ),
    },
}  # fmt: skip
