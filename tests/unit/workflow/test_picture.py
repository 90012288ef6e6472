"""The picture of a workflow: everything is on it, nothing lies over something else, every reader can read it."""

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.preview.map import draw, stale
from tidings.workflow.graph import NEXT, graph
from tidings.workflow.model import SetStep, Workflow
from tidings.workflow.picture import Figures, Picture, lay_out, mermaid, outline, svg
from tidings.workflow.picture.measure import CODE, SOFT, TITLE, width, wrap

ROOT = Path(__file__).parents[3]
SVG = "{http://www.w3.org/2000/svg}"


def workflow(*steps: dict[str, Any], **more: Any) -> Workflow:
    """A workflow of these steps."""
    return Workflow.model_validate(
        {"id": "w", "name": "W", "trigger": {"event": "checkout_started"}, "steps": steps, **more}
    )


ALL: tuple[dict[str, Any], ...] = (
    {"wait": "1 hour"},
    {"send": "reminder", "test": ["question", "urgency"]},
    {"wait": {"for": "1 day", "then_at": "10:00"}},
    {
        "if": "event.total >= 100 and not in_segment('vip')",
        "then": [
            {
                "send": "offer",
                "coupon": "comeback-10",
                "expires": "1 day",
                "else": [{"send": "offer", "id": "plain"}],
            }
        ],
        "else": [{"wait": {"until": "tuesday", "at": "10:00"}}],
    },
    {
        "split": [
            {"name": "a", "share": "50%", "steps": [{"send": "third"}, {"wait": "2 days"}]},
            {
                "name": "b",
                "share": "30%",
                "steps": [{"set": {"tag": "cat"}}, {"if": "event.url", "then": [{"exit": True}]}],
            },
            {"name": "control", "share": "20%"},
        ]
    },
    {"wait": {"for": "4 hours", "after_last": "product_viewed"}},
    {
        "wait_for": {"event": "checkout_updated", "where": "arrived.total > 0", "at_most": "2 days"},
        "arrived": [{"send": "still-there"}],
        "timed_out": [{"exit": True}],
    },
    {"wait": {"until": "event.date", "offset": "-1 day", "at": "09:00"}},
    {"set": {"field": "size", "to": "event.items[0].variant"}},
)
"""Every word of the language."""

RULES: dict[str, Any] = {
    "trigger": {"event": "checkout_started", "where": "event.total > 0"},
    "topic": "reminders",
    "reentry": "7 days",
    "exit": [{"event": "order_placed"}, {"event": "unsubscribed", "where": "arrived.id != event.id"}],
    "goal": {"event": "order_placed", "within": "5 days"},
    "holdout": "10%",
}


# ---- workflows by chance ----

_WAITS = st.sampled_from(
    [{"wait": "1 hour"}, {"wait": {"until": "event.date", "offset": "-1 day"}}, {"wait": "2 days"}]
)
_CONDITIONS = st.sampled_from(
    ["event.url", "event.total > 0 and customer.orders_count >= 1 or " * 9 + "true"]
)
_SENDS = st.fixed_dictionaries({"send": st.sampled_from(["a", "a-mail-with-a-very-very-very-long-name"])})
_SETS = st.just({"set": {"tag": "猫と暮らしている人" * 4}})


