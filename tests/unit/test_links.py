"""Links for recipients: who may read them, and that nothing in them can be changed."""

import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidings.errors import NotFound
from tidings.links import LONGEST, PURPOSES, UNSUBSCRIBE, Doors, Link, make_link, parse_keys, read_link

KEYS = {"k2": b"the newer secret", "k1": b"the older secret"}
LINK = Link(UNSUBSCRIBE, "c0ffee", "email:0123456789abcdef0123456789abcdef", "5e4d" * 8)
REVIEW = Link("review", LINK.customer, LINK.address, LINK.send, "shopify:product:501")
FIRST = (
    "k1.YzBmZmVlCmVtYWlsOjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmCjVlNGQ1ZTRkNWU0ZDVlNGQ1ZTRkNWU0ZDVlNGQ1ZTRk"
    ".Uyi_PFX2cG6FvI0uCV-qYHc4rzA"
)
"""What the first version of all made of `LINK` with `KEYS["k1"]`."""

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=~%+/ \n\x00é"

text = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=60)
links = st.one_of(
    st.builds(Link, st.just(UNSUBSCRIBE), text, text, text),
    st.builds(Link, st.sampled_from(sorted(PURPOSES - {UNSUBSCRIBE})), text, text, text, text),
)


def refused(token: str, purpose: str = UNSUBSCRIBE) -> bool:
    """Whether it is taken for no link of ours."""
    try:
        read_link(token, purpose, KEYS)
    except NotFound:
        return True
    return False


@given(link=links)
@settings(derandomize=True)
@example(link=LINK)
def test_a_link_says_what_it_was_made_of(link: Link) -> None:
    """Whatever the ids are; and it is plain enough to stand in an address."""
    token = make_link(link, KEYS)
    assert read_link(token, link.purpose, KEYS) == link
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_key_id_may_hold_a_dot() -> None:
    """Keys may be named by date or version."""
    keys = parse_keys(["2026.1:secret"])
    assert read_link(make_link(LINK, keys), UNSUBSCRIBE, keys) == LINK


@pytest.mark.parametrize(
    ("link", "place"),
    [(link, place) for link in (LINK, REVIEW) for place in range(len(make_link(link, KEYS)))],
)
def test_no_character_can_be_changed(link: Link, place: int) -> None:
    """Each in turn, replaced by any other, left out, or doubled: no such page."""
    token = make_link(link, KEYS)
    others = [token[:place] + c + token[place + 1 :] for c in CHARACTERS if c != token[place]]
    others += [token[:place] + token[place + 1 :], token[:place] + token[place] + token[place:]]
    assert [each for each in others if not refused(each, link.purpose)] == []


def test_no_bit_can_be_changed() -> None:
    """Not one of the payload's or the signature's, however the result is spelt."""
    key_id, *parts = make_link(REVIEW, KEYS).split(".")
    for which, part in enumerate(parts):
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        for bit in range(len(data) * 8):
            wrong = bytearray(data)
            wrong[bit // 8] ^= 1 << bit % 8
            spelt = base64.urlsafe_b64encode(wrong).rstrip(b"=").decode()
            assert refused(".".join([key_id, *parts[:which], spelt, *parts[which + 1 :]]), "review")


def test_the_first_links_of_all_still_work() -> None:
    """Byte for byte what the first version made, and makes today."""
    assert make_link(LINK, {"k1": KEYS["k1"]}) == FIRST
    assert read_link(FIRST, UNSUBSCRIBE, KEYS) == LINK


@pytest.mark.parametrize("purpose", sorted(PURPOSES))
def test_a_link_opens_one_page_only(purpose: str) -> None:
    """What it is for is signed with it; nor does a purpose that is none open anything."""
    token = make_link(Link(purpose, LINK.customer, LINK.address, LINK.send), KEYS)
    opened = [each for each in (*sorted(PURPOSES), "", "unsubscribe\n", "admin") if not refused(token, each)]
    assert opened == [purpose]


@pytest.mark.parametrize(
    "link",
    [
        Link("admin", "c", "a", "s"),
        Link("", "c", "a", "s"),
        Link("form\n", "c", "a", "s"),
        Link("form", "c\na", "a", "s"),
        Link("form", "c", "a", "s", "x\ny"),
        Link(UNSUBSCRIBE, "c", "a", "s", "x"),
    ],
)
def test_what_would_read_as_another_link_is_not_made(link: Link) -> None:
    """No part may hold what parts the parts, and no purpose is made up."""
    with pytest.raises(ValueError, match="link"):
        make_link(link, KEYS)


def test_an_endless_token_is_not_looked_at() -> None:
    """Nor decoded, nor signed."""
    assert refused(f"k2.{'A' * LONGEST}.A")


def test_doors_lead_to_pages() -> None:
    """Each purpose's page below the base; the way to unsubscribe is the one that old mails know."""
    doors = Doors("https://pages.example", LINK.customer, LINK.address, LINK.send, KEYS)
    assert doors.url(UNSUBSCRIBE) == f"https://pages.example/unsubscribe/{make_link(LINK, KEYS)}"
    base, _, token = doors.url("form", "birthday").rpartition("/")
    assert base == "https://pages.example/pages/form"
    assert read_link(token, "form", KEYS).extra == "birthday"


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
    assert refused(f"{make_link(LINK, KEYS)}{junk or 'A'}")


def test_another_shops_key_signs_nothing_here() -> None:
    """The same key id with another secret is another key."""
    assert refused(make_link(LINK, {"k2": b"somebody else's"}))
    assert refused(make_link(LINK, {"k9": KEYS["k2"]}))
    with pytest.raises(NotFound):
        read_link(make_link(LINK, KEYS), UNSUBSCRIBE, {})


def test_a_signature_does_not_move_to_another_link_or_key() -> None:
    """Payload, key id and signature belong together."""
    other = Link(UNSUBSCRIBE, "someone", LINK.address, LINK.send)
    body, _, _ = make_link(other, KEYS).rpartition(".")
    signature = make_link(LINK, KEYS).rpartition(".")[2]
    assert refused(f"{body}.{signature}")
    assert refused(make_link(LINK, KEYS).replace("k2.", "k1.", 1))


def test_keys_rotate_and_old_links_go_on_working() -> None:
    """The first key signs; all verify, for as long as they are in the list."""
    old = make_link(LINK, {"k1": KEYS["k1"]})
    assert make_link(LINK, KEYS).startswith("k2.")
    assert read_link(old, UNSUBSCRIBE, KEYS) == LINK


def test_the_operators_words_become_keys() -> None:
    """`id:secret` each; a word without either half is none, so that an empty secret signs and opens nothing."""
    assert parse_keys(["k2:new", "k1:o:ld", "k0:", ":x", "plain"]) == {"k2": b"new", "k1": b"o:ld"}
    with pytest.raises(ValueError, match="/keys/links"):
        make_link(LINK, parse_keys(["k0:"]))
    with pytest.raises(NotFound):
        read_link(f"k0.{make_link(LINK, KEYS)[3:]}", UNSUBSCRIBE, parse_keys(["k0:"]))


def test_a_link_holds_no_address() -> None:
    """Only the address's keyed hash."""
    token = make_link(LINK, KEYS)
    assert "@" not in token
    assert read_link(token, UNSUBSCRIBE, KEYS).address.startswith("email:")
