"""One journey: how it began, what each step decided and what became of its mails, how it ended."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from tidings.events import Event
from tidings.explain import words
from tidings.explain.model import Line, when
from tidings.people.compact import moment
from tidings.ports import Journey, Send
from tidings.privacy.belongings import Belongings
from tidings.steps.scene import ENDED, UNANSWERED
from tidings.steps.sending import REPORTED
from tidings.workflow.model import Workflow

MOMENTS: Final = 60
"""Seconds that are no wait worth telling."""

MAILED: Final = frozenset({"sent", "claimed", "dropped", "released", "rejected"})
"""States of a step whose mail SES may have had."""


def told(journey: Journey, kept: Belongings, workflow: Workflow | None, zone: ZoneInfo) -> list[Line]:
    """A journey's lines, in time order."""
    entries = sorted((each for each in kept.sends if each.journey == journey.id), key=_first)
    event = _began(journey, kept.events)
    about = {"journey": journey.id}
    if journey.held_out:
        return [Line(journey.entered_at, "held out", "kept out to measure what the workflow does", about)]
    lines = [
        Line(journey.entered_at, "entered", f"{words.trigger(workflow, event)}; journey {journey.id}", about)
    ]
    since = journey.entered_at
    over = any(journey.id in customer.closed for customer in kept.customers)
    for entry in entries:
        if _first(entry) - since >= MOMENTS:
            length = _first(entry) - since
            lines.append(
                Line(
                    since, "waited", f"{words.length(length)}, for {entry.step}", {**about, "seconds": length}
                )
            )
        lines += _Step(entry, kept.events, zone, over).lines()
        since = entry.at
    lines += _end(journey, kept, entries, zone, max((line.at for line in lines), default=since))
    return [Line(each.at, each.what, each.text, {**about, **each.told}) for each in _in_order(lines)]


def _in_order(lines: Iterable[Line]) -> list[Line]:
    """By time; what is told of one moment stays as it was told."""
    return sorted(lines, key=lambda line: line.at)


def _first(entry: Send) -> int:
    """When a step was first reached."""
    deferred: list[int] = [at for at, *_ in entry.told.get("deferred") or ()]
    unanswered: list[int] = entry.told.get(UNANSWERED) or []
    return min([entry.at, *deferred, *unanswered])


def _began(journey: Journey, events: Iterable[Event]) -> str:
    """The type of the event that it began with."""
    found = next((event.type for event in events if event.key == journey.event), None)
    source_and_type = journey.event.partition("|")[2].split(":")[:2]
    return found or source_and_type[-1]


