"""WooCommerce's signature: HMAC-SHA256 over the raw bytes, under the secret decoded from HTML."""

import pytest

from tests.unit.sources.bodies import NOW, raw
from tests.unit.sources.woo_bodies import ORDER, SECRET, woo_headers
from tidings.errors import Unauthorized
from tidings.sources import SOURCES, Request


def verify(request: Request, *secrets: str) -> bool:
    """Whether the delivery is genuine; raises Unauthorized when it is not."""
    SOURCES["woocommerce"].verify(request, secrets, NOW)
    return True


def signed(secret: str) -> Request:
    """An order signed with a key."""
    body = raw(ORDER)
    return Request("woocommerce", woo_headers("order.created", body, secret), body)


def test_either_of_two_secrets_holds_while_one_is_being_rotated() -> None:
    """A body signed with the old or the new secret passes; with a third it does not."""
    assert verify(signed("old"), "old", "new")
    assert verify(signed("new"), "old", "new")
    with pytest.raises(Unauthorized):
        verify(signed("third"), "old", "new")


def test_a_secret_that_woocommerce_made_is_one_although_it_holds_spaces() -> None:
    """A line is a secret: no piece of one signs anything, and two stand on two lines."""
    made, other = 'v(9 2Lq "k} ~x', "new"
    secrets = SOURCES["woocommerce"].secrets(f" {made}\r\n\n{other}\n")
    assert secrets == [made, other]
    assert verify(signed(made), *secrets)
    with pytest.raises(Unauthorized):
        verify(signed("v(9"), *secrets)
    assert SOURCES["woocommerce"].secrets(" \n") == []


@pytest.mark.parametrize("source", ["shopify", "events"])
def test_other_platforms_secrets_stand_on_lines_or_beside_each_other(source: str) -> None:
    """None of theirs holds white space."""
    assert SOURCES[source].secrets("old\nnew") == SOURCES[source].secrets(" old new ") == ["old", "new"]


@pytest.mark.parametrize("secrets", [(), ("",), ("", "")])
def test_without_a_secret_everything_is_refused(secrets: tuple[str, ...]) -> None:
    """A body signed with the empty secret is not genuine: the source fails closed."""
    with pytest.raises(Unauthorized):
        verify(signed(""), *secrets)


@pytest.mark.parametrize("signature", ["", "wrong", "é\udc80", "A" * 44])
def test_a_wrong_signature_is_refused_whatever_it_is_made_of(signature: str) -> None:
    """No signature is an error other than Unauthorized."""
    with pytest.raises(Unauthorized):
        verify(Request("woocommerce", {"x-wc-webhook-signature": signature}, b"{}"), SECRET)


@pytest.mark.parametrize(
    ("stored", "key"),
    [
        ("plain", "plain"),
        ("a&amp;b", "a&b"),
        ("a&b", "a&b"),
        ("&lt;x&gt;", "<x>"),
        ("&quot;&#039;&#39;&#x27;&#X27;", "\"''''"),
        ("&#038;&#60;&#0062;&#x22;", '&<>"'),
        ("&amp;lt;", "&lt;"),
        ("&eacute;&nbsp;&#65;&apos;", "&eacute;&nbsp;&#65;&apos;"),
        ("schlüssel&amp;", "schlüssel&"),
    ],
)
def test_the_key_is_the_secret_decoded_once(stored: str, key: str) -> None:
    """As `wp_specialchars_decode` does it: five characters, once, and no other entity."""
    assert verify(signed(key), stored)
    if stored != key:
        with pytest.raises(Unauthorized):
            verify(signed(stored), stored)


def test_the_signature_is_of_the_raw_bytes() -> None:
    r"""PHP writes `\/` and `\uXXXX`, which would change when the body is parsed and written again."""
    body = b'{"url": "https:\\/\\/shop.example", "name": "Zo\\u00eb"}'
    assert verify(Request("woocommerce", woo_headers("x", body), body), SECRET)


@pytest.mark.parametrize(
    ("body", "headers", "is_ping"),
    [
        (b"webhook_id=5", {}, True),
        (b"webhook_id=5\n", {"content-type": "application/x-www-form-urlencoded"}, True),
        (b"webhook_id=5", {"x-wc-webhook-signature": "x"}, False),
        (b"webhook_id=5&x=1", {}, False),
        (b"webhook_id=", {}, False),
        (b'{"webhook_id": 5}', {}, False),
        (b"", {}, False),
    ],
)
def test_only_the_ping_goes_unsigned(body: bytes, headers: dict[str, str], is_ping: bool) -> None:
    """Word for word; everything else must be signed."""
    assert SOURCES["woocommerce"].greets(Request("woocommerce", headers, body)) is is_ping
    assert not SOURCES["shopify"].greets(Request("shopify", headers, body))
