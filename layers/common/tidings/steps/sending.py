"""A mail: decide, take the slot (`admission`), render, claim, send, settle.

The ledger's entry decides: an attempt that ended is not repeated; one that was cut off between claim and settlement
is *unknown* until SES's own send event, or time, settles it. SES has no idempotency key, so the promise is: no
duplicate for marketing, no loss for transactional mail.
"""

import hashlib
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from tidings import journey as journeys
from tidings import ports
from tidings.clock import Clock
from tidings.customer import Customer, epoch
from tidings.errors import Conflict, SendDeferred, SendRejected, SendUnknown, Unavailable
from tidings.events import Event, address_alias, customer_identity
from tidings.expressions.context import shown_products
from tidings.mail.render import deliverable
from tidings.pacing.governor import Unlimited
from tidings.pacing.pace import Wait
from tidings.shop import Coupon, Shop
from tidings.steps.admission import Admission, Drop
from tidings.steps.scene import UNANSWERED, Scene
from tidings.workflow.chance import variant_of
from tidings.workflow.model import SendStep
from tidings.workflow.package import Package

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 40
"""Attempts that SES refused before the mail is given up: with the delays between them, two days, since a sending
quota that is spent comes back within one."""
LONGEST_RETRY = 3600
"""Machine seconds, before jitter: each refusal doubles the delay up to this."""
KEEP_DEFERRALS = 10
"""Deferrals of a mail that the ledger keeps: the latest."""
SETTLE_PAUSES = (0.1, 0.4, 1.6)
"""Machine seconds between attempts to write down how an attempt to send ended."""
LOOK_AGAIN = 15
"""Machine seconds after which SES's send event is looked for the first time."""
REPORTED = "reported"
"""How the ledger knows of a mail that SES took without an answer: by its own report."""
CONFLICT_SECONDS = 5
"""Machine seconds: somebody else's write on the pace or the ledger is over in moments."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail is made of, handed to the composer. `address_alias` is the recipient's keyed hash."""

    package: Package
    mail: str
    customer: Customer
    event: Event
    products: Mapping[str, Mapping[str, Any]]
    address: str
    address_alias: str
    journey: str
    entered_at: int
    send_id: str
    coupon: Coupon | None = None
    arrived: Event | None = None


