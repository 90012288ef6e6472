"""Segments and what is learned, on DynamoDB: items come back, the sample reads orders only, a backfill writes once."""

from dataclasses import replace

from tests.integration.account import Account
from tests.worlds import ANN, DAY, NOW, event, order
from tidings.aws.codec import decode_item, encode_item
from tidings.aws.customer_item import from_item, to_item
from tidings.goods.learning import Learner
from tidings.goods.rfm import RFM, load
from tidings.segments import Rules

BUYS = {"items": [{"product_id": "8214700001313", "quantity": 2}, {"product_id": "x-1", "quantity": 1}]}


def govern(account: Account, **told: str) -> None:
    """Deploy these rules."""
    named = {name: {"rule": rule} for name, rule in told.items()}
    rules = Rules.model_validate({"segments": named, "counted": ["mail_clicked"]})
    catalogue = replace(account.tracker.catalogue, rules=rules)
    account.tracker = replace(account.tracker, catalogue=catalogue)


def test_an_item_keeps_what_was_learned_of_a_customer(account: Account) -> None:
    """Segments, rules, times, tags, codes and what was bought survive the codec."""
    govern(account, buyers="customer.orders_count > 0")
    account.happen(order("1", discount_codes=["A"], **BUYS, **ANN))  # type: ignore[arg-type]
    account.happen(event("mail_clicked", "1", **ANN), event("profile_updated", "2", tags_added=["t"], **ANN))
    customer = account.only()
    assert (set(customer.segments), set(customer.earned), set(customer.codes)) == ({"buyers"}, {"t"}, {"a"})
    assert customer.favourites == ("shopify:8214700001313", "shopify:x-1")
    told = {name: value for name, value in to_item(customer).items() if value is not None}
    assert from_item(decode_item(encode_item(told))) == customer


def test_a_backfill_writes_who_is_behind_and_nobody_twice(account: Account) -> None:
    """New rules, one write a customer; again, none."""
    account.happen(order("1", **ANN), order("2", account="2"))
    govern(account, buyers="customer.orders_count > 0")
    people = [item["id"]["S"] for item in account.scan("customers")]
    account.faults.calls.clear()
    assert [account.tracker.backfill(customer) for customer in people] == [True, True]
    assert account.faults.calls == ["put_item", "put_item"]
    assert [account.tracker.backfill(customer) for customer in people] == [True, True]
    assert account.faults.calls == ["put_item", "put_item"]


def test_a_time_based_segment_is_in_the_due_index(account: Account) -> None:
    """By the date at which the daily rule can notice it."""
    govern(account, lapsed="days_since('order_placed') >= 10")
    workflows = {
        name: flow for name, flow in account.tracker.catalogue.workflows.items() if name != "win-back"
    }
    catalogue = replace(account.tracker.catalogue, workflows=workflows)
    account.tracker = replace(account.tracker, catalogue=catalogue)
    account.happen(order("1", **ANN))
    assert [due for _, due in account.customers.due("2026-12-31")] == [f"{NOW + 12 * DAY:%Y-%m-%d}"]


def test_a_day_of_learning_stands_beside_the_products(account: Account) -> None:
    """Scores' bounds, best sellers and what goes together; the next day writes what changed."""
    for number in range(24):
        account.happen(order(str(number), account=str(number), total=f"{number + 1}.00", **BUYS))  # type: ignore[arg-type]
    learner = Learner(account.customers, account.products, account.clock)
    assert learner.run() == 4
    assert learner.run() == 0
    bounds = load(account.products.get([RFM])[RFM])
    assert bounds is not None
    assert bounds.monetary == (5.0, 10.0, 15.0, 20.0)
    best = account.products.get(["learned:best"])["learned:best"]
    assert best == {"products": ["shopify:8214700001313", "shopify:x-1"]}
