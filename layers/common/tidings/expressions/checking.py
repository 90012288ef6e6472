"""What is wrong with an expression, told when it is built: names, fields, calls, and types that never meet. Pure.

Each part of an expression has a kind, as far as the declared models tell; what nothing is declared of passes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import GenericAlias, NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from jinja2 import nodes

from tidings.durations import parse_duration
from tidings.expressions import ExpressionError, parse
from tidings.expressions.functions import Parameter, Signature
from tidings.mail.names import members
from tidings.words import hint


@dataclass(frozen=True)
class Shape:
    """A thing with fields that no class declares: the shop's own. `items` may be asked for as `thing['name']`."""

    fields: Mapping[str, Any]
    items: Mapping[str, Any] | None = None
    where: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """The words that functions take; None where nobody knows them."""

    events: frozenset[str] | None = None
    segments: frozenset[str] | None = None
    coupons: frozenset[str] | None = None

    def of(self, words: str) -> frozenset[str] | None:
        """The known words of a kind."""
        known: dict[str, frozenset[str] | None] = {
            "event": self.events,
            "segment": self.segments,
            "coupon": self.coupons,
        }
        return known.get(words)


_CATEGORIES: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((bool,), "true or false"),
    ((int, float, Decimal), "a number"),
    ((str,), "text"),
    ((datetime,), "a moment"),
    ((date,), "a day"),
    ((timedelta,), "a length of time"),
    ((tuple, list, set, frozenset), "a list"),
)
_ORDERED: Final = ("a number", "text", "a moment", "a day", "a length of time")
_FILTERS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("length", "count", "wordcount"), int),
    **dict.fromkeys(("round", "int", "float", "abs"), float),
    **dict.fromkeys(("lower", "upper", "trim", "title", "capitalize", "string", "replace", "join"), str),
    **dict.fromkeys(("list", "sort", "unique", "map", "select", "selectattr", "reject", "rejectattr"), list),
}
"""What filters give, where it does not depend on what they are given."""

_SUMS: Final[Mapping[tuple[type, str, str], Any]] = {
    (nodes.Sub, "a moment", "a moment"): timedelta,
    (nodes.Sub, "a day", "a day"): timedelta,
    (nodes.Sub, "a moment", "a length of time"): datetime,
    (nodes.Add, "a moment", "a length of time"): datetime,
    (nodes.Add, "a length of time", "a moment"): datetime,
    (nodes.Add, "text", "text"): str,
    (nodes.Add, "a list", "a list"): list,
    (nodes.Mul, "text", "a number"): str,
    (nodes.Mod, "text", "text"): str,
}
_METHODS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("startswith", "endswith", "isdigit", "isalpha", "isupper", "islower"), bool),
    **dict.fromkeys(("lower", "upper", "strip", "lstrip", "rstrip", "replace", "title", "capitalize"), str),
    **dict.fromkeys(("strftime", "isoformat"), str),
    **dict.fromkeys(("weekday", "isoweekday", "find", "index", "count", "toordinal"), int),
    **dict.fromkeys(("timestamp", "total_seconds"), float),
    **dict.fromkeys(("split", "rsplit", "splitlines"), list),
    "date": date,
}
"""What methods of plain values give, where anybody may compare it."""


def check(source: str, names: Mapping[str, Any], vocabulary: Vocabulary | None = None) -> list[str]:
    """Everything wrong with an expression, in its order: syntax, names, fields, calls and types, with the nearest right
    word.

    `names` maps what may be named to its type: a dataclass, a model, a `Shape`, a function's `Signature`, or anything
    else for a plain value; `vocabulary` knows the words that functions take.
    """
    try:
        tree = parse(source)
    except ExpressionError as error:
        return [str(error)]
    reader = _Reader(names, vocabulary or Vocabulary())
    for output in tree.find_all(nodes.Output):
        for each in output.nodes:
            reader.kind(each)
    return list(dict.fromkeys(reader.found))