class Composer(Protocol):
    """Renders a letter into MIME bytes."""

    def __call__(self, letter: Letter) -> bytes:
        """The whole mail, its sender among the headers."""
        ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends. All ports are injected; `address_key` gives the key of address aliases. `shop` is the one in force, whose
    terms of consent count for journeys, too, that began under others; without it the journey's own."""

    events: ports.Events
    sends: ports.Sends
    paces: ports.Paces
    suppressions: ports.Suppressions
    products: ports.Products
    mailer: ports.Mailer
    counters: ports.Counters
    compose: Composer
    address_key: Callable[[], bytes]
    clock: Clock
    unknown_after: timedelta = timedelta(minutes=15)
    governor: ports.Governor = field(default_factory=Unlimited)
    jitter: Callable[[], float] = random.random
    pause: Callable[[float], None] = time.sleep
    shop: Shop | None = None

    def do(self, scene: Scene, step: SendStep, entry: ports.Send) -> ports.Send:
        """Send the mail, or tell why not; `entry` is the step's ledger entry to be. Raises SendDeferred."""
        if scene.entry is not None and scene.entry.state == "claimed":
            settled = self._settle_unknown(scene, scene.entry)
            if settled is not None:
                return settled
            again = [*scene.entry.told.get(UNANSWERED, ()), scene.entry.at]
            entry = replace(entry, told={**entry.told, UNANSWERED: again})
        coupon = coupon_of(scene, step)
        if step.coupon and coupon is None:
            return self._without_coupon(scene, entry)
        customer = scene.customer
        # As SES spells it, and will report it: an international domain in Punycode.
        spelt = deliverable(customer.email) if customer.email else None
        alias = address_alias(spelt, self.address_key()) if spelt else ""
        held = self._held(scene, alias) if alias else ()
        match journeys.decide_mail(scene.package.workflow, customer, held, scene.shop, scene.now):
            case journeys.Skip(reason):
                return self._ended(scene, replace(entry, state="skipped", reason=reason), "MailsSkipped")
            case journeys.Send(address):
                letter = partial(self._letter, scene, step, entry, address, alias, coupon)
                return self._send(scene, step, replace(entry, variant=_variant(scene, step)), letter)

    def _held(self, scene: Scene, alias: str) -> list[ports.Suppression]:
        """What holds for the address, and what the person said at an address that they had before: of marketing mail
        only, since nothing else is asked for."""
        people = map(customer_identity, scene.customer.ids) if scene.is_marketing else ()
        return [each for name in (alias, *people) for each in self.suppressions.of(name)]

    def _send(
        self, scene: Scene, step: SendStep, claim: ports.Send, letter: Callable[[], Letter]
    ) -> ports.Send:
        """Slot, render, claim, send, settle."""
        match self._admitted(scene, step, claim):
            case Wait(until, reason):
                raise self._put_off(scene, claim, until, reason)
            case Drop(reason):
                dropped = self._ended(scene, replace(claim, state="dropped", reason=reason), "MailsSkipped")
                self._pace(scene, self._admission.pass_over)
                return dropped
        try:
            written = letter()
            content = self.compose(written)
        except Unavailable:
            raise
        except Exception:
            # A mistake, which waits for its mend: meanwhile the slot is others'.
            self._pace(scene, lambda scene: self._admission.give_back(scene, claim.at, None))
            raise
        self._claim(scene, claim)
        try:
            message_id = self.mailer.send(ports.Outgoing(written.address, content, _tags(scene, claim)))
        except SendRejected as rejection:
            return self._release(scene, claim, rejection)
        except SendUnknown:
            raise self._deferral(LOOK_AGAIN) from None
        return self._settled(replace(claim, state="sent", message_id=message_id), "MailsSent")

    @property
    def _admission(self) -> Admission:
        return Admission(self.paces, self.governor, self.clock)

    def _admitted(self, scene: Scene, step: SendStep, claim: ports.Send) -> Wait | Drop | None:
        try:
            return self._admission.ask(scene, step, claim.at)
        except Conflict:
            raise self._deferral(CONFLICT_SECONDS) from None

    def _put_off(self, scene: Scene, claim: ports.Send, until: int, reason: str) -> SendDeferred:
        """Note that the mail waits, and why. That is no attempt."""
        noted = replace(claim, state="deferred", attempt=claim.attempt - 1, reason=reason)
        self._claim(scene, _deferred(noted, until, reason))
        self.counters.count("MailsDeferred")
        return SendDeferred(until - claim.at, reason)

    def _without_coupon(self, scene: Scene, entry: ports.Send) -> ports.Send:
        if "else" in scene.node.branches:
            following = scene.node.branches["else"]
            other = replace(entry, state="decided", branch="else", final=following is None)
            return self._ended(scene, replace(other, reason="no coupon left"), None)
        return self._ended(scene, replace(entry, state="skipped", reason="no coupon left"), "MailsSkipped")

    def _claim(self, scene: Scene, send: ports.Send) -> None:
        try:
            self.sends.claim(send, scene.entry)
        except Conflict:
            raise self._deferral(CONFLICT_SECONDS) from None

    def _ended(self, scene: Scene, send: ports.Send, metric: str | None) -> ports.Send:
        """Nothing goes out: one entry says why."""
        self._claim(scene, send)
        if metric:
            self.counters.count(metric)
        return send

    def _settled(self, send: ports.Send, metric: str) -> ports.Send:
        """What is known of this attempt is written down, as often as it must be tried: left unwritten, nobody would
        know it any more."""
        for seconds in (*SETTLE_PAUSES, None):
            try:
                self.sends.settle(send)
                break
            except Unavailable:
                if seconds is None:
                    raise
                self.pause(seconds)
        self.counters.count(metric)
        return send

    def _release(self, scene: Scene, claim: ports.Send, rejection: SendRejected) -> ports.Send:
        """SES did not take it: the claim and the slot are free again, until it is given up."""
        ended, reason = replace(claim, reason=str(rejection)), str(rejection)
        if claim.attempt >= MAX_ATTEMPTS:
            ended = self._settled(replace(ended, state="rejected"), "MailsSkipped")
            self._step_back(scene, claim, rejection, None)
            return ended
        delay = min(rejection.retry_after * 2 ** (claim.attempt - 1), LONGEST_RETRY)
        deferral = self._deferral(delay * (1 + self.jitter()))
        until = claim.at + deferral.seconds
        noted = _deferred(ended, until, "throttled" if rejection.throttled else reason)
        self._settled(replace(noted, state="released"), "MailsDeferred")
        self._step_back(scene, claim, rejection, until)
        raise deferral

    def _step_back(self, scene: Scene, claim: ports.Send, rejection: SendRejected, until: int | None) -> None:
        """What may fail once the refusal is written down."""
        if rejection.throttled:
            self.governor.throttled()
        self._pace(scene, lambda scene: self._admission.give_back(scene, claim.at, until))

    def _pace(self, scene: Scene, write: Callable[[Scene], None]) -> None:
        """What the pace is told once the ledger knows: best effort."""
        if scene.is_marketing:
            try:
                write(scene)
            except Conflict:
                log.info("the pace moved")

    def _settle_unknown(self, scene: Scene, claim: ports.Send) -> ports.Send | None:
        """A claim that was never settled: sent, if SES's send event says so; else deferred until `unknown_after`
        has passed, then dropped (marketing) or free again (transactional: None)."""
        told = self._report(claim)
        if told is not None:
            message_id = str(told.properties.get("message_id", ""))
            settled = replace(claim, state="sent", message_id=message_id, reason=REPORTED)
            return self._settled(settled, "MailsSent")
        age = epoch(self.clock.machine_now()) - claim.claimed_at
        left = self.unknown_after.total_seconds() - age
        if left > 0:
            # The event mostly comes within seconds: soon, and then each time twice as long after the claim.
            raise self._deferral(min(left, max(LOOK_AGAIN, age)))
        if not scene.package.workflow.is_marketing:
            return None
        reason = "nobody knows whether SES took it"
        return self._settled(replace(claim, state="dropped", reason=reason), "MailsSkipped")

    def _report(self, claim: ports.Send) -> Event | None:
        """SES's send event of this attempt, or of one before it, which time had set free while nobody knew."""
        identity = customer_identity(claim.customer)
        for attempt in range(claim.attempt, 0, -1):
            name = send_id(replace(claim, attempt=attempt))
            if told := self.events.get(identity, f"ses:mail_sent:{name}"):
                return told
        return None

    def _deferral(self, machine_seconds: float) -> SendDeferred:
        return SendDeferred(self.clock.shop_seconds(machine_seconds))

    def _letter(
        self,
        scene: Scene,
        step: SendStep,
        claim: ports.Send,
        address: str,
        alias: str,
        coupon: Coupon | None,
    ) -> Letter:
        return Letter(
            package=scene.package,
            mail=_mail(scene, step),
            customer=scene.person,
            event=scene.event,
            products=self.products.get(shown_products(scene.event, scene.customer)),
            address=address,
            address_alias=alias,
            journey=scene.request.journey,
            entered_at=scene.record.entered_at,
            send_id=send_id(claim),
            coupon=coupon,
            arrived=scene.arrived,
        )


