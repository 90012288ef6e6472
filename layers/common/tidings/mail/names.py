"""Whether every name in a template exists, against the types of what is handed to it. Build time only."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from jinja2 import nodes
from pydantic import BaseModel

from tidings.words import hint

Problem = tuple[int, str]
"""The line in the template, and what is wrong there."""

_HELPERS = {"gettext": Any, "ngettext": Any, "_": Any, "loop": Any, "range": Any}


def unknown_names(template: nodes.Template, names: Mapping[str, Any]) -> list[Problem]:
    """Every name in `template` that `names` (name → type) does not have, in order of lines."""
    return list(dict.fromkeys(_Checker().check(template, {**_HELPERS, **names})))


def members(kind: Any) -> Mapping[str, Any] | None:
    """The members of a type that a template may name, with their types; None when it may name any."""
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    real = [each for each in kinds if each is not type(None)]
    if len(real) != 1 or real[0] is Any:
        return None
    return _members(get_origin(real[0]) or real[0])


@lru_cache(maxsize=256)
def _members(kind: Any) -> Mapping[str, Any] | None:
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return {each.name: hints[each.name] for each in fields(kind)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: each.annotation for name, each in kind.model_fields.items()}
    if isinstance(kind, type) and issubclass(kind, Mapping | dict):
        return None
    return {name: Any for name in dir(kind) if not name.startswith("_")}


def _element(kind: Any) -> Any:
    """What a loop over `kind` gives."""
    if get_origin(kind) in (tuple, list):
        return get_args(kind)[0]
    return Any


class _Checker:
    """Walks a template with the names in force at each place."""

    def check(self, node: nodes.Node, names: dict[str, Any]) -> Iterator[Problem]:
        if isinstance(node, nodes.For):
            yield from self._loop(node, names)
        elif isinstance(node, nodes.Assign):
            yield from self._value(node.node, names)
            names.update(self._targets(node.target, self._kind(node.node, names)))
        elif isinstance(node, nodes.Macro | nodes.CallBlock | nodes.With | nodes.AssignBlock):
            yield from self._block(node, names)
        elif isinstance(node, nodes.Expr):
            yield from self._value(node, names)
        else:
            for child in node.iter_child_nodes():
                yield from self.check(child, names)

    def _loop(self, node: nodes.For, names: dict[str, Any]) -> Iterator[Problem]:
        yield from self._value(node.iter, names)
        inside = {**names, **self._targets(node.target, _element(self._kind(node.iter, names)))}
        for child in (*node.body, *([node.test] if node.test else [])):
            yield from self.check(child, inside)
        for child in node.else_:
            yield from self.check(child, names)

    def _block(self, node: nodes.Node, names: dict[str, Any]) -> Iterator[Problem]:
        """A block that brings names of its own: their types aren't followed."""
        own = {each.name: Any for each in node.find_all(nodes.Name) if each.ctx in ("store", "param")}
        if isinstance(node, nodes.Macro):
            names[node.name] = Any
        elif isinstance(node, nodes.AssignBlock):
            names.update(own)
        for child in node.iter_child_nodes():
            yield from self.check(child, {**names, **own})

    def _targets(self, target: nodes.Node, kind: Any) -> dict[str, Any]:
        if isinstance(target, nodes.Name):
            return {target.name: kind}
        return {each.name: Any for each in target.find_all(nodes.Name)}

    def _value(self, node: nodes.Node, names: dict[str, Any]) -> Iterator[Problem]:
        if isinstance(node, nodes.Name):
            if node.ctx == "load" and node.name not in names:
                yield node.lineno, f'unknown name "{node.name}"{hint(node.name, set(names) - set(_HELPERS))}'
            return
        if isinstance(node, nodes.Getattr):
            yield from self._member(node, node.node, node.attr, names)
        elif isinstance(node, nodes.Getitem) and _is_private(node.arg):
            yield (
                node.lineno,
                f'"{node.arg.as_const()}" begins with an underscore: templates may not reach it',
            )
        for child in node.iter_child_nodes():
            yield from self._value(child, names)

    def _member(
        self, node: nodes.Node, of: nodes.Node, name: str, names: dict[str, Any]
    ) -> Iterator[Problem]:
        if name.startswith("_"):
            yield node.lineno, f'"{name}" begins with an underscore: templates may not reach it'
            return
        known = members(self._kind(of, names))
        if known is not None and name not in known:
            yield node.lineno, f'unknown name "{_spelled(of)}.{name}"{hint(name, known)}'

    def _kind(self, node: nodes.Node, names: dict[str, Any]) -> Any:
        if isinstance(node, nodes.Name):
            return names.get(node.name, Any)
        if isinstance(node, nodes.Getattr):
            known = members(self._kind(node.node, names))
            return Any if known is None else known.get(node.attr, Any)
        if isinstance(node, nodes.Getitem):
            return _element(self._kind(node.node, names))
        return Any


def _is_private(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and str(node.value).startswith("_")


def _spelled(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    return f"{_spelled(node.node)}.{node.attr}" if isinstance(node, nodes.Getattr) else "…"
