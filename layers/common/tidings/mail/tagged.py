"""Links to products say which product, to SES: it tells the tags of a link with each click.

docs.aws.amazon.com/ses/latest/dg/faqs-metrics.html: `<a ses:tags="product:44;source:shopify" href=…>`, letters,
digits, `-` and `_` only. What a link leads to is known where the mail is made, and nowhere later.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final

from tidings.goods.recommend import Lookup
from tidings.goods.wares import product_page

_LINK: Final = re.compile(r'<a(?=\s)(?![^<>]*\sses:)(?=[^<>]*?\shref="(https?://[^"<>]*)")')
_PRODUCT: Final = re.compile(r"([A-Za-z0-9_-]{1,60}):product:([A-Za-z0-9_-]{1,120})")


@dataclass(slots=True)
class Shelf:
    """The products that a mail may show: those of its event and customer, and whatever it looks up."""

    site: str
    products: dict[str, Mapping[str, Any]]
    asked: Lookup | None = None
    _pages: dict[str, str] = field(default_factory=dict)

    @property
    def look_up(self) -> Lookup | None:
        """The way to ask for more, remembered."""
        return self._look_up if self.asked else None

    def _look_up(self, ids: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
        found = self.asked(ids) if self.asked else {}
        self.products |= found
        return found

    def tagged(self, html: str) -> str:
        """The mail with tags on every link that leads to the page of one of these products."""
        self._pages = {}
        for identity, known in self.products.items():
            named, url = _PRODUCT.fullmatch(identity), product_page(known, self.site)
            if named and url:
                self._pages[_page(url)] = f"source:{named[1]};product:{named[2]}"
        return _LINK.sub(self._tag, html) if self._pages else html

    def _tag(self, found: re.Match[str]) -> str:
        tags = self._pages.get(_page(unescape(found[1])))
        return f'{found[0]} ses:tags="{tags}"' if tags else found[0]


def _page(url: str) -> str:
    return re.split(r"[?#]", url)[0].rstrip("/").lower()
