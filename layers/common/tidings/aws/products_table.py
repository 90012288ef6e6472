"""The catalogue, as the shop's product webhooks tell it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tidings.aws.table import Table


@dataclass(frozen=True, slots=True)
class ProductsTable:
    """Answers `ports.Products`. A deleted product stays as an empty one, so that an older word can't revive it."""

    table: Table

    def put(self, product_id: str, product: Mapping[str, Any], at: int) -> None:
        """Replace the product unless what is stored is newer."""
        item = {"id": product_id, "told_at": at, "product": json.dumps(product, ensure_ascii=False)}
        self.table.put(item, "attribute_not_exists(id) OR told_at <= :at", at=at)

    def get(self, product_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """The products known among these; eventually consistent."""
        found = self.table.get_all("id", product_ids, consistent=False)
        return {item["id"]: json.loads(item["product"]) for item in found}