def category(kind: Any) -> str | None:
    """What people call a type; None when it is not known, or may be several."""
    kind = only(kind)
    real = get_origin(kind) or kind
    if not isinstance(real, type) or real is object:
        return None
    return next((name for types, name in _CATEGORIES if issubclass(real, types)), None)


def only(kind: Any) -> Any:
    """The type that is left of `X | None`; the type itself when it is no such union, Any when several are left."""
    if get_origin(kind) not in (Union, UnionType):
        return kind
    kinds = [each for each in get_args(kind) if each is not NoneType]
    return kinds[0] if len(kinds) == 1 else Any


@dataclass
class _Reader:
    """Reads an expression from the inside out: the kind of each part, and what is wrong with it."""

    names: Mapping[str, Any]
    vocabulary: Vocabulary
    found: list[str] = field(default_factory=list)

    def kind(self, node: nodes.Node) -> Any:
        """The type of a part; Any where nothing is declared."""
        for types, read in _READERS:
            if isinstance(node, types):
                return read(self, node)
        for child in node.iter_child_nodes():
            self.kind(child)
        if isinstance(node, nodes.Not | nodes.Test):
            return bool
        return str if isinstance(node, nodes.Concat) else float if isinstance(node, nodes.Neg) else Any

    def _either(self, node: nodes.BinExpr) -> Any:
        left, right = self.kind(node.left), self.kind(node.right)
        return left if left == right else Any

    def _note(self, message: str) -> Any:
        self.found.append(message)
        return Any

    def _name(self, node: nodes.Name) -> Any:
        if node.name not in self.names:
            return self._note(f'unknown name "{node.name}"{hint(node.name, self.names)}')
        kind = self.names[node.name]
        if isinstance(kind, Signature):
            return self._note(f'"{node.name}" is a function: write it with what it asks, {kind.example}')
        return kind

    def _member(self, node: nodes.Getattr | nodes.Getitem, *, called: bool = False) -> Any:
        owner = self.kind(node.node)
        name = _member_name(node)
        if name is None:
            if isinstance(node, nodes.Getitem):
                self.kind(node.arg)
            return _element(owner)
        kind = only(owner)
        if isinstance(kind, Shape):
            return self._shaped(node, name, kind)
        known = members(owner)
        if not known:
            return Any
        # A type with `[…]` of its own answers for names that it does not declare.
        if isinstance(node, nodes.Getitem) and hasattr(kind, "__getitem__"):
            return known.get(name, Any)
        if name not in known or category(kind) == "a list":
            fields = known if category(kind) is None else ()
            return self._note(f'"{_path(node.node)}" has no field "{name}"{hint(name, fields)}')
        if category(kind) and callable(getattr(kind, name)) and not called:
            return self._note(f'"{_path(node)}" is a function: add parentheses')
        return _METHODS.get(name, Any) if called else known[name]

    def _shaped(self, node: nodes.Getattr | nodes.Getitem, name: str, kind: Shape) -> Any:
        own = isinstance(node, nodes.Getitem)
        known = {**kind.fields, **(kind.items or {})} if own else kind.fields
        if name in known or (own and kind.items is None):
            return known.get(name, Any)
        if not own and kind.items and name in kind.items:
            return self._note(f"\"{_path(node)}\" is the shop's own: write {_path(node.node)}['{name}']")
        return self._note(f'"{_path(node.node)}" has no field "{name}"{kind.where}{hint(name, known)}')

    def _compare(self, node: nodes.Compare) -> Any:
        left, left_kind = node.expr, self.kind(node.expr)
        for operand in node.ops:
            right, right_kind = operand.expr, self.kind(operand.expr)
            message = _never((left, left_kind), operand.op, (right, right_kind))
            if message:
                self._note(message)
            left, left_kind = right, right_kind
        return bool

    def _conditional(self, node: nodes.CondExpr) -> Any:
        self.kind(node.test)
        kinds = [self.kind(each) for each in (node.expr1, node.expr2) if each is not None]
        return kinds[0] if len(kinds) == 2 and kinds[0] == kinds[1] else Any

    def _sum(self, node: nodes.BinExpr) -> Any:
        one, other = self.kind(node.left), self.kind(node.right)
        left, right = category(one), category(other)
        if left is None or right is None:
            return Any
        if (type(node), left, right) in _SUMS:
            return _SUMS[type(node), left, right]
        numbers = {"a number", "true or false"}
        if left in numbers and right in numbers:
            return float
        return self._note(
            f'"{_path(node.left)}" is {left} and "{_path(node.right)}" is {right}: `{node.operator}` needs numbers'
        )

    def _filter(self, node: nodes.Filter) -> Any:
        given = self.kind(node.node) if node.node is not None else Any
        for each in (*node.args, *(keyword.value for keyword in node.kwargs)):
            self.kind(each)
        kind = category(given)
        if node.name in ("length", "count") and kind not in (None, "text", "a list"):
            self._note(f'"{_path(node.node)}" is {kind}: it has no length')
        if node.name in ("first", "last", "max", "min", "random"):
            return _element(given)
        return _FILTERS.get(node.name, Any)

    def _list(self, node: nodes.List | nodes.Tuple) -> Any:
        kinds = {category(kind): kind for kind in map(self.kind, node.items)}
        return GenericAlias(tuple, (next(iter(kinds.values())) if len(kinds) == 1 else Any, ...))

    def _call(self, node: nodes.Call) -> Any:
        given = [*node.args, *(keyword.value for keyword in node.kwargs)]
        signature = self.names.get(node.node.name) if isinstance(node.node, nodes.Name) else None
        if isinstance(signature, Signature) and isinstance(node.node, nodes.Name):
            self._arguments(node.node.name, signature, node)
            return signature.returns
        for each in given:
            self.kind(each)
        if isinstance(node.node, nodes.Getattr):
            before = len(self.found)
            kind = self._member(node.node, called=True)
            owner = only(_Reader(self.names, self.vocabulary).kind(node.node.node))
            if len(self.found) > before or owner is Any:
                return kind
            if category(owner) and callable(getattr(owner, node.node.attr, None)):
                return kind
        elif self.kind(node.node) is Any:
            return Any
        return self._note(f'"{_path(node.node)}" is a value, not a function: leave out the parentheses')

    def _arguments(self, name: str, signature: Signature, node: nodes.Call) -> None:
        """Each argument against its parameter."""
        positions = [each for each in signature.parameters if not each.named]
        known = {each.name: each for each in signature.parameters}
        given: dict[str, nodes.Node] = {}
        if len(node.args) > len(positions) or node.dyn_args or node.dyn_kwargs:
            self._note(f'"{name}" takes no more than {len(positions)}: {signature.example}')
        given |= {each.name: value for each, value in zip(positions, node.args, strict=False)}
        for keyword in node.kwargs:
            if keyword.key not in known:
                self._note(f'"{name}" takes no "{keyword.key}"{hint(keyword.key, known)}')
            elif keyword.key in given:
                self._note(f'"{name}" is given "{keyword.key}" twice')
            given[keyword.key] = keyword.value
        for each in signature.parameters:
            if each.name in given:
                self._argument(name, signature, each, given[each.name])
            elif each.required:
                self._note(f'"{name}" needs to know more: {signature.example}')

    def _argument(self, name: str, signature: Signature, parameter: Parameter, value: nodes.Node) -> None:
        if parameter.words and isinstance(value, nodes.Name) and value.name not in self.names:
            self._note(f'"{value.name}" needs quotes: {signature.example}')
            return
        kind = category(self.kind(value))
        wanted = [category(each) for each in parameter.kinds] if parameter.words is None else ["text"]
        if kind is not None and kind not in wanted:
            self._note(
                f'"{name}" takes {" or ".join(str(each) for each in wanted)}, not {kind}: {signature.example}'
            )
        elif isinstance(value, nodes.Const) and isinstance(value.value, str):
            self._word(parameter, value.value)

    def _word(self, parameter: Parameter, word: str) -> None:
        """A word in quotes that must be one of the shop's."""
        if parameter.words == "duration":
            try:
                parse_duration(word)
            except ValueError as error:
                self._note(str(error))
            return
        kind = parameter.words or ("event" if datetime in parameter.kinds and not _is_date(word) else "")
        known = self.vocabulary.of(kind)
        if known is not None and word not in known:
            self._note(f'unknown {kind} "{word}"{hint(word, known)}')


