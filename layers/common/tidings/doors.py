"""The pages that a mail may link to, by the names that it calls them. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tidings.events import Event, order_token, product_identity
from tidings.forms.catalogue import CONFIRMATIONS
from tidings.links import Doors
from tidings.shop import Shop

NAMES: Final[Mapping[str, Any]] = {
    "preferences_url": str | None,
    "confirm_url": str | None,
    "form_url": Callable[..., str | None],
    "review_url": Callable[..., str | None],
}
"""What a mail may name. `form_url('birthday')` and `review_url(item)` are called; the others are addresses."""


def names(doors: Doors | None, event: Event, shop: Shop) -> dict[str, Any]:
    """The addresses, signed for this recipient and mail; nothing where there are no doors."""

    def form_url(name: str) -> str | None:
        if name in CONFIRMATIONS:
            about = str(event.properties.get(CONFIRMATIONS[name]) or "")
            return doors.url("form", f"{name}:{about}" if _is_id(about) else name) if doors else None
        if name not in shop.forms:
            raise LookupError(f"there is no form {name!r} in shop.yaml: {', '.join(sorted(shop.forms))}")
        return doors.url("form", name) if doors else None

    def review_url(product: Any = None) -> str | None:
        number = getattr(product, "id", None) or getattr(product, "product_id", None) or product
        named = product_identity(event.source, number) if isinstance(number, str) and number else None
        about = "\t".join(each for each in (named, order_token(event)) if each and _is_id(each))
        return doors.url("review", about) if doors and about else None

    return {
        "preferences_url": doors.url("preferences") if doors else None,
        "confirm_url": doors.url("confirm") if doors else None,
        "form_url": form_url,
        "review_url": review_url,
    }


def _is_id(text: str) -> bool:
    """Whether a link can carry it: what a stranger wrote in an id's place may be anything."""
    return 0 < len(text) <= 300 and text.isprintable()
