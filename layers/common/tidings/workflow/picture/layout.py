"""Where everything stands: cards below each other, branches side by side that join again. Two passes: how much
room each part needs, then where it goes. Units are pixels; the same workflow gives the same picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tidings.workflow.graph import NEXT, graph, step_ids
from tidings.workflow.model import ExitStep, Place, SendStep, Step, Workflow, branches_of
from tidings.workflow.picture import cards
from tidings.workflow.picture.boxes import Box, Made, make
from tidings.workflow.picture.cards import Figures
from tidings.workflow.picture.measure import LABEL, NAME, SOFT, width, wrap

MARGIN: Final = 28
GAP: Final = 30
"""Between two boxes below each other."""

APART: Final = 36
"""Between two branches."""

BEND: Final = 20
"""How far below a box its ways part, and below branches they join."""

TAG: Final = 24
"""The height of the words on a branch."""

NARROW: Final = 110
"""The least width of a branch."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one box to another: from `source` by its `branch`, through `points`."""

    source: str
    branch: str
    target: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Tag:
    """The words on a branch of a box, in a frame whose upper left corner is (x, y)."""

    source: str
    branch: str
    x: float
    y: float
    width: float
    text: str
    tone: str
    height: float = TAG


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn. `heading` is the name's lines, `about` those below it."""

    width: float
    height: float
    heading: tuple[str, ...]
    about: tuple[str, ...]
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    tags: tuple[Tag, ...]

    def box(self, box_id: str) -> Box:
        """The box of this id. Raises StopIteration when there is none."""
        return next(each for each in self.boxes if each.id == box_id)

    def words(self, edge: Edge) -> str:
        """What stands on a way; mostly nothing."""
        return next(
            (tag.text for tag in self.tags if (tag.source, tag.branch) == (edge.source, edge.branch)), ""
        )


def lay_out(
    workflow: Workflow, figures: Figures | None = None, subjects: Mapping[str, str] | None = None
) -> Picture:
    """The picture of a workflow, with figures to carry and its mails' subjects where they are known."""
    return _Layout(workflow, figures or Figures(), subjects or {}).picture()


@dataclass(slots=True)
class _Column:
    """Steps below each other. `left` and `right` are the room needed beside their common axis."""

    items: list["_Item"]
    left: float = 0
    right: float = 0


@dataclass(slots=True)
class _Item:
    """A box, and the branches that it leads to: by name, each with the words on it."""

    made: Made
    sides: list[tuple[str, tuple[str, str], _Column]] = field(default_factory=list)
    left: float = 0
    right: float = 0

    def axes(self) -> list[float]:
        """Where each side's axis lies, from the item's own."""
        at, found = 0.0, []
        for _, _, column in self.sides:
            found.append(at + column.left)
            at += column.left + column.right + APART
        middle = (found[0] + found[-1]) / 2
        return [each - middle for each in found]


@dataclass(frozen=True, slots=True)
class _Tail:
    """A way that has not arrived yet."""

    source: str
    branch: str
    points: tuple[Point, ...]

    def via(self, *points: Point) -> "_Tail":
        return _Tail(self.source, self.branch, (*self.points, *points))


