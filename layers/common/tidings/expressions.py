"""The one expression language of workflows: Jinja2 expressions, sandboxed, checked and evaluated.

What is missing is tolerated when it runs, because a shop's facts have holes: a missing value compares false,
counts as false, and anything computed from it is missing. What does not exist at all is refused when built.
Amounts are floats here, so that `event.total >= 99.9` means what it says (no Decimal equals such a float).
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from jinja2 import TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tidings.errors import TidingsError
from tidings.words import hint

MAX_LENGTH: Final = 2000

_KINDS: Final = (((int, float, Decimal), "a number"), (str, "text"), (datetime, "a moment"), (date, "a day"))


class ExpressionError(TidingsError):
    """An expression is wrong, or met values it cannot work with."""


class Missing(Undefined):
    """A value that is not there: false, equal only to what is missing too, in no order with anything."""

    def _false(self, *_: Any, **__: Any) -> Any:
        return False

    def _missing(self, *_: Any, **__: Any) -> Any:
        return self

    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _false
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _missing
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _missing
    __pos__ = __neg__ = __call__ = __getitem__ = _missing

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Missing)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(Missing)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


class _Environment(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._shown(super().getattr(obj, attribute), attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Missing):
            return obj
        try:
            found = super().getitem(obj, argument)
        except (KeyError, IndexError):  # a view's own item access
            found = None
        return self._shown(found, argument)

    def _shown(self, value: Any, name: object) -> Any:
        if value is None:
            return self.undefined(name=str(name))
        return float(value) if isinstance(value, Decimal) else value


_ENVIRONMENT: Final = _Environment(undefined=Missing, cache_size=0)
# Only what the context gives: none of Jinja2's `range`, `lipsum`, `namespace` …
_ENVIRONMENT.globals.clear()
_ENVIRONMENT.tests["none"] = lambda value: value is None or isinstance(value, Missing)


def evaluate(source: str, context: Mapping[str, Any]) -> Any:
    """The value of an expression over these names; a missing value is None. Raises ExpressionError."""
    try:
        return _compiled(source)(**context)
    except (TemplateError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise ExpressionError(f"{source}: {error}") from error


def holds(source: str, context: Mapping[str, Any]) -> bool:
    """Whether a condition is true over these names. Raises ExpressionError."""
    return bool(evaluate(source, context))


def check(source: str, names: Mapping[str, Any]) -> list[str]:
    """Everything wrong with an expression: syntax, unknown names and fields, with the nearest right word.

    `names` maps what may be named to its type: a dataclass, a model, or anything else for a plain value.
    """
    if len(source) > MAX_LENGTH:
        return [f"the expression is longer than {MAX_LENGTH} characters"]
    try:
        _compiled(source)
        tree = _ENVIRONMENT.parse("{{ (" + source + "\n) }}")
    except TemplateSyntaxError as error:
        return [f"`{source}` is no expression: {_syntax(error)}"]
    return list(dict.fromkeys(_wrong(tree, names)))


@lru_cache(maxsize=256)
def _compiled(source: str) -> TemplateExpression:
    return _ENVIRONMENT.compile_expression(source)


def _syntax(error: TemplateSyntaxError) -> str:
    message = str(error.message)
    for kind, known in (("filter", _ENVIRONMENT.filters), ("test", _ENVIRONMENT.tests)):
        if message.startswith(f"No {kind} named"):
            word = message.split("'")[1]
            return f'unknown {kind} "{word}"{hint(word, known)}'
    return message.rstrip(".").replace("unexpected 'end of template'", "it ends too early")


def _wrong(tree: nodes.Node, names: Mapping[str, Any]) -> Iterator[str]:
    from tidings.mail.names import members  # only a build checks

    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name not in names:
            yield f'unknown name "{name.name}"{hint(name.name, names)}'
    lookups: list[nodes.Getattr | nodes.Getitem] = [
        *tree.find_all(nodes.Getattr),
        *tree.find_all(nodes.Getitem),
    ]
    for node in lookups:
        owner = _type_of(node.node, names)
        field, fields = _field_name(node), members(owner)
        # A type with `[…]` of its own answers for names that it does not declare.
        open_ended = isinstance(node, nodes.Getitem) and hasattr(owner, "__getitem__")
        if fields and field is not None and field not in fields and not open_ended:
            yield f'"{_path(node.node)}" has no field "{field}"{hint(field, fields)}'
    for compare in tree.find_all(nodes.Compare):
        yield from _incomparable(compare, names)
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr):
            yield f'"{_path(call.node)}" is a value, not a function: leave out the parentheses'


def _incomparable(compare: nodes.Compare, names: Mapping[str, Any]) -> Iterator[str]:
    """An order between a number and a text, say, that would fail whenever both are there."""
    left: nodes.Node = compare.expr
    for operand in compare.ops:
        kinds = _kind(left, names), _kind(operand.expr, names)
        if operand.op in ("lt", "lteq", "gt", "gteq") and None not in kinds and kinds[0] != kinds[1]:
            yield f'"{_path(left)}" is {kinds[0]} and can\'t be compared with {kinds[1]}'
        left = operand.expr


def _kind(node: nodes.Node, names: Mapping[str, Any]) -> str | None:
    kind = type(node.value) if isinstance(node, nodes.Const) else _only(_type_of(node, names))
    return next((name for types, name in _KINDS if isinstance(kind, type) and issubclass(kind, types)), None)


def _field_name(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if (
        isinstance(node, nodes.Getitem)
        and isinstance(node.arg, nodes.Const)
        and isinstance(node.arg.value, str)
    ):
        return node.arg.value
    return None


def _path(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        return f"{_path(node.node)}.{_field_name(node) or '[…]'}"
    return str(node.value) if isinstance(node, nodes.Const) else "…"


def _type_of(node: nodes.Node, names: Mapping[str, Any]) -> Any:
    """The declared type of what a node stands for; Any where nothing is declared."""
    if isinstance(node, nodes.Name):
        return names.get(node.name, Any)
    from tidings.mail.names import members

    field = _field_name(node)
    if isinstance(node, nodes.Getattr | nodes.Getitem) and field is not None:
        return (members(_type_of(node.node, names)) or {}).get(field, Any)
    return Any


def _only(kind: Any) -> Any:
    """The type that is left of `X | None`; the type itself when it is no such union."""
    if get_origin(kind) not in (Union, UnionType):
        return kind
    kinds = [each for each in get_args(kind) if each is not NoneType]
    return kinds[0] if len(kinds) == 1 else None
