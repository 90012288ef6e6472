"""Shop platforms: one module each, and the list of them. `POST /webhooks/{source}` names the module."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, cast

from tidings.sources.request import Request, Source

_CLASSES: Final = MappingProxyType[str, str](
    {
        "shopify": "tidings.sources.shopify:Shopify",
        "woocommerce": "tidings.sources.woocommerce:WooCommerce",
        "events": "tidings.sources.standard:Standard",
    }
)
"""Source → where its class is. A shop has one platform: the others' modules are never loaded, and the start of
`receive_webhook` does not grow with their number."""


class _Sources(Mapping[str, Source]):
    """Makes a source when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Source] = {}

    def __getitem__(self, name: str) -> Source:
        if name not in self._made:
            module, _, kind = _CLASSES[name].partition(":")
            self._made[name] = cast("Source", getattr(import_module(module), kind)())
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


SOURCES: Final[Mapping[str, Source]] = _Sources()
"""Every source by the name it has in the address, in SSM (`/webhooks/<source>`) and in `Event.source`."""

__all__ = ["SOURCES", "Request", "Source"]
