"""One step of a journey: look again, decide, take the slot, render, claim, send, settle, name the wait.

Safe to run again at every point. The ledger's entry decides: an attempt that ended is not repeated; one that was
cut off between claim and settlement is *unknown* until SES's own send event, or time, settles it. SES has no
idempotency key, so the promise is: no duplicate for marketing, no loss for transactional mail.
"""

import hashlib
import logging
import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from tidings import journey as journeys
from tidings import ports
from tidings.clock import Clock
from tidings.customer import Customer, checkout_key, epoch, moment
from tidings.errors import Conflict, JourneyExited, SendDeferred, SendRejected, SendUnknown
from tidings.events import Event, address_alias, customer_identity
from tidings.mail.render import deliverable
from tidings.pace import give_back, slot
from tidings.workflow.graph import NEXT, Node, node, wait_before
from tidings.workflow.package import Package

log = logging.getLogger(__name__)

ENDED = frozenset({"sent", "skipped", "dropped", "rejected"})
MAX_ATTEMPTS = 40
"""Attempts that SES refused before the mail is given up: with the delays between them, two days, since a sending
quota that is spent comes back within one."""
LONGEST_RETRY = 3600
"""Machine seconds, before jitter: each refusal doubles the delay up to this."""
CONFLICT_SECONDS = 5
"""Machine seconds: somebody else's write on the pace or the ledger is over in moments."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the machine's Task passes. `rev` names the package that the journey started with."""

    journey: str
    workflow: str
    step: str
    rev: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A step with all that was looked up for it."""

    request: Request
    package: Package
    record: ports.Journey
    customer: Customer

    @property
    def slot(self) -> str:
        """The name of its slot in the customer's pace."""
        return f"{self.request.journey}#{self.request.step}"


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


class Composer(Protocol):
    """Renders a letter into MIME bytes, and names its sender."""

    def __call__(self, letter: Letter) -> tuple[str, bytes]:
        """(sender, content)."""
        ...


