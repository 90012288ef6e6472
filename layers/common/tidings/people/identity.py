"""Who is it: which customer an event concerns, by the names it gives and by what was told under the same token.

A name that is claimed leads to its customer. What names nobody, or only a contact address, may still belong to an
order or a cart whose owner was told before: the event that told so is found by that token in the Events table's index
(`events.pointer`), without anybody having claimed anything.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from tidings import ports
from tidings.customer import Customer, is_seen, names_of, new_customer
from tidings.errors import Conflict
from tidings.events import PLACING_TYPES, Event, customer_identity, kind_of, pointer


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an event concerns: the customer before it, aliases to claim, and a customer to be merged in.

    `tokens` are unclaimed; they are claimed when it is worth a write. `more` customers wait to be merged in.
    """

    customer: Customer
    claims: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()
    absorbed: Customer | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """The names that tell whose an event is, and the customers of those that are claimed."""

    people: frozenset[str]
    tokens: frozenset[str]
    names_customer: bool
    found: Mapping[str, Customer]

    @property
    def unclaimed(self) -> frozenset[str]:
        """The tokens that are nobody's yet."""
        return self.tokens - self.found.keys()

    @property
    def persons(self) -> list[Customer]:
        """The customers whom account and address name, the oldest first."""
        known = {self.found[alias].id: self.found[alias] for alias in sorted(self.people & self.found.keys())}
        return sorted(known.values(), key=lambda c: (c.created_at, c.id))

    @property
    def guests(self) -> list[Customer]:
        """The customers whose tokens these are."""
        return [self.found[alias] for alias in sorted(self.tokens & self.found.keys())]


@dataclass(frozen=True, slots=True)
class Register:
    """Knows names. `new_id` gives opaque customer ids."""

    events: ports.Events
    customers: ports.Customers
    new_id: Callable[[], str]

    def resolve(self, event: Event) -> Subject | None:
        """Whom the event concerns; None while nobody is named."""
        if event.identity.startswith(customer_identity("")):
            return self._known(event)
        names = self._named_elsewhere(event, self._names(event))
        persons = names.persons
        tokens = _claimable(event, names)
        if owner := self._owner(names):
            return Subject(owner, tokens=tokens)
        if not persons and names.guests and not names.names_customer and not names.guests[0].has_account:
            persons = names.guests[:1]  # a guest who corrects the address, or a token already somebody's
        elif not persons and not names.people:
            persons = names.guests[:1]
        if not persons and not names.people:
            return None
        if not persons:
            return Subject(new_customer(self.new_id(), event), names.people, tokens)
        oldest, *others = persons
        return Subject(
            customer=oldest,
            claims=names.people - names.found.keys(),
            tokens=tokens,
            absorbed=others[0] if others else None,
            more=len(others) > 1,
        )

    def waiting(self, customer: Customer, tokens: Iterable[str]) -> tuple[list[Event], frozenset[str]]:
        """What happened under these tokens, oldest first, and the browsers it happened in that are nobody's yet;
        what happened in those too."""
        asked, found = set(tokens), dict[str, Event]()
        browsers: frozenset[str] = frozenset()
        more = set(asked)
        while more:
            stored = [event for token in sorted(more) for event in self.events.query(token)]
            found |= {event.key: event for event in stored if not is_seen(customer, event)}
            seen_in = {
                name for event in stored for name in event.aliases if kind_of(name) == "visitor"
            } - asked
            more = seen_in - self.customers.resolve(seen_in).keys() if seen_in else set()
            browsers, asked = browsers | more, asked | seen_in
        return sorted(found.values(), key=lambda e: (e.at, e.id)), browsers

    def _known(self, event: Event) -> Subject | None:
        """Of events that name a customer by id: what Tidings itself appends, and pages opened from a mail."""
        customer = self.customers.get(event.identity.removeprefix(customer_identity("")))
        if customer is None:
            return None
        _, tokens = names_of(event)
        return Subject(
            customer, tokens=frozenset(tokens - self.customers.resolve(tokens).keys() if tokens else ())
        )

    def _names(self, event: Event) -> Names:
        people, tokens = names_of(event)
        return Names(frozenset(people), frozenset(tokens), event.names_customer, self._found(people | tokens))

    def _found(self, aliases: Iterable[str]) -> dict[str, Customer]:
        claimed = self.customers.resolve(aliases)
        return {alias: self._load(claimed[alias]) for alias in claimed}

    def _named_elsewhere(self, event: Event, names: Names) -> Names:
        """The names with those that the order's or cart's own event gives, unless that is this one."""
        if names.names_customer or pointer(event):
            return names
        kinds = ("order",) if names.people else ("order", "cart")
        for token in sorted(alias for alias in names.unclaimed if kind_of(alias) in kinds):
            told = self.events.naming(token)
            if told is not None and told.key != event.key:
                people, tokens = names_of(told)
                more = self._found({*people, *tokens} - names.found.keys())
                return replace(
                    names,
                    people=frozenset(people),
                    tokens=names.tokens | tokens,
                    names_customer=told.names_customer,
                    found={**names.found, **more},
                )
        return names

    def _owner(self, names: Names) -> Customer | None:
        """The customer with an account whose claimed order it is: a contact address beside it is not theirs."""
        if names.names_customer:
            return None
        owners = (names.found[alias] for alias in sorted(names.found) if kind_of(alias) == "order")
        return next((owner for owner in owners if owner.has_account), None)

    def _load(self, customer_id: str) -> Customer:
        customer = self.customers.get(customer_id)
        if customer is None:
            raise Conflict(f"alias without customer {customer_id}")
        return customer


def _claimable(event: Event, names: Names) -> frozenset[str]:
    """The tokens that may become the customer's. An order is claimed by what places it only: the contact address of
    a parcel may be somebody else's.
    """
    if event.type in PLACING_TYPES:
        return names.unclaimed
    return frozenset(token for token in names.unclaimed if kind_of(token) != "order")
