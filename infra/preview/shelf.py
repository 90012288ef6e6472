"""The products that a preview shows: the demo shop's, with pictures drawn on the spot."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from infra.local.catalogue import PRODUCTS
from tidings.goods.wares import BEST
from tidings.shop import Shop

_BY_NUMBER: Final = {product.number: product for product in PRODUCTS}


def line(number: int, quantity: int = 1) -> dict[str, Any]:
    """A line of an order or cart with one of the demo shop's products."""
    product = _BY_NUMBER[number]
    return {
        "product_id": str(number),
        "title": product.title,
        "variant": product.variant,
        "quantity": quantity,
        "price": str(product.price),
    }


def shelf(shop: Shop, own: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The catalogue: a story's own products, or those of the demo shop; all of them sell best."""
    products = dict(own) or {
        f"events:product:{product.number}": {
            "title": product.title,
            "image": f"{shop.url}/pictures/{product.picture}",
            "url": f"{shop.url}/products/{product.number}",
            "product_type": product.kind,
            "price": str(product.price),
            "inventory": product.number + 1,
        }
        for product in PRODUCTS
        if product.listed
    }
    best = [name.replace(":product:", ":") for name in products]
    return {BEST: {"products": best}, **products}


def look_up(products: Mapping[str, Mapping[str, Any]], wanted: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """What the catalogue knows of some products."""
    return {name: products[name] for name in wanted if name in products}
