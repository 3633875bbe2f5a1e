"""A change: one field of one conversation, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_NESTED = frozenset({list, dict})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field's value before and after."""

    field: str
    before: Any
    after: Any

    @property
    def delta(self) -> int | float | None:
        """How much a number rose (or, negative, fell); None where either side is no number."""
        if (self.before.__class__ is int and self.after.__class__ is int) or (
            _is_number(self.before) and _is_number(self.after)
        ):
            rise: int | float = self.after - self.before
            return rise
        return None

    def as_dict(self) -> dict[str, Any]:
        """Return the form that events carry: field, before, after and, for numbers, delta."""
        plain = {"field": self.field, "before": self.before, "after": self.after}
        delta = self.delta
        if delta is not None:
            plain["delta"] = delta
        return plain


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the changes from one set of fields to another, in the fields' order; a null equals an absence."""
    if list(before) == list(after):  # as in most rows
        return tuple(_changes(after, before.values(), after.values()))
    changes = _changes(after, map(before.get, after), after.values())
    if before.keys() <= after.keys():
        return tuple(changes)
    left = (name for name in before if name not in after and before[name] is not None)
    return (*changes, *(Change(field=name, before=before[name], after=None) for name in left))


def _changes(names: Iterable[str], before: Iterable[Any], after: Iterable[Any]) -> list[Change]:
    """Return what differs; most values are the same text or number: the whole comparison is for the others."""
    return [
        Change(field=name, before=old, after=new)
        for name, old, new in zip(names, before, after, strict=True)
        if (old != new or old.__class__ is not new.__class__ or old.__class__ in _NESTED) and not is_same(old, new)
    ]


def apply(changes: Iterable[Change], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields after some changes; a field that became null is left out."""
    after = {**before, **{change.field: change.after for change in changes}}
    return {name: value for name, value in after.items() if value is not None}


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same; 1 and True are not (Python says they are), nor are lists or objects of them."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
