"""The sandbox: the environment that templates are compiled for and rendered in.

What may stand in a template is decided before, by the grammar; here every way out is shut once more. A name is only
ever looked up in a Table; no attribute of a Python object can be had, and nothing can be called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Never

from jinja2 import StrictUndefined, Undefined, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from watcher.templates._budget import Desk, TroubleError, check_length
from watcher.templates._filters import FILTERS, number, weigh
from watcher.templates._seal import Shown, show
from watcher.templates._value import Made, Table, join, say

DESK = "~desk"
"""where a rendering's desk lies in its context, under a name that no template can write"""

EACH, FLAT, GLUE, SLICED, WEIGHED = "~each", "~flat", "~glue", "~sliced", "~weighed"
"""filters that are put into a template when it is compiled"""

LOOP_NAMES = frozenset({"first", "index", "index0", "last", "length", "revindex"})


def _is_defined(value: Any) -> bool:
    return value is not None and not isinstance(value, Undefined)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TESTS: Mapping[str, Callable[[Any], bool]] = MappingProxyType({
    "defined": _is_defined,
    "undefined": lambda value: not _is_defined(value),
    "none": lambda value: value is None,
    "number": _is_number,
    "even": lambda value: number(value) % 2 == 0,
    "odd": lambda value: number(value) % 2 == 1,
})  # fmt: skip
"""what may follow `is`"""


def _each(desk: Desk, value: Any, cost: int) -> list[Any]:
    """Return what a loop goes over, after its rounds have been paid for."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise TroubleError("loops over what is no list")
    desk.budget.spend(len(value) * cost)
    return list(value)


def _flat(_: Desk, values: list[Any]) -> list[Any]:
    """Return a list that a template made; lists of lists would double with every line."""
    if any(isinstance(value, list | tuple) for value in values):
        raise TroubleError("puts a list into a list")
    return list(values)


def _glue(desk: Desk, values: list[Any]) -> str:
    return join([say(value, desk.reader) for value in values], "")


def _sliced(_: Desk, value: Any, *bounds: int | None) -> Any:
    if value is None:
        return None
    if not isinstance(value, list | tuple | str):
        raise TroubleError("takes a part of what is neither a list nor a text")
    return value[slice(*bounds)]


class _Nothing:
    """What None is compared as: it is not more, not less, and holds nothing."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __lt__(self, other: object) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __contains__ = __lt__


_NOTHING = _Nothing()


def _weighed(_: Desk, value: Any) -> Any:
    """Return a value to compare: that it is a filter's makes it cost what it weighs."""
    return _NOTHING if value is None else value


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja without calls, attributes, globals, loaders and guesses."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    intercepted_unops = frozenset({"+", "-"})

    def __init__(self) -> None:
        super().__init__(
            autoescape=False,
            undefined=StrictUndefined,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,  # nothing is worked out before there is a budget
            cache_size=0,
        )
        ours = {name: one.function for name, one in FILTERS.items()}
        ours |= {EACH: _each, FLAT: _flat, GLUE: _glue, SLICED: _sliced, WEIGHED: _weighed}
        self.globals = {}
        self.filters = {name: _paid(function) for name, function in ours.items()}
        self.tests = dict(TESTS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a value of a table by its name."""
        if isinstance(obj, Table):
            return obj.get(attribute)
        if isinstance(obj, LoopContext) and attribute in LOOP_NAMES:
            return getattr(obj, attribute)
        if obj is None:
            return None
        raise TroubleError("looks for a name in what is no table")

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return a value of a table by its name, or of a list by its place."""
        if isinstance(argument, str):
            return self.getattr(obj, argument)
        if obj is None:
            return None
        if not isinstance(obj, list | tuple | str) or not isinstance(argument, int):
            raise TroubleError("looks for a place in what is no list")
        return obj[argument] if -len(obj) <= argument < len(obj) else None

    def call(self, *_: Any, **__: Any) -> Never:
        """Refuse: there is nothing to call."""
        raise SecurityError("nothing can be called")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002  # Jinja's way
        """Reckon with numbers and instants, put texts together."""
        if isinstance(left, datetime | timedelta) and isinstance(right, datetime | timedelta) and operator in "+-":
            return self.binop_table[operator](left, right)
        if isinstance(left, str) and isinstance(right, str) and operator == "+":
            check_length(len(left) + len(right))
            return str(left) + str(right)
        if operator == "**":
            raise SecurityError("numbers may grow too fast")
        return number(self.binop_table[operator](number(left), number(right)))

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:  # noqa: ARG002  # Jinja's way
        """Return a number with the other sign."""
        return self.unop_table[operator](number(arg))


def _paid(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that pays for what it looks through."""

    @pass_context
    def call(context: Context, *arguments: Any, **named: Any) -> Any:
        desk: Desk = context.parent[DESK]
        desk.budget.spend(1 if function is _flat else weigh(arguments))
        return function(desk, *arguments, **named)

    return call


@pass_context
def _finalize(context: Context, value: Any) -> str:
    """Return a value on its way out; what was made here goes as it is."""
    desk: Desk = context.parent[DESK]
    if isinstance(value, Undefined):
        raise TroubleError("shows a name that nothing has")
    if isinstance(value, Made):
        return str(value)
    if type(value) is int:
        return Shown(value)
    text = say(value, desk.reader)
    desk.budget.spend(1 + len(text) // 4)  # to make a text harmless takes longer than to make it
    return show(text)
