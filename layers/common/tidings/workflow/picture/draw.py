"""How a picture looks: SVG without scripts or fonts from elsewhere, light or dark as the reader likes it."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

from tidings.workflow.model import Workflow
from tidings.workflow.picture.boxes import PAD, TILE, Box
from tidings.workflow.picture.cards import Figures
from tidings.workflow.picture.layout import MARGIN, Edge, Picture, Point, Tag, lay_out
from tidings.workflow.picture.measure import NAME, SOFT
from tidings.workflow.picture.outline import outline

ROOT: Final = "tidings-map"

ICONS: Final = {
    "trigger": "M11 2.5 4.5 11.5h5L9 17.5l6.5-9h-5z",
    "send": "M3 5h14v10.5H3zM3.5 6l6.5 5 6.5-5",
    "wait": "M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14zM10 6.2v4l2.8 1.7",
    "if": "M10 2.8v4.2M10 7c0 5-5.5 3.5-5.5 10M10 7c0 5 5.5 3.5 5.5 10",
    "split": "M3 6h2.5c4.5 0 4.5 8 9 8H17M3 14h2.5c4.5 0 4.5-8 9-8H17M15 4l2 2-2 2M15 12l2 2-2 2",
    "set": "M3.5 3.5h6l7 7-6 6-7-7zM7 7h.01",
    "wait_for": "M5 3h10M5 17h10M6.5 3c0 4 3.5 4.5 3.5 7c0-2.5 3.5-3 3.5-7M6.5 17c0-4 3.5-4.5 3.5-7c0 2.5 3.5 3 3.5 7",
    "exit": "M8.5 3.5H4v13h4.5M8.5 10H17M13.5 6.5 17 10l-3.5 3.5",
    "done": "M4 10.5l4 4 8-9",
    "holdout": "M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14zM5.2 5.2l9.6 9.6",
}

_HUES: Final = {
    "trigger": ("#2f6b5e", "#83c7b6"),
    "send": ("#3b5f9c", "#97b7ef"),
    "wait": ("#8a6a12", "#d9bf62"),
    "if": ("#6a4ba0", "#c2a8f0"),
    "split": ("#9a3d6b", "#e695bd"),
    "set": ("#5c6a2a", "#b7c67e"),
    "wait_for": ("#2c7184", "#84c5d8"),
    "exit": ("#a8481f", "#ee9a70"),
    "done": ("#3f7a4a", "#86c08f"),
    "holdout": ("#6d685e", "#aaa497"),
}
"""The colour of each kind, on light ground and on dark."""

_INK: Final = {
    "ground": ("#f6f4ef", "#171b1a"),
    "dot": ("#dcd7cb", "#2b322f"),
    "paper": ("#ffffff", "#242b29"),
    "edge": ("#d8d2c5", "#414c48"),
    "ink": ("#1f2a27", "#e7ebe8"),
    "soft": ("#5b645f", "#a9b3ae"),
    "way": ("#9c968a", "#6d7873"),
    "yes": ("#3f7a4a", "#86c08f"),
    "no": ("#a8481f", "#ee9a70"),
}

_SANS: Final = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif'
_MONO: Final = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace'


def svg(workflow: Workflow, figures: Figures | None = None, subjects: Mapping[str, str] | None = None) -> str:
    """The workflow as SVG, the same text for the same workflow.

    `figures` are numbers to carry, `subjects` the mails' subjects by mail. Several pictures may stand on one page.
    """
    picture = lay_out(workflow, figures, subjects)
    wide, high = _number(picture.width), _number(picture.height)
    name = f"map-{workflow.id}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{ROOT}" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" role="img" aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{escape(workflow.name, quote=False)}</title>',
        f'<desc id="{name}-desc">{escape(outline(workflow), quote=False)}</desc>',
        f"<style>{_style()}</style>",
        f'<defs><pattern id="{name}-dots" width="20" height="20" patternUnits="userSpaceOnUse">'
        '<circle class="dot" cx="10" cy="10" r="1"/></pattern></defs>',
        f'<rect class="ground" width="{wide}" height="{high}" rx="14"/>',
        f'<rect fill="url(#{name}-dots)" width="{wide}" height="{high}" rx="14"/>',
        *_heading(picture),
        *(_edge(each) for each in picture.edges),
        *_tips(picture),
        *(_tag(each) for each in picture.tags),
        *(part for each in picture.boxes for part in _box(each)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _heading(picture: Picture) -> Iterator[str]:
    y = float(MARGIN)
    for line in picture.heading:
        y += NAME.height
        yield _text(line, NAME.name, MARGIN, y - 7)
    for line in picture.about:
        y += SOFT.height
        yield _text(line, SOFT.name, MARGIN, y - 4)


def _box(box: Box) -> Iterator[str]:
    kind = box.card.kind
    yield f'<g class="{kind}" transform="translate({_number(box.x)} {_number(box.y)})">'
    if box.card.pill:
        radius = 18
        yield f'<rect class="paper" width="{_number(box.width)}" height="{_number(box.height)}" rx="{radius}"/>'
        place = f"translate(13 {_number(box.height / 2 - 9)}) scale(.9)"
        yield f'<path class="icon" transform="{place}" d="{ICONS[kind]}"/>'
    else:
        yield f'<rect class="paper" width="{_number(box.width)}" height="{_number(box.height)}" rx="12"/>'
        yield f'<rect class="tile" x="{PAD}" y="{PAD}" width="{TILE}" height="{TILE}" rx="9"/>'
        yield f'<path class="icon" transform="translate({PAD + 8} {PAD + 8})" d="{ICONS[kind]}"/>'
    for rule in box.rules:
        yield f'<path class="rule" d="M{PAD} {_number(rule)}H{_number(box.width - PAD)}"/>'
    for line in box.lines:
        yield _text(line.text, line.style.name, line.x, line.y)
    yield "</g>"


def _tag(tag: Tag) -> str:
    at = f'x="{_number(tag.x)}" y="{_number(tag.y)}"'
    frame = f'<rect class="frame" {at} width="{_number(tag.width)}" height="{_number(tag.height)}" rx="12"/>'
    return f'<g class="tag {tag.tone}">{frame}{_text(tag.text, "label", tag.x + 12, tag.y + 16)}</g>'


def _text(words: str, style: str, x: float, y: float) -> str:
    return f'<text class="{style}" x="{_number(x)}" y="{_number(y)}">{escape(words, quote=False)}</text>'


def _edge(edge: Edge) -> str:
    held = ' class="way aside"' if edge.target == "holdout" else ' class="way"'
    return f'<path{held} d="{_rounded(_plain(edge.points))}"/>'


def _tips(picture: Picture) -> Iterator[str]:
    """An arrow's head for each box that is led to."""
    for x, y in sorted(
        {edge.points[-1] for edge in picture.edges if edge.target != "holdout"}, key=lambda at: at[::-1]
    ):
        yield f'<path class="tip" d="M{_number(x - 4.5)} {_number(y - 7)}h9L{_number(x)} {_number(y)}z"/>'


