"""Everything that is kept of a person: found from a name, by following what names them and nobody else.

A contact address on somebody's order may be another person's: of the names that a person's events give, those count
that are claimed by this person, and tokens that are nobody's. What the fold would not merge is not erased together.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tidings.customer import Customer, epoch, names_of
from tidings.events import ORDER_TYPES, Event, customer_identity, kind_of, order_token, token_alias
from tidings.ports import Journey, Pace, Send, Suppression
from tidings.privacy.ports import Records, Row

STAYS: Final = frozenset({"erased", "bounced", "complained"})
"""Reasons that go on holding for an address after its owner was erased, as a hash: whom no mail must reach."""

COUNTED: Final = frozenset({"soft"})
"""What stands beside suppressions and holds nothing back: the soft bounces of an address."""

ADDRESSES: Final = ("email", "contact_email")
"""Properties of events that hold an address."""

REPORTS: Final = "ses:message:"
"""The identity of reports on a mail that name no customer: this, and the message's id."""

MERGES: Final = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is meant: by aliases, by orders, by customer ids. `until` is an epoch second of shop time: who came after
    it, and what was received after it, is not meant."""

    until: int
    names: frozenset[str] = frozenset()
    orders: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Belongings:
    """What was found. `customers` are items as they were read, those merged into another among them; `names` are
    identities and aliases; `ids` those of customers whose items may be gone."""

    ids: frozenset[str]
    names: frozenset[str]
    customers: tuple[Customer, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    journeys: tuple[Journey, ...] = ()
    sends: tuple[Send, ...] = ()
    paces: tuple[Pace, ...] = ()
    parked: tuple[tuple[str, str], ...] = ()
    suppressions: tuple[Suppression, ...] = ()

    @property
    def addresses(self) -> frozenset[str]:
        """The hashed addresses."""
        return frozenset(name for name in self.names if name.startswith("email:"))

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts at shops."""
        return frozenset(name for name in self.names if name.split(":", 2)[1:2] == ["customer"])

    @property
    def orders(self) -> frozenset[str]:
        """The tokens of their orders, those among them that only a request lists."""
        told = (order_token(event) for event in self.events if event.type in ORDER_TYPES)
        listed = (name for name in self.names if kind_of(name) == "order")
        return frozenset(filter(None, (*told, *listed)))

    @property
    def running(self) -> tuple[Journey, ...]:
        """The journeys that may have an execution."""
        over = {journey for customer in self.customers for journey in customer.closed}
        return tuple(each for each in self.journeys if not each.held_out and each.id not in over)

    def rows(self) -> list[Row]:
        """All items to be deleted, dependants first: the customer goes last, and only as they were read."""
        rows = [Row("sends", {"journey": each.journey, "step": each.step}) for each in self.sends]
        rows += [Row("journeys", {"id": each.id}) for each in self.journeys]
        rows += [Row("pace", {"customer": each.customer}) for each in self.paces]
        rows += [Row("parked", {"identity": identity, "id": id_}) for identity, id_ in self.parked]
        rows += [
            Row("suppressions", {"address": each.address, "reason": each.reason})
            for each in self.suppressions
            if each.reason not in STAYS
        ]
        rows += [Row("events", {"identity": each.identity, "id": each.id}) for each in self.events]
        rows += [
            Row("aliases", {"alias": alias}, {"customer": whose}) for alias, whose in self.aliases.items()
        ]
        merged_first = sorted(self.customers, key=lambda each: (each.merged_into is None, each.id))
        rows += [Row("customers", {"id": each.id}, {"version": each.version}) for each in merged_first]
        return rows


