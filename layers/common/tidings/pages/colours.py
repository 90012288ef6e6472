"""Colours that can be read: the shop's own, mended where they fall short of WCAG 2.2 AA. Pure."""

from collections.abc import Mapping
from typing import Final

from tidings.shop import Colours

TEXT: Final = 4.5
"""Contrast of text with its ground."""

EDGE: Final = 3.0
"""Contrast of what outlines a control, or marks the focus."""

_DARK: Final = {
    "page": "#1b1a18",
    "card": "#262422",
    "text": "#efebe4",
    "muted": "#b3aca1",
    "line": "#3b3834",
}
_WRONG: Final = ("#a3261d", "#ff9a8f")
"""Of mistakes, on light ground and on dark."""


def contrast(one: str, other: str) -> float:
    """The contrast of two colours `#rrggbb` as WCAG counts it: 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, *grounds: str, least: float = TEXT) -> str:
    """The colour, or the nearest towards black or white that stands out from all the grounds."""
    if all(contrast(colour, ground) >= least for ground in grounds):
        return colour
    pole = _pole(*grounds)
    steps = (_mixed(colour, pole, step / 20) for step in range(1, 21))
    return next((each for each in steps if all(contrast(each, g) >= least for g in grounds)), pole)


def light(brand: Colours) -> Mapping[str, str]:
    """The brand on its own ground."""
    return _scheme(brand.model_dump(exclude={"on_accent"}), brand.on_accent, _WRONG[0])


def dark(brand: Colours) -> Mapping[str, str]:
    """The brand's accent on dark ground."""
    accent = readable(brand.accent, _DARK["card"], least=EDGE)
    return _scheme({**_DARK, "accent": accent}, brand.on_accent, _WRONG[1])


def _scheme(told: Mapping[str, str], on_accent: str, wrong: str) -> Mapping[str, str]:
    page, card = told["page"], told["card"]
    if any(contrast(_pole(page, card), each) < TEXT for each in (page, card)):
        page = card  # no one colour can be read on both
    grounds = page, card
    return {
        **told,
        "page": page,
        "text": readable(told["text"], *grounds),
        "muted": readable(told["muted"], *grounds),
        "edge": readable(told["line"], *grounds, least=EDGE),
        "focus": readable(told["accent"], *grounds, least=EDGE),
        "on-accent": readable(on_accent, told["accent"]),
        "wrong": readable(wrong, *grounds),
    }


def _pole(*grounds: str) -> str:
    """Black or white, whichever stands out more from all the grounds."""
    return max(("#000000", "#ffffff"), key=lambda each: min(contrast(each, ground) for ground in grounds))


def _luminance(colour: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in bytes.fromhex(colour[1:]))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mixed(colour: str, pole: str, share: float) -> str:
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(pole[1:]), strict=True)
    return "#" + bytes(round(one + (other - one) * share) for one, other in pairs).hex()