def _deferred(send: ports.Send, until: int, reason: str) -> ports.Send:
    """With one more deferral among its latest."""
    latest = [*send.told.get("deferred", ()), [send.at, reason, until]][-KEEP_DEFERRALS:]
    return replace(send, told={**send.told, "deferred": latest})


def coupon_of(scene: Scene, step: SendStep) -> Coupon | None:
    """The step's coupon, while it lasts."""
    coupon = scene.package.shop.coupons.get(step.coupon) if step.coupon else None
    today = scene.now.astimezone(scene.package.shop.zone).date()
    return None if coupon is None or (coupon.ends and coupon.ends < today) else coupon


def _variant(scene: Scene, step: SendStep) -> str:
    return variant_of(step, scene.customer.id, scene.package.workflow.id)


def _mail(scene: Scene, step: SendStep) -> str:
    """The mail's name in the package, its variant's where there is one."""
    variant = _variant(scene, step)
    return f"{step.mail}.{variant}" if variant else step.mail


def send_id(send: ports.Send) -> str:
    """The name of one attempt: SES carries it as a tag, and its events bring it back."""
    text = f"{send.journey}\n{send.step}\n{send.attempt}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _tags(scene: Scene, claim: ports.Send) -> dict[str, str]:
    """SES message tags; SES takes only letters, digits, `_` and `-` in them."""
    tags = {
        "send_id": send_id(claim),
        "customer": scene.customer.id,
        "workflow": scene.request.workflow,
        "step": scene.request.step,
        "class": scene.package.workflow.class_,
        "journey": scene.request.journey,
    }
    return tags | ({"variant": claim.variant} if claim.variant else {})
