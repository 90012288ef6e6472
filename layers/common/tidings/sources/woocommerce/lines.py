"""What an order's lines cost, as the customer saw it: with taxes where the shop states its prices with them."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from tidings.sources import reading
from tidings.sources.reading import present
from tidings.sources.woocommerce import common

FULL_LINES: Final = 12
"""Lines kept with title and price: what a mail can show. Of the others product and quantity are kept."""

MAX_LINES: Final = 500


def lines_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """`items`, `items_count` (lines) and `quantity` (pieces). Prices are for one piece, before any discount."""
    lines = common.items(body.get("line_items"))
    counts = [reading.integer(line.get("quantity")) for line in lines]
    kept = []
    for place, line in enumerate(lines[:MAX_LINES]):
        item = {"product_id": common.number_of(line.get("product_id")), "quantity": counts[place]}
        if place < FULL_LINES:
            variant_id = common.number_of(line.get("variation_id"))
            item |= {
                "variant_id": variant_id,
                "title": common.text(line.get("name"), 120),
                "price": _piece(line, counts[place], body.get("prices_include_tax") is True),
                "sku": None if variant_id else reading.text(line.get("sku"), 60),
            }
        kept.append(present(item))
    return {
        "items": kept,
        "items_count": len(lines),
        "quantity": sum(count for count in counts if count is not None),
    }


def sums(body: Mapping[str, Any]) -> dict[str, Any]:
    """What makes up an order's total; nothing for a sum that is zero."""
    taxed = body.get("prices_include_tax") is True
    lines = [_taxed(line, "subtotal", taxed) for line in common.items(body.get("line_items"))]
    told = {
        "subtotal": sum((line for line in lines if line), Decimal(0)) if all(lines) else None,
        "discount": _taxed(body, "discount_total", taxed, "discount_tax"),
        "shipping": _taxed(body, "shipping_total", taxed, "shipping_tax"),
        "tax": _taxed(body, "total_tax", False),
    }
    return {name: f"{value:f}" for name, value in told.items() if value} | (
        {"taxes_included": True} if taxed else {}
    )


def _taxed(thing: Mapping[str, Any], name: str, taxed: bool, tax: str = "") -> Decimal | None:
    """An amount, with its tax where that belongs to it; with the amount's own digits after the point."""
    net = reading.money(thing.get(name))
    if net is None:
        return None
    amount, more = Decimal(net), reading.money(thing.get(tax or f"{name}_tax"))
    return amount + Decimal(more) if taxed and more else amount


def _piece(line: Mapping[str, Any], count: int | None, taxed: bool) -> str | None:
    whole = _taxed(line, "subtotal", taxed)
    if whole is None or not count:
        return None
    digits = Decimal(1).scaleb(min(-2, int(whole.as_tuple().exponent))) if whole % 1 or _pointed(line) else 1
    return f"{(whole / count).quantize(Decimal(digits), ROUND_HALF_UP):f}"


def _pointed(line: Mapping[str, Any]) -> bool:
    return "." in str(line.get("subtotal"))
