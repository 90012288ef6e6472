"""Who may be mailed now. A mail that has expired is dropped; else quiet hours, the customer's own wish, the governor,
whoever has priority and the cap are asked, and the last word is the slot: taken by one conditional write, so that of
two that ask in the same second never both get it. Transactional mail is held by the governor only.
"""

from dataclasses import dataclass, replace

from tidings import ports
from tidings.clock import Clock
from tidings.customer import epoch, moment
from tidings.errors import Conflict
from tidings.pacing import pace as paces
from tidings.pacing.governor import patience
from tidings.pacing.pace import ONCE_A_WEEK, QUIET, STALE, Rules, Wait
from tidings.people.consent import frequency
from tidings.ports import Pace, Plan
from tidings.steps.scene import Scene
from tidings.workflow.model import SendStep

ATTEMPTS = 5
"""How often a slot is asked for on a pace that moves, before the step comes back later."""

LATENCY = 2
"""Machine seconds by which a step may come late: where shop time runs fast, more than `STALE`."""

UNDER_WAY = 120
"""Machine seconds for which whoever took a slot may be under way: twice run_step's time-out, for clocks differ."""

LAST_TRY = 60
"""Machine seconds before it expires at which a mail that the governor holds asks for the last time."""

PAUSED, RATE = "paused", "rate"
"""The governor's words for a workflow whose mails go nowhere until somebody says so, and for too many mails at once."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The mail goes no more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Admission:
    """Asks, and takes the slot."""

    paces: ports.Paces
    governor: ports.Governor
    clock: Clock

    def ask(self, scene: Scene, step: SendStep, now: int) -> Wait | Drop | None:
        """None when the mail may go now, its slot taken; else until when it must wait, or that it is dropped. Raises
        Conflict when the pace is being written to without end, or another attempt took the slot in this very second."""
        last = epoch(scene.due() + step.expires) if step.expires else None
        if last is not None and now > last:
            deferred = scene.deferrals
            return _expired(deferred[-1][1] if deferred else "")
        wait = self._marketing(scene, now, last) if scene.is_marketing else self._held(scene, now, last)
        return _expired(wait.reason) if wait and last is not None and wait.until > last else wait

    def give_back(self, scene: Scene, taken: int, until: int | None) -> None:
        """The slot that was taken then, after a refusal; a mail that comes again at `until` still goes before others.
        Raises Conflict when the pace moved: a slot that stays taken delays another mail, and this one finds it its own.
        """
        pace = self.paces.get(scene.customer.id)
        if pace.sends.get(scene.slot) != taken:
            return  # the step was called twice, and the other attempt holds it now
        if until is None:
            self.paces.put(paces.give_back(pace, scene.slot))
            return
        due = epoch(scene.timing.awake(scene.due(), scene.since))
        plan = Plan(until, scene.package.workflow.priority, due)
        self.paces.put(paces.put_off(pace, scene.slot, plan))

    def pass_over(self, scene: Scene) -> None:
        """A dropped mail leaves no slot, and the others hear of its journey's next one. Raises Conflict."""
        pace, plan = self.paces.get(scene.customer.id), scene.plan()
        if plan is not None or scene.slot in pace.sends:
            self.paces.put(paces.put_off(pace, scene.slot, plan))

    def _marketing(self, scene: Scene, now: int, last: int | None) -> Wait | None:
        for _ in range(ATTEMPTS):
            try:
                return self._decide(scene, now, last)
            except Conflict:
                continue
        raise Conflict("the pace moves")

    def _decide(self, scene: Scene, now: int, last: int | None) -> Wait | None:
        """Ask on the pace as it is read; what follows is written on that and no other."""
        own = self.paces.get(scene.customer.id)
        taken = own.sends.get(scene.slot)
        if taken == now:
            raise Conflict("another attempt took the slot in this very second")
        pace = paces.shared(own, (self.paces.get(merged) for merged in scene.customer.ids[1:]))
        plan = _plan(scene, pace, now)
        rules = self._rules(scene, pace, plan, now)
        wait = rules.hold(now)
        if wait is not None and rules.rivals:
            rules = replace(
                rules, rivals=[each for each in rules.rivals if not self._is_paused(each.workflow)]
            )
            wait = rules.hold(now)
        if wait is None or wait.reason not in (QUIET, ONCE_A_WEEK):
            held = self._held(scene, now, last, ready=wait is None)
            if held is not None and (wait is None or held.until > wait.until or held.reason == PAUSED):
                # No plan is told: whoever the governor holds back keeps nobody else back.
                return Wait((rules.hold(held.until) or held).until, held.reason)
        pace = paces.of_open(pace, scene.customer.journeys)
        if wait is None:
            self.paces.put(paces.take(pace, scene.slot, now, scene.plan(), scene.shop.frequency_cap))
        elif last is None or wait.until <= last:
            # Called twice, this step may be about to send: what it took is left to it.
            keeps = taken is not None and abs(now - taken) < self.clock.shop_seconds(UNDER_WAY)
            self.paces.put(paces.put_off(pace, scene.slot, plan._replace(at=wait.until), keeps=keeps))
        return wait

    def _held(self, scene: Scene, now: int, last: int | None, *, ready: bool = True) -> Wait | None:
        """Until when the governor holds it. That is when to ask again, not when it ends: what expires before that asks
        once more in time."""
        hold = self.governor.hold(scene.package.workflow.id, marketing=scene.is_marketing, ready=ready)
        if hold is None:
            return None
        seconds = hold.seconds * (patience(self._queued(scene, now)) if hold.reason == RATE else 1)
        until = now + max(1, self.clock.shop_seconds(seconds))
        latest = until if last is None else last - self.clock.shop_seconds(LAST_TRY)
        return Wait(latest if now < latest < until else until, hold.reason)

    def _queued(self, scene: Scene, now: int) -> float:
        """Machine seconds for which the mail has waited for the rate, and nothing else."""
        since = now
        for at, reason, _ in reversed(scene.deferrals):
            if reason not in (RATE, "throttled"):
                break
            since = at
        return (now - since) / max(1, self.clock.shop_seconds(1))

    def _is_paused(self, workflow: str) -> bool:
        """Whether a rival's plan comes to nothing, since its workflow is paused."""
        hold = self.governor.hold(workflow, marketing=True, ready=False)
        return hold is not None and hold.reason == PAUSED

    def _rules(self, scene: Scene, pace: Pace, plan: Plan, now: int) -> Rules:
        others = {
            name: (each.workflow, paces.planned(pace, name, Plan(each.next_at, each.priority, each.next_at)))
            for name, each in scene.customer.journeys.items()
            if name != scene.request.journey
        }
        stale = now - max(STALE, self.clock.shop_seconds(LATENCY))
        return Rules(
            caps=scene.shop.frequency_cap,
            quiet=lambda at: epoch(scene.timing.awake(moment(at), scene.since)),
            sends=[at for send, at in pace.sends.items() if send != scene.slot],
            rivals=paces.rivals(scene.request.journey, plan, others, stale),
            weekly=frequency(scene.customer, moment(now)) == "weekly",
        )


def _plan(scene: Scene, pace: Pace, now: int) -> Plan:
    """This mail's plan, as the others know it; from now on, when none does."""
    open_ = scene.customer.journeys[scene.request.journey]
    known = paces.planned(pace, scene.request.journey, Plan(open_.next_at, open_.priority, open_.next_at))
    return known if known.at else Plan(now, scene.package.workflow.priority, now)


def _expired(reason: str) -> Drop:
    return Drop(f"expired: {reason}" if reason else "expired")
