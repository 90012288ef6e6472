"""Keeps the fold from bringing an erased person back.

A stream may deliver what was erased meanwhile, and a shop may deliver late what happened before. The tombstones tell: a
fact that is older than the erasure is not folded into a customer who is younger than the fact; it is removed instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tidings.customer import Customer, epoch, names_of, order_key
from tidings.events import ORDER_TYPES, PRIVACY_TYPES, Event, customer_identity, order_token
from tidings.people.profile import placed_at
from tidings.ports import Suppression
from tidings.privacy.erasing import ERASED, tombstone


class Tombstones(Protocol):
    """The suppressions table, to be read."""

    def of(self, address: str) -> Sequence[Suppression]:
        """All of one address, or of a tombstone."""
        ...


class Desk(Protocol):
    """Where requests go, to be carried out soon; asking twice does no harm."""

    def ask(self, event: Event) -> None:
        """Carry out a request, or remove an event that nobody may know of, by its key."""
        ...

    def gone(self, customer_id: str) -> None:
        """Remove what was begun for a customer who is no more."""
        ...


@dataclass(frozen=True, slots=True)
class Gate:
    """Stands before the fold."""

    suppressions: Tombstones
    desk: Desk

    def is_request(self, event: Event) -> bool:
        """Whether the event is a request of privacy law; it is passed on."""
        if event.type in PRIVACY_TYPES:
            self.desk.ask(event)
        return event.type in PRIVACY_TYPES

    def is_nobodys(self, event: Event) -> bool:
        """Whether the event names a customer who is no more, by id or by an order of theirs. The caller has looked; it
        is removed."""
        nobodys = event.identity.startswith(customer_identity("")) or self._is_of_an_erased_order(event)
        if nobodys:
            self.desk.ask(event)
        return nobodys

    def is_too_late(self, event: Event, customer: Customer) -> bool:
        """Whether the event, or the order it is about, is of the time before its person was erased; it is removed.
        Asked only of those who came after it, and of what tells of an order that they do not have."""
        if event.type in ORDER_TYPES and order_key(event) in customer.orders:
            return False
        undated = event.type in ORDER_TYPES and "placed_at" not in event.properties
        if (_since(event) > customer.created_at and not undated) or not is_erased(event, self.suppressions):
            return False
        self.desk.ask(event)
        return True

    def _is_of_an_erased_order(self, event: Event) -> bool:
        return event.type in ORDER_TYPES and is_erased(event, self.suppressions)

    def gone(self, customer_id: str) -> None:
        """Something was begun for a customer who was erased meanwhile: it is removed, too."""
        self.desk.gone(customer_id)


class _Nobody:
    """Stands for tombstones and desk where nobody is ever erased."""

    def of(self, address: str) -> Sequence[Suppression]:
        """None."""
        return ()

    def ask(self, event: Event) -> None:
        """Nobody answers."""

    def gone(self, customer_id: str) -> None:
        """Nobody is."""


def is_erased(event: Event, suppressions: Tombstones) -> bool:
    """Whether somebody whom the event names was erased after it, or the order that it is about, which never comes
    back."""
    at = _since(event)
    people, _ = names_of(event)
    order = order_token(event) if event.type in ORDER_TYPES else None
    return any(
        each.reason == ERASED and (each.at >= at or name == order)
        for name in (*sorted(people), *filter(None, (order,)))
        for each in suppressions.of(tombstone(name))
    )


def _since(event: Event) -> int:
    """The earliest moment that an event tells of: an order is as old as its placing."""
    at = epoch(min(event.at, event.received_at))
    return min(at, placed_at(event)) if event.type in ORDER_TYPES else at


OPEN: Final = Gate(_Nobody(), _Nobody())
"""The gate of previews and walks."""
