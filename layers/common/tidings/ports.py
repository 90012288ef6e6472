"""What the domain asks of the world; `aws/` answers, tests answer with fakes.

Every call may raise `Unavailable` (an outage: try the whole thing again). Calls that change something are safe
to repeat. Reads are strongly consistent unless they say otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from tidings.customer import Customer
from tidings.events import Event


class Events(Protocol):
    """The append-only table of facts."""

    def put(self, event: Event) -> bool:
        """Store once; False when this fact is stored already."""
        ...

    def get(self, identity: str, event_id: str) -> Event | None:
        """One event by its key."""
        ...

    def query(self, identity: str) -> list[Event]:
        """All events of one identity."""
        ...

    def naming(self, token: str) -> Event | None:
        """The latest event that tells whose an order's or cart's token is; eventually consistent."""
        ...

    def asking(self, product: str) -> Iterable[tuple[str, str]]:
        """(identity, id) of every request to hear of a product, by its identity; eventually consistent."""
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """One write of the fold. `customer` replaces the version before its own; `claims` are aliases not yet taken;
    `absorbed` is a customer that it was merged from, still at the version read."""

    customer: Customer
    claims: frozenset[str] = frozenset()
    absorbed: Customer | None = None


class CustomerReader(Protocol):
    """Customers, to be read."""

    def get(self, customer_id: str) -> Customer | None:
        """The customer, or the one they were merged into."""
        ...


class CustomerSample(Protocol):
    """Some customers, whoever they are."""

    def sample(self, size: int) -> Iterable[Customer]:
        """At most that many customers, with their orders and no more."""
        ...


class DueIndex(Protocol):
    """Who is due."""

    def due(self, until: str) -> Iterable[tuple[str, str]]:
        """(customer id, due_on) of all due up to a UTC date, inclusive; eventually consistent."""
        ...


class Customers(CustomerReader, Protocol):
    """Customers and their aliases, for their one owner."""

    def resolve(self, aliases: Iterable[str]) -> dict[str, str]:
        """alias → customer id, for those that are claimed."""
        ...

    def commit(self, commit: Commit) -> None:
        """All or nothing; raises `Conflict` when a version moved or an alias is taken."""
        ...


@dataclass(frozen=True, slots=True)
class Journey:
    """How a journey began. `entered_at` is in epoch seconds of shop time. How it ended stands with the customer."""

    id: str
    workflow: str
    customer: str
    event: str
    occurrence: str
    rev: str
    entered_at: int
    since: int
    """What its first wait counts from."""

    held_out: bool = False
    """Kept out, to measure what the workflow does: it has no execution."""


class Journeys(Protocol):
    """The record of how journeys began."""

    def get(self, journey_id: str) -> Journey | None:
        """The record."""
        ...

    def open(self, journey: Journey) -> None:
        """Write the opening, unless it is written."""
        ...


class Machines(Protocol):
    """The state machines, one a workflow."""

    def start(self, workflow: str, journey_id: str, wait_seconds: int) -> None:
        """Start the execution named by the journey; nothing when it has been started before."""
        ...

    def stop(self, workflow: str, journey_id: str) -> None:
        """Stop it; nothing when it is over or never was."""
        ...

    def answer(self, token: str, journey_id: str) -> None:
        """Let a Task that waits for an event go on; nothing when it no longer waits."""
        ...


class Answers(Protocol):
    """The Tasks that wait for an event."""

    def answer(self, token: str, journey_id: str) -> None:
        """Let it go on; nothing when it no longer waits."""
        ...


@dataclass(frozen=True, slots=True)
class Send:
    """A step's entry in the ledger.

    `state` of a mail: deferred, claimed, sent, skipped, dropped, rejected or released; of other steps: decided, set,
    waiting, arrived or timed_out. `at` is shop time, `claimed_at` machine time, both epoch seconds; `attempt` counts
    writes from 1 (deferrals are none), and `nonce` tells one attempt's write from another's. `branch` is the way
    taken, `final` whether the journey ends there. `told` holds what the step told: what it set; the token, event and
    times that it waits with; the event that arrived; of a mail `deferred`, its latest deferrals as (at, reason, until).
    """

    journey: str
    step: str
    state: str
    customer: str
    attempt: int = 1
    nonce: str = ""
    at: int = 0
    claimed_at: int = 0
    reason: str = ""
    message_id: str = ""
    final: bool = False
    branch: str = ""
    variant: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)


class Sends(Protocol):
    """The send ledger: one entry a step of a journey."""

    def entries(self, journey_id: str) -> Sequence[Send]:
        """All entries of a journey."""
        ...

    def claim(self, send: Send, was: Send | None) -> None:
        """Write a claim where there was `was`; raises `Conflict` when there is something else by now."""
        ...

    def settle(self, send: Send) -> None:
        """Write how this attempt ended, once however often it is written; raises `Conflict` when it is not this
        attempt's to settle."""
        ...

    def is_final(self, journey_id: str) -> bool:
        """Whether the journey's last step has ended."""
        ...


