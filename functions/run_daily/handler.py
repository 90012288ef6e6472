"""The daily rule in; `due` events out."""

from typing import Any

from tidings import observe, wiring


@observe.discreet
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Append what is due; answers with how many events are new. `make backfill START=1` names who is to `enter`."""
    if "enter" in event:
        return {"entering": wiring.daily().enter(event["enter"])}
    new = wiring.daily().run()
    observe.logger().info("daily run", extra={"due": new})
    return {"due": new}