_READERS: Final[tuple[tuple[Any, Callable[[_Reader, Any], Any]], ...]] = (
    (nodes.Const, lambda _, node: type(node.value)),
    (nodes.Name, _Reader._name),
    (nodes.Getattr | nodes.Getitem, _Reader._member),
    (nodes.Call, _Reader._call),
    (nodes.Compare, _Reader._compare),
    (nodes.Filter, _Reader._filter),
    (nodes.List | nodes.Tuple, _Reader._list),
    (nodes.CondExpr, _Reader._conditional),
    (nodes.And | nodes.Or, _Reader._either),
    (nodes.BinExpr, _Reader._sum),
)
"""What reads which part; the rest is read by its parts."""


def _never(one: tuple[nodes.Node, Any], operator: str, other: tuple[nodes.Node, Any]) -> str | None:
    """Why a comparison can never hold, or would fail."""
    (left, left_kind), (right, right_kind) = one, other
    kinds = category(left_kind), category(right_kind)
    if operator in ("in", "notin"):
        return _never_in(left, kinds[0], right, right_kind)
    if None in kinds:
        return None
    if operator in ("eq", "ne"):
        if kinds[0] == kinds[1] or set(kinds) == {"true or false", "a number"}:
            return None
        return f'"{_path(left)}" is {kinds[0]} and never equals {kinds[1]}'
    if kinds[0] == kinds[1] and kinds[0] in _ORDERED:
        return None
    if kinds[0] == kinds[1]:
        return f'"{_path(left)}" is {kinds[0]}: there is no greater or less'
    more = "; write days_since(…)" if set(kinds) == {"a length of time", "a number"} else ""
    return f'"{_path(left)}" is {kinds[0]} and can\'t be compared with {kinds[1]}{more}'


