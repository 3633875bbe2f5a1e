"""A sieve: the matchers of many rules made ready for many events, each path looked up once an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.domain.matcher import COMPARE, TEXT_LIMIT, Matcher, Relation, Term

Fit = Callable[[Any], bool]
"""says whether a matcher holds for the one value that stands at its path"""


class Sieve:
    """The conditions of several rules; all the matchers of one must hold, and a matcher of several is asked once.

    Conditions are bits of a number: those that may still hold for an event. A path that does not fit takes away, at
    once, every condition that asks there; where texts are asked for, one look-up says which of them are left.
    """

    __slots__ = ("_all", "_stations")

    def __init__(self, conditions: Sequence[Sequence[Matcher]]) -> None:
        asking: dict[Matcher, int] = {}
        for place, where in enumerate(conditions):
            for matcher in where:
                asking[matcher] = asking.get(matcher, 0) | 1 << place
        by_path: dict[str, list[tuple[Matcher, int]]] = {}
        for matcher, mask in asking.items():
            by_path.setdefault(matcher.path, []).append((matcher, mask))
        stations = [_make_station(asked) for asked in by_path.values()]
        self._stations = sorted(stations, key=lambda station: not station.by_text)  # a look-up takes away the most
        self._all = (1 << len(conditions)) - 1

    @property
    def asks(self) -> bool:
        """Whether there is any matcher to ask; without one all conditions hold."""
        return bool(self._stations)

    def passing(self, seen: Mapping[str, Any]) -> list[int]:
        """Return the places of the conditions that hold for an event's data with its type, source and subject."""
        left = self._all
        for station in self._stations:
            if left & station.asking:
                left = _left_at(station, station.find(seen), left)
        return _places(left)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Station:
    """Everything that is asked at one path; `asking`: the conditions that do.

    `of_texts`: those of them whose matchers name nothing but texts, and `by_text`: what of these each text lets pass.
    `others`: the other matchers, each with its conditions; all of them, once more, are in `each`.
    """

    find: Callable[[Mapping[str, Any]], list[Any]]
    asking: int
    of_texts: int
    by_text: Mapping[str, int]
    others: tuple[tuple[int, Fit], ...]
    each: tuple[tuple[int, Callable[[list[Any]], bool]], ...]


def _make_station(asked: Sequence[tuple[Matcher, int]]) -> _Station:
    of_texts = 0
    by_text: dict[str, int] = {}
    others = []
    for matcher, mask in asked:
        texts = _only_texts(matcher)
        if texts is None or mask & of_texts:  # a condition that asks twice at one path is not told by one look-up
            others.append((mask, make_fit(matcher)))
            continue
        of_texts |= mask
        for text in texts:
            by_text[text] = by_text.get(text, 0) | mask
    asking = 0
    for _, mask in asked:
        asking |= mask
    return _Station(
        find=asked[0][0].find,
        asking=asking,
        of_texts=of_texts,
        by_text=by_text,
        others=tuple(others),
        each=tuple((mask, matcher.fits) for matcher, mask in asked),
    )


def _left_at(station: _Station, found: list[Any], left: int) -> int:
    """Return which of the conditions that are left do not fail at a station, for what was found there."""
    value = found[0] if len(found) == 1 else None
    if type(value) is str or (value is not None and not station.of_texts):
        if station.of_texts:
            left &= ~station.of_texts | station.by_text.get(value, 0)
        for mask, fits_one in station.others:
            if left & mask and not fits_one(value):
                left &= ~mask
        return left
    for mask, fits in station.each:
        if left & mask and not fits(found):
            left &= ~mask
    return left


def _places(mask: int) -> list[int]:
    places = []
    while mask:
        lowest = mask & -mask
        places.append(lowest.bit_length() - 1)
        mask ^= lowest
    return places


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
