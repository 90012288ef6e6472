"""How often a customer is mailed, and who goes first: slots, caps, rivals. Pure; times are epoch seconds of shop time.

A mail may go when every rule lets it go at the same moment: `Rules.hold` follows them from one to the next until none
moves it any more, so that one deferral leads to the moment at which the mail does go, as far as is known now.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from tidings.ports import Pace
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
    """Another journey's next mail, for the same customer, which goes first where only one may."""

    journey: str
    workflow: str
    at: int
    priority: int


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
        ahead = self._ahead(now)
        at, reason = now, ""
        while True:
            blocked = self._blocked(at, ahead)
            if blocked is None:
                return Wait(at, reason) if at > now else None
            at, reason = blocked.until, reason or blocked.reason

    def _ahead(self, now: int) -> list[Rival]:
        """The rivals at the moments at which they will go, if each keeps to the rules itself."""
        found: list[Rival] = []
        for rival in sorted(self.rivals, key=_order):
            taken = replace(self, sends=(*self.sends, *(each.at for each in found)), rivals=())
            at = max(rival.at, now)
            held = taken.hold(at)
            found.append(replace(rival, at=held.until if held else at))
        return found

    def _blocked(self, at: int, ahead: Sequence[Rival]) -> Wait | None:
        """The first rule that keeps a mail from going at a moment, and when that may be over."""
        if (quiet := self.quiet(at)) > at:
            return Wait(quiet, QUIET)
        if self.weekly and (free := _free(at, self.sends, (WEEKLY,))) > at:
            return Wait(free, ONCE_A_WEEK)
        if (free := _free(at, self.sends, self.caps)) > at:
            return Wait(free, TOO_OFTEN)
        # A mail that goes now would keep back whoever is due within the shortest cap's window.
        span = min((int(cap.within.total_seconds()) for cap in self.caps), default=0)
        near = [rival for rival in ahead if rival.at < at + span]
        caps = (*self.caps, WEEKLY) if self.weekly else self.caps
        if (free := _free(at, (*self.sends, *(rival.at for rival in near)), caps)) > at:
            first = min(near, key=lambda rival: abs(rival.at - at))
            return Wait(free, f"{PRIORITY}: {first.workflow}")
        return None


def rivals(
    journey: str,
    pace: Pace,
    others: Mapping[str, tuple[str, int, int]],
    own: tuple[int, int],
    stale_before: int,
) -> list[Rival]:
    """The journeys whose next mail goes before this one's, when both want the same slot.

    `others` are the customer's open journeys: their workflow, and when their first mail was planned with what
    priority. `own` is this mail's planned moment and priority. Of equal priority the one planned earlier goes first,
    then the smaller journey id: an order without ties, so that of two exactly one gives way.
    """
    found = []
    for other, (workflow, *first) in others.items():
        at, priority = planned(pace, other, (first[0], first[1]))
        rival = Rival(other, workflow, at, priority)
        mine = Rival(journey, "", *own)
        if other != journey and at >= max(1, stale_before) and _order(rival) < _order(mine):
            found.append(rival)
    return found


def planned(pace: Pace, journey: str, first: tuple[int, int]) -> tuple[int, int]:
    """When a journey's next marketing mail is planned, and its priority; `first` is the plan of its first, which
    counts until that has gone. (0, …) without one."""
    if journey in pace.planned:
        at, priority = pace.planned[journey]
        return at, priority
    has_sent = any(send.startswith(f"{journey}#") for send in pace.sends)
    return (0, 0) if has_sent else first


def take(pace: Pace, send: str, now: int, plan: tuple[int, int] | None, caps: Iterable[FrequencyCap]) -> Pace:
    """The pace with a slot for `send` at `now`, and the plan of its journey's next mail."""
    since = now - max((REMEMBERED, *(cap.within for cap in caps))).total_seconds()
    recent = {key: at for key, at in pace.sends.items() if at > since}
    return _planned(replace(pace, sends={**recent, send: now}), send, plan, now)


def put_off(pace: Pace, send: str, now: int, plan: tuple[int, int]) -> Pace:
    """The pace after a deferral: no slot for `send`, and its new moment."""
    return _planned(_without(pace, send), send, plan, now)


def give_back(pace: Pace, send: str) -> Pace:
    """The pace without that slot."""
    return replace(_without(pace, send), version=pace.version + 1)


def shared(pace: Pace, merged: Iterable[Pace]) -> Pace:
    """The pace with what customers merged into this one were sent, and have planned."""
    for each in merged:
        pace = replace(pace, sends={**each.sends, **pace.sends}, planned={**each.planned, **pace.planned})
    return pace


def _planned(pace: Pace, send: str, plan: tuple[int, int] | None, now: int) -> Pace:
    journey = send.partition("#")[0]
    kept = {name: told for name, told in pace.planned.items() if name != journey and told[0] >= now - 86400}
    return replace(pace, version=pace.version + 1, planned=kept | ({journey: plan} if plan else {}))


def _without(pace: Pace, send: str) -> Pace:
    return replace(pace, sends={key: at for key, at in pace.sends.items() if key != send})


def _order(rival: Rival) -> tuple[int, int, str]:
    return -rival.priority, rival.at, rival.journey


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
