"""Shopify's signature: HMAC-SHA256 over the raw bytes."""

import pytest

from tests.unit.sources.bodies import (
    NOW,
    ORDER,
    SECRET,
    raw,
    shopify_headers,
)
from tidings.errors import Unauthorized
from tidings.sources import SOURCES, Request


def verify(request: Request, *secrets: str) -> bool:
    """Whether the delivery is genuine; raises Unauthorized when it is not."""
    SOURCES["shopify"].verify(request, secrets, NOW)
    return True


def test_either_of_two_secrets_holds_while_one_is_being_rotated() -> None:
    """A body signed with the old or the new secret passes; with a third it does not."""
    body = raw(ORDER)
    for secret in ("old", "new"):
        assert verify(Request("shopify", shopify_headers("orders/create", body, secret), body), "old", "new")
    with pytest.raises(Unauthorized):
        verify(Request("shopify", shopify_headers("orders/create", body, "third"), body), "old", "new")


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_without_a_secret_everything_is_refused(secrets: tuple[str, ...]) -> None:
    """A body signed with the empty secret is not genuine: the source fails closed."""
    body = raw(ORDER)
    with pytest.raises(Unauthorized):
        verify(Request("shopify", shopify_headers("orders/create", body, ""), body), *secrets)


@pytest.mark.parametrize("signature", ["", "wrong", "é\udc80", "A" * 44])
def test_a_wrong_signature_is_refused_whatever_it_is_made_of(signature: str) -> None:
    """No signature is an error other than Unauthorized, non-ASCII among them."""
    with pytest.raises(Unauthorized):
        verify(Request("shopify", {"x-shopify-hmac-sha256": signature}, b"{}"), SECRET)


def test_the_signature_is_of_the_raw_bytes() -> None:
    r"""A body with `\/` that would change when it is parsed and written again passes as it came."""
    body = b'{"url": "https:\\/\\/shop.example"}'
    assert verify(Request("shopify", shopify_headers("x", body), body), SECRET)
