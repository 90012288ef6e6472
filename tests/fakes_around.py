"""Fakes of what stands around: the operator, and what lets mails through."""

from collections.abc import Mapping
from typing import Any

from tidings import ports


class FakeOperator:
    """Who runs the stack."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def tell(self, what: str, detail: Mapping[str, Any]) -> None:
        """Note."""
        self.told.append((what, dict(detail)))


class FakeGovernor:
    """Holds what it is told to hold, each once, in this order; counts how often SES refused for its rate."""

    def __init__(self, *holds: ports.Hold | None) -> None:
        self.holds = list(holds)
        self.asked: list[tuple[str, bool]] = []
        self.ready: list[bool] = []
        self.refusals = 0

    def hold(self, workflow: str, *, marketing: bool, ready: bool = True) -> ports.Hold | None:
        """The next of the holds; None when there is none left."""
        self.asked.append((workflow, marketing))
        self.ready.append(ready)
        return self.holds.pop(0) if self.holds else None

    def throttled(self) -> None:
        """Count."""
        self.refusals += 1
