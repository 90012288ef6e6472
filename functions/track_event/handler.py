"""The events' stream in; folds out. The daily rule lets it `learn` from the customers; an operator may ask to `rebuild`
or `backfill` customers, or to `redrive` parked events.
"""

from typing import Any

from tidings import observe, wiring
from tidings.aws.codec import decode_item
from tidings.aws.events_table import from_image
from tidings.errors import Unavailable
from tidings.events import Event
from tidings.tracking import Tracker


@observe.discreet
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Fold a batch of stream records; raises on an outage, so that the stream delivers again."""
    tracker = wiring.tracker()
    if "rebuild" in event:
        tracker.rebuild(event["rebuild"])
        return {"rebuilt": event["rebuild"]}
    if "backfill" in event:
        return {"silent": [customer for customer in event["backfill"] if tracker.backfill(customer)]}
    if "learn" in event:
        return {"learned": wiring.learner().run()}
    if "redrive" in event:
        through = [tracker.redrive(identity, event_id) for identity, event_id in event["redrive"]]
        return {"redriven": through.count(True), "parked": through.count(False)}
    tracker.track_all(_readable(event["Records"], tracker))
    return {"records": len(event["Records"])}


def _readable(records: list[dict[str, Any]], tracker: Tracker) -> list[Event]:
    """The events in a batch; a record that can't be read as one is parked by its key."""
    events = []
    for record in records:
        if record["eventName"] != "INSERT":
            continue
        try:
            events.append(from_image(record["dynamodb"]["NewImage"]))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the shard goes on
            key = decode_item(record["dynamodb"]["Keys"])
            tracker.park(key["identity"], key["id"], error)
    return events
