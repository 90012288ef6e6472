"""What Ann lives as a good customer, a keen reader, and one who stays away: offers, thanks, codes, a survey."""

from typing import Any

from tests.unit.workflow.told import WHO, Stories, at, bought, happened, joined
from tests.worlds import event
from tidings.events import Event, customer_identity

JOINED = joined("2026-01-05 09:00")


def came(type_: str, when: str, **more: Any) -> Event:
    """Something else becomes known of Ann."""
    return event(type_, f"{type_}-{when}", at=at(when), received=at(when), **WHO, **more)


def clicked(when: str, mail: str = "m1") -> Event:
    """Ann clicks in a mail."""
    moment, told = at(when), {"message_id": mail, "link": "https://shop.example/cups"}
    identity = customer_identity("customer")
    return Event(
        f"ses:mail_clicked:{mail}:{when}", "mail_clicked", moment, moment, "ses", identity, properties=told
    )


def spent(total: str, *days: str, code: str = "") -> list[Event]:
    """Ann buys for that much on each of these days."""
    codes = {"discount_codes": [code]} if code else {}
    return [bought(f"{day} 15:30", f"o{day}", total=total, **codes) for day in days]


CLICKS = [clicked(f"2026-03-{day:02} 18:00", f"m{day}") for day in range(2, 7)]
TEA = [{"product_id": "7", "title": "Genmaicha", "quantity": 1, "price": "21.00"}]

