"""Hypothesis strategies for the whole workflow language: any workflow that an author may write."""

from itertools import count
from typing import Any

from hypothesis import strategies as st

from tidings.workflow.graph import graph
from tidings.workflow.model import Workflow

Made = dict[str, Any]

DURATIONS = st.builds(
    lambda number, unit: f"{number} {unit}", st.integers(1, 40), st.sampled_from(["minutes", "hours", "days"])
)
TIMES = st.sampled_from(["00:00", "09:30", "23:59"])
EVENTS = st.sampled_from(["order_placed", "checkout_updated", "product_viewed", "form_answered"])
WORDS = st.text(min_size=1, max_size=120).filter(str.strip)
"""Any text at all: names of states hold what authors write in expressions and tags."""
EXPRESSIONS = st.one_of(
    st.sampled_from(["event.total > 0", "customer.orders_count == 1", "in_segment('vip')"]),
    WORDS.map(lambda text: f"event.currency == '{text}'"),
)

WAITS = st.one_of(
    DURATIONS,
    st.builds(lambda length, at: {"for": length, "then_at": at}, DURATIONS, TIMES),
    st.builds(lambda at: {"until": "tuesday", "at": at}, TIMES),
    st.just({"until": "event.date", "offset": "-1 day"}),
    st.builds(lambda length, event: {"for": length, "after_last": event}, DURATIONS, EVENTS),
).map(lambda wait: {"wait": wait})
SETS = st.one_of(
    WORDS.map(lambda tag: {"set": {"tag": tag}}),
    WORDS.map(lambda tag: {"set": {"untag": tag}}),
    st.just({"set": {"field": "size", "to": 3}}),
)
SENDS = st.fixed_dictionaries(
    {"send": st.just("mail")}, optional={"expires": DURATIONS, "test": st.just(["a", "b"])}
)


def _around(steps: st.SearchStrategy[list[Made]]) -> st.SearchStrategy[list[Made]]:
    """Lists of steps that hold such lists."""
    some = steps.filter(bool)
    shares = st.builds(lambda one, other: _split([one, other]), steps, steps)
    three = st.builds(lambda *sides: _split(list(sides)), steps, steps, steps)
    holding = st.one_of(
        st.builds(
            lambda if_, then, other: {"if": if_, "then": then, "else": other}, EXPRESSIONS, some, steps
        ),
        shares,
        three,
        st.builds(_wait_for, EVENTS, DURATIONS, steps, steps),
        some.map(lambda other: {"send": "mail", "coupon": "welcome", "else": other}),
    )
    return st.lists(st.one_of(holding, WAITS, SENDS, SETS), max_size=4)


def _split(sides: list[list[Made]]) -> Made:
    shares = ["50%", "50%"] if len(sides) == 2 else ["33.3%", "33.3%", "33.4%"]
    return {
        "split": [
            {"name": name, "share": share, "steps": steps}
            for name, share, steps in zip("abc", shares, sides, strict=False)
        ]
    }


def _wait_for(event: str, at_most: str, arrived: list[Made], timed_out: list[Made]) -> Made:
    return {"wait_for": {"event": event, "at_most": at_most}, "arrived": arrived, "timed_out": timed_out}


STEPS = st.recursive(
    st.lists(st.one_of(WAITS, SENDS, SETS, st.just({"exit": True})), max_size=3), _around, max_leaves=6
)
TRIGGERS = st.one_of(
    EVENTS.map(lambda event: {"event": event}),
    st.just({"segment": "vip"}),
    st.just({"date": "birthday", "offset": "-7 days"}),
    st.just({"date": "fields.wedding_day"}),
    DURATIONS.map(lambda length: {"inactive": "order_placed", "for": length}),
)


def _workflow(trigger: Made, steps: list[Made]) -> Workflow:
    return Workflow.model_validate(
        {"id": "random", "name": "Random", "trigger": trigger, "steps": _numbered(steps, count(1))}
    )


def _numbered(value: Any, numbers: "count[int]") -> Any:
    """The same with an id for every mail, as authors must give them."""
    if isinstance(value, list):
        return [_numbered(each, numbers) for each in value]
    if not isinstance(value, dict):
        return value
    numbered = {name: _numbered(each, numbers) for name, each in value.items()}
    return numbered | ({"id": f"mail-{next(numbers)}"} if "send" in value else {})


WORKFLOWS: st.SearchStrategy[Workflow] = st.builds(
    _workflow, TRIGGERS, STEPS.filter(bool).map(lambda steps: [*steps, {"send": "mail"}])
).filter(lambda workflow: bool(graph(workflow)))
"""Any workflow in which something happens."""
