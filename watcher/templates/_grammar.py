"""The grammar: which parts of Jinja a template may be made of, and how large it may be.

Everything that is not listed is refused when the config is read: calls, attributes with underscores, includes, macros,
powers, blocks that keep text. What is left can neither reach anything nor grow without a loop, and every round of a
loop is paid for (see `bound`).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from watcher.domain.nearness import near
from watcher.templates._fault import Fault
from watcher.templates._filters import FILTERS, LINK, NUMBER_LIMIT
from watcher.templates._sandbox import EACH, FLAT, GLUE, SLICED, TESTS, WEIGHED
from watcher.templates._seal import calls

LENGTH_LIMIT = 10_000
"""characters of a template"""

_NODES_LIMIT = 2_000
_DEPTH_LIMIT = 40
_LOOPS_LIMIT = 3

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign,
    nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Getattr, nodes.Getitem, nodes.Slice,
    nodes.Filter, nodes.Test, nodes.Keyword, nodes.Compare, nodes.Operand, nodes.CondExpr,
    nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Concat,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod,
)  # fmt: skip

_REFUSED: Mapping[type[nodes.Node], tuple[str, str]] = MappingProxyType({
    nodes.Call: ("nothing can be called", "use a filter, as in value | upper"),
    nodes.CallBlock: ("{% call %} is not allowed", "write the text out"),
    nodes.Macro: ("{% macro %} is not allowed", "write the text out"),
    nodes.Include: ("{% include %} is not allowed", "write the text out"),
    nodes.Import: ("{% import %} is not allowed", "write the text out"),
    nodes.FromImport: ("{% from %} is not allowed", "write the text out"),
    nodes.Extends: ("{% extends %} is not allowed", "write the text out"),
    nodes.Block: ("{% block %} is not allowed", "write the text out"),
    nodes.FilterBlock: ("{% filter %} is not allowed", "use the filter in {{ }}"),
    nodes.AssignBlock: ("{% set %} around a text is not allowed", "write {% set name = value %}"),
    nodes.With: ("{% with %} is not allowed", "write {% set name = value %}"),
    nodes.ScopedEvalContextModifier: ("{% autoescape %} is not allowed", "leave it out"),
    nodes.NSRef: ("an attribute cannot be set", "write {% set name = value %}"),
    nodes.Pow: ("** is not allowed", "use *"),
    nodes.Pos: ("a leading + is not allowed", "leave it out"),
    nodes.Dict: ("a table cannot be written here", "write {% if %} for each case"),
})  # fmt: skip

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_RESERVED = frozenset({"caller", "kwargs", "loop", "self", "super", "varargs"})


def measure(text: str) -> Fault | None:
    """Return what keeps a text from being parsed at all."""
    if len(text) > LENGTH_LIMIT:
        return 1, "", f"is longer than {LENGTH_LIMIT} characters", "write less"
    if sign := _CONTROL.search(text):
        line = text.count("\n", 0, sign.start()) + 1
        return line, sign[0], "holds a control character", "leave it out"
    return None


def judge(tree: nodes.Template) -> Iterator[Fault]:
    """Yield what a template may not be made of."""
    yield from _judge_size(tree)
    for node in _walk(tree):
        yield from _judge_node(node)


def bound(tree: nodes.Template) -> nodes.Template:
    """Return a template in which every loop pays for its rounds, and every comparison for what it looks through."""
    bounded: nodes.Template = _Bounds().visit(tree)
    return bounded


def is_assignable(name: str) -> bool:
    """Say whether a template may give a value this name."""
    return not name.startswith("_") and name not in _RESERVED


def _judge_size(tree: nodes.Template) -> Iterator[Fault]:
    """Yield what is too large, level by level: a tree that is too deep may be too deep for recursion."""
    level: list[tuple[nodes.Node, int]] = [(tree, 0)]
    count = depth = 0
    while level:
        count, depth = count + len(level), depth + 1
        if count > _NODES_LIMIT or depth > _DEPTH_LIMIT:
            yield level[0][0].lineno, "", "is too large or nested too deep", "write less"
            return
        below = [
            (inner, loops + isinstance(inner, nodes.For)) for node, loops in level for inner in node.iter_child_nodes()
        ]
        for node, loops in below:
            if isinstance(node, nodes.For) and loops > _LOOPS_LIMIT:
                yield node.lineno, "for", f"loops are nested more than {_LOOPS_LIMIT} deep", "make it flatter"
        level = below


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(list(node.iter_child_nodes()))


def _judge_node(node: nodes.Node) -> Iterator[Fault]:
    if type(node) not in _ALLOWED:
        yield node.lineno, _pointer(node), *_REFUSED.get(type(node), ("this is not allowed", "write it more simply"))
        return
    match node:
        case nodes.Filter():
            yield from _judge_filter(node)
        case nodes.Test():
            yield from _judge_test(node)
        case nodes.Getattr(attr=name) | nodes.Getitem(arg=nodes.Const(value=str() as name)):
            yield from _judge_name(node, name)
        case nodes.Const(value=int() | float() as number) if not -NUMBER_LIMIT <= number <= NUMBER_LIMIT:
            yield node.lineno, "", "a number is too large", f"write at most {NUMBER_LIMIT}"
        case nodes.For() | nodes.Assign():
            yield from _judge_target(node, node.target)
        case nodes.Output():
            yield from _judge_output(node)


def _judge_filter(node: nodes.Filter) -> Iterator[Fault]:
    known = FILTERS.get(node.name)
    if known is None:
        yield node.lineno, node.name, f"{node.name!r} is no filter", near(node.name, FILTERS)
        return
    usage = f"write {known.usage}"
    named = {str(one.key): one.value for one in node.kwargs}
    try:
        bound_arguments = inspect.signature(known.function).bind(None, node.node, *node.args, **named)
    except TypeError:
        yield node.lineno, node.name, f"{node.name} is given other arguments than it takes", usage
        return
    if node.node is None or node.dyn_args or node.dyn_kwargs:
        yield node.lineno, node.name, f"{node.name} cannot be used so", usage
    elif node.name == "link" and not _is_address(bound_arguments.arguments["address"]):
        yield node.lineno, node.name, "link is not given a web address with one {} behind its host", usage


def _judge_test(node: nodes.Test) -> Iterator[Fault]:
    if node.name not in TESTS:
        yield node.lineno, node.name, f"{node.name!r} is no test", near(node.name, TESTS)
    elif node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
        yield node.lineno, node.name, f"{node.name} takes no arguments", f"write is {node.name}"


def _judge_name(node: nodes.Node, name: str) -> Iterator[Fault]:
    if name.startswith("_"):
        yield node.lineno, name, "a name cannot begin with _", "leave it out"


def _is_address(node: Any) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str) and bool(LINK.fullmatch(node.value))


def _judge_target(node: nodes.For | nodes.Assign, target: nodes.Node) -> Iterator[Fault]:
    if isinstance(node, nodes.For) and node.recursive:
        yield node.lineno, "recursive", "a loop cannot call itself", "leave out recursive"
    names = target.items if isinstance(target, nodes.Tuple) and isinstance(node, nodes.For) else [target]
    for name in names:
        if not isinstance(name, nodes.Name):
            yield node.lineno, "", "a value is given to what is no name", "write {% set name = value %}"
        elif not is_assignable(name.name):
            yield node.lineno, name.name, f"{name.name!r} cannot be given a value", "choose another name"


def _judge_output(node: nodes.Output) -> Iterator[Fault]:
    for left, right in pairwise(node.nodes):
        if isinstance(left, nodes.TemplateData) and not isinstance(right, nodes.TemplateData) and calls(left.data):
            yield right.lineno, "{{", "a value right after @ or < could call anybody", "put a blank between them"


def _pointer(node: nodes.Node) -> str:
    """Return the word by which a refused node is found in its line."""
    if isinstance(node, nodes.Call):
        callee = node.node
        return (callee.attr if isinstance(callee, nodes.Getattr) else getattr(callee, "name", "")) + "("
    return {nodes.Pow: "**", nodes.FromImport: "from", nodes.AssignBlock: "set", nodes.CallBlock: "call"}.get(
        type(node), type(node).__name__.lower()
    )


class _Bounds(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802  # named after the node
        self.generic_visit(node)
        cost = 1 + sum(1 for part in (*node.body, node.test) if part is not None for _ in _walk(part))
        node.iter = _filtered(node.iter, EACH, nodes.Const(cost))
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Compare:  # noqa: N802  # named after the node
        self.generic_visit(node)
        node.expr = _filtered(node.expr, WEIGHED)
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, WEIGHED)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802  # named after the node
        self.generic_visit(node)
        return _filtered(_flat(node.nodes, node.lineno), GLUE)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Getitem | nodes.Filter:  # noqa: N802  # named after the node
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        bounds = [one or nodes.Const(None) for one in (node.arg.start, node.arg.stop, node.arg.step)]
        return _filtered(node.node, SLICED, *bounds)  # Python itself would warn of a slice of a number

    def visit_List(self, node: nodes.List) -> nodes.Filter:  # noqa: N802  # named after the node
        self.generic_visit(node)
        return _flat(node.items, node.lineno)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:  # noqa: N802  # named after the node
        self.generic_visit(node)
        return node if node.ctx == "store" else _flat(node.items, node.lineno)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.CondExpr:  # noqa: N802  # named after the node
        self.generic_visit(node)
        node.expr2 = node.expr2 or nodes.Const("", lineno=node.lineno)
        return node


def _flat(items: list[nodes.Expr], line: int) -> nodes.Filter:
    return _filtered(nodes.List(items, lineno=line), FLAT)


def _filtered(node: Any, name: str, *arguments: nodes.Expr) -> nodes.Filter:
    for argument in arguments:
        argument.lineno = argument.lineno or node.lineno
    return nodes.Filter(node, name, list(arguments), [], None, None, lineno=node.lineno)
