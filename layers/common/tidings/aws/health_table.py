"""How each workflow's mails are received, by UTC day; and which workflows are paused."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from tidings.aws.table import Table
from tidings.pacing.health import Pause, Record

PAUSE: Final = "pause"
"""The sort key of a workflow's pause, after every day's."""


@dataclass(frozen=True, slots=True)
class HealthTable:
    """Answers `health.Healths`."""

    table: Table

    def add(self, workflow: str, day: str, counts: Mapping[str, int]) -> None:
        """Add to a day's counts."""
        self.table.add({"workflow": workflow, "day": day}, counts)

    def record(self, workflow: str, since: str) -> Record:
        """The days from `since` on, and the pause; strongly consistent."""
        days, pause = {}, None
        for item in self.table.query(
            "workflow = :workflow AND #day >= :since", workflow=workflow, since=since
        ):
            if item["day"] == PAUSE:
                pause = _pause(item)
            else:
                days[item["day"]] = {name: value for name, value in item.items() if isinstance(value, int)}
        return Record(days, pause)

    def pause_of(self, workflow: str) -> Pause | None:
        """The workflow's pause, or the resumption that ended it; strongly consistent."""
        item = self.table.get(workflow=workflow, day=PAUSE)
        return _pause(item) if item else None

    def pause(self, pause: Pause) -> bool:
        """Pause; False when it is paused already."""
        return self.table.put(
            {**asdict(pause), "day": PAUSE}, "attribute_not_exists(paused) OR paused = :no", no=False
        )

    def resume(self, resumption: Pause) -> None:
        """Let its mails out again; for the operator."""
        self.table.put({**asdict(resumption), "day": PAUSE})

    def told(self, workflow: str) -> None:
        """The operator knows of the pause."""
        self.table.update({"workflow": workflow, "day": PAUSE}, {"told": True}, "paused = :yes", yes=True)

    def warn(self, workflow: str, day: str, what: str) -> bool:
        """Note that the operator is warned; False when they were that day."""
        key = {"workflow": workflow, "day": day}
        return self.table.update(key, {f"warned_{what}": "yes"}, "attribute_not_exists(#0)")


def _pause(item: Mapping[str, Any]) -> Pause:
    names = Pause.__dataclass_fields__
    return Pause(**{name: value for name, value in item.items() if name in names})
