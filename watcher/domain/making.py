"""Making: named tuples as their classes make them, in half the time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T", bound="tuple[Any, ...]")


def maker(of: type[T]) -> Callable[[Iterable[Any]], T]:
    """Return what `_make` of a named tuple is, without the look at how many values there are.

    It is for what is made a hundred thousand times; give it exactly the values of the class, in their order.
    """
    return partial(tuple.__new__, of)
