"""Keeps the fold from bringing an erased person back.

A stream may deliver what was erased meanwhile, and a shop may deliver late what happened before. The tombstones tell: a
fact that is older than the erasure is not folded into a customer who is younger than the fact; it is removed instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tidings.customer import Customer, epoch, names_of
from tidings.events import PRIVACY_TYPES, Event, customer_identity
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
        """Whether the event names, by id, a customer who is no more. The caller has looked; it is removed."""
        nobodys = event.identity.startswith(customer_identity(""))
        if nobodys:
            self.desk.ask(event)
        return nobodys

    def is_too_late(self, event: Event, customer: Customer) -> bool:
        """Whether the event is of the time before its person was erased; it is removed. Asked for those only who came
        after it."""
        if epoch(min(event.at, event.received_at)) > customer.created_at or not is_erased(
            event, self.suppressions
        ):
            return False
        self.desk.ask(event)
        return True

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
    """Whether somebody whom the event names was erased after it."""
    at = epoch(min(event.at, event.received_at))
    people, _ = names_of(event)
    return any(
        each.reason == ERASED and each.at >= at
        for name in sorted(people)
        for each in suppressions.of(tombstone(name))
    )


OPEN: Final = Gate(_Nobody(), _Nobody())
"""The gate of previews and walks."""
