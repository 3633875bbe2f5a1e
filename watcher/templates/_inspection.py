"""Inspection: one walk through a template that looks at every name in it."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jinja2 import nodes

from watcher.domain.nearness import near
from watcher.templates._fault import Fault
from watcher.templates._names import Names, is_open, root
from watcher.templates._sandbox import LOOP_NAMES

_SAME = frozenset({"sort", "unique", "default"})
"""filters that give what they are given"""
_ONE = frozenset({"first", "last"})
_MISSING_IS_MEANT = frozenset({"default", "length", *_ONE})
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What an expression names: a known path, or what stands at no known one where `path` is None.

    The elements of a list have its path, as matchers write it.
    """

    path: str | None = None
    is_list: bool = False


ANYWHERE = Place()
Bindings = ChainMap[str, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """The names that a template has given so far, and what is known to be there because it was asked for."""

    bindings: Bindings
    guarded: frozenset[str] = frozenset()
    is_sorted_out: bool = False
    """the event's type was asked for"""


def inspect_names(tree: nodes.Template, names: Names) -> list[tuple[Fault, bool]]:
    """Return what is wrong with the names in a template, each with whether it is a warning only."""
    return _Inspection(names).body(tree.body, _Where(bindings=ChainMap()))


class _Inspection:
    """One walk through a template."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._found: list[tuple[Fault, bool]] = []

    def body(self, parts: Iterable[nodes.Node], where: _Where) -> list[tuple[Fault, bool]]:
        """Look at some nodes in order, each with the names that those before it gave; return all that was found."""
        where = replace(where, bindings=where.bindings.new_child())
        for part in parts:
            self._statement(part, where)
        return self._found

    def _statement(self, node: nodes.Node, where: _Where) -> None:
        match node:
            case nodes.Output():
                for shown in node.nodes:
                    self._shown(shown, where)
            case nodes.Assign(target=nodes.Name(name=name)):
                where.bindings[name] = self._place(node.node, where)
            case nodes.If():
                self._if(node, where)
            case nodes.For():
                self._for(node, where)
            case nodes.Expr():
                self._place(node, where)

    def _shown(self, node: nodes.Node, where: _Where) -> None:
        place = self._place(node, where)
        if place.path and not place.is_list and self._names.is_table(place.path):
            right = near("", self._names.below(place.path))
            self._add(node, place.path, f"{place.path!r} is a table, and cannot be shown whole", right)

    def _if(self, node: nodes.If, where: _Where) -> None:
        for branch in (node, *node.elif_):
            inner = _after(branch.test, where)
            self._place(branch.test, inner)
            self.body(branch.body, inner)
            where = self._otherwise(branch.test, where)
        self.body(node.else_, where)

    def _for(self, node: nodes.For, where: _Where) -> None:
        over = self._place(node.iter, replace(where, is_sorted_out=True))  # a loop over nothing shows nothing
        if over.path and not over.is_list and self._names.is_table(over.path):
            self._add(node, over.path, f"{over.path!r} is no list", "loop over changes, or over events of a digest")
        inner = replace(where, bindings=where.bindings.new_child({"loop": ANYWHERE}))
        element = replace(over, is_list=False) if isinstance(node.target, nodes.Name) and over.is_list else ANYWHERE
        targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
        inner.bindings.update({one.name: element for one in targets if isinstance(one, nodes.Name)})
        inner = replace(inner, guarded=inner.guarded | ({root(over.path)} if over.path else set()))
        if node.test is not None:
            inner = _after(node.test, inner)
            self._place(node.test, inner)
        self.body(node.body, inner)
        self.body(node.else_, where)

    def _place(self, node: Any, where: _Where) -> Place:
        """Return what an expression names, after every name in it was looked at."""
        match node:
            case nodes.Name(name=name):
                return self._named(node, name, where)
            case nodes.Getattr(attr=name) | nodes.Getitem(arg=nodes.Const(value=str() as name)):
                return self._step(node, name, where)
            case nodes.Getitem():
                return self._element(node, where)
            case nodes.Filter():
                return self._filter(node, where)
            case nodes.CondExpr() | nodes.And() | nodes.Or():
                return self._choice(node, where)
        for inner in node.iter_child_nodes():
            self._place(inner, where)
        return ANYWHERE

    def _element(self, node: nodes.Getitem, where: _Where) -> Place:
        above = self._place(node.node, where)
        self._place(node.arg, where)
        if not above.is_list:
            return ANYWHERE
        return above if isinstance(node.arg, nodes.Slice) else replace(above, is_list=False)

    def _choice(self, node: nodes.CondExpr | nodes.And | nodes.Or, where: _Where) -> Place:
        test = node.test if isinstance(node, nodes.CondExpr) else node.left
        self._place(test, _after(test, where))
        self._place(node.expr1 if isinstance(node, nodes.CondExpr) else node.right, _after(test, where))
        if isinstance(node, nodes.CondExpr) and node.expr2 is not None:
            self._place(node.expr2, self._otherwise(test, where))
        return ANYWHERE

    def _named(self, node: nodes.Name, name: str, where: _Where) -> Place:
        if name in where.bindings:
            return where.bindings[name]
        if not self._names.has(name):
            self._add(node, name, f"{name!r} is no name here", self._names.hint(name))
            return ANYWHERE
        return self._known(node, name, where)

    def _step(self, node: nodes.Getattr | nodes.Getitem, name: str, where: _Where) -> Place:
        if isinstance(node.node, nodes.Name) and where.bindings.get(node.node.name) is ANYWHERE:
            if node.node.name == "loop" and name not in LOOP_NAMES:
                self._add(node, name, f"loop has no {name!r}", near(name, LOOP_NAMES))
            return ANYWHERE
        # Whether an event has the table says nothing that the value does not say better.
        above = self._place(node.node, replace(where, is_sorted_out=True))
        if above.path is None or (is_open(above.path) and not above.is_list):
            return ANYWHERE
        path = f"{above.path}.{name}"
        if above.is_list:
            self._add(node, name, f"{above.path!r} is a list", f"write {{% for one in {above.path} %}} and one.{name}")
            return ANYWHERE
        if not self._names.has(path):
            self._add(node, name, f"{path!r} is no path of the rule's events", self._names.hint(path))
            return ANYWHERE
        return self._known(node, path, where)

    def _known(self, node: nodes.Node, path: str, where: _Where) -> Place:
        lacking = [] if where.is_sorted_out or root(path) in where.guarded else self._names.lacking(path)
        if lacking:
            more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
            wrong = f"{path!r} is empty in {', '.join(lacking[:_SHOWN])}{more}"
            right = f"write it within {{% if {path} %}}, or say what stands for it: {path} | default(…)"
            self._add(node, path.rpartition(".")[2], wrong, right, is_warning=True)
        return Place(path=path, is_list=self._names.is_list(path))

    def _filter(self, node: nodes.Filter, where: _Where) -> Place:
        is_meant = node.name in _MISSING_IS_MEANT
        above = self._place(node.node, replace(where, is_sorted_out=True) if is_meant else where)
        for argument in (*node.args, *(one.value for one in node.kwargs)):
            self._place(argument, where)
        self._attribute(node, above)
        if node.name in _ONE:
            return replace(above, is_list=False)
        return above if node.name in _SAME else ANYWHERE

    def _attribute(self, node: nodes.Filter, above: Place) -> None:
        """Look at the path that map and sort are given for the elements of a list."""
        given = [*node.args[:1], *(one.value for one in node.kwargs if one.key == "attribute")]
        if node.name not in {"map", "sort"} or above.path is None or is_open(above.path) or not given:
            return
        name = given[0].value if isinstance(given[0], nodes.Const) else None
        path = f"{above.path}.{name}"
        if isinstance(name, str) and not self._names.has(path) and not _lies_open(path):
            self._add(node, name, f"{path!r} is no path of the rule's events", self._names.hint(path))

    def _otherwise(self, test: nodes.Node, where: _Where) -> _Where:
        """Return what is known where a condition does not hold: one that asked for the event's kind sorted it out."""
        after = _after(test, where)
        asked = any(self._names.has(path) and self._names.lacking(path) for path in _mentions(test, where.bindings))
        return replace(after, is_sorted_out=after.is_sorted_out or asked)

    def _add(self, node: nodes.Node, pointer: str, wrong: str, right: str, *, is_warning: bool = False) -> None:
        fault = (node.lineno, pointer, wrong, right)
        if (fault, is_warning) not in self._found:
            self._found.append((fault, is_warning))


def _lies_open(path: str) -> bool:
    return any(is_open(path[:at]) for at, sign in enumerate(path) if sign == ".")


def _after(test: nodes.Node, where: _Where) -> _Where:
    """Return what is known where a condition was looked at: whatever it names was asked for."""
    named = {root(path) for path in _mentions(test, where.bindings)}
    is_turned = isinstance(test, nodes.Not) or test.find(nodes.Not) is not None
    is_sorted_out = where.is_sorted_out or "type" in named or is_turned
    return replace(where, guarded=where.guarded | named, is_sorted_out=is_sorted_out)


def _mentions(node: nodes.Node, bindings: Mapping[str, Place]) -> Iterator[str]:
    path = _written(node, bindings)
    if path:
        yield path
        return
    for inner in node.iter_child_nodes():
        yield from _mentions(inner, bindings)


def _written(node: nodes.Node, bindings: Mapping[str, Place]) -> str:
    match node:
        case nodes.Name(name=name):
            return (bindings[name].path or "") if name in bindings else name
        case nodes.Getattr(attr=name) | nodes.Getitem(arg=nodes.Const(value=str() as name)):
            above = _written(node.node, bindings)
            return f"{above}.{name}" if above else ""
    return ""
