"""Customers and aliases. One conditional put commits a fold; a transaction claims aliases and merges."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from tidings.aws.customer_item import DUE_SHARDS, from_item, to_item
from tidings.aws.table import Table, transact
from tidings.customer import Customer
from tidings.errors import Conflict, TidingsError
from tidings.ports import Commit

MERGES: Final = 20
"""How many merges are followed from one customer to the next."""

_UNCHANGED = "version = :version AND attribute_not_exists(merged_into)"


@dataclass(frozen=True, slots=True)
class CustomersTable:
    """Answers `ports.CustomerReader`, `ports.CustomerSample` and `ports.DueIndex`."""

    customers: Table

    def get(self, customer_id: str) -> Customer | None:
        """The customer, or the one they were merged into; strongly consistent."""
        for _ in range(MERGES):
            item = self.customers.get(id=customer_id)
            if item is None:
                return None
            if "merged_into" not in item:
                return from_item(item)
            customer_id = item["merged_into"]
        raise TidingsError("a customer's merges lead nowhere")

    def item(self, customer_id: str) -> Customer | None:
        """The customer of exactly this id, merged into another or not; strongly consistent."""
        found = self.customers.get(id=customer_id)
        return from_item(found) if found else None

    def due(self, until: str) -> Iterable[tuple[str, str]]:
        """(customer id, due_on) of all due up to a UTC date, inclusive; eventually consistent."""
        for shard in range(DUE_SHARDS):
            condition = "due_shard = :shard AND due_on <= :until"
            for item in self.customers.query(condition, index="due", shard=str(shard), until=until):
                yield item["id"], item["due_on"]

    def sample(self, size: int) -> Iterable[Customer]:
        """The first customers of a scan, in the order of their hashed ids; with their orders at least."""
        wanted = ("id", "packed", "orders", "merged_into", "version", "created_at")
        for item in islice(self.customers.scan(wanted), size):
            if "merged_into" not in item:
                yield from_item(item)


@dataclass(frozen=True, slots=True)
class OwnedCustomersTable(CustomersTable):
    """Answers `ports.Customers`, for the one function that writes customers and aliases."""

    aliases: Table

    def resolve(self, aliases: Iterable[str]) -> dict[str, str]:
        """alias → customer id, for those that are claimed."""
        found = self.aliases.get_all("alias", aliases, consistent=True)
        return {item["alias"]: item["customer"] for item in found}

    def commit(self, commit: Commit) -> None:
        """All or nothing; raises Conflict when a version moved or an alias is taken."""
        if not commit.claims and commit.absorbed is None:
            item, condition, values = _replacing(commit.customer)
            if not self.customers.put(item, condition, **values):
                raise Conflict("the customer's version moved")
            return
        puts = []
        for customer in filter(None, (commit.customer, commit.absorbed)):
            item, condition, values = _replacing(customer)
            puts.append(self.customers.put_request(item, condition, **values))
        for alias in sorted(commit.claims):
            claim = {"alias": alias, "customer": commit.customer.id}
            puts.append(self.aliases.put_request(claim, "attribute_not_exists(alias)"))
        transact(self.customers.client, puts)


def _replacing(customer: Customer) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """The item, and the condition that it replaces the version before its own."""
    if customer.version == 1:
        return to_item(customer), "attribute_not_exists(id)", {}
    return to_item(customer), _UNCHANGED, {"version": customer.version - 1}
