"""Erasing a person on DynamoDB, Step Functions and S3: everything of theirs, nothing of others, cut off anywhere."""

import json
from typing import Any

import pytest

from tests.fakes import Faults
from tests.integration.account import Account
from tests.integration.office import ANN, BOB, PERSONAL, Office, ask, live, requested, rows
from tests.worlds import HOUR, NOW, checkout, email, event, order, subscribed
from tidings.aws.codec import decode_item, encode_item
from tidings.customer import epoch
from tidings.errors import Unavailable
from tidings.events import Event
from tidings.privacy.erasing import tombstone

ANNS = (
    "ann-",
    "ann@",
    email("ann@example.com"),
    '"shopify:customer:1"',
    '"shopify:customer:1|',
    "ann Marked",
    "m-ann",
)


def everything(account: Account) -> dict[str, list[str]]:
    """All items of all tables, as text."""
    return {
        table: sorted(json.dumps(i, sort_keys=True, default=str) for i in account.scan(table))
        for table in PERSONAL
    }


def ids_of(account: Account, name: str) -> set[str]:
    """The customer of an alias, and those merged into them."""
    customer = account.customers.get(account.customers.resolve([name])[name])
    assert customer is not None
    return set(customer.ids)


def test_everything_of_a_person_goes_and_nothing_of_another(account: Account) -> None:
    """All tables, two merged customers, tokens and browsers; the neighbour's items stay byte for byte."""
    office = Office(account)
    live(account, BOB, "bob")
    before = everything(account)
    live(account, ANN, "ann")
    ids = ids_of(account, email("ann@example.com"))
    assert len(ids) == 2
    touched = {table for table, _ in rows(account, *ANNS, *ids)}
    assert touched == set(PERSONAL)
    receipt = ask(account, office, requested(account, **ANN))
    assert rows(account, *ANNS, *ids) == []
    after = everything(account)
    after["suppressions"] = [each for each in after["suppressions"] if '"erased"' not in each]
    assert after == before
    assert set(receipt["removed"]) == set(PERSONAL)
    assert sorted(receipt["customers"]) == sorted(ids)


def test_the_receipt_tells_what_was_removed_and_not_of_whom(account: Account) -> None:
    """Counts, times, opaque ids; the operator hears where it is."""
    office = Office(account)
    live(account, ANN, "ann")
    counted = {table: len(found) for table, found in everything(account).items()}
    receipt = ask(account, office, requested(account, **ANN))
    counted["suppressions"] = 3  # the tombstones of address and account stay
    assert receipt["removed"] == counted
    assert receipt["request"] == "shopify erasure_requested"
    assert (receipt["began_at"], receipt["finished_at"]) == (epoch(NOW), epoch(NOW))
    ((name, kept),) = office.documents("receipts").items()
    assert kept == dict(receipt)
    ((what, detail),) = office.operator.told
    assert what == "A customer was erased"
    assert detail == {"receipt": name, "removed": sum(counted.values())}
    told = json.dumps([name, kept, office.operator.told])
    assert not any(needle in told for needle in ("ann", "email:", "shopify:"))


def test_executions_are_stopped(account: Account) -> None:
    """Nothing runs on for somebody who is not there."""
    office = Office(account)
    account.happen(subscribed("1", **ANN))
    assert list(account.executions("welcome").values()) == ["RUNNING"]
    receipt = ask(account, office, requested(account, **ANN))
    assert list(account.executions("welcome").values()) == ["ABORTED"]
    assert receipt["executions_stopped"] == 1


def test_who_was_erased_is_not_mailed_again(account: Account) -> None:
    """The hash stays with `erased`; a bounce or complaint of before stays, too; counters and old words go."""
    office = Office(account)
    live(account, ANN, "ann")
    alias = email("ann@example.com")
    account.suppressions.put(type(account.suppressions.of(alias)[0])(alias, "complained", 7))
    ask(account, office, requested(account, **ANN))
    assert {each.reason: each.at for each in account.suppressions.of(alias)} == {
        "erased": epoch(NOW), "complained": 7,
    }  # fmt: skip


def test_an_international_domain_is_suppressed_as_mail_goes_to_it(account: Account) -> None:
    """The shop tells it in its own letters, SES is given Punycode: no mail must go to either."""
    office = Office(account)
    mailed = email("ann@xn--bcher-kva.example")
    account.happen(
        event("customer_registered", "1", at=NOW - HOUR, account="1", address="ann@bücher.example")
    )
    account.suppressions.bounced_softly(mailed, "m1", epoch(NOW))
    ask(account, office, requested(account, **{"account": "1"}, address="ann@bücher.example"))
    assert {row["reason"] for row in map(decode_item, account.scan("suppressions"))} == {"erased"}
    assert [each.reason for each in account.suppressions.of(mailed)] == ["erased"]


