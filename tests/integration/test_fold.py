"""The fold on DynamoDB and Step Functions: crashes between any two writes, and folds that interleave."""

import pytest
from moto import mock_aws

from tests.fakes import Faults
from tests.integration.account import Account
from tests.unit.test_restock import asked as request
from tests.unit.test_restock import product
from tests.worlds import ANN, DAY, HOUR, NOW, checkout, email, essence, event, order, story, subscribed
from tidings.aws.codec import decode_item, encode_item
from tidings.aws.customer_item import from_item, to_item
from tidings.aws.limits_table import LimitsTable
from tidings.aws.table import Table
from tidings.errors import Unavailable
from tidings.events import Event


def test_a_story_folds_as_it_does_in_memory(account: Account) -> None:
    """Customer, aliases, journey and execution after an afternoon's events."""
    account.happen(*story())
    customer = account.only()
    assert customer.orders_count == 1
    assert customer.accepts_marketing
    assert not customer.journeys
    assert {closed.outcome for closed in customer.closed.values()} == {"exited"}
    assert set(account.executions("abandoned-checkout").values()) <= {"ABORTED"}


def test_an_item_comes_back_as_it_was_written(account: Account) -> None:
    """Every field survives the codec."""
    account.happen(*story()[:3])
    customer = account.only()
    assert from_item(
        decode_item(encode_item({k: v for k, v in to_item(customer).items() if v is not None}))
    ) == (customer)


def test_writes_are_counted(account: Account) -> None:
    """One write a webhook of a known customer that starts no journey, beside the event's own."""
    account.happen(*story()[:2], order("o0", at=NOW - 2 * HOUR, **ANN))
    for webhook in (
        event("profile_updated", "2", first_name="Anne", **ANN),
        order("o9", checkout="t9", tokens=("shopify:checkout:t9", "shopify:cart:c9"), **ANN),
        order("o9", type_="order_paid", placed_at=NOW.isoformat(), **ANN),
        checkout("t1", type_="checkout_updated", completed_at=NOW.isoformat(), **ANN),
        checkout("t1", type_="checkout_updated", at=NOW + HOUR, **ANN),
    ):
        account.faults.calls.clear()
        account.happen(webhook)
        writes = [call for call in account.faults.calls if not call.endswith("_execution")]
        assert writes == ["put_item"], webhook.id


def test_a_refund_and_a_cart_find_their_customer_by_the_index(account: Account) -> None:
    """No name was claimed for them; each costs its own write and the customer's."""
    account.happen(event("customer_registered", "1", at=NOW - DAY, **ANN))
    account.happen(checkout("t0", at=NOW - 2 * HOUR, **ANN))
    tokens, cart = ("shopify:checkout:t1", "shopify:cart:c1"), ("shopify:cart:c1",)
    account.happen(checkout("t1", at=NOW - HOUR, cart="c1", tokens=tokens, **ANN), order("o1", at=NOW, **ANN))
    for late in (
        event("cart_updated", "c1:1", at=NOW, tokens=cart, cart="c1"),
        event("order_refunded", "r1", at=NOW, order_id="o1", total="30.00", tokens=("shopify:order:o1",)),
    ):
        account.faults.calls.clear()
        account.happen(late)
        assert [call for call in account.faults.calls if not call.endswith("_execution")] == ["put_item"]
        assert account.only().last[late.type] == int(NOW.timestamp())
    assert not {item["alias"]["S"] for item in account.scan("aliases")} & {"shopify:order:o1", *cart}
    assert account.only().orders_count == 0


def test_a_crash_between_any_two_writes_loses_nothing_and_repeats_nothing() -> None:
    """Cut before and after each write in turn; the stream delivers again."""
    told = [*story()[:3], order("o1", at=NOW, checkout="t1", **ANN)]
    with mock_aws():
        clean = Account()
        clean.happen(*told)
        expected, calls = essence(clean.only()), len(clean.faults.calls)
    for at in range(1, calls + 1):
        for after in (False, True):
            with mock_aws():
                account = Account(Faults(at=at, after=after))
                cuts = sum(_deliver(account, each) for each in told)
                assert cuts == 1
                assert essence(account.only()) == expected
                assert account.only().closed.keys() == {item["id"]["S"] for item in account.scan("journeys")}
                assert len(account.executions("abandoned-checkout")) == 1
                assert "RUNNING" not in account.executions("abandoned-checkout").values()


def _deliver(account: Account, event: Event) -> int:
    """Deliver until it goes through; how often it did not."""
    account.events.put(event)
    for failed in range(5):
        try:
            account.tracker.track(event)
        except Unavailable:
            continue
        return failed
    raise AssertionError("the event never went through")


