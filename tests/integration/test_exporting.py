"""What a person gets to read of what is kept about them, and how a request for it is answered."""

import json
from datetime import timedelta
from typing import Any

from tests.integration.account import Account
from tests.integration.office import ANN, BOB, Office, live, requested
from tests.worlds import NOW, email
from tidings.ports import Suppression


def exported(account: Account) -> tuple[Any, Office, dict[str, Any]]:
    """Ann asks for her data: the document, the desk, and what the operator was told."""
    office = Office(account)
    live(account, BOB, "bob")
    live(account, ANN, "ann")
    account.suppressions.put(Suppression(email("ann@example.com"), "unsubscribed", 1000))
    request = requested(account, "data_requested", **ANN)
    account.events.put(request)
    office.desk.answer(request.identity, request.id)
    ((_, document),) = office.documents("exports").items()
    ((what, detail),) = office.operator.told
    assert what == "A customer asked for their data"
    return document, office, detail


def test_everything_is_in_it_and_nothing_of_others(account: Account) -> None:
    """Profile, orders, events, journeys with their mails, suppressions; nothing of the neighbour."""
    document, _, _ = exported(account)
    (person,) = document["people"]
    assert person["profile"]["first_name"]["value"] == "ann Marked"
    assert [order["total"] for order in person["orders"]] == ["30.00"]
    types = {each["type"] for each in document["events"]}
    assert types >= {"product_viewed", "checkout_started", "order_placed", "order_refunded", "mail_sent"}
    steps = [step for journey in document["journeys"] for step in journey["steps"]]
    assert [(step["state"], step["message_id"]) for step in steps] == [("sent", "m-ann")]
    assert {each["reason"] for each in document["suppressions"]} == {"unsubscribed", "soft"}
    assert document["put_aside"]
    assert "shopify:customer:1" in document["known_by"]
    assert "bob" not in json.dumps(document).lower()


def test_consent_is_told_with_source_time_and_proof(account: Account) -> None:
    """What holds now, and the events that say so."""
    document, _, _ = exported(account)
    (now,) = [fact for fact in document["consent"]["now"] if fact["for"] == "email"]
    assert now["word"] == "subscribed"
    assert now["at"] == (NOW - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    told = {each["type"]: each for each in document["consent"]["told_by"]}["subscribed"]
    assert (told["source"], told["proof"]) == ("shopify", "shopify:customer:1|shopify:subscribed:1")


def test_the_operator_hears_where_it_is_and_not_of_whom(account: Account) -> None:
    """The place, counts and the term; whoever reads the message learns no name."""
    _, office, detail = exported(account)
    assert detail["place"].startswith("s3://privacy/exports/")
    assert detail["answer_within"]
    told = json.dumps([detail, list(office.documents("exports"))])
    assert not any(needle in told for needle in ("ann", "email:", "shopify:"))


def test_times_can_be_read_and_tokens_are_not_handed_out(account: Account) -> None:
    """ISO 8601 everywhere; a token that lets a waiting Task go on is nobody's business."""
    document, office, _ = exported(account)
    assert document["made_at"].startswith("2026-03-10T12:00:00")
    assert all(each["at"].endswith("Z") for each in document["events"])
    answer = office.desk.export(email("ann@example.com"))
    assert answer["people"] == 2  # the one they are now, and the one who was merged into them
    assert answer["events"] == len(document["events"])


def test_nothing_is_changed_by_it(account: Account) -> None:
    """To look is not to touch."""
    office = Office(account)
    live(account, ANN, "ann")
    before = {name: account.scan(name) for name in account.names}
    office.desk.export(email("ann@example.com"))
    office.desk.export(email("nobody@example.com"))
    assert {name: account.scan(name) for name in account.names} == before
