"""A sieve: the matchers of many rules made ready for many events, each path looked up once an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from watcher.domain.matcher import COMPARE, TEXT_LIMIT, Matcher, Relation, Term

Fit = Callable[[Any], bool]
"""says whether a matcher holds for the one value that stands at its path"""


class Sieve:
    """The conditions of several rules; all the matchers of one must hold."""

    __slots__ = ("_conditions", "_finders")

    def __init__(self, conditions: Sequence[Sequence[Matcher]]) -> None:
        finders: dict[str, Matcher] = {}
        for where in conditions:
            for matcher in where:
                finders.setdefault(matcher.path, matcher)
        places = {path: place for place, path in enumerate(finders)}
        self._finders = tuple(finders.values())
        self._conditions = tuple(
            tuple((places[matcher.path], make_fit(matcher), matcher.fits) for matcher in where) for where in conditions
        )

    def passing(self, seen: Mapping[str, Any]) -> list[int]:
        """Return the places of the conditions that hold for an event's data with its type, source and subject."""
        found: list[list[Any] | None] = [None] * len(self._finders)
        passing = []
        for number, condition in enumerate(self._conditions):
            for place, fits_one, fits in condition:
                values = found[place]
                if values is None:
                    values = found[place] = self._finders[place].find(seen)
                if not (fits_one(values[0]) if len(values) == 1 else fits(values)):
                    break
            else:
                passing.append(number)
        return passing


def make_fit(matcher: Matcher) -> Fit:
    """Return what says the same as a matcher where one value stands at its path, sooner."""
    if not matcher.unwanted and len(matcher.wanted) == 1:
        return _make_fit(matcher.wanted[0])
    texts = _only_texts(matcher)
    if texts is None:
        return lambda value: matcher.fits([value])
    return lambda value: value in texts if isinstance(value, str) else matcher.fits([value])


def _make_fit(term: Term) -> Fit:
    operand, slowly = term.operand, term.fits
    if term.pattern is not None:
        search = term.pattern.search
        return lambda value: search(value[:TEXT_LIMIT]) is not None if isinstance(value, str) else slowly(value)
    if term.relation is Relation.EQUAL and type(operand) is str:
        return lambda value: value == operand if isinstance(value, str) else slowly(value)
    if term.relation in COMPARE and type(operand) in {int, float}:
        compare = COMPARE[term.relation]
        return lambda value: compare(value, operand) if type(value) is int else slowly(value)
    return slowly


def _only_texts(matcher: Matcher) -> frozenset[str] | None:
    """Return the texts that a matcher names, None where it asks for anything else."""
    texts = [term.operand for term in matcher.wanted if term.relation is Relation.EQUAL]
    plain = frozenset(text for text in texts if type(text) is str)
    return plain if not matcher.unwanted and len(plain) == len(matcher.wanted) else None