@dataclass(frozen=True, slots=True)
class _Step:
    """A step's entry in the ledger. `over`: its journey has ended, and nobody comes back to it."""

    entry: Send
    events: Iterable[Event]
    zone: ZoneInfo
    over: bool = False

    def lines(self) -> Iterator[Line]:
        """What it decided, and what became of its mail."""
        about = {"step": self.entry.step}
        for at in self.entry.told.get(UNANSWERED, ()):
            text = f"{self.entry.step}: SES gave no answer, so that it was sent again"
            yield Line(at, "handed over", text, about)
        for at, reason, until in self.entry.told.get("deferred") or ():
            text = f"{self.entry.step}, until {when(until, self.zone)}: {words.wait(reason)}"
            yield Line(at, "deferred", text, {**about, "reason": reason, "until": _iso(until)})
        what, text, told = self._decided()
        if what:
            yield Line(self.entry.at, what, text, {**about, **told})
        if self.entry.state in MAILED:
            yield from self._fared(about)

    def _decided(self) -> tuple[str, str, Mapping[str, Any]]:
        entry, step = self.entry, self.entry.step
        match entry.state:
            case "sent":
                variant = f" ({entry.variant})" if entry.variant else ""
                told = {"message_id": entry.message_id} | (
                    {"variant": entry.variant} if entry.variant else {}
                )
                how = ": SES gave no answer, and reported it later" if entry.reason == REPORTED else ""
                return "sent", f"{step}{variant}, message {entry.message_id}{how}", told
            case "skipped" | "dropped":
                return entry.state, f"{step}: {words.skip(entry.reason)}", {"reason": entry.reason}
            case "rejected":
                return (
                    "given up",
                    f"{step}: SES refused it to the last: {entry.reason}",
                    {"reason": entry.reason},
                )
            case "claimed":
                then = "the journey has ended since" if self.over else "that is settled within minutes"
                return "handed over", f"{step}: SES has not answered; {then}", {}
            case "decided" if entry.reason:
                return (
                    "decided",
                    f"{step}: {entry.branch}, as {words.skip(entry.reason)}",
                    {"branch": entry.branch},
                )
            case "decided":
                return "decided", f"{step}: {entry.branch}", {"branch": entry.branch}
            case "set":
                return "set", f"{step}: {_set(entry.told.get('set') or {})}", {}
            case "waiting":
                text = (
                    f"{step}: for {entry.told['event']}, until {when(entry.told['until'], self.zone)} at most"
                )
                return "waiting", text, {"event": entry.told["event"], "until": _iso(entry.told["until"])}
            case "arrived" | "timed_out":
                came = (
                    "what it waited for has come" if entry.state == "arrived" else "it did not come in time"
                )
                return entry.state.replace("_", " "), f"{step}: {came}", {}
        return "", "", {}  # deferred or released: told above

    def _fared(self, about: Mapping[str, Any]) -> Iterator[Line]:
        for event in self.events:
            if not event.type.startswith("mail_") or not self._is_own(event):
                continue
            if event.type == "mail_sent":
                yield from self._sent_besides(event, about)
                continue
            what, text = words.fared(event.type, event.properties)
            text = ": ".join(filter(None, (self.entry.step, text)))
            shown = ("machine", "link", "hard", "status", "message_id")
            told = {name: event.properties[name] for name in shown if name in event.properties}
            yield Line(int(event.at.timestamp()), what, text, {**about, **told})

    def _sent_besides(self, event: Event, about: Mapping[str, Any]) -> Iterator[Line]:
        """What SES took beside what the ledger knows: of an attempt that it gave no answer to."""
        message, step = str(event.properties.get("message_id", "")), self.entry.step
        if self.entry.state != "sent":
            text = f"{step}: SES said later that it did go out"
        elif message not in ("", self.entry.message_id):
            text = f"{step}, message {message}: an earlier attempt, to which SES had given no answer, went out too"
        else:
            return
        yield Line(int(event.at.timestamp()), "sent", text, {**about, "message_id": message})

    def _is_own(self, event: Event) -> bool:
        told = event.properties
        if self.entry.message_id and told.get("message_id") == self.entry.message_id:
            return True
        return (told.get("journey"), told.get("step")) == (self.entry.journey, self.entry.step)


def _set(changes: Mapping[str, Any]) -> str:
    """What a step set, by name: values may be somebody's own."""
    tags = [*changes.get("tags_added", ()), *changes.get("tags_removed", ())]
    fields = [f"field {name}" for name in changes.get("fields", {})]
    return ", ".join([*(f"tag {tag}" for tag in tags), *fields]) or "nothing"


def _end(
    journey: Journey, kept: Belongings, entries: list[Send], zone: ZoneInfo, latest: int
) -> Iterator[Line]:
    """How it ended, or when it goes on."""
    closed = next((c.closed[journey.id] for c in kept.customers if journey.id in c.closed), None)
    done = next((each for each in entries if each.final and each.state in ENDED), None)
    opened = next((c.journeys[journey.id] for c in kept.customers if journey.id in c.journeys), None)
    if closed is not None and closed.outcome == "exited":
        yield Line(closed.at, "exited", words.end(closed.reason), {"reason": closed.reason})
    elif done is not None:
        yield Line(done.at, "done", "the last step", {})
    elif closed is not None:
        yield Line(closed.at, closed.outcome, words.end(closed.reason), {"reason": closed.reason})
    elif opened is not None:
        planned = next(
            (pace.planned[journey.id][0] for pace in kept.paces if journey.id in pace.planned), None
        )
        at = planned or (opened.next_at if not entries else 0)
        text = f"its next mail is planned for {when(at, zone)}" if at else "it waits for its next step"
        yield Line(latest, "under way", text, {"planned": _iso(at)} if at else {})
    else:
        yield Line(latest, "over", "how it ended is no longer kept", {})


def _iso(at: int) -> str:
    return moment(at).isoformat().replace("+00:00", "Z")
