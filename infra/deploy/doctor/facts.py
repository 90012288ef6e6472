"""What is known of a deployed stack. None stands for what could not be looked up; `unknown` says why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: ok, warn (look at it) or fail (mend it), in a sentence, with the mend."""

    level: Literal["ok", "warn", "fail"]
    text: str
    mend: str = ""


def ok(text: str) -> Finding:
    """All is well."""
    return Finding("ok", text)


def warn(text: str, mend: str = "") -> Finding:
    """Somebody should look at it."""
    return Finding("warn", text, mend)


def fail(text: str, mend: str) -> Finding:
    """It must be mended."""
    return Finding("fail", text, mend)


@dataclass(frozen=True, slots=True)
class Account:
    """SES, as `GetAccount` tells it. `plan` is empty where SES does not say."""

    production: bool
    sending: bool
    enforcement: str
    plan: str
    day: float
    second: float
    sent: float
    suppressed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """The domain or address that mails come from. `dkim` is empty where nobody
    signs, as on the embedded AWS; `bits` is the length of the key, 0 where SES does not say."""

    name: str
    sender: str
    verified: bool
    dkim: str
    signing: bool
    bits: int
    mail_from: str
    mail_from_status: str


@dataclass(frozen=True, slots=True)
class Dns:
    """Records of the sending domain: DMARC and SPF as published, empty when there is none, a line each where there are
    several. `dmarc_of` is the domain above that DMARC's stands at, empty for the domain itself."""

    dmarc: str
    spf: str
    mail_from_spf: str
    dmarc_of: str = ""


@dataclass(frozen=True, slots=True)
class MailSet:
    """SES's configuration set: whether it sends, what it suppresses, what it tells of mails through EventBridge."""

    name: str
    sending: bool
    suppressed: frozenset[str]
    told: frozenset[str]


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and what is in it."""

    name: str
    messages: int
    dead: bool = False
    """Whether what lies in it was given up."""

    mapping: str = "Enabled"
    """The state of what hands its messages to a function."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm, its state, and how many confirmed subscribers hear of it."""

    name: str
    state: str
    heard_by: int


@dataclass(frozen=True, slots=True)
class Fold:
    """The way of events: the stream's mapping, the age of the oldest event in it, what was put aside."""

    mapping: str
    lag_seconds: float | None
    parked: int
    failed_batches: int
    unread: int


@dataclass(frozen=True, slots=True)
class Daily:
    """The daily rule: whether it is enabled, and how often its function ran in two days; None where nobody counts."""

    enabled: bool
    runs: float | None


@dataclass(frozen=True, slots=True)
class Machine:
    """A workflow's state machine: the revisions it names, and those of them whose package is missing."""

    workflow: str
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Source:
    """A source: its secrets' lengths, when it was last heard, and how many deliveries were refused for a day, None
    where nobody could count them."""

    name: str
    secrets: tuple[int, ...]
    last: datetime | None = None
    refused: int | None = 0


@dataclass(frozen=True, slots=True)
class Key:
    """A key in Parameter Store: the lengths of its secrets, 0 for a word of another form."""

    name: str
    lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as the shop has it."""

    topic: str
    address: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it."""

    now: datetime
    account: Account | None = None
    identity: Identity | None = None
    dns: Dns | None = None
    mail_set: MailSet | None = None
    customers: int | None = None
    queues: Sequence[Queue] | None = None
    alarms: Sequence[Alarm] | None = None
    fold: Fold | None = None
    daily: Daily | None = None
    machines: Sequence[Machine] | None = None
    concurrency: int | None = None
    """How many functions of the account may run at once, in this region."""

    paused: frozenset[str] | None = None
    keys: Sequence[Key] | None = None
    sources: Sequence[Source] | None = None
    shopify: Sequence[Hook] | None = None
    woocommerce: Sequence[Hook] | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Where each source delivers to."""

    unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its name, the facts it is handed and can't do without, and the judgement."""

    name: str
    needs: tuple[str, ...]
    judge: Callable[..., Iterable[Finding]]
