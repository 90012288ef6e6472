"""The snippet in the docs, which a shop copies: what it sends is read, and it is PHP."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.unit.sources.bodies import parse_standard
from tests.unit.sources.woo_bodies import ORDER, told

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "woocommerce.md").read_text()
SCHEMA = json.loads((ROOT / "docs" / "events.schema.json").read_text())


def block(name: str) -> str:
    """A block of code of the page."""
    (found,) = re.findall(rf"```[a-z]+ {name}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


CART: dict[str, Any] = json.loads(block("cart"))


def test_the_cart_that_the_snippet_sends_is_read() -> None:
    """As an event of the platform's customer, with products of its catalogue."""
    jsonschema.Draft202012Validator(SCHEMA).validate(CART)
    event = parse_standard(CART)
    assert (event.type, event.source) == ("cart_updated", "woocommerce")
    assert event.identity == "woocommerce:customer:25"
    assert event.names_customer
    assert event.properties["items"][1] == {
        "product_id": "502",
        "title": "Cosy",
        "quantity": 1,
        "price": "9.00",
    }
    assert (event.properties["total"], event.properties["quantity"]) == ("48.80", 3)


def test_a_guests_cart_waits_for_the_order_that_names_it() -> None:
    """Cart and order have the same token; a typed address names as a contact."""
    data = {name: value for name, value in CART["data"].items() if name != "customer"}
    cart = parse_standard({**CART, "data": data})
    assert cart.is_anonymous
    meta = [{"key": "_tidings_cart", "value": data["cart"]}]
    assert cart.identity in told("order.created", {**ORDER, "meta_data": meta})["order_placed"].aliases
    known = parse_standard({**CART, "data": {**data, "email": "ada@example.com"}})
    assert not known.names_customer
    assert cart.identity in known.aliases


def test_the_page_shows_what_the_snippet_sends() -> None:
    """Every key of the example is written by the snippet, and every key that the snippet writes is in the example."""
    snippet = block("mu-plugin")
    written = set(re.findall(r"'([a-z_]+)'\s*=>", snippet)) | set(
        re.findall(r"\$data\['([a-z_]+)'\]", snippet)
    )
    written -= {"blocking", "timeout", "headers", "body"}
    shown = {*CART, *CART["data"], *CART["data"]["items"][0], *CART["data"]["customer"]}
    assert written == shown | {"email"}


def test_the_snippet_names_what_the_source_reads() -> None:
    """The order's metadata, the additional field, the constants."""
    for name in ("_tidings_cart", "tidings/newsletter", "_tidings_accepts_marketing"):
        assert f"'{name}'" in block("mu-plugin") + block("newsletter")
    assert set(re.findall(r"define\( '(\w+)'", block("wp-config"))) == {
        "TIDINGS_EVENTS_URL",
        "TIDINGS_EVENTS_SECRET",
    }
    assert all(name in block("mu-plugin") for name in ("TIDINGS_EVENTS_URL", "TIDINGS_EVENTS_SECRET"))


@pytest.mark.skipif(not shutil.which("php"), reason="PHP is not installed (Debian's package php-cli)")
@pytest.mark.parametrize("name", ["mu-plugin", "newsletter"])
def test_the_snippet_is_php(name: str) -> None:
    """By PHP's own word."""
    checked = subprocess.run(["php", "-l"], input=block(name), text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("platform", ["magento", "", 7, ["shopify"]])
def test_an_unknown_platform_is_refused(platform: object) -> None:
    """By name, and by the schema."""
    from tidings.errors import BadInput

    with pytest.raises(BadInput, match="platform"):
        parse_standard({**CART, "platform": platform})
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid({**CART, "platform": platform})
