"""A matcher: a path into an event, and what must stand there.

Written as a value, a list (any of them), a comparison (`>= 3`, `< 24h`, `> 2026-12-01`), `~ regex`, or any of these
after `!`. A value that begins with one of these signs is written after `=`: `= !important`.
In a list one plain entry must hold, if there is one, and every entry with `!` must: `["course", "! x"]`.
A list in the event matches if one of its elements does. Where nothing stands, only an entry with `!` holds.
At `change.crosses` the values are thresholds: one holds where the change rose past it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from math import isfinite, isnan
from typing import Any, Protocol

from watcher.domain.crossing import CROSSES, Rise, check_threshold, find_rise
from watcher.domain.duration import parse_duration

TEXT_LIMIT = 65_536
"""characters of a text that a regex sees"""

MEASURE_LIMIT = 100
"""characters of a text that may be a number, a duration or an instant"""

SHOWN_LIMIT = 80
"""characters of a value that a reason shows"""

Scalar = str | int | float | bool | datetime | timedelta


class Pattern(Protocol):
    """A compiled regex; `search` takes linear time."""

    def search(self, text: str, /) -> object | None:
        """Return something where the pattern occurs in the text, None where it does not."""
        ...


class Relation(StrEnum):
    """How a value is held against an operand, by the sign it is written with."""

    EQUAL = "="
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    MATCHING = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One thing that a value is held against; `written` is its text in the config."""

    relation: Relation
    operand: Scalar
    pattern: Pattern | None = None
    is_negated: bool = False
    written: str

    def holds(self, found: list[Any]) -> bool:
        """Say whether the term holds for the values found at a path (none, one, or a list's elements)."""
        for value in found:
            if self.fits(value):
                return not self.is_negated
        return self.is_negated

    def fits(self, value: Any) -> bool:
        """Say whether one value is as the term says, without its `!`."""
        if self.pattern is not None:
            return self.pattern.search(_text(value)[:TEXT_LIMIT]) is not None
        if self.relation is Relation.EQUAL:
            return _is_equal(value, self.operand)
        other = _like(self.operand, value)
        return other is not None and COMPARE[self.relation](other, self.operand)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """A path and the terms that must hold there."""

    path: str
    steps: tuple[str, ...]
    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...]

    def holds(self, seen: Mapping[str, Any]) -> bool:
        """Say whether it holds for an event's data together with its type, source and subject."""
        return self.fits(self.find(seen))

    def find(self, seen: Mapping[str, Any]) -> list[Any]:
        """Return the values that stand at the path."""
        return _find(seen, self.steps) if self.path != CROSSES else find_rise(seen)

    def fits(self, found: list[Any]) -> bool:
        """Say whether it holds for the values that stand at the path."""
        for term in self.unwanted:
            if not term.holds(found):
                return False
        for term in self.wanted:  # loops, not any(): this is called for every event and rule
            if term.holds(found):
                return True
        return not self.wanted

    def reason(self, seen: Mapping[str, Any]) -> str:
        """Return why it holds or does not, with the actual value: `change.delta is 1, not >= 3`."""
        found = self.find(seen)
        actual = "has no value" if not found else f"is {' and '.join(self._show(value) for value in found[:3])}"
        wished = f" (wanted: {self._wish()})" if self.holds(seen) else f", not {self._wish()}"
        return f"{self.path} {actual}{wished}"

    @property
    def terms(self) -> tuple[Term, ...]:
        """Every term, those with `!` last."""
        return (*self.wanted, *self.unwanted)

    def _show(self, value: Any) -> str:
        if isinstance(value, Rise):
            return value.say(_threshold(term) or 0 for term in self.terms)
        return show(value)

    def _wish(self) -> str:
        wanted = " or ".join(show(term.written) for term in self.wanted)
        parts = [wanted] * bool(wanted) + [show(term.written) for term in self.unwanted]
        return f"({' and '.join(parts)})" if len(parts) > 1 else parts[0]


def parse_matcher(path: str, written: Any, compile_pattern: Callable[[str], Pattern]) -> Matcher:
    """Read one entry of `where`. Raises ValueError, whose text says what would be right."""
    entries = written if isinstance(written, list | tuple) else [written]
    if not entries:
        raise ValueError("an empty list never holds; name at least one value")
    terms = [_parse_term(path, entry, compile_pattern) for entry in entries]
    if path == CROSSES:
        for term in terms:
            check_threshold(_threshold(term))
    return Matcher(
        path=path,
        steps=tuple(path.split(".")),
        wanted=tuple(term for term in terms if not term.is_negated),
        unwanted=tuple(term for term in terms if term.is_negated),
    )


def show(value: Any) -> str:
    """Return a short form of a value for a reason."""
    text = " ".join(_text(value)[: SHOWN_LIMIT * 4].split())
    return text if len(text) <= SHOWN_LIMIT else f"{text[: SHOWN_LIMIT - 1]}…"


