"""A card set in type: its lines broken, each with its place inside the box."""

from dataclasses import dataclass
from typing import Final

from tidings.workflow.picture import cards
from tidings.workflow.picture.cards import Card
from tidings.workflow.picture.measure import (
    KICKER,
    LABEL,
    PILL,
    TINY,
    VALUE,
    Style,
    width,
    wrap,
)

CARD: Final = 288
HEAD: Final = 368
PILL_MOST: Final = 340
PAD: Final = 14
TILE: Final = 36
"""The coloured square that holds a card's icon."""

LABELS: Final = 64
"""The width of the labels of a card's rows."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; (x, y) is where its baseline begins, from the box's corner."""

    text: str
    style: Style
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A card at its place. `rules` are the heights of thin lines across it."""

    id: str
    card: Card
    x: float
    y: float
    width: float
    height: float
    lines: tuple[Line, ...]
    rules: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A card set in type, without a place yet."""

    id: str
    card: Card
    width: float
    height: float
    lines: tuple[Line, ...]
    rules: tuple[float, ...] = ()

    def at(self, x: float, y: float) -> Box:
        """The box with its upper left corner there."""
        return Box(self.id, self.card, x, y, self.width, self.height, self.lines, self.rules)


def make(name: str, card: Card) -> Made:
    """The box of a card."""
    return _pill(name, card) if card.pill else _card(name, card)


def _pill(name: str, card: Card) -> Made:
    room = PILL_MOST - 54
    texts = [line for text in card.texts for line in wrap(text.words, text.style, room)]
    tail = "".join(f" · {value} {label}" for label, value in card.figures)
    texts = wrap(f"{' '.join(texts)}{tail}", PILL, room)
    lines = [Line(text, PILL, 38, 23 + at * PILL.height) for at, text in enumerate(texts)]
    across = 54 + max(width(text, PILL) for text in texts)
    return Made(name, card, across, 36 + (len(texts) - 1) * PILL.height, tuple(lines))


def _card(name: str, card: Card) -> Made:
    across = HEAD if card.kind == cards.TRIGGER else CARD
    x = PAD + TILE + 12
    y = float(PAD)
    lines = [Line(card.kicker, KICKER, x, y + 11)]
    y += KICKER.height + 1
    for text in card.texts:
        for words in wrap(text.words, text.style, across - x - PAD, text.most):
            lines.append(Line(words, text.style, x, y + text.style.height - 5))
            y += text.style.height
    y = max(y, PAD + TILE)
    rules = []
    if card.rows:
        y += 10
        rules.append(y)
        y += 8
        for row in card.rows:
            lines.append(Line(row.label, LABEL, PAD, y + 13))
            for text in row.texts:
                for words in wrap(text.words, text.style, across - PAD - LABELS - PAD):
                    lines.append(Line(words, text.style, PAD + LABELS, y + 13))
                    y += text.style.height
            y += 2
        y -= 4
    if card.figures:
        y += 10
        rules.append(y)
        y += 8
        step = (across - 2 * PAD) / len(card.figures)
        for at, (label, value) in enumerate(card.figures):
            lines.append(Line(value, VALUE, PAD + at * step, y + 14))
            lines.append(Line(label, TINY, PAD + at * step, y + 14 + TINY.height))
        y += VALUE.height + TINY.height - 2
    return Made(name, card, across, round(y + PAD), tuple(lines), tuple(rules))
