"""After an erasure: what comes again, late, or for nobody, and who comes back."""

from typing import Any

import pytest

from tests.integration.account import Account
from tests.integration.office import ANN, Office, ask, live, requested
from tests.worlds import DAY, HOUR, NOW, checkout, email, event, order
from tidings.customer import epoch
from tidings.errors import Unavailable
from tidings.events import Event, customer_identity
from tidings.ports import Send, Suppression


def test_a_request_carried_out_is_not_carried_out_again(account: Account) -> None:
    """A signed body may be replayed: whoever has come back since stays, and the operator is asked."""
    office = Office(account)
    live(account, ANN, "ann")
    request = requested(account, **ANN)
    ask(account, office, request)
    account.clock.advance(DAY)
    account.happen(order("new", at=NOW + DAY, **ANN))
    replayed = requested(account, **ANN)
    assert (replayed.identity, replayed.id) == (request.identity, request.id)
    ask(account, office, replayed)
    assert account.only().orders_count == 1
    assert [what for what, _ in office.operator.told] == [
        "A customer was erased", "An erasure that was done is asked for again",
    ]  # fmt: skip
    assert not [row for row in account.scan("events") if row["type"]["S"] == "erasure_requested"]
    assert office.desk.answer(request.identity, request.id) == {"done": "before"}


def test_a_redelivered_record_brings_nobody_back(account: Account) -> None:
    """The stream delivers for a day what it has delivered before: events that are gone are not folded again."""
    office = Office(account)
    told = [
        event("customer_registered", "1", at=NOW - 2 * HOUR, first_name="Ann", **ANN),
        checkout("t", at=NOW - HOUR, contact="ann@example.com"),
        event("profile_updated", "g", at=NOW, contact="ann@example.com"),
    ]
    account.happen(*told)
    ask(account, office, requested(account, **ANN))
    account.clock.advance(HOUR)
    for each in told:
        account.tracker.track(each)
    assert [account.scan(table) for table in ("customers", "aliases", "journeys", "events")] == [
        [],
        [],
        [],
        [],
    ]
    assert [key for key, _ in account.desk.asked] == [each.identity for each in told]


def test_what_happened_before_and_comes_late_is_removed(account: Account) -> None:
    """A shop repeats for hours what it could not deliver: an order of before the erasure, with account alone or not."""
    office = Office(account)
    account.happen(event("customer_registered", "1", at=NOW - HOUR, **ANN))
    ask(account, office, requested(account, **ANN))
    account.clock.advance(HOUR)
    now = NOW + HOUR
    late = [
        order("late", at=NOW - DAY, received=now, account="1"),
        order("late2", at=NOW - DAY, received=now, contact="ann@example.com"),
    ]
    account.happen(*late)
    assert account.scan("customers") == []
    for identity, event_id in account.desk.asked:
        assert office.desk.answer(identity, event_id) == {"removed": 1}
    assert account.scan("events") == []


def _after(account: Account, *late: Event) -> list[Event]:
    """What is left of these, which come an hour after the erasure, when all that was asked for is carried out."""
    office = Office(account)
    account.happen(event("customer_registered", "1", at=NOW - DAY, **ANN), order("o1", at=NOW - HOUR, **ANN))
    account.happen(event("order_refunded", "r0", at=NOW, order_id="o1", tokens=("shopify:order:o1",)))
    ask(account, office, requested(account, **ANN))
    account.clock.advance(HOUR)
    account.happen(*late)
    for identity, event_id in account.desk.asked:
        office.desk.answer(identity, event_id)
    return [each for each in late if account.events.get(each.identity, each.id)]


O1 = ("shopify:order:o1",)
WHEN: dict[str, Any] = {"at": NOW + HOUR, "received": NOW + HOUR}
BEFORE = (NOW - HOUR).isoformat()


@pytest.mark.parametrize(
    "late",
    [
        order("o1", type_="order_paid", placed_at=BEFORE, **WHEN, **ANN),
        order("o0", type_="order_fulfilled", placed_at=BEFORE, **WHEN, contact="ann@example.com"),
        event("order_refunded", "r1", order_id="o1", total="9.00", tokens=O1, **WHEN),
        event("order_delivered", "p1", order_id="o1", tokens=O1, contact="ann@example.com", **WHEN),
    ],
    ids=["paid", "never heard of", "refunded", "delivered"],
)
def test_an_old_order_goes_on_and_brings_nobody_back(account: Account, late: Event) -> None:
    """The shop is paid, sends the parcel and gives money back after the erasure, by name or by number alone."""
    assert _after(account, late) == []
    assert account.scan("customers") == account.scan("events") == []