def _more(steps: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(steps, max_size=3)
    some = st.lists(steps, min_size=1, max_size=3)
    share = st.tuples(lists, lists, lists).map(
        lambda sides: {
            "split": [{"name": f"side-{at}", "share": "30%", "steps": each} for at, each in enumerate(sides)]
        }
    )
    return st.one_of(
        st.builds(lambda on, yes, no: {"if": on, "then": yes, "else": no}, _CONDITIONS, some, lists),
        st.builds(lambda other: {"send": "coupon", "else": other}, some),
        st.builds(
            lambda yes, no: {
                "wait_for": {"event": "order_placed", "at_most": "2 days"},
                "arrived": yes,
                "timed_out": no,
            },
            lists,
            lists,
        ),
        share,
    )


_STEPS = st.recursive(st.one_of(_SENDS, _SENDS, _WAITS, _SETS, st.just({"exit": True})), _more, max_leaves=14)


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    """Any workflow that could be written, sensible or not; every mail's step has a name of its own."""
    steps = draw(st.lists(_STEPS, min_size=1, max_size=5))
    counter = itertools.count()

    def named(each: Any) -> Any:
        if isinstance(each, list):
            return [named(inner) for inner in each]
        if not isinstance(each, dict):
            return each
        copy = {key: named(value) for key, value in each.items()}
        return {**copy, "id": f"s{next(counter)}"} if "send" in copy else copy

    return workflow(*named(steps), holdout=draw(st.sampled_from(["0%", "10%"])))


# ---- what must hold ----


def overlaps(picture: Picture) -> list[tuple[str, str]]:
    """Pairs of boxes and words that lie over each other."""
    boxes = [(each.id, each.x, each.y, each.width, each.height) for each in picture.boxes]
    tags = [(each.text, each.x, each.y, each.width, each.height) for each in picture.tags]
    return [
        (one[0], other[0])
        for one, other in itertools.combinations([*boxes, *tags], 2)
        if one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
        and one[2] < other[2] + other[4]
        and other[2] < one[2] + one[4]
    ]


def crossings(picture: Picture) -> list[tuple[str, str]]:
    """Ways that lead through a box."""
    return [
        (f"{edge.source} to {edge.target}", box.id)
        for edge in picture.edges
        for (x, y), (to_x, to_y) in itertools.pairwise(edge.points)
        for box in picture.boxes
        if min(x, to_x) < box.x + box.width
        and max(x, to_x) > box.x
        and min(y, to_y) < box.y + box.height
        and max(y, to_y) > box.y
    ]


def outside(picture: Picture) -> list[str]:
    """What is not wholly on the picture."""
    frames = [(each.id, each.x, each.y, each.width, each.height) for each in picture.boxes]
    frames += [(each.text, each.x, each.y, each.width, each.height) for each in picture.tags]
    return [
        name
        for name, x, y, wide, high in frames
        if x < 0 or y < 0 or x + wide > picture.width or y + high > picture.height
    ]


def ways(picture: Picture) -> dict[str, dict[str, str | None]]:
    """Where each step of the picture leads, as the graph has it: delays left out, the end as None."""
    kinds = {box.id: box.card.kind for box in picture.boxes}
    after: dict[str, dict[str, str]] = {}
    for edge in picture.edges:
        after.setdefault(edge.source, {})[edge.branch] = edge.target

    def follow(box: str) -> str | None:
        while kinds[box] == "wait":
            box = after[box][NEXT]
        return None if kinds[box] in ("done", "exit") else box

    steps = [box.id for box in picture.boxes if box.card.kind in ("send", "if", "split", "set", "wait_for")]
    return {name: {branch: follow(to) for branch, to in after[name].items()} for name in steps}


def meant(flow: Workflow) -> dict[str, dict[str, str | None]]:
    """Where each step leads, by the graph; pauses are delays on the picture."""
    nodes = graph(flow)

    def follow(name: str | None) -> str | None:
        while name is not None and nodes[name].is_pause:
            name = nodes[name].branches[NEXT]
        return name

    return {
        name: {branch: follow(to) for branch, to in each.branches.items()}
        for name, each in nodes.items()
        if not each.is_pause
    }


@settings(max_examples=150, deadline=None)
@given(workflows())
def test_any_workflow_is_drawn_whole_and_clear(flow: Workflow) -> None:
    """Every step and way of the graph, and no other; nothing over anything else, nothing outside; lines fit."""
    picture = lay_out(flow)
    assert ways(picture) == meant(flow)
    assert overlaps(picture) == []
    assert crossings(picture) == []
    assert outside(picture) == []
    assert {edge.target for edge in picture.edges} == {box.id for box in picture.boxes} - {"trigger"}
    assert len({box.id for box in picture.boxes}) == len(picture.boxes)
    for box in picture.boxes:
        assert all(line.x + width(line.text, line.style) <= box.width for line in box.lines)
        assert all(0 < line.y < box.height for line in box.lines)


@settings(max_examples=50, deadline=None)
@given(workflows())
def test_any_picture_is_good_xml_and_drawn_the_same_twice(flow: Workflow) -> None:
    """Whatever the author writes into it."""
    drawn = svg(flow)
    assert ElementTree.fromstring(drawn).tag == f"{SVG}svg"
    assert svg(flow) == drawn


def texts(drawn: str) -> list[str]:
    """Every line that can be read on a picture."""
    return ["".join(each.itertext()) for each in ElementTree.fromstring(drawn).iter(f"{SVG}text")]


def test_a_picture_says_what_the_author_wrote() -> None:
    """Trigger, rules, delays, conditions, actions, shares and ends, in words that people use."""
    said = " ".join(texts(svg(workflow(*ALL, **RULES), subjects={"reminder": "Still there, Ada?"})))
    for words in (
        "W Marketing · topic reminders · priority 50",
        "Trigger Checkout started Only if event.total > 0 Again after 7 days at the earliest",
        "Exits on Order placed Unsubscribed if arrived.id != event.id Goal Order placed, within 5 days",
        "10% held out",
        "Wait 1 hour",
        "Wait 1 day, until 10:00",
        "Wait until Tuesday, 10:00",
        "Wait until 4 hours after the last product viewed",
        "Wait until 1 day before event.date, 09:00",
        "Email Reminder “Still there, Ada?” Test question / urgency",
        "Email Offer Coupon comeback-10 Expires after 1 day",
        "Email Offer as plain",
        "If event.total >= 100 and not in_segment('vip')",
        "Split At random",
        "Wait for Checkout updated if arrived.total > 0 2 days at most",
        "Customer Add tag “cat”",
        "Customer Set size to event.items[0].variant",
        "Exit",
        "Done",
    ):
        assert words in said
    tags = {tag.text for tag in lay_out(workflow(*ALL)).tags}
    assert tags == {
        *("Yes", "No", "Sent", "Not sent", "50% a", "30% b", "20% control"),
        *("It comes", "Not within 2 days"),
    }


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ({"segment": "vip"}, "Enters segment “vip” Again each time"),
        ({"segment_left": "engaged"}, "Leaves segment “engaged”"),
        ({"date": "birthday", "offset": "-7 days"}, "7 days before the birthday, at 09:00 Again each year"),
        ({"date": "registered_at", "at": "10:30"}, "On the day of registration, at 10:30"),
        ({"date": "fields.wedding_day", "offset": "1 day"}, "1 day after wedding day, at 09:00"),
        ({"inactive": "order_placed", "for": "60 days"}, "No order placed for 60 days Again after each such"),
    ],
)
def test_each_trigger_reads_as_a_sentence(trigger: dict[str, Any], said: str) -> None:
    """With what it means to begin again."""
    assert said in " ".join(texts(svg(workflow({"send": "a"}, trigger=trigger))))


