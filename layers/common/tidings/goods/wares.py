"""Products made ready to show: picture, page and price from the catalogue, and what is recommended of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from babel.core import Locale

from tidings import formats
from tidings.customer import Customer
from tidings.events import Event, product_identity
from tidings.fit import NAME_LENGTH, page, text
from tidings.goods.recommend import Lookup, rank
from tidings.people.orders import bought
from tidings.shop import Shop

FEW: Final = 3
"""Pieces in stock that a mail calls few: only then does it say how many are left."""

MOST: Final = 12
"""Products that one mail can ask for."""

BEST, ALSO = "learned:best", "learned:also:"
"""Ids of what was learned, beside the products: best sellers, and what goes with a product."""

_BASIS: Final = 8
"""Products from which recommendations start: what the event is about, then what was bought last."""

_CHOICE: Final = 60
"""Candidates that are looked up: some are sold out, withdrawn or of another kind."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line made ready to show: prices formatted for the recipient, picture and page from the catalogue."""

    title: str
    variant: str | None
    quantity: int
    price: str | None
    line_total: str | None
    picture: str | None
    url: str | None
    product_type: str | None = None
    """What kind of thing it is, as the catalogue says: `Tea`."""

    left: int | None = None
    """How many the shop still has, when it has no more than `FEW`; None when there are more, or nobody knows."""

    id: str | None = None
    """The product's id in the shop."""


def product_page(known: Mapping[str, Any], site: str) -> str | None:
    """Where a product can be seen; nowhere once it is withdrawn."""
    if known.get("status") not in (None, "active"):
        return None
    url = known.get("url")
    if isinstance(url, str) and url.startswith("/") and not url.startswith("//"):
        url = site.rstrip("/") + url
    return page(url)


def few(stock: object) -> int | None:
    """The pieces in stock when they are few; nothing for none, which a mail about a thing does not say."""
    return stock if isinstance(stock, int) and not isinstance(stock, bool) and 0 < stock <= FEW else None


def identity(product: str) -> str:
    """The catalogue's id of a product as the customer's history has it, `source:id`."""
    source, _, number = product.partition(":")
    return product_identity(source, number)


def shown(product: str, known: Mapping[str, Any], shop: Shop, locale: Locale) -> Item | None:
    """A product of the catalogue, priced in the shop's currency; None for what has no title."""
    title = text(known.get("title"))
    if title is None:
        return None
    price = formats.money(formats.amount(known.get("price")), shop.currency, locale) or None
    return Item(
        title=title,
        variant=None,
        quantity=1,
        price=price,
        line_total=price,
        picture=page(known.get("image")),
        url=product_page(known, shop.url),
        product_type=text(known.get("product_type"), NAME_LENGTH),
        left=few(known.get("inventory")),
        id=product.partition(":")[2],
    )


@dataclass(frozen=True, slots=True)
class Recommender:
    """Answers `recommend(…)` for one customer: looks up what was learned and the products themselves."""

    look_up: Lookup
    shop: Shop
    locale: Locale
    customer: Customer
    event: Event | None = None

    def __call__(
        self,
        n: Any = 4,
        product_type: Any = None,
        vendor: Any = None,
        again: Any = False,
    ) -> tuple[Item, ...]:
        """At most `n` products, of one kind or vendor when it is named; `again` lets in what was bought before,
        but never what was just bought."""
        wanted = {"product_type": product_type, "vendor": vendor}
        found = []
        for product, known in self._candidates(bool(again)):
            item = shown(product, known, self.shop, self.locale)
            if item is not None and on_sale(known) and all(_is(known, name, wanted[name]) for name in wanted):
                found.append(item)
        number = n if isinstance(n, int) and not isinstance(n, bool) else 4
        return tuple(found[: max(0, min(number, MOST))])

    def _candidates(self, again: bool) -> Iterable[tuple[str, Mapping[str, Any]]]:
        placed = self.customer.placed_orders
        now = [product for product, _ in bought(self.event)] if self.event else []
        lately = [product for order in reversed(placed) for product, _ in order.items]
        liked = list(dict.fromkeys([*now, *lately]))[:_BASIS]
        learned = self.look_up([BEST, *(ALSO + product for product in liked)])
        also = {product: _products(learned.get(ALSO + product)) for product in liked}
        last = {product for product, _ in placed[-1].items} if placed else set()
        without = {*now, *(last if again else self.customer.bought)}
        ranked = rank(liked, also, _products(learned.get(BEST)), without)[:_CHOICE]
        details = self.look_up(map(identity, ranked)) if ranked else {}
        return [(product, details[identity(product)]) for product in ranked if identity(product) in details]


def _products(told: Any) -> list[str]:
    return [str(each) for each in told.get("products", ())] if isinstance(told, Mapping) else []


def on_sale(known: Mapping[str, Any]) -> bool:
    """Whether a product can be bought, as far as the catalogue tells: shown, and not known to be out of stock."""
    stock = known.get("inventory")
    return known.get("status") in (None, "active") and not (isinstance(stock, int) and stock <= 0)


def _is(known: Mapping[str, Any], name: str, wanted: Any) -> bool:
    if not isinstance(wanted, str):
        return True
    return str(known.get(name, "")).casefold() == wanted.casefold()
