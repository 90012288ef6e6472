"""How often a customer is mailed, and who goes first: slots, caps, rivals. Pure; times are epoch seconds of shop time.

A mail may go when every rule lets it go at the same moment: `Rules.hold` follows them from one to the next until none
moves it any more, so that one deferral leads to the moment at which the mail does go, as far as is known now.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from tidings.ports import Pace, Plan
from tidings.shop import FrequencyCap

REMEMBERED = timedelta(days=7)
"""How long a send counts in the pace at least; longer where a cap is."""

STALE = 15 * 60
"""Seconds after its moment from which a plan that came to nothing keeps nobody back."""

WEEKLY = FrequencyCap(at_most=1, within=timedelta(days=7))
"""The cap of a customer who asked for no more."""

QUIET, TOO_OFTEN, ONCE_A_WEEK, PRIORITY = "quiet hours", "frequency cap", "weekly", "priority"
"""Why a mail waits, as the ledger keeps it; `priority: <workflow>` names who goes first."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A mail must wait until then, and why."""

    until: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rival:
    """Another journey's next mail to the same customer, which goes first where only one may."""

    journey: str
    workflow: str
    plan: Plan

    @property
    def at(self) -> int:
        """When it is expected to go."""
        return self.plan.at


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one mail to one customer. `quiet` gives the first moment from one on that is not in quiet hours;
    `sends` are the moments of the marketing mails so far."""

    caps: Sequence[FrequencyCap]
    quiet: Callable[[int], int]
    sends: Sequence[int] = ()
    rivals: Sequence[Rival] = ()
    weekly: bool = False

    def hold(self, now: int) -> Wait | None:
        """The first moment from `now` on at which the mail may go, and the first reason why it waits; None for now."""
        at, reason = now, ""
        while True:
            blocked = self._blocked(at, now)
            if blocked is None:
                return Wait(at, reason) if at > now else None
            at, reason = blocked.until, reason or blocked.reason

    def _ahead(self, until: int, now: int) -> list[Rival]:
        """The rivals that are planned until then, at the moments at which they will go if each keeps to the rules."""
        found: list[Rival] = []
        for rival in sorted((each for each in self.rivals if each.at < until), key=_order):
            at, sends = max(rival.at, now), (*self.sends, *(each.at for each in found))
            # One that is planned within quiet hours does not keep them.
            quiet = self.quiet if self.quiet(at) == at else _never
            held = replace(self, sends=sends, rivals=(), quiet=quiet).hold(at)
            plan = rival.plan._replace(at=held.until if held else at)
            found.append(replace(rival, plan=plan))
        return found

    def _blocked(self, at: int, now: int) -> Wait | None:
        """The first rule that keeps a mail from going at a moment, and when that may be over."""
        if (quiet := self.quiet(at)) > at:
            return Wait(quiet, QUIET)
        if self.weekly and (free := _free(at, self.sends, (WEEKLY,))) > at:
            return Wait(free, ONCE_A_WEEK)
        if (free := _free(at, self.sends, self.caps)) > at:
            return Wait(free, TOO_OFTEN)
        # A mail that goes now would keep back whoever is due within the shortest cap's window.
        span = min((int(cap.within.total_seconds()) for cap in self.caps), default=0)
        near = self._ahead(at + span, now)
        caps = (*self.caps, WEEKLY) if self.weekly else self.caps
        if (free := _free(at, (*self.sends, *(rival.at for rival in near)), caps)) > at:
            first = min(near, key=lambda rival: abs(rival.at - at))
            return Wait(free, f"{PRIORITY}: {first.workflow}")
        return None


def rivals(journey: str, own: Plan, others: Mapping[str, tuple[str, Plan]], stale: int) -> list[Rival]:
    """The journeys whose next mail goes before this one's when both want the same slot.

    `others` are the customer's other open journeys, with workflow and plan; a plan from before `stale` came to nothing.
    Of equal priority the one due earlier goes first, then the smaller journey id: an order without ties, so that of two
    exactly one gives way, and within one priority nobody is overtaken for ever.
    """
    mine = _order(Rival(journey, "", own))
    found = (Rival(other, workflow, plan) for other, (workflow, plan) in others.items())
    return [rival for rival in found if rival.at > stale and _order(rival) < mine]


def planned(pace: Pace, journey: str, first: Plan) -> Plan:
    """The plan of a journey's next marketing mail. `first` is that of its first, which counts until it has gone; a plan
    `at` 0 is none."""
    if journey in pace.planned:
        return pace.planned[journey]
    has_sent = any(send.startswith(f"{journey}#") for send in pace.sends)
    return Plan(0, 0, 0) if has_sent else first


def take(pace: Pace, send: str, now: int, plan: Plan | None, caps: Iterable[FrequencyCap]) -> Pace:
    """The pace with a slot for `send` at `now`, and the plan of its journey's next mail."""
    since = now - max((REMEMBERED, *(cap.within for cap in caps))).total_seconds()
    recent = {key: at for key, at in pace.sends.items() if at > since}
    return _planned(replace(pace, sends={**recent, send: now}), send, plan)


def put_off(pace: Pace, send: str, plan: Plan | None, *, keeps: bool = False) -> Pace:
    """The pace after a deferral: no slot for `send`, unless it keeps it, and the journey's new plan."""
    return _planned(pace if keeps else _without(pace, send), send, plan)


def give_back(pace: Pace, send: str) -> Pace:
    """The pace without that slot."""
    return replace(_without(pace, send), version=pace.version + 1)


def shared(pace: Pace, merged: Iterable[Pace]) -> Pace:
    """The pace with what customers merged into this one were sent, and have planned."""
    for each in merged:
        pace = replace(pace, sends={**each.sends, **pace.sends}, planned={**each.planned, **pace.planned})
    return pace


def of_open(pace: Pace, journeys: Collection[str]) -> Pace:
    """The pace with the plans of these journeys only: whatever has ended plans nothing."""
    return replace(pace, planned={name: plan for name, plan in pace.planned.items() if name in journeys})


def _planned(pace: Pace, send: str, plan: Plan | None) -> Pace:
    own = send.partition("#")[0]
    kept = {name: each for name, each in pace.planned.items() if name != own}
    return replace(pace, version=pace.version + 1, planned=kept | ({own: plan} if plan else {}))


def _without(pace: Pace, send: str) -> Pace:
    return replace(pace, sends={key: at for key, at in pace.sends.items() if key != send})


def _order(rival: Rival) -> tuple[int, int, str]:
    return -rival.plan.priority, rival.plan.due, rival.journey


def _never(at: int) -> int:
    return at


def _free(at: int, sends: Sequence[int], caps: Sequence[FrequencyCap]) -> int:
    """The first moment from `at` on at which one more keeps all caps, among `sends` past and planned."""
    windows = {int(cap.within.total_seconds()) for cap in caps}
    later = sorted({sent + window for sent in sends for window in windows if sent + window > at})
    return next(when for when in (at, *later) if all(_fits(when, sends, cap) for cap in caps))


def _fits(at: int, sends: Sequence[int], cap: FrequencyCap) -> bool:
    """Whether no span of the cap's length that holds `at` has too many with it."""
    times, window = sorted((*sends, at)), int(cap.within.total_seconds())
    spans = zip(times, times[cap.at_most :], strict=False)
    return all(last - first >= window for first, last in spans if first <= at <= last)
