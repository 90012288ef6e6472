"""What pages are made of: readable colours, and forms read without harm."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds import NOW, SHOP
from tidings.errors import BadInput, TooLarge
from tidings.pages import colours, fields
from tidings.pages.look import environment
from tidings.pages.visit import visitor
from tidings.shop import Colours

colour = st.text("0123456789abcdef", min_size=6, max_size=6).map(lambda digits: f"#{digits}")
brands = st.builds(Colours, *[], **dict.fromkeys(Colours.model_fields, colour))
URLENCODED = fields.URLENCODED


def test_contrast_is_counted_as_wcag_does() -> None:
    """The ends of the scale, and two values that are published."""
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert colours.contrast("#ff0000", "#ffffff") == pytest.approx(4.0, abs=0.01)


@given(brand=brands)
@settings(derandomize=True)
def test_any_brand_can_be_read(brand: Colours) -> None:
    """WCAG 2.2 AA in light and dark: text on its grounds 4.5, edges and focus 3; whatever colours a shop
    chose."""
    for scheme in (colours.light(brand), colours.dark(brand)):
        assert colours.contrast(scheme["on-accent"], scheme["accent"]) >= colours.TEXT
        for name, least in (
            ("text", colours.TEXT),
            ("muted", colours.TEXT),
            ("wrong", colours.TEXT),
            ("edge", 3),
        ):
            assert colours.contrast(scheme[name], scheme["card"]) >= least
            assert colours.contrast(scheme[name], scheme["page"]) >= least


def test_good_colours_stay_as_they_are() -> None:
    """Nothing of the default brand's text is touched, and a weak one is only moved as far as it must be."""
    brand = Colours()
    scheme = colours.light(brand)
    assert [scheme[name] for name in ("text", "accent", "on-accent")] == [
        brand.text,
        brand.accent,
        brand.on_accent,
    ]
    weak = colours.light(Colours(accent="#f2c14e", on_accent="#ffffff"))
    assert weak["accent"] == "#f2c14e"
    assert colours.contrast(weak["on-accent"], weak["accent"]) < 7


def test_a_form_is_read_as_browsers_send_it() -> None:
    """Fields by name, lists where one comes more than once; text is tidied, and kept for showing again."""
    form = fields.read(
        f"{URLENCODED}; charset=utf-8", b"a=1&b=x+y&b=%ED%95%9C%EA%B8%80&c=&d=+one%0D%0Atwo%00%E2%80%AE+"
    )
    assert form == {"a": "1", "b": ["x y", "한글"], "c": "", "d": " one\r\ntwo\x00\u202e "}
    assert fields.text(form, "d") == "one\ntwo"
    assert fields.line(form, "d") == "one two"
    assert fields.text(form, "b") == "한글"
    assert (fields.text(form, "x"), fields.line(form, "x"), fields.many(form, "x")) == ("", "", [])
    assert (fields.many(form, "a"), fields.many(form, "b")) == (["1"], ["x y", "한글"])
    assert list(fields.pairs({"a": "1", "b": ["x", "y"]})) == [("a", "1"), ("b", "x"), ("b", "y")]
    assert fields.read("", b"") == {}


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("multipart/form-data; boundary=x", b"--x", BadInput),
        ("application/json", b"{}", BadInput),
        (URLENCODED, "a=ü".encode(), BadInput),
        (URLENCODED, b"\xff", BadInput),
        (URLENCODED, b"a=1&" * 200, BadInput),
        (URLENCODED, b"a" * (fields.MOST_BYTES + 1), TooLarge),
    ],
)
def test_what_is_no_form_is_refused(kind: str, body: bytes, error: type[BadInput]) -> None:
    """By its kind, its bytes, the number of its fields or its size."""
    with pytest.raises(error):
        fields.read(kind, body)


@given(body=st.text(string.printable, max_size=300).map(str.encode))
@settings(derandomize=True)
def test_no_body_does_harm(body: bytes) -> None:
    """It is a form or refused, and never another error."""
    try:
        form = fields.read(URLENCODED, body)
    except BadInput:
        return
    assert all(isinstance(fields.text(form, name), str) for name in form)


def test_a_visitor_has_a_name_for_a_day() -> None:
    """So that a flood from one address can be told, and nobody be followed."""
    keys = {"k1": b"secret"}
    name = visitor("192.0.2.7", NOW, keys)
    assert name == visitor("192.0.2.7", NOW.replace(hour=23), keys)
    assert len({name, visitor("192.0.2.8", NOW, keys), visitor("192.0.2.7", NOW.replace(day=11), keys)}) == 3
    assert "192" not in name
    assert (visitor("", NOW, keys), visitor("192.0.2.7", NOW, {})) == ("", "")


def test_the_focus_is_seen_by_every_browser() -> None:
    """The outline moves from a control to the box around it only where browsers can draw it there."""
    css = environment().get_template("base.css.j2").render(shop=SHOP, language="en", light={}, dark={})
    before, supported = css.split("@supports selector(:has(*)) {")
    inside, after = supported.split("\n}\n", 1)
    assert "outline: none" in inside
    assert ":has(:focus-visible) { outline: 3px" in inside
    assert "outline: none" not in before + after
