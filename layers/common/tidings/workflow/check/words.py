"""What a workflow names, against what there is: events, segments, coupons, fields, and all in its expressions."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from tidings.events import CHECKOUT_TYPES, ORDER_TYPES, TYPES
from tidings.expressions import is_constant
from tidings.expressions.checking import category, check
from tidings.words import hint
from tidings.workflow.check.scope import Scope, kind_of_value
from tidings.workflow.load import Source
from tidings.workflow.model import (
    DateTrigger,
    Each,
    EventTrigger,
    IfStep,
    InactiveTrigger,
    Place,
    SegmentLeftTrigger,
    SegmentTrigger,
    SendStep,
    SetField,
    SetStep,
    Step,
    WaitForStep,
    WaitQuiet,
    WaitStep,
    WaitUntil,
    branches_of,
    every_step,
)

_ABOUT: Final = {
    "order": ORDER_TYPES | {"shipment_delayed", "review_posted"},
    "checkout": CHECKOUT_TYPES,
    "cart": frozenset({"cart_updated"}),
    "product": frozenset({"product_viewed", "review_posted", "back_in_stock_requested"}),
    "event": TYPES,
}
"""Which events are about the thing of which `reentry: each …` speaks."""


def problems(source: Source, scope: Scope) -> Iterator[str]:
    """What is wrong with the words of one workflow."""
    for place, event in _events(source):
        if event not in scope.events and not scope.is_lost:
            own = "" if scope.shop is None else "; events of the shop's own are declared in shop.yaml"
            known = hint(event, scope.events)
            yield source.problem(
                place, f'unknown event "{event}"{known if "did you mean" in known else known + own}'
            )
    yield from _trigger(source, scope)
    if source.workflow.topic is not None:
        yield from _known(source, ("topic",), "topic", source.workflow.topic, scope.topics)
    for place, step in every_step(source.workflow.steps):
        yield from _step(source, scope, place, step)
    for place, expression, names in _expressions(source, scope):
        found = check(expression, names, scope.vocabulary)
        for message in found:
            yield source.problem(place, message if "arrived" in names else _about_arrived(message))
        if not found and place[-1] in ("where", "if") and is_constant(expression):
            yield source.problem(
                place, f"`{expression}` is the same for everybody: a condition names something"
            )


def _about_arrived(message: str) -> str:
    if message.startswith('unknown name "arrived"'):
        return (
            '"arrived" is there in the `where` of exit, goal and wait_for, and in the steps under `arrived:`'
        )
    return message


def _events(source: Source) -> Iterator[tuple[Place, str]]:
    """Every event that a workflow names outside of expressions."""
    workflow = source.workflow
    match workflow.trigger:
        case EventTrigger(event=event):
            yield ("trigger", "event"), event
        case InactiveTrigger(inactive=event):
            yield ("trigger", "inactive"), event
    # One rule may stand without a list.
    for at, rule in enumerate(workflow.exit):
        yield ("exit", at, "event"), rule.event
    if workflow.goal:
        yield ("goal", "event"), workflow.goal.event
    for place, step in every_step(workflow.steps):
        match step:
            case WaitForStep(wait_for=awaited):
                yield (*place, "wait_for", "event"), awaited.event
            case WaitStep(wait=WaitQuiet(after_last=event)):
                yield (*place, "wait", "after_last"), event


def _trigger(source: Source, scope: Scope) -> Iterator[str]:
    workflow = source.workflow
    trigger = workflow.trigger
    match trigger:
        case EventTrigger(event=event):
            for at, rule in enumerate(workflow.exit):
                if rule.event == event and rule.where is None:
                    message = f'a journey that begins with "{event}" can\'t end with it: it would never begin'
                    yield source.problem(("exit", at, "event"), message)
        case SegmentTrigger(segment=segment):
            yield from _known(source, ("trigger", "segment"), "segment", segment, scope.segments)
        case SegmentLeftTrigger(segment_left=segment):
            yield from _known(source, ("trigger", "segment_left"), "segment", segment, scope.segments)
        case DateTrigger(date=name) if name.startswith("fields.") and scope.fields is not None:
            yield from _date_field(source, name[7:], scope.fields)
    rule_ = workflow.reentry
    if isinstance(rule_, Each) and not (
        isinstance(trigger, EventTrigger)
        and (trigger.event in _ABOUT[rule_.each] or trigger.event not in _standard(scope))
    ):
        known = ", ".join(sorted(_ABOUT[rule_.each]))
        message = f"`each {rule_.each}` needs a trigger that is an event about one: {known}"
        yield source.problem(("reentry",), message)


def _standard(scope: Scope) -> frozenset[str]:
    return scope.events - set(scope.shop.events if scope.shop else ())


def _date_field(source: Source, name: str, fields: Any) -> Iterator[str]:
    place: Place = ("trigger", "date")
    if name not in fields:
        yield from _known(source, place, "field", name, frozenset(fields))
    elif fields[name] is not date:
        yield source.problem(place, f'"fields.{name}" is {category(fields[name])}, not a day')


def _known(source: Source, place: Place, what: str, word: str, known: frozenset[str] | None) -> Iterator[str]:
    if known is not None and word not in known:
        file = "segments.yaml" if what == "segment" else f"shop.yaml under `{what}s`"
        near = hint(word, known)
        more = "" if "did you mean" in near else f"; a {what} is declared in {file}"
        yield source.problem(place, f'unknown {what} "{word}"{near}{more}')


def _step(source: Source, scope: Scope, place: Place, step: Step) -> Iterator[str]:
    match step:
        case SendStep(coupon=coupon) if coupon is not None:
            yield from _known(source, (*place, "coupon"), "coupon", coupon, scope.coupons)
        case SendStep(else_=other) if other:
            message = "`else` is for when the coupon has run out: it needs a `coupon`"
            yield source.problem((*place, "else"), message)
        case SetStep(set=SetField(field=name, to=value)) if scope.fields is not None:
            if name not in scope.fields:
                yield from _known(source, (*place, "set", "field"), "field", name, frozenset(scope.fields))
            elif not isinstance(value, str):
                wanted, given = category(scope.fields[name]), category(kind_of_value(value))
                if wanted != given:
                    yield source.problem((*place, "set", "to"), f'"{name}" is {wanted}, not {given}')


def _expressions(source: Source, scope: Scope) -> Iterator[tuple[Place, str, dict[str, Any]]]:
    """Every expression with its place and what it may name."""
    workflow = source.workflow
    trigger = workflow.trigger
    if isinstance(trigger, EventTrigger) and trigger.where:
        # Asked before a journey begins: there is none to name yet.
        yield ("trigger", "where"), trigger.where, scope.names(trigger, journey=False)
    for at, rule in enumerate(workflow.exit):
        if rule.where:
            yield ("exit", at, "where"), rule.where, scope.names(trigger, rule.event)
    if workflow.goal and workflow.goal.where:
        yield ("goal", "where"), workflow.goal.where, scope.names(trigger, workflow.goal.event)
    yield from _in_steps(source, scope, workflow.steps, ("steps",), None)


def _in_steps(
    source: Source, scope: Scope, steps: tuple[Step, ...], place: Place, arrived: str | None
) -> Iterator[tuple[Place, str, dict[str, Any]]]:
    trigger = source.workflow.trigger
    for at, step in enumerate(steps):
        here = (*place, at)
        names = scope.names(trigger, arrived)
        match step:
            case WaitStep(wait=WaitUntil(until=expression)):
                yield (*here, "wait", "until"), expression, names
            case IfStep(if_=expression):
                yield (*here, "if"), expression, names
            case SetStep(set=SetField(to=str(expression))):
                yield (*here, "set", "to"), expression, names
            case WaitForStep(wait_for=awaited) if awaited.where:
                yield (*here, "wait_for", "where"), awaited.where, scope.names(trigger, awaited.event)
        for name, (inner, nested) in branches_of(step).items():
            came = step.wait_for.event if isinstance(step, WaitForStep) and name == "arrived" else arrived
            yield from _in_steps(source, scope, nested, (*here, *inner), came)