def test_an_order_that_only_the_request_knows_stays_erased(account: Account) -> None:
    """It was placed before the shop used Tidings; its refund names nobody."""
    office = Office(account)
    ask(account, office, requested(account, **ANN))
    account.clock.advance(HOUR)
    account.happen(event("order_refunded", "r1", order_id="o1", total="9.00", tokens=O1, **WHEN))
    assert [office.desk.answer(*key) for key in account.desk.asked] == [{"removed": 1}]
    assert account.scan("events") == []


def test_an_old_order_does_not_reach_who_is_back(account: Account) -> None:
    """Their new orders are theirs, and so is what becomes of these; the old one's parcel is not."""
    new = order("o2", **WHEN, **ANN)
    parcel = event("order_delivered", "p1", order_id="o1", tokens=O1, contact="ann@example.com", **WHEN)
    own = event("order_delivered", "p2", order_id="o2", tokens=("shopify:order:o2",), **WHEN)
    assert _after(account, new, parcel, own) == [new, own]
    assert len(account.only().orders) == 1


def test_who_comes_back_is_somebody_new(account: Account) -> None:
    """A new order makes a new customer; what is older than the erasure still does not reach them."""
    office = Office(account)
    old = live(account, ANN, "ann")
    ask(account, office, requested(account, **ANN))
    account.clock.advance(DAY)
    account.happen(order("new", at=NOW + DAY, **ANN))
    back = account.only()
    assert (back.id == old, back.orders_count, back.get("first_name")) == (False, 1, None)
    late = event("profile_updated", "late", at=NOW - DAY, received=NOW + DAY + HOUR, first_name="Ann", **ANN)
    account.happen(late)
    assert account.only().get("first_name") is None
    assert account.desk.asked == [(late.identity, late.id)]


def test_an_erasure_cut_off_for_a_day_spares_who_came_meanwhile(account: Account) -> None:
    """The customer's item was the last to go; who came after that is somebody new."""
    office = Office(account)
    live(account, ANN, "ann")
    request = requested(account, **ANN)
    account.events.put(request)
    account.faults.calls.clear()
    assert _cut_at_the_end(account, office, request)
    account.clock.advance(DAY)
    account.happen(order("new", at=NOW + DAY, **ANN))
    office.desk.answer(request.identity, request.id)
    assert account.only().orders_count == 1
    assert [row["id"]["S"] for row in account.scan("events")] == ["shopify:order_placed:new"]
    assert {row["alias"]["S"] for row in account.scan("aliases")} >= {email("ann@example.com")}


def _cut_at_the_end(account: Account, office: Office, request: Event) -> bool:
    """Cut off when the customers are gone, before the receipt is finished."""

    def between(name: str) -> None:
        if name == "put_object" and not account.scan("customers"):
            account.faults.between = None
            raise Unavailable("cut")

    account.faults.between = between
    with pytest.raises(Unavailable):
        office.desk.answer(request.identity, request.id)
    return not account.scan("customers")


def test_what_comes_for_a_customer_who_is_gone_is_swept(account: Account) -> None:
    """A report on a mail, a journey opened at that moment, its ledger: all by the id alone."""
    office = Office(account)
    customer = live(account, ANN, "ann")
    ask(account, office, requested(account, **ANN))
    identity = customer_identity(customer)
    opened = Event(
        "ses:mail_opened:1",
        "mail_opened",
        NOW + HOUR,
        NOW + HOUR,
        "ses",
        identity,
        properties={"journey": "w-9"},
    )
    account.sends.claim(Send("w-9", "welcome", "claimed", customer), None)
    account.suppressions.put(Suppression(identity, "unsubscribed", epoch(NOW + HOUR)))
    account.happen(opened)
    assert account.desk.asked == [(identity, opened.id)]
    account.clock.advance(2 * HOUR)
    assert office.desk.answer(identity, opened.id) == {"removed": 3}
    assert [account.scan("events"), account.scan("sends")] == [[], []]