@dataclass(slots=True)
class _Layout:
    workflow: Workflow
    figures: Figures
    subjects: Mapping[str, str]
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    ids: dict[Place, str] = field(default_factory=dict)

    def picture(self) -> Picture:
        self.ids = step_ids(self.workflow)
        head = make(cards.TRIGGER, self._carrying(cards.TRIGGER, cards.trigger_card(self.workflow)))
        body = self._column(self.workflow.steps, ("steps",))
        held = None
        if self.workflow.holdout:
            held = make(cards.HOLDOUT, self._carrying(cards.HOLDOUT, cards.holdout_card(self.workflow)))
        left = max(body.left, head.width / 2)
        right = max(body.right, head.width / 2, APART + held.width if held else 0)
        axis, across = MARGIN + left, left + right
        name = wrap(self.workflow.name, NAME, across)
        about = wrap(cards.about(self.workflow), SOFT, across)
        top = MARGIN + len(name) * NAME.height + len(about) * SOFT.height + 16
        y, tails = self._box(head, axis, top, [])
        if held:
            y = self._held_out(held, axis, y)
        y, tails = self._place(body, axis, y, tails)
        y, tails = _join(axis, y, tails)
        if tails:
            done = make(cards.DONE, self._carrying(cards.DONE, cards.done_card()))
            y, _ = self._box(done, axis, y + GAP, tails)
        return Picture(
            across + 2 * MARGIN,
            y + MARGIN,
            tuple(name),
            tuple(about),
            tuple(self.boxes),
            tuple(self.edges),
            tuple(self.tags),
        )

    # ---- how much room ----

    def _column(self, steps: tuple[Step, ...], place: Place) -> _Column:
        column = _Column([])
        for at, step in enumerate(steps):
            item = self._item(step, (*place, at))
            column.items.append(item)
            column.left, column.right = max(column.left, item.left), max(column.right, item.right)
            if not self._goes_on(item):
                break
        return column

    def _item(self, step: Step, place: Place) -> _Item:
        name = self.ids.get(place) or ".".join(
            ("exit" if isinstance(step, ExitStep) else "wait", *map(str, place))
        )
        subject = self.subjects.get(step.mail, "") if isinstance(step, SendStep) else ""
        card = self._carrying(name, cards.step_card(step, self.ids.get(place, ""), subject))
        waiting = self.figures.waiting.get(self._waits_for().get(place, ""))
        made = make(name, card.carrying([("waiting", waiting)]) if waiting else card)
        item = _Item(made, left=made.width / 2, right=made.width / 2)
        inside = branches_of(step)
        if isinstance(step, SendStep) and inside:
            inside = {NEXT: ((), ()), **inside}
        for branch, (inner, nested) in inside.items():
            words, tone = cards.branch_words(step, branch)
            count = self.figures.branches.get((name, branch))
            words = f"{words} · {count}" if count else words
            column = self._column(nested, (*place, *inner))
            least = max(NARROW, width(words, LABEL) + 2 * 12) / 2
            column.left, column.right = max(column.left, least), max(column.right, least)
            item.sides.append((branch, (words, tone), column))
        if item.sides:
            axes = item.axes()
            item.left = max(item.left, item.sides[0][2].left - axes[0])
            item.right = max(item.right, item.sides[-1][2].right + axes[-1])
        return item

    def _goes_on(self, item: _Item) -> bool:
        """Whether anything can follow: not after an exit, nor when all branches end so."""
        if item.made.card.kind == "exit":
            return False
        return not item.sides or any(
            not column.items or self._goes_on(column.items[-1]) for _, _, column in item.sides
        )

    def _waits_for(self) -> dict[Place, str]:
        """By the place of a wait, the node that it is the last before."""
        found: dict[Place, str] = {}
        for node in graph(self.workflow).values():
            *outer, at = node.place
            if node.waits and isinstance(at, int):
                found[(*outer, at if node.is_pause else at - 1)] = node.id
        return found

    def _carrying(self, name: str, card: cards.Card) -> cards.Card:
        return card.carrying(self.figures.steps.get(name, ()))

    # ---- where it goes ----

    def _place(self, column: _Column, axis: float, y: float, tails: list[_Tail]) -> tuple[float, list[_Tail]]:
        for at, item in enumerate(column.items):
            y, tails = self._box(item.made, axis, y + GAP, tails)
            if item.sides:
                y, tails = self._fork(item, axis, y)
                if at < len(column.items) - 1:
                    y, tails = _join(axis, y, tails)
        return y, tails

    def _box(self, made: Made, axis: float, y: float, tails: list[_Tail]) -> tuple[float, list[_Tail]]:
        box = made.at(axis - made.width / 2, y)
        self.boxes.append(box)
        for tail in tails:
            self.edges.append(Edge(tail.source, tail.branch, box.id, (*tail.points, (axis, y))))
        bottom = y + box.height
        ends = made.card.kind in ("exit", cards.DONE)
        return bottom, [] if ends else [_Tail(box.id, NEXT, ((axis, bottom),))]

    def _fork(self, item: _Item, axis: float, y: float) -> tuple[float, list[_Tail]]:
        """The branches of an item whose box ends at `y`; their ways stay apart until something follows."""
        part, lowest = y + BEND, y
        ended: list[_Tail] = []
        for (branch, (words, tone), column), away in zip(item.sides, item.axes(), strict=True):
            side = axis + away
            across = width(words, LABEL) + 2 * 12
            self.tags.append(Tag(item.made.id, branch, side - across / 2, part + 12, across, words, tone))
            tail = _Tail(item.made.id, branch, ((axis, y), (axis, part), (side, part)))
            bottom, tails = self._place(column, side, part + 12 + TAG - 6, [tail])
            lowest = max(lowest, bottom)
            ended += tails
        return lowest, ended

    def _held_out(self, held: Made, axis: float, y: float) -> float:
        """The customers kept out leave to the right, just below the trigger."""
        middle = y + BEND + held.height / 2
        box = held.at(axis + APART, y + BEND)
        self.boxes.append(box)
        self.edges.append(Edge(cards.TRIGGER, cards.HOLDOUT, box.id, ((axis, middle), (box.x, middle))))
        return middle + held.height / 2 - 8


def _join(axis: float, y: float, tails: list[_Tail]) -> tuple[float, list[_Tail]]:
    """Bring ways together on an axis below `y`; there is nothing to do for those that are there."""
    if all(tail.points[-1][0] == axis for tail in tails):
        return y, tails
    join = y + BEND
    return join, [tail.via((tail.points[-1][0], join), (axis, join)) for tail in tails]