def test_a_picture_carries_figures() -> None:
    """On the trigger, on steps, on branches, on delays by the step that is waited for, and on those held out."""
    figures = Figures(
        steps={
            "trigger": [("began", "1,204")],
            "reminder": [("sent", "1,080"), ("bought", "4.2 %")],
            "holdout": [("people", "120")],
        },
        branches={("if-1", "then"): "312"},
        waiting={"reminder": "42"},
    )
    flow = workflow(*ALL, **RULES)
    said = texts(svg(flow, figures))
    assert {"1,204", "began", "1,080", "sent", "4.2 %", "bought"} <= set(said)
    assert {"10% held out · 120 people", "Yes · 312", "Wait 1 hour · 42 waiting"} <= set(said)
    assert overlaps(lay_out(flow, figures)) == []


def test_a_picture_needs_nothing_from_elsewhere_and_follows_the_readers_colours() -> None:
    """No script, no address, no font; a dark scheme; a title and the whole way in words for who does not see it."""
    drawn = svg(workflow(*ALL, **RULES, name="Tea & <b>kettles</b>"))
    assert re.findall(r"(?:href|src|url\((?!#)|@import|@font-face|<script|\son\w+=)", drawn) == []
    assert "prefers-color-scheme:dark" in drawn
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img"
    named = dict(each for each in ids(root))
    assert [named[name] for name in str(root.get("aria-labelledby")).split()] == [
        "Tea & <b>kettles</b>",
        outline(workflow(*ALL, **RULES)),
    ]


def ids(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Each id and the text of its element."""
    return ((str(each.get("id")), each.text or "") for each in root.iter() if each.get("id"))


def test_the_outline_tells_the_whole_way() -> None:
    """Branches in brackets, by what stands on them."""
    told = outline(
        workflow(
            {"wait": "1 hour"},
            {"if": "event.url", "then": [{"send": "a"}], "else": [{"exit": True}]},
            {"set": {"tag": "t"}},
            holdout="5%",
        )
    )
    assert told == (
        "Begins with: Checkout started, again never: once for each customer. 5% are held out. Then: wait 1 hour; "
        "if event.url; [Yes: send A]; [No: the journey ends]; customer Add tag “t”."
    )


def test_mermaid_has_the_same_boxes_and_ways() -> None:
    """And no sign of the author's that Mermaid would take for its own."""
    text = mermaid(workflow({"if": 'event["a"] > 0', "then": [{"send": "a"}]}, {"send": "b"}))
    assert text.splitlines() == [
        "---",
        'title: "W"',
        "---",
        "flowchart TD",
        '  n0(["Trigger<br>Checkout started<br>Again: never: once for each customer"])',
        '  n1{{"If<br>event#91;#34;a#34;#93; #62; 0"}}',
        '  n2["Email<br>A"]',
        '  n3["Email<br>B"]',
        '  n4(["Done"])',
        "  n0 --> n1",
        '  n1 -->|"Yes"| n2',
        "  n2 --> n3",
        '  n1 -->|"No"| n3',
        "  n3 --> n4",
    ]


@pytest.mark.parametrize("style", [TITLE, SOFT, CODE], ids=lambda style: style.name)
def test_text_breaks_within_its_room(style: Any) -> None:
    """At spaces, inside a word that is too long, and with an ellipsis when there are too many lines."""
    words = "short " * 20 + "x" * 300 + " 多くの言葉" * 20
    lines = wrap(words, style, 200)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    assert all(width(line, style) <= 200 for line in lines)
    cut = wrap(words, style, 200, most=2)
    assert len(cut) == 2
    assert cut[1].endswith("…")
    assert width(cut[1], style) <= 200


def test_the_pictures_in_the_docs_are_current() -> None:
    """`make map` draws what is committed, and no picture is left of a workflow that is gone."""
    assert stale(draw(ROOT / "workflows"), ROOT / "docs" / "workflows") == []


def test_every_word_of_the_language_has_a_look() -> None:
    """A kind without icon or colour would fail to draw."""
    flow = workflow(*ALL, **RULES)
    kinds: Mapping[str, int] = {box.card.kind: 1 for box in lay_out(flow).boxes}
    looks = {"trigger", "holdout", "wait", "send", "if", "split", "set", "wait_for", "exit", "done"}
    assert set(kinds) == looks
    assert any(isinstance(node.step, SetStep) for node in graph(flow).values())
