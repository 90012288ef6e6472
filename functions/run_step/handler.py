"""A Task of a state machine in; the next Wait's input out. `JourneyExited` and `SendDeferred` are caught by name."""

from typing import Any

from tidings import observe, wiring
from tidings.steps import Request


@observe.discreet
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Do one step of a journey."""
    return wiring.stepper().run(Request(**event))
