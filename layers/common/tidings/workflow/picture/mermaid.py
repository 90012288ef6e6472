"""A workflow as Mermaid text, for tools that draw themselves: GitHub, wikis, editors."""

from collections.abc import Iterator
from typing import Final

from tidings.workflow.model import Workflow
from tidings.workflow.picture.boxes import Box
from tidings.workflow.picture.layout import Edge, Picture, lay_out

_SHAPES: Final = {
    "trigger": ('(["', '"])'),
    "wait": ('("', '")'),
    "if": ('{{"', '"}}'),
    "split": ('{{"', '"}}'),
    "wait_for": ('{{"', '"}}'),
    "set": ('[/"', '"/]'),
    "exit": ('(["', '"])'),
    "done": ('(["', '"])'),
    "holdout": ('(["', '"])'),
}
"""How each kind is framed; a mail by square brackets."""

_SIGNS: Final = frozenset('#&<>"{}[]()|;`')


def mermaid(workflow: Workflow) -> str:
    """The flowchart of a workflow: the boxes and ways of its picture."""
    picture = lay_out(workflow)
    names = {box.id: f"n{at}" for at, box in enumerate(picture.boxes)}
    lines = [
        "---",
        f'title: "{_plain(workflow.name)}"',
        "---",
        "flowchart TD",
        *(f"  {names[box.id]}{_framed(box)}" for box in picture.boxes),
        *(f"  {line}" for line in _ways(picture, names)),
    ]
    return "\n".join(lines) + "\n"


def _framed(box: Box) -> str:
    before, after = _SHAPES.get(box.card.kind, ('["', '"]'))
    rows = [f"{row.label}: {' '.join(text.words for text in row.texts)}" for row in box.card.rows]
    kicker = [box.card.kicker] if box.card.kicker else []
    words = [*kicker, *(text.words for text in box.card.texts), *rows]
    return f"{before}{'<br>'.join(_plain(each) for each in words)}{after}"


def _ways(picture: Picture, names: dict[str, str]) -> Iterator[str]:
    for edge in picture.edges:
        words = picture.words(edge)
        label = f'|"{_plain(words)}"|' if words else ""
        yield f"{names[edge.source]} {_arrow(edge)}{label} {names[edge.target]}"


def _arrow(edge: Edge) -> str:
    return "-.->" if edge.target == "holdout" else "-->"


def _plain(words: str) -> str:
    """Words that Mermaid takes for nothing but words."""
    return "".join(f"#{ord(each)};" if each in _SIGNS else each for each in words)
