"""What the readers of WooCommerce's bodies share: ids, plug-ins' metadata, names with entities in them."""

from collections.abc import Mapping
from datetime import datetime
from html import unescape
from typing import Any, Final

from tidings.errors import BadInput
from tidings.sources import reading

CART: Final = "_tidings_cart"
"""Metadata of an order: the token of the cart it came from, as the shop's snippet stores it (docs/woocommerce.md)."""

YES: Final = ("yes", "1", "true", "on")

OPT_INS: Final = (
    "_tidings_accepts_marketing",
    "_wc_other/tidings/newsletter",
    "mailchimp_woocommerce_is_subscribed",
)
"""Metadata that says whether a box for e-mail marketing was ticked: the shop's own, the block checkout's additional
field of that name, and Mailchimp for WooCommerce's. WooCommerce itself has none."""

LANGUAGES: Final = ("wpml_language", "trp_language")
"""Metadata of an order: the language it was placed in, by WPML and TranslatePress."""


def key_of(body: Mapping[str, Any], what: str) -> str:
    """The body's `id`; BadInput without one."""
    found = number_of(body.get("id"))
    if found is None:
        raise BadInput(f"the body has no usable id: {what} cannot be told from another; send the whole body")
    return found


def number_of(value: object) -> str | None:
    """An id: a whole number, or text of its digits. None for 0, which stands for nobody and nothing."""
    found = reading.identifier(value)
    return found if found and found.isascii() and found.isdigit() and found.strip("0") else None


def text(value: object, limit: int = 200) -> str | None:
    """A name without the entities (`&ndash;`) that WordPress writes into it."""
    plain = unescape(value[: 4 * limit]) if isinstance(value, str) and "&" in value else value
    return reading.text(plain, limit)


def items(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list. PHP writes a list that a filter left gaps in as an object, with the places as its keys."""
    return reading.items(list(value.values()) if isinstance(value, dict) and is_list(value) else value)


def is_list(value: object) -> bool:
    """Whether it is one in either writing."""
    return isinstance(value, list) or (isinstance(value, dict) and all(place.isdecimal() for place in value))


def time(body: Mapping[str, Any], name: str) -> datetime | None:
    """A time of the body in UTC. The one without `_gmt` is the shop's local time, of an offset that nobody tells."""
    return reading.moment(body.get(f"{name}_gmt"))


def meta(body: Mapping[str, Any]) -> dict[str, Any]:
    """`meta_data` by its keys."""
    return {
        each["key"]: each.get("value")
        for each in items(body.get("meta_data"))
        if isinstance(each.get("key"), str)
    }


def is_yes(value: object) -> bool:
    """Whether a plug-in's value says yes."""
    return value is True or str(value).strip().lower() in YES


def locale(told: Mapping[str, Any]) -> str | None:
    """The language that metadata tells."""
    return next((found for name in LANGUAGES if (found := reading.locale(told.get(name)))), None)