def _plain(points: tuple[Point, ...]) -> list[Point]:
    """The corners only: no point twice, none in the middle of a line."""
    found: list[Point] = []
    for point in points:
        if found and point == found[-1]:
            continue
        if len(found) > 1 and any(found[-2][axis] == found[-1][axis] == point[axis] for axis in (0, 1)):
            found.pop()
        found.append(point)
    return found


def _rounded(points: list[Point], radius: float = 10) -> str:
    parts = [f"M{_number(points[0][0])} {_number(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        turn = min(radius, _length(before, corner) / 2, _length(corner, after) / 2)
        enter, leave = _toward(corner, before, turn), _toward(corner, after, turn)
        parts.append(f"L{_pair(enter)}Q{_pair(corner)} {_pair(leave)}")
    parts.append(f"L{_pair(points[-1])}")
    return "".join(parts)


def _length(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _toward(point: Point, other: Point, far: float) -> Point:
    whole = _length(point, other) or 1
    return point[0] + (other[0] - point[0]) * far / whole, point[1] + (other[1] - point[1]) * far / whole


def _pair(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def _style() -> str:
    """The rules, below the picture's own class so that a page around it stays as it is."""
    fixed = [
        f"text{{font:12.5px {_SANS}}}",
        "text.name{font-size:21px;font-weight:650;letter-spacing:-.01em}",
        "text.title{font-size:14.5px;font-weight:600}",
        "text.kicker{font-size:11px;font-weight:650;letter-spacing:.03em}",
        f"text.code{{font:12.5px {_MONO}}}",
        "text.label{font-size:12px;font-weight:550}",
        "text.pill{font-size:13px;font-weight:550}",
        "text.value{font-size:14.5px;font-weight:650;font-variant-numeric:tabular-nums}",
        "text.tiny{font-size:11px}",
        ".way{fill:none;stroke-width:1.6}",
        ".aside{stroke-dasharray:4 4}",
        ".icon{fill:none;stroke-width:1.7;stroke-linecap:round;stroke-linejoin:round}",
        ".tile{fill-opacity:.13}",
    ]
    light, dark = (list(_colours(at)) for at in (0, 1))
    rules = "".join(f".{ROOT} {rule}" for rule in [*fixed, *light])
    return f"{rules}@media(prefers-color-scheme:dark){{{''.join(f'.{ROOT} {rule}' for rule in dark)}}}"


def _colours(at: int) -> Iterator[str]:
    ink = {name: pair[at] for name, pair in _INK.items()}
    yield f".ground{{fill:{ink['ground']};stroke:{ink['edge']}}}"
    yield f".dot{{fill:{ink['dot']}}}"
    yield f".paper{{fill:{ink['paper']};stroke:{ink['edge']}}}"
    yield f".frame{{fill:{ink['ground']};stroke:{ink['edge']}}}"
    yield f".rule{{stroke:{ink['edge']}}}"
    yield f"text{{fill:{ink['ink']}}}"
    for name in ("soft", "label", "tiny"):
        yield f"text.{name}{{fill:{ink['soft']}}}"
    yield f".way{{stroke:{ink['way']}}}"
    yield f".tip{{fill:{ink['way']}}}"
    for tone in ("yes", "no"):
        yield f".{tone} text.label{{fill:{ink[tone]}}}"
        yield f".{tone} .frame{{stroke:{ink[tone]};stroke-opacity:.45}}"
    for kind, hues in _HUES.items():
        yield f".{kind} .icon{{stroke:{hues[at]}}}"
        yield f".{kind} .tile,.{ROOT} .{kind} text.kicker{{fill:{hues[at]}}}"
