"""The send ledger and the pace: what `run_step` owns."""

from dataclasses import asdict, dataclass, fields

from tidings.aws.table import Table
from tidings.errors import Conflict
from tidings.ports import Pace, Plan, Send

_FIELDS = {field.name for field in fields(Send)}


@dataclass(frozen=True, slots=True)
class SendsTable:
    """Answers `ports.Sends`."""

    table: Table

    def get(self, journey_id: str, step: str) -> Send | None:
        """One entry, strongly consistent."""
        item = self.table.get(journey=journey_id, step=step)
        return _send(item) if item else None

    def entries(self, journey_id: str) -> list[Send]:
        """All entries of a journey, strongly consistent."""
        return [_send(item) for item in self.table.query("journey = :journey", journey=journey_id)]

    def claim(self, send: Send, was: Send | None) -> None:
        """Write a claim where there was `was`; raises Conflict when there is something else by now."""
        if was is None:
            won = self.table.put(asdict(send), "attribute_not_exists(journey)")
        else:
            unchanged = "#state = :was AND attempt = :attempt"
            won = self.table.put(asdict(send), unchanged, was=was.state, attempt=was.attempt)
        if not won and not self._is_there(send):
            raise Conflict("claimed by another attempt")

    def settle(self, send: Send) -> None:
        """Write how this attempt ended, once however often it is written; raises Conflict when it is not this attempt's
        to settle."""
        key = {"journey": send.journey, "step": send.step}
        changes = {
            "state": send.state,
            "reason": send.reason,
            "message_id": send.message_id,
            "told": dict(send.told),
        }
        won = self.table.update(
            key, changes, "#0 = :claimed AND attempt = :attempt", claimed="claimed", attempt=send.attempt
        )
        if not won and not self._is_there(send):
            raise Conflict("settled by another attempt")

    def _is_there(self, send: Send) -> bool:
        """Whether this very write has arrived: whoever lost its answer repeats it, and then finds its own entry."""
        return bool(send.nonce) and self.get(send.journey, send.step) == send

    def is_final(self, journey_id: str) -> bool:
        """Whether the journey's last step has ended."""
        open_ = ("deferred", "claimed", "released", "waiting")
        return any(each.final and each.state not in open_ for each in self.entries(journey_id))


@dataclass(frozen=True, slots=True)
class PaceTable:
    """Answers `ports.Paces`."""

    table: Table

    def get(self, customer_id: str) -> Pace:
        """The pace; empty for a customer never mailed. Strongly consistent."""
        item = self.table.get(customer=customer_id)
        if item is None:
            return Pace(customer_id)
        planned = {journey: Plan(*told) for journey, told in item.get("planned", {}).items()}
        return Pace(customer_id, item["version"], item["sends"], planned)

    def put(self, pace: Pace) -> None:
        """Replace the version before this one; raises Conflict when it moved."""
        changes = {"version": pace.version, "sends": dict(pace.sends), "planned": dict(pace.planned)}
        condition = "attribute_not_exists(#0)" if pace.version == 1 else "#0 = :was"
        values = {} if pace.version == 1 else {"was": pace.version - 1}
        if not self.table.update({"customer": pace.customer}, changes, condition, **values):
            raise Conflict("the pace moved")


def _send(item: dict[str, object]) -> Send:
    return Send(**{name: value for name, value in item.items() if name in _FIELDS})  # type: ignore[arg-type]