class Plan(NamedTuple):
    """When a journey's next marketing mail is expected to go, its workflow's priority, and since when it is due."""

    at: int
    priority: int
    due: int


@dataclass(frozen=True, slots=True)
class Pace:
    """The marketing mails of a customer's last days: `journey#step` → epoch second of shop time; and each journey's
    plan."""

    customer: str
    version: int = 0
    sends: Mapping[str, int] = field(default_factory=dict)
    planned: Mapping[str, Plan] = field(default_factory=dict)


class Paces(Protocol):
    """How often a customer is mailed."""

    def get(self, customer_id: str) -> Pace:
        """The pace; empty for a customer never mailed."""
        ...

    def put(self, pace: Pace) -> None:
        """Replace the version before this one; raises `Conflict` when it moved."""
        ...


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why an address is not mailed. `reason`: unsubscribed, bounced or complained; `at` epoch seconds of shop time.

    `address` is its alias; who unsubscribed is noted under their identity, too, since they may have another address.
    """

    address: str
    reason: str
    at: int


class Suppressions(Protocol):
    """Addresses that must not be mailed, by their alias, and persons who unsubscribed, by their identity."""

    def of(self, address: str) -> Sequence[Suppression]:
        """All that hold for one address or person."""
        ...

    def put(self, suppression: Suppression) -> None:
        """Write, replacing an older one of the same reason."""
        ...


class BouncedAddresses(Suppressions, Protocol):
    """Suppressions, and beside them what may become one."""

    def bounced_softly(self, address: str, message: str, sent: int) -> Sequence[int]:
        """Note that a mail sent then bounced softly, once a mail; when all that did were sent."""
        ...


class Products(Protocol):
    """The catalogue."""

    def put(self, product_id: str, product: Mapping[str, Any], at: int) -> None:
        """Replace the product unless what is stored is newer."""
        ...

    def get(self, product_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """The products known among these; eventually consistent."""
        ...


class Limits(Protocol):
    """How often something was done, by anybody."""

    def take(self, key: str, most: int, until: int) -> bool:
        """Count one more towards `key`; False, and nothing counted, when there are `most` already. It is forgotten
        some time after `until`, an epoch second of the machine."""
        ...


class Parked(Protocol):
    """Events that failed for their own sake."""

    def put(self, identity: str, event_id: str, error: str, at: int) -> None:
        """Note a failed event."""
        ...

    def remove(self, identity: str, event_id: str) -> None:
        """It went through."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail ready to go: MIME bytes, which name the sender in their From, and what SES is told beside them."""

    recipient: str
    content: bytes
    tags: Mapping[str, str]


class Mailer(Protocol):
    """SES."""

    def send(self, mail: Outgoing) -> str:
        """The message id. Raises `SendRejected` when SES provably did not take it, `SendUnknown` when nobody knows."""
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a mail may not be handed to SES yet: `reason` is quota, rate, warm-up or paused; `seconds` are the
    machine's."""

    reason: str
    seconds: float


class Governor(Protocol):
    """What the SES account, and each workflow's own reputation, let through now."""

    def hold(self, workflow: str, *, marketing: bool, ready: bool = True) -> Hold | None:
        """Why this mail must wait; None when it may go. Transactional mail is held by the account's quota only.

        A marketing mail that is `ready` takes its share of what may be sent; one that waits anyway takes nothing.
        """
        ...

    def throttled(self) -> None:
        """SES has just refused for its rate: marketing mail steps back for a while."""
        ...


class Operator(Protocol):
    """Who runs the shop's stack."""

    def tell(self, what: str, detail: Mapping[str, Any]) -> None:
        """Say what a person should look at: `what` in a few words, `detail` free of personal data."""
        ...


class Counters(Protocol):
    """Counts for the operator's dashboard; never personal data."""

    def count(self, metric: str, by: int = 1) -> None:
        """Add to a metric."""
        ...
