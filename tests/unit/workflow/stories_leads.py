"""What Ann lives before she has bought anything."""

from tests.unit.workflow.told import Stories, asked, bought, joined, left, put, registered, viewed

STORIES: dict[str, Stories] = {
    "lead-follow-up": {
        "Ann asks and does not buy": ([joined("2026-03-10 11:59"), asked("2026-03-10 12:00")], ()),
        "Ann asks, gets her answer, and buys the day after": (
            [joined("2026-03-10 11:59"), asked("2026-03-10 12:00"), bought("2026-03-11 15:30")],
            (),
        ),
        "Ann asks without agreeing to mails": ([asked("2026-03-10 12:00")], ()),
    },
    "new-customer": {
        "Ann registers and buys nothing": ([joined("2026-03-10 12:00"), registered("2026-03-10 12:00")], ()),
        "Ann registers and orders within the week": (
            [joined("2026-03-10 12:00"), registered("2026-03-10 12:00"), bought("2026-03-15 15:30")],
            (),
        ),
        "Ann registers and orders within the hour": (
            [joined("2026-03-10 12:00"), registered("2026-03-10 12:00"), bought("2026-03-10 12:40")],
            (),
        ),
        "Ann registers and orders in the third week": (
            [joined("2026-03-10 12:00"), registered("2026-03-10 12:00"), bought("2026-03-27 15:30")],
            (),
        ),
    },
    "browse-abandonment": {
        "Ann looks around for an hour": (
            [
                joined("2026-01-05 09:00"),
                viewed("2026-03-10 12:00"),
                viewed("2026-03-10 12:20"),
                viewed("2026-03-10 13:00"),
            ],
            (),
        ),
        "Ann looks, and puts it into the cart": (
            [joined("2026-01-05 09:00"), viewed("2026-03-10 12:00"), put("2026-03-10 12:20")],
            (),
        ),
        "Ann looks around after she has filled the cart": (
            [joined("2026-01-05 09:00"), put("2026-03-10 12:00"), viewed("2026-03-10 12:20")],
            (),
        ),
        "Ann looks on the 10th, the 12th and the 20th": (
            [
                joined("2026-01-05 09:00"),
                viewed("2026-03-10 12:00"),
                viewed("2026-03-12 12:00"),
                viewed("2026-03-20 12:00"),
            ],
            (),
        ),
    },
    "abandoned-cart": {
        "Ann fills her cart and leaves": (
            [joined("2026-01-05 09:00"), put("2026-03-10 12:00"), put("2026-03-10 13:30", 2)],
            (),
        ),
        "Ann empties it again": (
            [joined("2026-01-05 09:00"), put("2026-03-10 12:00"), put("2026-03-10 13:00", 0)],
            (),
        ),
        "Ann gets to the checkout": (
            [joined("2026-01-05 09:00"), put("2026-03-10 12:00"), left("2026-03-10 12:30")],
            (),
        ),
        "Ann changes the cart after she has left the checkout": (
            [joined("2026-01-05 09:00"), left("2026-03-10 12:00"), put("2026-03-10 12:30", 2)],
            (),
        ),
    },
}