def _never_in(left: nodes.Node, kind: str | None, right: nodes.Node, container: Any) -> str | None:
    whole = category(container)
    if whole is None or kind is None:
        return None
    if whole == "text":
        return None if kind == "text" else f'"{_path(left)}" is {kind} and never in text'
    if whole != "a list":
        return f'"{_path(right)}" is {whole}: nothing is in it'
    element = _element(container)
    inside = category(element) or (None if element is Any else "a thing with fields")
    if inside is None or inside == kind or {inside, kind} == {"true or false", "a number"}:
        return None
    return f'"{_path(left)}" is {kind} and never in "{_path(right)}", which holds {inside}'


def _element(kind: Any) -> Any:
    """What is in a list."""
    kind = only(kind)
    inside: Sequence[Any] = get_args(kind) if get_origin(kind) in (tuple, list) else ()
    return inside[0] if inside else Any


def _is_date(word: str) -> bool:
    try:
        datetime.fromisoformat(word)
    except ValueError:
        return False
    return True


def _member_name(node: nodes.Getattr | nodes.Getitem) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        return node.arg.value
    return None


def _path(node: nodes.Node | None) -> str:
    """A part of an expression as its author wrote it, as far as that is worth saying."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr() | nodes.Getitem():
            return f"{_path(node.node)}.{_member_name(node) or '[…]'}"
        case nodes.Call():
            return f"{_path(node.node)}(…)"
        case nodes.Const():
            return str(node.value)
        case nodes.Filter():
            return f"{_path(node.node)} | {node.name}"
    return "…"
