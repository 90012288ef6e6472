"""Links for recipients: who may read them, and that nothing in them can be changed."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidings.errors import NotFound
from tidings.links import Unsubscribe, parse_keys, read_unsubscribe, unsubscribe_token

KEYS = {"k2": b"the newer secret", "k1": b"the older secret"}
LINK = Unsubscribe("c0ffee", "email:0123456789abcdef0123456789abcdef", "5e4d" * 8)
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=~%+/ \n\x00é"

text = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=60)
links = st.builds(Unsubscribe, text, text, text)


def refused(token: str) -> bool:
    """Whether it is taken for no link of ours."""
    try:
        read_unsubscribe(token, KEYS)
    except NotFound:
        return True
    return False


@given(link=links)
@settings(derandomize=True)
@example(link=LINK)
def test_a_link_says_what_it_was_made_of(link: Unsubscribe) -> None:
    """Whatever the ids are; and it is plain enough to stand in an address."""
    token = unsubscribe_token(link, KEYS)
    assert read_unsubscribe(token, KEYS) == link
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_key_id_may_hold_a_dot() -> None:
    """Keys may be named by date or version."""
    keys = parse_keys(["2026.1:secret"])
    assert read_unsubscribe(unsubscribe_token(LINK, keys), keys) == LINK


@pytest.mark.parametrize("place", range(len(unsubscribe_token(LINK, KEYS))))
def test_no_character_can_be_changed(place: int) -> None:
    """Each in turn, replaced by any other, left out, or doubled: no such page."""
    token = unsubscribe_token(LINK, KEYS)
    kept = [
        c for c in CHARACTERS if c != token[place] and not refused(token[:place] + c + token[place + 1 :])
    ]
    assert kept == []
    assert refused(token[:place] + token[place + 1 :])
    assert refused(token[:place] + token[place] + token[place:])


@given(junk=st.text(max_size=200))
@settings(derandomize=True)
@example(junk="")
@example(junk="k2..")
@example(junk="k2.\ud800.A")
@example(junk="." * 50)
def test_nonsense_is_no_page(junk: str) -> None:
    """Never another error."""
    assert refused(junk)
    assert refused(f"k2.{junk}")
    assert refused(f"{unsubscribe_token(LINK, KEYS)}{junk or 'A'}")


def test_another_shops_key_signs_nothing_here() -> None:
    """The same key id with another secret is another key."""
    assert refused(unsubscribe_token(LINK, {"k2": b"somebody else's"}))
    assert refused(unsubscribe_token(LINK, {"k9": KEYS["k2"]}))
    with pytest.raises(NotFound):
        read_unsubscribe(unsubscribe_token(LINK, KEYS), {})


def test_a_signature_does_not_move_to_another_link_or_key() -> None:
    """Payload, key id and signature belong together."""
    other = Unsubscribe("someone", LINK.address, LINK.send)
    body, _, _ = unsubscribe_token(other, KEYS).rpartition(".")
    signature = unsubscribe_token(LINK, KEYS).rpartition(".")[2]
    assert refused(f"{body}.{signature}")
    assert refused(unsubscribe_token(LINK, KEYS).replace("k2.", "k1.", 1))


def test_keys_rotate_and_old_links_go_on_working() -> None:
    """The first key signs; all verify, for as long as they are in the list."""
    old = unsubscribe_token(LINK, {"k1": KEYS["k1"]})
    assert unsubscribe_token(LINK, KEYS).startswith("k2.")
    assert read_unsubscribe(old, KEYS) == LINK


def test_the_operators_words_become_keys() -> None:
    """`id:secret` each; a word without either half is none, so that an empty secret signs and opens nothing."""
    assert parse_keys(["k2:new", "k1:o:ld", "k0:", ":x", "plain"]) == {"k2": b"new", "k1": b"o:ld"}
    with pytest.raises(ValueError, match="/keys/links"):
        unsubscribe_token(LINK, parse_keys(["k0:"]))
    with pytest.raises(NotFound):
        read_unsubscribe(f"k0.{unsubscribe_token(LINK, KEYS)[3:]}", parse_keys(["k0:"]))


def test_a_link_holds_no_address() -> None:
    """Only the address's keyed hash."""
    token = unsubscribe_token(LINK, KEYS)
    assert "@" not in token
    assert read_unsubscribe(token, KEYS).address.startswith("email:")