@pytest.mark.parametrize("when", ["put_item", "transact_write_items", "start_execution"])
@pytest.mark.parametrize(
    "inner",
    [order("o2", at=NOW, **ANN), subscribed("1", **ANN), event("unsubscribed", "u", at=NOW, **ANN)],
    ids=lambda event: event.type,
)
def test_a_fold_inside_another_folds_gap(account: Account, when: str, inner: Event) -> None:
    """A second event is folded whole between the first's read and its write, or between its writes."""
    account.happen(event("customer_registered", "1", at=NOW - HOUR, **ANN))
    pending = [inner]

    def between(name: str) -> None:
        if name == when and pending:
            account.happen(pending.pop())

    account.faults.between = between
    # An update that names somebody first claims its token: a transaction.
    kind = "checkout_updated" if when == "transact_write_items" else "checkout_started"
    account.happen(checkout("t1", type_=kind, at=NOW - HOUR, tokens=("shopify:checkout:t1",), **ANN))
    assert not pending
    customer = account.only()
    assert len(customer.checkouts) == 1
    running = {
        name for name, status in account.executions("abandoned-checkout").items() if status == "RUNNING"
    }
    assert running == {
        name for name, open_ in customer.journeys.items() if open_.workflow == "abandoned-checkout"
    }
    assert bool(running) is (inner.type != "order_placed")


def test_two_creations_of_one_customer_make_one(account: Account) -> None:
    """Two first events of the same address: the aliases let only one creation through."""
    pending = [order("o2", contact="ann@example.com")]

    def between(name: str) -> None:
        if name == "transact_write_items" and pending:
            account.happen(pending.pop())

    account.faults.between = between
    account.happen(order("o1", contact="ann@example.com"))
    assert account.only().orders_count == 2


def test_a_merge_moves_everything_to_one(account: Account) -> None:
    """Account first, address later: one customer, one running journey."""
    account.happen(checkout("t1", account="1"), checkout("t2", contact="ann@example.com"))
    account.happen(event("profile_updated", "1", at=NOW + HOUR, **ANN))
    assert len(account.only().checkouts) == 2
    assert sorted(account.executions("abandoned-checkout").values()) == ["ABORTED", "RUNNING"]


def test_journeys_are_found_by_their_customer(account: Account) -> None:
    """By the id they began under, oldest first, whole; those of a customer merged in under that one's."""
    account.happen(checkout("t2", contact="ann@example.com"), checkout("t1", at=NOW + HOUR, account="1"))
    account.happen(subscribed("1", at=NOW + HOUR, account="1"))
    account.happen(event("profile_updated", "1", at=NOW + 2 * HOUR, **ANN))
    first, second = (account.journeys.of(one) for one in account.only().ids)
    assert [each.workflow for each in first] == ["abandoned-checkout"]
    assert sorted(each.workflow for each in second) == ["abandoned-checkout", "welcome"]
    assert all(each == account.journeys.get(each.id) for each in (*first, *second))
    assert account.journeys.of("nobody") == []


def test_the_due_index_holds_only_who_is_due(account: Account) -> None:
    """A birthday puts the customer in, by UTC date; nobody else is there."""
    account.happen(event("profile_updated", "1", birthday="--03-20", **ANN), order("o1", account="2"))
    account.happen(event("profile_updated", "3", account="3", first_name="Bo"))
    birthday, silence = "2026-03-20", "2026-05-09"
    assert [due_on for _, due_on in account.customers.due("2026-03-31")] == [birthday]
    assert sorted(due_on for _, due_on in account.customers.due("2027-01-01")) == [birthday, silence]


def test_parked_events_and_products_are_kept(account: Account) -> None:
    """Poison is noted by key; of two words on a product the newer stays."""
    bad = order("o1", placed_at="yesterday", **ANN)
    account.tracker.track_all([bad])
    assert [item["error"]["S"] for item in account.scan("parked")] == ["ValueError"]
    for at, title in ((NOW, "new"), (NOW - DAY, "old")):
        told = {"title": title}
        account.tracker.track(
            Event("p", "product_updated", at, NOW, "shopify", "shopify:product:1", properties=told)
        )
    assert account.products.get(["shopify:product:1"]) == {"shopify:product:1": {"title": "new"}}


def test_whoever_asked_for_a_product_is_found_by_it(account: Account) -> None:
    """By the index, over pages; told once when it is back, whoever asked for another is not."""
    asked = [(f"a{number}@example.com", "501") for number in range(3)] + [("b@example.com", "502")]
    account.happen(product(0, NOW - DAY), *(request(address, number=number) for address, number in asked))
    back = product(3, NOW + DAY)
    account.happen(back, back)
    found = {key for key, _ in account.events.asking("shopify:product:501")}
    assert found == {email(address) for address, number in asked if number == "501"}
    told = {key for key in found if [e for e in account.events.query(key) if e.type == "product_available"]}
    assert told == found
    assert len(account.events.query(email("b@example.com"))) == 1


def test_a_limit_is_counted_once_for_each_and_never_over(account: Account) -> None:
    """One write each; full is full, and another key is another count."""
    limits = LimitsTable(Table(account.dynamodb, "limits"))
    assert [limits.take("a:1", 2, 1_800_000_000) for _ in range(4)] == [True, True, False, False]
    assert limits.take("a:2", 2, 1_800_000_000)
    item = account.dynamodb.get_item(TableName="limits", Key={"key": {"S": "a:1"}})["Item"]
    assert (item["count"]["N"], item["until"]["N"]) == ("2", "1800000000")
