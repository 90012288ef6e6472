"""The one expression language of workflows: Jinja2 expressions, sandboxed, checked and evaluated.

What is missing is tolerated when it runs, because a shop's facts have holes: a missing value compares false,
counts as false, and anything computed from it is missing. What does not exist at all is refused when built.
Amounts are floats here, so that `event.total >= 99.9` means what it says (no Decimal equals such a float).

`checking` checks, when building; `context` is what may be named, `views` the things in it, `functions` what may be
called, and `changing` the answers that time alone changes.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from jinja2 import TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tidings.errors import TidingsError
from tidings.words import hint

MAX_LENGTH: Final = 2000


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


def parse(source: str) -> nodes.Template:
    """The tree of an expression, for whoever looks for something in it. Raises ExpressionError in the author's words
    when it is none.
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters")
    try:
        _compiled(source)
        return _ENVIRONMENT.parse("{{ (" + source + "\n) }}")
    except TemplateSyntaxError as error:
        raise ExpressionError(f"`{source}` is no expression: {_slip(source) or _syntax(error)}") from error


def is_constant(source: str) -> bool:
    """Whether an expression names nothing, so that it is always the same. Raises ExpressionError."""
    return next(parse(source).find_all(nodes.Name), None) is None


@lru_cache(maxsize=256)
def _compiled(source: str) -> TemplateExpression:
    return _ENVIRONMENT.compile_expression(source)


_SLIPS: Final = (
    (r"\{\{|\}\}|\{%", "leave out the braces, it stands by itself"),
    (r"&&|\|\|", "write `and`, `or`"),
    (r"\b(AND|OR|NOT)\b", "write `and`, `or`, `not` in small letters"),
    (r"[^=<>!]=[^=]", "a comparison is written `==`"),
)
"""What people write who know another language."""


def _slip(source: str) -> str | None:
    return next((mend for pattern, mend in _SLIPS if re.search(pattern, source)), None)


def _syntax(error: TemplateSyntaxError) -> str:
    message = str(error.message)
    for kind, known in (("filter", _ENVIRONMENT.filters), ("test", _ENVIRONMENT.tests)):
        if message.startswith(f"No {kind} named"):
            word = message.split("'")[1]
            return f'unknown {kind} "{word}"{hint(word, known)}'
    return message.rstrip(".").replace("unexpected 'end of template'", "it ends too early")