def test_a_crash_at_any_write_is_taken_up(account: Account) -> None:
    """Cut before each write in turn, after the one before it; Lambda calls again, and the receipt counts alike."""
    office = Office(account)
    expected, calls = _erased(account, office, 100, Faults())
    assert calls > 30
    cuts = [*(Faults(at=at) for at in range(1, calls + 1)), Faults(at=calls, after=True)]
    for number, cut in enumerate(cuts, 1000):
        receipt, _ = _erased(account, office, number, cut)
        assert receipt["removed"] == expected["removed"], cut
        assert receipt["finished_at"] is not None
        assert "state" not in receipt


def _erased(account: Account, office: Office, number: int, faults: Faults) -> tuple[dict[str, Any], int]:
    """Erase somebody new, with these faults; their receipt, and how many writes there were."""
    who = {"account": str(number), "address": f"p{number}@example.com"}
    live(account, who, f"p{number}")
    ids = ids_of(account, email(who["address"]))
    request = requested(account, **who)
    account.events.put(request)
    known = office.documents("receipts").keys()
    account.faults.calls.clear()
    account.faults.at, account.faults.after = faults.at, faults.after
    cut = False
    try:
        office.desk.answer(request.identity, request.id)
    except Unavailable:
        cut = True
        office.desk.answer(request.identity, request.id)
    assert cut == bool(faults.at)
    account.faults.at, calls = 0, len(account.faults.calls)
    assert rows(account, f"p{number}-", email(who["address"]), f":{number}", *ids) == []
    (receipt,) = (told for name, told in office.documents("receipts").items() if name not in known)
    return receipt, calls


@pytest.mark.parametrize("call", range(1, 32, 2))
def test_an_event_folded_meanwhile_goes_too(account: Account, call: int) -> None:
    """Whenever the fold comes in between: what it wrote into the customer who goes, goes with them."""
    office = Office(account)
    live(account, ANN, "ann")
    request = requested(account, **ANN)
    account.events.put(request)
    account.faults.calls.clear()
    inner = [checkout("between", at=NOW - HOUR / 2, received=NOW, **ANN)]

    def between(_: str) -> None:
        if len(account.faults.calls) == call and inner:
            account.happen(inner.pop())

    account.faults.between = between
    office.desk.answer(request.identity, request.id)
    account.faults.between = None
    for identity, event_id in account.desk.asked:
        office.desk.answer(identity, event_id)
    for customer in account.desk.gone_for:
        office.desk.gone(customer)
    assert not inner
    assert rows(account, *ANNS, "between") == []
    assert "RUNNING" not in account.executions("abandoned-checkout").values()


def test_a_contact_address_on_anothers_order_leads_to_nobody(account: Account) -> None:
    """Bob's parcel goes to Ann's office: erasing Bob leaves Ann, and erasing Ann leaves Bob's order."""
    office = Office(account)
    live(account, ANN, "ann")
    account.happen(order("gift", at=NOW, contact_email="ann@example.com", **BOB))
    ask(account, office, requested(account, **BOB))
    assert account.only().email == "ann@example.com"
    account.happen(order("gift2", at=NOW + HOUR, received=NOW + HOUR, account="21", address="bo@example.com"))
    ask(account, office, requested(account, **ANN))
    assert account.only().email == "bo@example.com"


def test_an_order_that_the_request_lists_is_found_under_another_address(account: Account) -> None:
    """Shopify knows that a guest's order was theirs; an order of another account stays."""
    office = Office(account)
    account.happen(event("customer_registered", "1", at=NOW - HOUR, **ANN))
    account.happen(order("o1", at=NOW, contact="a.n.n@example.org"))
    account.happen(order("o2", at=NOW, **BOB))
    request = requested(account, **ANN)
    listed = {name: getattr(request, name) for name in Event.__slots__} | {
        "properties": {"orders": ["o1", "o2"]}
    }
    ask(account, office, Event(**listed))
    assert account.only().email == "bob@example.com"
    assert tombstone(email("a.n.n@example.org")) in {
        row["address"]["S"] for row in account.scan("suppressions")
    }


