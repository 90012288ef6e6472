"""What the fold knows besides the event: the shop's rules, what the catalogue says, and what follows from both.

A customer enters and leaves segments here. What is old news, or new only because a rule changed, happens silently.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from tidings import ports
from tidings.customer import Customer, epoch
from tidings.events import ORDER_TYPES, Event
from tidings.goods.wares import identity
from tidings.people.orders import bought
from tidings.schedule import due_on
from tidings.segments import Belonging, Bounded, Rules, earned, facts_are_known, membership, unknown
from tidings.shop import Shop
from tidings.triggers import BACKFILL, MAX_AGE, Occurrence, is_fresh

ENTERED, LEFT = "segment_entered", "segment_left"

RULE_TIME: Final = timedelta(minutes=5)
"""How long after midnight the daily rule runs."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The rules in force. `bounds` gives those of RFM."""

    rules: Rules
    shop: Shop | None
    products: ports.Products
    bounds: Bounded = lambda: None

    @property
    def counted(self) -> frozenset[str]:
        """The types of events whose times the fold keeps."""
        return self.rules.counted

    def told(self, events: Iterable[Event]) -> list[Event]:
        """The events, orders with the tags that their products earn. Asks the catalogue only where a tag can be
        earned."""
        given = list(events)
        if not self.rules.tags:
            return given
        lines = {event.key: [identity(name) for name, _ in bought(event)] for event in given if _buys(event)}
        known = self.products.get({name for names in lines.values() for name in names}) if lines else {}
        return [
            self._tagged(event, [known[name] for name in lines.get(event.key, ()) if name in known])
            for event in given
        ]

    def is_current(self, customer: Customer) -> bool:
        """Whether the customer was last looked at under the rules in force."""
        return customer.known == self.rules.known

    def needs_refold(self, customer: Customer) -> bool:
        """Whether the customer's facts were folded for other rules: then all events must be folded again."""
        return customer.version > 0 and not facts_are_known(customer, self.rules)

    def belong(
        self, base: Customer, after: Customer, event: Event, now: datetime
    ) -> tuple[Customer, list[Occurrence]]:
        """The customer where they belong after an event, and the segments entered and left with it, aloud.

        An event too old to start anything brings in and out silently; what time alone did meanwhile is aloud. So
        is what the event does to a rule that this customer meets for the first time; all else about it is silent.
        """
        belonging = self._belonging(after, now)
        fresh, new = is_fresh(event, event.at, MAX_AGE), unknown(after, self.rules)
        new = new if base.version else frozenset()
        before = self._belonging(base, now).names if base.version and (new or not fresh) else frozenset()
        entered = belonging.names - after.segments.keys()
        left = (after.segments.keys() - belonging.names) & self.rules.segments.keys()
        # Who was there before the event came by time or by a changed rule; everybody else by the event.
        aloud_in = {name for name in entered if (name not in new if name in before else fresh)}
        aloud_out = {name for name in left if (fresh if name in before else name not in new)}
        silent = (after.silent | (entered & new & before)) & belonging.names
        if event.source == BACKFILL:
            aloud_in |= silent
            silent = frozenset()
        at = event.at if fresh else now
        happened = [Occurrence(ENTERED, at, name) for name in sorted(aloud_in)]
        happened += [Occurrence(LEFT, at, name) for name in sorted(aloud_out)]
        return self._placed(after, belonging, silent, now), happened

    def settle(self, customer: Customer, now: datetime) -> Customer:
        """The customer under the rules in force, all silently: new and changed rules bring in and out, the others
        are left to the fold."""
        new = unknown(customer, self.rules)
        belonging = self._belonging(customer, now)
        kept = (customer.segments.keys() & self.rules.segments.keys()) - new
        names = kept | (belonging.names & new)
        silent = (customer.silent & names) | (names - customer.segments.keys())
        return self._placed(customer, Belonging(frozenset(names), belonging.next), silent, now)

    def due_on(self, customer: Customer, now: datetime) -> str | None:
        """The date in the due index under which the daily rule first finds the customer after the next moment at
        which they may change places by themselves.

        The rule reads entries up to tomorrow, and time-based rules must be looked at after their moment.
        """
        moment = self._belonging(customer, now).next
        return due_on(moment - RULE_TIME + timedelta(days=2)) if moment else None

    def _belonging(self, customer: Customer, now: datetime) -> Belonging:
        bounds = self.bounds() if self.rules.uses_rfm else None
        return membership(customer, self.rules, self.shop, now, bounds)

    def _placed(
        self, customer: Customer, belonging: Belonging, silent: frozenset[str], now: datetime
    ) -> Customer:
        places = {name: customer.segments.get(name, epoch(now)) for name in sorted(belonging.names)}
        return replace(customer, segments=places, silent=frozenset(silent), known=self.rules.known)

    def _tagged(self, event: Event, products: list[Mapping[str, Any]]) -> Event:
        tags = earned(self.rules, products)
        return replace(event, properties={**event.properties, "tags_added": tags}) if tags else event


def _buys(event: Event) -> bool:
    return event.type in ORDER_TYPES and event.type != "order_refunded" and bool(bought(event))
