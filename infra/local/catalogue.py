"""What the demo shop sells: twelve things for tea, their prices in four currencies, and their pictures'
names.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

SHOP_CURRENCY: Final = "USD"
SHOP_DOMAIN: Final = "kettle-and-kiln.myshopify.com"
SHOP_SITE: Final = "https://kettleandkiln.example"
WOO_SITE: Final = "https://market.kettleandkiln.example"
"""The shop's other site, which runs on WooCommerce."""

TRACK_KEY: Final = "pk_local"
"""The publishable key of the shop's pages: public, so it may as well be the same each time."""

_RATES: Final = {
    "USD": Decimal(1),
    "EUR": Decimal("0.92"),
    "JPY": Decimal(150),
    "KRW": Decimal(1350),
}
"""Units of a currency for one dollar, fixed so that a run repeats."""

_STEPS: Final = {"USD": Decimal("0.01"), "EUR": Decimal("0.05"), "JPY": Decimal(10), "KRW": Decimal(100)}
"""Prices abroad are rounded to what a shop there would write."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product with one variant. `shape` and `colour` name its picture; `listed` is false for one without a
    catalogue entry.
    """

    number: int
    title: str
    variant: str
    kind: str
    price: Decimal
    shape: str
    colour: str
    listed: bool = True

    @property
    def id(self) -> int:
        """The product's id in the shop."""
        return 8_214_700_000_000 + self.number * 1_313

    @property
    def variant_id(self) -> int:
        """The id of its only variant."""
        return 44_870_100_000_000 + self.number * 2_621

    @property
    def handle(self) -> str:
        """The product's name in addresses."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.title.lower()).split())

    @property
    def sku(self) -> str:
        """The stock keeping unit."""
        return f"KK-{self.kind[:3].upper()}-{self.number:03d}"

    @property
    def picture(self) -> str:
        """The picture's file name, as the recorder serves it under `/pictures/`."""
        return f"{self.shape}-{self.colour}.svg"


def convert(amount: Decimal, currency: str) -> Decimal:
    """A dollar amount in `currency`, rounded to the step that prices there use."""
    step = _STEPS[currency]
    return (amount * _RATES[currency] / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def text(amount: Decimal, currency: str) -> str:
    """An amount as Shopify writes it: a decimal string, without decimals where the currency has none."""
    return str(amount.quantize(Decimal(1) if currency in ("JPY", "KRW") else Decimal("0.01")))


def _product(
    number: int, title: str, variant: str, kind: str, price: str, shape: str, colour: str, listed: bool = True
) -> Product:
    return Product(number, title, variant, kind, Decimal(price), shape, colour, listed)


PRODUCTS: Final = (
    _product(1, "Moss Teapot", "0.8 l", "Teapots", "64.00", "teapot", "moss"),
    _product(2, "Slate Teapot", "1.2 l", "Teapots", "78.00", "teapot", "slate"),
    _product(3, "Dune Cup", "Pair", "Cups", "36.00", "cup", "sand"),
    _product(4, "Harbour Cup", "Pair", "Cups", "36.00", "cup", "sea"),
    _product(5, "Ember Bowl", "16 cm", "Bowls", "42.00", "bowl", "clay"),
    _product(6, "First Flush Darjeeling", "100 g", "Tea", "18.50", "tin", "leaf"),
    _product(7, "Smoked Lapsang", "100 g", "Tea", "14.90", "tin", "plum"),
    _product(8, "Genmaicha", "250 g", "Tea", "21.00", "tin", "sand"),
    _product(9, "Copper Kettle", "1.5 l", "Kettles", "119.00", "kettle", "clay"),
    _product(10, "Oolong Jar “Crème”", "500 ml", "Jars", "29.00", "jar", "plum"),
    _product(11, "Bamboo Whisk", "80 prongs", "Tools", "16.00", "whisk", "leaf"),
    _product(12, "Repair Kit: Gold & Lacquer", "One size", "Tools", "24.00", "jar", "clay", listed=False),
)
"""All products. The last is sold, but the shop never sent its catalogue entry: a mail must do without its
picture.
"""