def test_what_waits_under_anothers_order_stays(account: Account) -> None:
    """A request that lists an order of another account takes nothing of it, and the order goes on."""
    office = Office(account)
    account.happen(event("customer_registered", "1", at=NOW - HOUR, **ANN), order("o1", at=NOW, **BOB))
    refund = event("order_refunded", "r1", at=NOW, order_id="o1", tokens=("shopify:order:o1",))
    account.happen(refund)
    ask(account, office, requested(account, **ANN))
    assert account.events.get(refund.identity, refund.id) == refund
    account.happen(event("order_refunded", "r2", at=NOW, order_id="o1", tokens=("shopify:order:o1",)))
    assert account.desk.asked == []
    assert account.only().email == "bob@example.com"


def test_nobody_is_known_by_that_name(account: Account) -> None:
    """There is nothing to remove; the address is suppressed all the same."""
    office = Office(account)
    receipt = ask(account, office, requested(account, **ANN))
    assert receipt["removed"] == {}
    assert [each.reason for each in account.suppressions.of(email("ann@example.com"))] == ["erased"]


def test_an_operator_erases_by_address_or_id(account: Account) -> None:
    """Each time with a receipt of its own; what was cut off goes on under its own."""
    office = Office(account)
    live(account, ANN, "ann")
    customer = live(account, BOB, "bob", merges=False)
    assert office.desk.erase(email("ann@example.com"))["removed"]["customers"] == 2
    assert office.desk.erase(customer)["removed"]["customers"] == 1
    assert rows(account, *ANNS, "bob-") == []
    assert office.desk.erase(email("ann@example.com"))["removed"] == {}
    assert len(office.documents("receipts")) == 3
    assert {each["request"] for each in office.documents("receipts").values()} == {"operator"}


def test_what_cannot_be_read_goes_too(account: Account) -> None:
    """An event that a mistake made unreadable is theirs all the same, in an export as it is."""
    office = Office(account)
    live(account, ANN, "ann")
    poison = {
        "identity": "shopify:customer:1",
        "id": "shopify:order_placed:x",
        "at": "yesterday",
        "packed": b"?",
    }
    account.dynamodb.put_item(TableName="events", Item=encode_item(poison))
    office.desk.export("shopify:customer:1")
    ((_, told),) = office.documents("exports").items()
    assert "yesterday" in json.dumps(told)
    ask(account, office, requested(account, **ANN))
    assert account.scan("events") == []


def test_batches_that_name_them_are_listed(account: Account) -> None:
    """What the fold gave up lies there for 90 days; the receipt says where, and how long the rest lasts."""
    office = Office(account)
    live(account, ANN, "ann")
    keys = {"identity": {"S": "shopify:customer:1"}, "id": {"S": "x"}}
    payload = json.dumps({"Records": [{"dynamodb": {"Keys": keys}}]})
    other = json.dumps(
        {"Records": [{"dynamodb": {"Keys": {**keys, "identity": {"S": "shopify:customer:2"}}}}]}
    )
    for name, held in (("aws/1", payload), ("aws/2", other)):
        office.s3.put_object(Bucket="failures", Key=name, Body=json.dumps({"payload": held}))
    office.s3.put_object(Bucket="failures", Key="aws/3", Body=b"nothing that can be read")
    receipt = ask(account, office, requested(account, **ANN))
    assert receipt["failures"] == ["aws/1"]
    assert set(receipt["expires_by_itself"].values()) == {
        "90 days",
        "30 days",
        "35 days",
        "14 days",
        "2 days",
    }


def test_deliveries_that_name_nobody_else_are_removed(account: Account) -> None:
    """A raw body that could not be read is theirs like any other; one that names others, too, is listed."""
    office = Office(account)
    live(account, ANN, "ann")
    ann, bob = email("ann@example.com"), email("bob@example.com")
    named = {"1": [ann], "2": [ann, bob], "3": [bob], "4": []}
    for name, names in named.items():
        held = json.dumps({"source": "woocommerce", "names": names, "headers": {}, "body": ""})
        office.s3.put_object(Bucket="failures", Key=f"unread/woocommerce/{name}.json", Body=held)
    receipt = ask(account, office, requested(account, **ANN))
    left = {each["Key"] for each in office.s3.list_objects_v2(Bucket="failures")["Contents"]}
    assert left == {f"unread/woocommerce/{name}.json" for name in ("2", "3", "4")}
    assert receipt["removed"]["unread deliveries"] == 1
    assert receipt["failures"] == ["unread/woocommerce/2.json"]


def test_a_merge_leaves_nothing_personal_behind(account: Account) -> None:
    """The item of who was merged in says where they are now, and no more."""
    live(account, ANN, "ann")
    (left,) = [item for item in account.scan("customers") if "merged_into" in item]
    assert left.keys() == {"id", "version", "created_at", "merged_into"}