@dataclass(slots=True)
class Search:
    """One search. Follows names to customers and customers to names until nothing new is found."""

    records: Records
    asked: Asked
    _ids: set[str] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    _read: set[str] = field(default_factory=set)
    _people: dict[str, Customer | None] = field(default_factory=dict)
    _events: dict[str, Event] = field(default_factory=dict)
    _aliases: dict[str, str] = field(default_factory=dict)
    _later: bool = False

    def find(self) -> Belongings:
        """All that is kept of whom is asked for."""
        asked = self.asked
        self._names |= asked.names
        self._ids |= asked.ids
        claimed = self.records.resolve(asked.names)
        for alias in sorted(claimed):
            self._admit(claimed[alias])
        self._names |= {token for token in sorted(asked.orders) if self._is_theirs(token)}
        known: tuple[int, int] = (-1, -1)
        while known != (known := (len(self._ids), len(self._names))):
            self._look()
        return self._gathered()

    def _look(self) -> None:
        for customer_id in sorted(self._ids):
            customer = self._person(customer_id)
            self._names.add(customer_identity(customer_id))
            if customer is not None:
                self._names |= customer.partitions
                self._ids |= {*customer.ids, *filter(None, (customer.merged_into,))}
        candidates: set[str] = set()
        for name in sorted(self._names - self._read):
            self._read.add(name)
            for event in self.records.events(name):
                self._events[event.key] = event
                candidates |= self._given_by(event)
        claimed = self.records.resolve(candidates | self._names)
        for alias, whose in claimed.items():
            if self._is_ours(whose):
                self._ids.add(whose)
                self._names.add(alias)
                self._aliases[alias] = whose
        self._names |= {name for name in candidates if name not in claimed}

    def _given_by(self, event: Event) -> set[str]:
        """The names that an event of theirs gives for them: of persons only those of its customer object."""
        people, tokens = names_of(event)
        own = order_token(event) if event.type in ORDER_TYPES else None
        return tokens | (people if event.names_customer else set()) | ({own} if own else set())

    def _admit(self, customer_id: str) -> None:
        """A customer whom the request's own name leads to, unless they came later."""
        customer = self._person(customer_id)
        if customer is not None and customer.created_at > self.asked.until:
            self._later = True
        else:
            self._ids.add(customer_id)

    def _is_theirs(self, token: str) -> bool:
        """Whether an order that a request lists is theirs: a guest may have left another address, and is then meant.
        What an account of somebody else has is not."""
        told = self.records.naming(token)
        people, _ = names_of(told) if told else (set[str](), set[str]())
        theirs = True
        for whose in sorted(set(self.records.resolve({token, *people}).values())):
            customer = self._person(whose)
            if customer is None or self._is_ours(whose):
                continue
            if customer.has_account or customer.merged_into:
                theirs = False
            else:
                self._admit(whose)
        return theirs

    def _is_ours(self, customer_id: str) -> bool:
        """Whether it is one of theirs, or was merged into one."""
        for _ in range(MERGES):
            if customer_id in self._ids:
                return True
            customer = self._person(customer_id)
            if customer is None or customer.merged_into is None:
                return False
            customer_id = customer.merged_into
        return False

    def _person(self, customer_id: str) -> Customer | None:
        if customer_id not in self._people:
            self._people[customer_id] = self.records.customer(customer_id)
        return self._people[customer_id]

    def _gathered(self) -> Belongings:
        records, ids, names = self.records, sorted(self._ids), frozenset(self._names | self._mailed())
        customers = tuple(customer for each in ids if (customer := self._person(each)))
        known = _journeys_of(customers) | _told_journeys(self._events.values())
        journeys = records.journeys(ids, known)
        journey_ids = sorted(known | {each.id for each in journeys})
        sends = tuple(send for each in journey_ids for send in records.sends(each))
        self._events |= {event.key: event for event in self._reports(sends)}
        suppressed = [name for name in sorted(names) if name.startswith("email:")]
        suppressed += map(customer_identity, ids)
        return Belongings(
            ids=frozenset(ids),
            names=names,
            customers=customers,
            aliases={alias: whose for alias, whose in self._aliases.items() if whose in self._ids},
            events=tuple(event for event in self._events.values() if self._is_meant(event, customers)),
            journeys=tuple(journeys),
            sends=sends,
            paces=tuple(pace for each in ids if (pace := records.pace(each))),
            parked=tuple((name, id_) for name in sorted(names) for id_ in records.parked(name)),
            suppressions=tuple(each for name in suppressed for each in records.suppressions(name)),
        )

    def _mailed(self) -> set[str]:
        """Their addresses as mail goes to them: an international domain is told in one spelling, mailed in another."""
        told = {event.properties.get(name) for event in self._events.values() for name in ADDRESSES}
        spelt = (self.records.spellings(each) for each in told if isinstance(each, str))
        return {mailed for alias, mailed in spelt if alias in self._names}

    def _reports(self, sends: Iterable[Send]) -> Iterator[Event]:
        """What SES told of their mails without saying whose they were."""
        for send in sends:
            if send.message_id:
                yield from self.records.events(f"{REPORTS}{send.message_id}")

    def _is_meant(self, event: Event, customers: tuple[Customer, ...]) -> bool:
        """What came later goes, too, while it is folded into a customer who goes."""
        return epoch(event.received_at) <= self.asked.until or bool(customers and not self._later)


def asked_by(event: Event, until: int) -> Asked:
    """Whom a request means."""
    people, _ = names_of(event)
    orders = {token_alias(event.source, "order", each) for each in event.properties.get("orders") or ()}
    return Asked(until=until, names=frozenset(people), orders=frozenset(orders))


def asked_for(who: str, until: int) -> Asked:
    """Whom an operator means: a customer's id, or the alias of an address or account."""
    if ":" in who:
        return Asked(until=until, names=frozenset({who}))
    return Asked(until=until, ids=frozenset({who}))


def _journeys_of(customers: Iterable[Customer]) -> set[str]:
    """The journeys that the customers' items name; the index may not know the latest yet."""
    return {
        journey
        for customer in customers
        for journey in (*customer.journeys, *customer.closed, *(act["journey"] for act in customer.pending))
    }


def _told_journeys(events: Iterable[Event]) -> set[str]:
    """The journeys that reports on a person's mails name: their ledger may outlast their record."""
    own = customer_identity("")
    told = (event.properties.get("journey") for event in events if event.identity.startswith(own))
    return {journey for journey in told if isinstance(journey, str)}