_SIGNED = re.compile(r"(?P<not>!\s*)?(?:(?P<sign>>=|<=|==|=|>|<|~)\s*)?(?P<rest>.*)", re.DOTALL)
_CLOCK = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_LEAD = "deadline.lead"
_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*")
COMPARE: Mapping[Relation, Callable[[Any, Any], bool]] = {
    Relation.ABOVE: operator.gt,
    Relation.AT_LEAST: operator.ge,
    Relation.BELOW: operator.lt,
    Relation.AT_MOST: operator.le,
}


def _parse_term(path: str, entry: Any, compile_pattern: Callable[[str], Pattern]) -> Term:
    if not isinstance(entry, str):
        fixed = _plain(entry)
        return Term(relation=Relation.EQUAL, operand=fixed, written=_text(fixed))
    parts = _SIGNED.fullmatch(entry.strip())
    assert parts is not None  # noqa: S101  # the pattern takes any text
    sign, rest, is_negated = parts["sign"], parts["rest"].strip(), parts["not"] is not None
    relation = Relation.EQUAL if sign in {None, "=="} else Relation(sign)
    if not rest and (sign or is_negated):
        raise ValueError(f"nothing stands after {entry.strip()!r}; write it like '>= 3', '! x' or '~ regex'")
    if relation is Relation.MATCHING:
        return Term(
            relation=relation, operand=rest, pattern=compile_pattern(rest), is_negated=is_negated, written=entry
        )
    measured = _equal_to(path, rest) if relation is Relation.EQUAL else _measure(rest)
    return Term(relation=relation, operand=measured, is_negated=is_negated, written=entry)


def _plain(entry: Any) -> Scalar:
    if isinstance(entry, datetime):
        return entry if entry.tzinfo else entry.replace(tzinfo=UTC)
    if isinstance(entry, date):
        return datetime.combine(entry, time(), UTC)
    if isinstance(entry, float) and not isfinite(entry):
        raise ValueError(f"{entry} equals nothing; write a number")
    if isinstance(entry, bool | int | float):
        return entry
    raise ValueError("a matcher takes a text, a number, true, false, an instant or a list of these")


def _threshold(term: Term) -> int | float | None:
    return _number(term.operand) if term.relation is Relation.EQUAL else None


def _equal_to(path: str, text: str) -> str | datetime | timedelta:
    """Return a text as a lead where one stands, or as an instant to the minute at least: both have many spellings."""
    measure = _span(text) if path == _LEAD else _instant(text) if _CLOCK.match(text) else None
    return measure or text


def _measure(text: str) -> float | datetime | timedelta:
    for read in (_number, _span, _instant):
        measure = read(text)
        if measure is not None:
            return measure
    raise ValueError(f"{text!r} cannot be compared; write a number, a duration like 24h or an instant in ISO 8601")


def _find(seen: Any, steps: Sequence[str]) -> list[Any]:
    """Return what stands at a path; a list on the way is looked into element by element, a list in a list is not."""
    value = seen
    for place, step in enumerate(steps):
        if not isinstance(value, dict):
            return _find_in_list(value, steps[place:]) if isinstance(value, list | tuple) else []
        value = value.get(step)
    if isinstance(value, list | tuple):
        return _find_in_list(value, ())
    return [] if value is None or isinstance(value, dict) else [value]


def _find_in_list(values: Iterable[Any], steps: Sequence[str]) -> list[Any]:
    return [found for value in values if not isinstance(value, list | tuple) for found in _find(value, steps)]


def _is_equal(value: Any, wanted: Scalar) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return _text(value).lower() == _text(wanted).lower()
    if isinstance(value, str) and isinstance(wanted, str):
        return value == wanted
    return _same_measure(value, wanted)


def _same_measure(value: Any, wanted: Scalar) -> bool:
    if isinstance(value, Rise):
        threshold = _number(wanted)
        return threshold is not None and value.crosses(threshold)
    if isinstance(wanted, str):
        number = _number(wanted)
        return number is not None and _number(value) == number
    return bool(_like(wanted, value) == wanted)


def _like(operand: Scalar, value: Any) -> Any:
    """Return a value as the kind of thing that an operand is, None where it is none."""
    if isinstance(value, str) and len(value) > MEASURE_LIMIT:  # an API's text may be endless, and reading it takes long
        return None
    if isinstance(operand, datetime):
        return _instant(value)
    if isinstance(operand, timedelta):
        return _span(value)
    return _number(value)


def _number(value: Any) -> int | float | None:
    """Read a number; whole ones stay whole, because long ids differ only in digits that a float drops."""
    if type(value) is int:
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = int(value) if _WHOLE.fullmatch(str(value)) else float(value)
    except ValueError:
        return None
    return None if isnan(number) else number


def _span(value: Any) -> timedelta | None:
    """Read a duration; a bare number is seconds, as in `deadline.seconds_left`."""
    try:
        return parse_duration(value) if isinstance(value, str) else _seconds(value)
    except (ValueError, OverflowError):
        return None


def _seconds(value: Any) -> timedelta | None:
    number = _number(value)
    return None if number is None else timedelta(seconds=number)


def _instant(value: Any) -> datetime | None:
    """Read ISO 8601; without a zone it is UTC."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
