"""`segments.yaml`: read, and its rules checked. Build time only."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import nodes
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tidings import yamlfile
from tidings.errors import BadInput
from tidings.expressions import parse
from tidings.expressions.checking import Vocabulary, check
from tidings.expressions.functions import SIGNATURES
from tidings.segments import Bought, Rules, Segment
from tidings.shop import Shop
from tidings.words import hint

FILE: Final = "segments.yaml"
_FILE_WORDS: Final = ("segments", "tags")
_CHANGING: Final = ("days_since", "count")
_COUNTED: Final = re.compile(r"""\bcount\(\s*\\?["'](\w+)""")
_DERIVED: Final = frozenset({"order_placed"})
"""Counted from what the fold keeps anyway."""

_TESTS: Final = (nodes.Compare, nodes.Operand, nodes.Not, nodes.And, nodes.Or, nodes.Output)


@dataclass(frozen=True, slots=True)
class Source:
    """The rules, and the document they were read from."""

    rules: Rules
    file: Path
    document: Any

    def problem(self, place: Sequence[str], message: str) -> str:
        """`file:line: message`."""
        return f"{self.file}:{yamlfile.line_of(self.document, place)}: {message}"


def load_rules(root: Path) -> Source:
    """The rules of a folder of workflows; without a file there are none. Raises BadInput, a problem a line."""
    file = root / FILE
    if not file.exists():
        return Source(Rules(), file, {})
    document = yamlfile.parse(file.read_text("utf-8"), file)
    told = {} if document is None else document
    if isinstance(told, dict) and "counted" in told:
        raise BadInput(
            f'{file}:{yamlfile.line_of(document, ["counted"])}: unknown word "counted"{hint("", _FILE_WORDS)}'
        )
    try:
        return Source(Rules.model_validate(told), file, document)
    except ValidationError as error:
        found = (
            f"{file}:{yamlfile.line_of(document, each['loc'])}: {_explain(each)}" for each in error.errors()
        )
        raise BadInput("\n".join(dict.fromkeys(found))) from None


def problems(source: Source, customer: Any, vocabulary: Vocabulary) -> Iterator[str]:
    """What is wrong with the rules. `customer` is the type of what they may name of a customer."""
    signatures = {name: each for name, each in SIGNATURES.items() if name != "recommend"}
    names = {**signatures, "customer": customer, "shop": Shop}
    asked: dict[str, set[str]] = {}
    for name, segment in source.rules.segments.items():
        place = ("segments", name, "rule")
        found = check(segment.rule, names, vocabulary)
        yield from (source.problem(place, message) for message in found)
        if not found:
            tree = parse(segment.rule)
            yield from (source.problem(place, message) for message in _timely(tree))
            asked[name] = _asked(tree)
    for name in asked:
        if (circle := _circle(name, asked)) is not None and name == min(circle):
            way = " → ".join((*circle, circle[0]))
            yield source.problem(("segments", name, "rule"), f"this rule asks for itself: {way}")


def counted(texts: Iterable[str]) -> frozenset[str]:
    """The types of events that rules, workflows or mails count, from their sources."""
    return frozenset(found for text in texts for found in _COUNTED.findall(text)) - _DERIVED


def _timely(tree: nodes.Template) -> Iterator[str]:
    """What would make a rule change at a moment that nobody can foresee."""
    parents = {id(child): node for node in _all(tree) for child in node.iter_child_nodes()}
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _CHANGING:
            above = parents.get(id(call))
            whether = isinstance(above, nodes.CondExpr) and above.test is call
            if not isinstance(above, _TESTS) and not whether:
                example = SIGNATURES[call.node.name].example
                yield f"compare {call.node.name}(…) itself with a number, such as `{example} >= 3`"
    for field in tree.find_all(nodes.Getattr):
        if field.attr == "segments" and isinstance(field.node, nodes.Name) and field.node.name == "customer":
            yield "ask for another segment with in_segment('…'): `customer.segments` is not known while rules are"


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


def _asked(tree: nodes.Template) -> set[str]:
    return {
        str(call.args[0].value)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
        and call.node.name == "in_segment"
        and call.args
        and isinstance(call.args[0], nodes.Const)
    }


def _circle(name: str, asked: Mapping[str, set[str]]) -> tuple[str, ...] | None:
    """A way from a segment back to itself."""
    ways: list[tuple[str, ...]] = [(name,)]
    while ways:
        way = ways.pop()
        for other in sorted(asked.get(way[-1], ())):
            if other == name:
                return way
            if other not in way:
                ways.append((*way, other))
    return None


def _explain(error: ErrorDetails) -> str:
    place, kind = error["loc"], error["type"]
    name = str(place[-1]) if place else "the file"
    if kind == "extra_forbidden":
        above = {0: _FILE_WORDS, 2: tuple((Segment if place[0] == "segments" else Bought).model_fields)}
        return f'unknown word "{name}"{hint(name, above.get(len(place) - 1, ()))}'
    if kind == "missing":
        return f'"{name}" is missing'
    if kind == "string_pattern_mismatch":
        return f'"{error["input"]}" is no name: lower-case letters, digits and single hyphens'
    if kind in ("string_type", "model_type", "dict_type"):
        what = "text" if kind == "string_type" else "words and their values"
        return f'"{name}" is {what}, not "{error["input"]}"'
    return f'"{name}": {error["msg"]}'
