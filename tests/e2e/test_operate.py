"""An operator's two commands on the running stack: replay what was put aside, refold a customer."""

import json

from infra.deploy import operate
from tests.e2e.helpers.shop import HOUR, Shop, eventually
from tidings.aws.codec import encode_item
from tidings.aws.events_table import to_item
from tidings.events import Event


def place(shop: Shop) -> operate.Place:
    """The stack as the operator's commands see it."""
    told = shop.outputs.values
    client = {"endpoint_url": told["endpoint_url"], "region_name": told["region"], **told["credentials"]}
    return operate.Place(
        told["functions"]["track_event"],
        told["tables"]["parked"],
        told["failures_bucket"],
        client,
        customers_table=told["tables"]["customers"],
        api_url=told["api_url"],
        parameter_prefix=told["parameter_prefix"],
    )


def subscribed(shop: Shop, account: int) -> Event:
    """An account is made; good as it stands."""
    at = shop.now
    return Event(
        id=f"shopify:customer_registered:{account}",
        type="customer_registered",
        at=at - HOUR,
        received_at=at,
        source="shopify",
        identity=shop.alias(account=account),
        aliases=(shop.alias(account=account),),
        names_customer=True,
        properties={"first_name": "Poe"},
    )


def put_poison(shop: Shop, event: Event) -> None:
    """The event as a bug might have written it: with a time that is none."""
    item = to_item(event) | {"at": {"S": "the day before yesterday"}}
    shop.dynamodb.put_item(TableName=shop.table("events").name, Item=item)


def mend(shop: Shop, event: Event) -> None:
    """The event as it should have been written; the stream tells of changes, the fold reads new facts only."""
    shop.dynamodb.put_item(TableName=shop.table("events").name, Item=to_item(event))


def parked(shop: Shop) -> dict[str, str]:
    """Event id → error of what is put aside."""
    return {item["id"]: item["error"] for item in shop.scan("parked")}


def test_poison_is_parked_and_goes_through_once_it_is_mended(shop: Shop) -> None:
    """The shard goes on past it; a replay folds what was mended and leaves aside what was not."""
    poison = [subscribed(shop, account) for account in (880001, 880002, 880003)]
    for event in poison:
        put_poison(shop, event)
    shop.settle()  # what came after them was folded
    assert parked(shop) == {event.id: "ValueError" for event in poison}

    mend(shop, poison[0])
    mend(shop, poison[2])
    shop.settle()
    assert shop.customer(account=880001) is None
    assert operate.redrive(place(shop)).startswith(
        "replayed 3 parked and 0 failed events; 1 failed once more"
    )
    for account in (880001, 880003):
        customer = shop.customer(account=account)
        assert customer is not None
        assert customer.get("first_name") == "Poe"
    assert parked(shop) == {poison[1].id: "ValueError"}

    mend(shop, poison[1])
    operate.redrive(place(shop))
    assert parked(shop) == {}
    assert shop.customer(account=880002) is not None


def test_a_batch_that_was_given_up_is_replayed_from_its_bucket(shop: Shop) -> None:
    """What an outage outlasted lies there as the stream's record; a replay folds its events and clears it."""
    event = subscribed(shop, 880010)
    put_poison(shop, event)
    eventually("the parking", lambda: event.id in parked(shop))
    mend(shop, event)
    shop.table("parked").delete(identity=event.identity, id=event.id)
    keys = encode_item({"identity": event.identity, "id": event.id})
    record = {"payload": json.dumps({"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": keys}}]})}
    bucket, store = shop.outputs.text("failures_bucket"), shop.client("s3")
    store.put_object(Bucket=bucket, Key="aws/lambda/batch", Body=json.dumps(record))
    assert operate.redrive(place(shop)) == "replayed 0 parked and 1 failed events"
    assert shop.customer(account=880010) is not None
    assert store.list_objects_v2(Bucket=bucket).get("KeyCount") == 0


def test_a_customer_is_folded_again_from_all_events(shop: Shop) -> None:
    """What was lost in the item comes back from the events; nothing starts."""
    told = {"customer": {"id": "880020", "email": "refold@example.com"}, "first_name": "Ada"}
    assert shop.tell("profile_updated", shop.now, "refold-1", **told).status == 200
    customer = shop.known(email="refold@example.com")
    shop.dynamodb.update_item(
        TableName=shop.table("customers").name,
        Key={"id": {"S": customer.id}},
        UpdateExpression="REMOVE profile",
    )
    lost = shop.known(email="refold@example.com")
    assert lost.get("first_name") is None
    begun = shop.journeys()
    assert operate.rebuild(place(shop), customer.id) == f"folded {customer.id} again"
    again = shop.known(email="refold@example.com")
    assert (again.get("first_name"), again.email) == ("Ada", "refold@example.com")
    assert shop.journeys() == begun
