"""What Ann lives on days that come every year."""

from tests.unit.workflow.told import Stories, bought, joined, registered, told, unsubscribed

STORIES: dict[str, Stories] = {
    "birthday": {
        "Ann, in Auckland, was born on 29 February": (
            [joined("2026-02-01 09:00"), told("2026-02-01 09:00", birthday="1992-02-29", timezone="Pacific/Auckland")],
            (),
        ),
        "Ann, in Honolulu, tells day and month on the eve": (
            [joined("2026-02-01 09:00", timezone="Pacific/Honolulu"), told("2026-05-13 22:00", birthday="--05-14")],
            (),
        ),
        "Ann, somewhere, unsubscribes before her birthday": (
            [
                joined("2026-02-01 09:00"),
                told("2026-02-01 09:00", birthday="1992-05-14"),
                unsubscribed("2026-05-01 09:00"),
            ],
            (),
        ),
        "Ann has used her code five days before": (
            [
                joined("2026-02-01 09:00"),
                told("2026-02-01 09:00", birthday="1992-05-14"),
                bought("2026-05-09 15:30", discount_codes=["birthday15"]),
            ],
            (),
        ),
    },
    "birthday-offer": {
        "Ann, in Auckland, was born on 6 March": (
            [
                joined("2026-02-01 09:00"),
                told("2026-02-01 09:00", birthday="1992-03-06", timezone="Pacific/Auckland"),
            ],
            (),
        ),
        "Ann tells her birthday on the eve": (
            [joined("2026-02-01 09:00"), told("2026-05-13 12:00", birthday="--05-14")],
            (),
        ),
    },
    "registration-anniversary": {
        "Ann registers, and stays": (
            [joined("2026-03-10 09:00"), registered("2026-03-10 10:00"), told("2027-02-01 09:00", first_name="Ann")],
            (),
        ),
        "Ann registered two years ago": (
            [joined("2026-03-01 09:00"), told("2026-03-01 09:00", registered_at="2024-03-10T10:00:00+00:00")],
            (),
        ),
    },
}  # fmt: skip