STORIES: dict[str, Stories] = {
    "cross-sell": {
        "Ann orders for 80": ([JOINED, *spent("80.00", "2026-03-10")], ()),
        "Ann orders for 30": ([JOINED, *spent("30.00", "2026-03-10")], ()),
        "Ann orders for 80 and cancels": (
            [JOINED, *spent("80.00", "2026-03-10"), happened("order_cancelled", "2026-03-10 16:00", "o2026-03-10")],
            (),
        ),
        "Ann orders for 80 every week": (
            [JOINED, *spent("80.00", "2026-03-03", "2026-03-10", "2026-03-17", "2026-04-07")],
            (),
        ),
    },
    "up-sell": {
        "Ann orders for 30": ([JOINED, *spent("30.00", "2026-03-10")], ()),
        "Ann orders for 80": ([JOINED, *spent("80.00", "2026-03-10")], ()),
        "Ann's order is on its way after ten minutes": (
            [JOINED, *spent("30.00", "2026-03-10"), happened("order_fulfilled", "2026-03-10 15:40", "o2026-03-10")],
            (),
        ),
    },
    "replenishment": {
        "Ann buys tea": ([JOINED, bought("2026-03-10 15:30", "t1", items=TEA)], ()),
        "Ann buys tea, and again after three weeks": (
            [JOINED, bought("2026-03-10 15:30", "t1", items=TEA), bought("2026-03-31 15:30", "t2", items=TEA)],
            (),
        ),
        "Ann buys tea and sends it back": (
            [JOINED, bought("2026-03-10 15:30", "t1", items=TEA), happened("order_refunded", "2026-03-20 09:00", "t1")],
            (),
        ),
        "Ann buys a cup": ([JOINED, *spent("30.00", "2026-03-10")], ()),
    },
    "vip-invitation": {
        "Ann spends 520 with her third order": (
            [JOINED, *spent("173.50", "2026-01-10", "2026-02-10", "2026-03-10")],
            (),
        ),
        "Ann uses her code": (
            [JOINED, *spent("520.00", "2026-03-10"), *spent("60.00", "2026-03-20", code="INNERCIRCLE15")],
            (),
        ),
    },
    "vip-early-access": {
        "Ann, a VIP, is told a week before": (
            [
                JOINED,
                *spent("520.00", "2026-03-01"),
                came("early_access_opened", "2026-03-10 09:00", collection="The Spring Kiln", date="2026-03-17"),
            ],
            (),
        ),
        "Ann, a VIP, buys at once": (
            [
                JOINED,
                *spent("520.00", "2026-03-01"),
                came("early_access_opened", "2026-03-10 09:00", date="2026-03-17"),
                *spent("90.00", "2026-03-11"),
            ],
            (),
        ),
        "Ann, a VIP, is told without a day": (
            [JOINED, *spent("520.00", "2026-03-01"), came("early_access_opened", "2026-03-10 09:00")],
            (),
        ),
        "Ann, no VIP yet": ([JOINED, came("early_access_opened", "2026-03-10 09:00", date="2026-03-17")], ()),
    },
    "loyalty-reward": {
        "Ann orders for the fourth time": (
            [JOINED, *spent("40.00", "2026-01-10", "2026-02-10", "2026-02-20", "2026-03-10")],
            (),
        ),
        "Ann uses her code": (
            [JOINED, *spent("310.00", "2026-03-10"), *spent("60.00", "2026-03-20", code="THANKYOU10")],
            (),
        ),
    },
    "referral-invitation": {
        "Ann's second parcel arrives": (
            [JOINED, *spent("40.00", "2026-02-10", "2026-03-10"), happened("order_delivered", "2026-03-13 12:00")],
            (),
        ),
        "Ann's first parcel arrives": (
            [JOINED, *spent("40.00", "2026-03-10"), happened("order_delivered", "2026-03-13 12:00", "o2026-03-10")],
            (),
        ),
        "Ann gets her money back": (
            [
                JOINED,
                *spent("40.00", "2026-02-10", "2026-03-10"),
                happened("order_delivered", "2026-03-13 12:00", "o2026-03-10"),
                happened("order_refunded", "2026-03-20 12:00", "o2026-03-10"),
            ],
            (),
        ),
    },
    "referral-thanks": {
        "A friend of Ann's orders": ([JOINED, came("referral_succeeded", "2026-03-10 12:00")], ()),
        "Two friends order on two days": (
            [JOINED, came("referral_succeeded", "2026-03-10 12:00"), came("referral_succeeded", "2026-04-20 12:00")],
            (),
        ),
        "Ann uses her code": (
            [JOINED, came("referral_succeeded", "2026-03-10 12:00"), *spent("60.00", "2026-03-20", code="welltold10")],
            (),
        ),
    },
    "engagement-reward": {
        "Ann clicks on five days, and on many more": (
            [JOINED, *CLICKS, *(clicked(f"2026-04-0{day} 18:00") for day in range(1, 8))],
            (),
        ),
        "Ann clicks on four days": ([JOINED, *CLICKS[:4]], ()),
        "Ann uses her code": ([JOINED, *CLICKS, *spent("60.00", "2026-03-09", code="READER10")], ()),
    },
    "came-back": {
        "Ann comes back to a mail on three days": (
            [JOINED, clicked("2026-03-10 12:00"), clicked("2026-03-11 19:00"), clicked("2026-03-13 08:00")],
            (),
        ),
        "Ann clicks three times in an hour": (
            [JOINED, clicked("2026-03-10 12:00"), clicked("2026-03-10 12:10"), clicked("2026-03-10 12:40")],
            (),
        ),
        "Ann clicks in three mails": (
            [JOINED, clicked("2026-03-10 12:00"), clicked("2026-03-11 19:00", "m2"), clicked("2026-03-13 08:00", "m3")],
            (),
        ),
        "Ann comes back twice, then buys": (
            [JOINED, clicked("2026-03-10 12:00"), clicked("2026-03-11 19:00"), *spent("40.00", "2026-03-12")],
            (),
        ),
        "Ann, who bought last week, follows her parcel": (
            [JOINED, *spent("40.00", "2026-03-05"), clicked("2026-03-10 12:00"), clicked("2026-03-11 19:00")],
            (),
        ),
    },
    "lapsed-customers": {
        "Ann orders once and falls silent": ([JOINED, *spent("40.00", "2026-01-10")], ()),
        "Ann comes back after win-back": ([JOINED, *spent("40.00", "2026-01-10", "2026-03-26")], ()),
    },
    "survey": {
        "Ann subscribes and says nothing": ([joined("2026-03-10 12:00")], ()),
        "Ann answers at once": (
            [joined("2026-03-10 12:00"), came("form_answered", "2026-03-20 16:00", birthday="--05-14", form="survey")],
            (),
        ),
        "Ann answers after the reminder": (
            [joined("2026-03-10 12:00"), came("form_answered", "2026-03-30 16:00", birthday="--05-14", form="survey")],
            (),
        ),
        "Ann has told her birthday": ([joined("2026-03-10 12:00", birthday="--05-14", form="survey")], ()),
    },
}  # fmt: skip