@dataclass(frozen=True, slots=True)
class Stepper:
    """Runs steps. All ports are injected; `address_key` gives the key of address aliases."""

    customers: ports.CustomerReader
    journeys: ports.Journeys
    events: ports.Events
    sends: ports.Sends
    paces: ports.Paces
    suppressions: ports.Suppressions
    products: ports.Products
    mailer: ports.Mailer
    counters: ports.Counters
    package: Callable[[str, str], Package]
    compose: Composer
    address_key: Callable[[], bytes]
    clock: Clock
    unknown_after: timedelta = timedelta(minutes=15)
    jitter: Callable[[], float] = random.random

    def run(self, request: Request) -> dict[str, Any]:
        """Do the step. Returns the next Wait's input; raises `JourneyExited` or `SendDeferred`."""
        package = self.package(request.workflow, request.rev)
        record = self.journeys.get(request.journey)
        customer = self.customers.get(record.customer) if record else None
        if record is None or customer is None:
            raise JourneyExited("erased")
        scene = Scene(request, package, record, customer)
        entry = self.sends.get(request.journey, request.step)
        if entry is None or entry.state not in ENDED:
            entry = self._attempt(scene, entry)
        return self._next(scene, entry)

    def _attempt(self, scene: Scene, earlier: ports.Send | None) -> ports.Send:
        if earlier is not None and earlier.state == "claimed":
            settled = self._settle_unknown(scene, earlier)
            if settled is not None:
                return settled
        customer = scene.customer
        # As SES spells it, and will report it: an international domain in Punycode.
        address = deliverable(customer.email) if customer.email else None
        alias = address_alias(address, self.address_key()) if address else ""
        decision = journeys.decide(
            scene.package.workflow,
            scene.request.journey,
            customer,
            scene.record.entered_at,
            self.suppressions.of(alias) if alias else (),
        )
        match decision:
            case journeys.Exit(reason):
                raise JourneyExited(reason)
            case journeys.Skip(reason):
                skipped = replace(self._entry(scene, earlier), state="skipped", reason=reason)
                self._claim(skipped, earlier)
                self.counters.count("MailsSkipped")
                return skipped
            case journeys.Send(address):
                return self._send(scene, earlier, address, alias)

    def _send(self, scene: Scene, earlier: ports.Send | None, address: str, alias: str) -> ports.Send:
        if scene.package.workflow.is_marketing:
            self._take_slot(scene)
        claim = self._entry(scene, earlier)
        sender, content = self.compose(self._letter(scene, claim, address, alias))
        self._claim(claim, earlier)
        try:
            message_id = self.mailer.send(ports.Outgoing(sender, address, content, _tags(scene, claim)))
        except SendRejected as rejection:
            return self._release(scene, claim, rejection)
        except SendUnknown:
            raise self._deferral(self.unknown_after.total_seconds()) from None
        return self._settled(replace(claim, state="sent", message_id=message_id), "MailsSent")

    def _take_slot(self, scene: Scene) -> None:
        pace = self.paces.get(scene.customer.id)
        taken = slot(pace, scene.slot, scene.package.shop.frequency_cap, epoch(self.clock.now()))
        if isinstance(taken, int):
            self.counters.count("MailsDeferred")
            raise SendDeferred(taken)
        if taken is not pace:
            try:
                self.paces.put(taken)
            except Conflict:
                raise self._deferral(CONFLICT_SECONDS) from None

    def _claim(self, send: ports.Send, earlier: ports.Send | None) -> None:
        try:
            self.sends.claim(send, earlier)
        except Conflict:
            raise self._deferral(CONFLICT_SECONDS) from None

    def _entry(self, scene: Scene, earlier: ports.Send | None) -> ports.Send:
        return ports.Send(
            journey=scene.request.journey,
            step=scene.request.step,
            state="claimed",
            customer=scene.customer.id,
            attempt=earlier.attempt + 1 if earlier else 1,
            at=epoch(self.clock.now()),
            claimed_at=epoch(self.clock.machine_now()),
            nonce=secrets.token_hex(4),
            final=_following(scene) is None,
        )

    def _settled(self, send: ports.Send, metric: str) -> ports.Send:
        self.sends.settle(send)
        self.counters.count(metric)
        return send

    def _release(self, scene: Scene, claim: ports.Send, rejection: SendRejected) -> ports.Send:
        gives_up = claim.attempt >= MAX_ATTEMPTS
        state, metric = ("rejected", "MailsSkipped") if gives_up else ("released", "MailsDeferred")
        ended = self._settled(replace(claim, state=state, reason=str(rejection)), metric)
        if scene.package.workflow.is_marketing:
            self._give_back(scene)
        if gives_up:
            return ended
        delay = min(rejection.retry_after * 2 ** (claim.attempt - 1), LONGEST_RETRY)
        raise self._deferral(delay * (1 + self.jitter()))

    def _give_back(self, scene: Scene) -> None:
        """Best effort: a slot that stays taken delays another mail, and this send's retry finds it its own."""
        try:
            self.paces.put(give_back(self.paces.get(scene.customer.id), scene.slot))
        except Conflict:
            log.info("slot kept")

    def _settle_unknown(self, scene: Scene, claim: ports.Send) -> ports.Send | None:
        """A claim that was never settled: sent, if SES's send event says so; else deferred until `unknown_after`
        has passed, then dropped (marketing) or free again (transactional: None)."""
        told = self.events.get(customer_identity(claim.customer), f"ses:mail_sent:{send_id(claim)}")
        if told is not None:
            message_id = str(told.properties.get("message_id", ""))
            return self._settled(replace(claim, state="sent", message_id=message_id), "MailsSent")
        age = epoch(self.clock.machine_now()) - claim.claimed_at
        if age < self.unknown_after.total_seconds():
            raise self._deferral(self.unknown_after.total_seconds() - age)
        if not scene.package.workflow.is_marketing:
            return None
        reason = "nobody knows whether SES took it"
        return self._settled(replace(claim, state="dropped", reason=reason), "MailsSkipped")

    def _deferral(self, machine_seconds: float) -> SendDeferred:
        return SendDeferred(self.clock.shop_seconds(machine_seconds))

    def _letter(self, scene: Scene, claim: ports.Send, address: str, alias: str) -> Letter:
        event = self._told_event(scene)
        ids = {
            f"{event.source}:product:{item.get('product_id')}" for item in event.properties.get("items", ())
        }
        return Letter(
            package=scene.package,
            mail=str(getattr(_node(scene).step, "mail", "")),
            customer=scene.customer,
            event=event,
            products=self.products.get(ids) if ids else {},
            address=address,
            address_alias=alias,
            journey=scene.request.journey,
            entered_at=scene.record.entered_at,
            send_id=send_id(claim),
        )

    def _told_event(self, scene: Scene) -> Event:
        """The event that the journey began with; of a checkout its latest, so that a mail shows what is left."""
        event = self._by_key(scene.record.event)
        latest = scene.customer.checkouts.get(checkout_key(event) or "")
        if latest and latest.event not in ("", event.key):
            return self._by_key(latest.event)
        return event

    def _by_key(self, key: str) -> Event:
        identity, _, event_id = key.partition("|")
        event = self.events.get(identity, event_id)
        if event is None:
            raise JourneyExited("its event was erased")
        return event

    def _next(self, scene: Scene, ended: ports.Send) -> dict[str, Any]:
        """The next Wait's input. It counts from when this step ended, also when the step is run again."""
        workflow, zone = scene.package.workflow, scene.customer.zone(scene.package.shop.zone)
        wait = wait_before(workflow, _following(scene), moment(ended.at), self.clock.now(), zone)
        return {"journey": scene.request.journey, "wait_seconds": wait}


def _node(scene: Scene) -> Node:
    return node(scene.package.workflow, scene.request.step)


def _following(scene: Scene) -> str | None:
    return _node(scene).branches[NEXT]


def send_id(send: ports.Send) -> str:
    """The name of one attempt: SES carries it as a tag, and its events bring it back."""
    text = f"{send.journey}\n{send.step}\n{send.attempt}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _tags(scene: Scene, claim: ports.Send) -> dict[str, str]:
    """SES message tags; SES takes only letters, digits, `_` and `-` in them."""
    return {
        "send_id": send_id(claim),
        "customer": scene.customer.id,
        "workflow": scene.request.workflow,
        "step": scene.request.step,
        "class": scene.package.workflow.class_,
        "journey": scene.request.journey,
    }
