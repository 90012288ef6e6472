"""Shop platforms: one module each, and the list of them. `POST /webhooks/{source}` names the module."""

from types import MappingProxyType
from typing import Final

from tidings.sources.request import Request, Source
from tidings.sources.shopify import Shopify
from tidings.sources.standard import Standard

SOURCES: Final = MappingProxyType[str, Source]({"shopify": Shopify(), "events": Standard()})
"""Every source by the name it has in the address, in SSM (`/webhooks/<source>`) and in `Event.source`."""

__all__ = ["SOURCES", "Request", "Source"]
