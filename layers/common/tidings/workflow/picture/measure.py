"""How wide text is, roughly, and where it breaks. No font is asked: the reader's is not known."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_HELVETICA: Final = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556,
    833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500,
    556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500,
    334, 260, 334, 584,
)  # fmt: skip
"""Thousandths of the size, from the space on."""

_SPARE: Final = 1.13
"""Other sans-serif fonts are wider than Helvetica; bold ones and DejaVu most."""

_MONO: Final = 0.615


@dataclass(frozen=True, slots=True)
class Style:
    """How a line of text looks: the class that draws it, its size and the height of its line."""

    name: str
    size: float
    height: float
    mono: bool = False


KICKER: Final = Style("kicker", 11, 15)
TITLE: Final = Style("title", 14.5, 20)
CODE: Final = Style("code", 12.5, 18, mono=True)
SOFT: Final = Style("soft", 12.5, 18)
LABEL: Final = Style("label", 12, 18)
PILL: Final = Style("pill", 13, 18)
NAME: Final = Style("name", 21, 28)
VALUE: Final = Style("value", 14.5, 19)
TINY: Final = Style("tiny", 11, 15)


def width(text: str, style: Style) -> float:
    """About how wide a text is; rather too wide than too narrow."""
    return sum(_character(each, style.mono) for each in text) * style.size


def wrap(text: str, style: Style, room: float, most: int = 0) -> list[str]:
    """The lines of a text that may be `room` wide: broken at spaces, else inside a word; at most `most` of them."""
    lines: list[str] = []
    here = ""
    for word in _words(text, style, room):
        together = f"{here} {word}" if here else word
        if here and width(together, style) > room:
            lines.append(here)
            here = word
        else:
            here = together
    if here:
        lines.append(here)
    if most and len(lines) > most:
        last = lines[most - 1]
        while last and width(f"{last}…", style) > room:
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last.rstrip()}…"]
    return lines


def _words(text: str, style: Style, room: float) -> Iterator[str]:
    for word in text.split():
        rest = word
        while width(rest, style) > room and len(rest) > 1:
            end = len(rest) - 1
            while end > 1 and width(rest[:end], style) > room:
                end -= 1
            yield rest[:end]
            rest = rest[end:]
        yield rest


@lru_cache(maxsize=2048)
def _character(character: str, mono: bool) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if unicodedata.combining(character):
        return 0
    if mono:
        return _MONO
    at = ord(character) - 32
    return (_HELVETICA[at] / 1000 if 0 <= at < len(_HELVETICA) else 0.62) * _SPARE
