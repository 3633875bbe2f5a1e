"""Tolerant reader: a raw row, however the API writes it, as typed fields; what cannot be read is said, never raised."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

import msgspec

from watcher.domain.api import Api, Field, FieldKind
from watcher.domain.conversation import Drift, Reading
from watcher.domain.plain import Values
from watcher.sources._dates import read_instant
from watcher.sources._plain import PlainReader

_YES = frozenset({"true", "1", "yes", "y", "t", "on"})
_NO = frozenset({"false", "0", "no", "n", "f", "off"})
_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?", re.ASCII)
_HALVES = re.compile("[\ud800-\udfff]")
_LARGEST_COUNT = 2**63 - 1
_EXACT = 2.0**53
"""beyond it a float stands for more than one whole number"""
_LONGEST_SAMPLE = 60
_WHOLE_ROW = "(row)"


_ABSENT: Any = object()


class _Unknown(Exception):  # noqa: N818 - says what came of a value, not what failed
    """The value says nothing, which is no fault of anybody's."""


class _Undocumented(Exception):  # noqa: N818 - as above
    """The value can be read, but is none of those that are documented; it is the first argument."""


class TolerantReader:
    """Reads the rows of one API; `twins` name the field whose value wins over another's where it is present."""

    def __init__(self, api: Api, zone: tzinfo, twins: Mapping[str, str] | None = None) -> None:
        self._api, self._twins = api, twins or {}
        self._names = frozenset(api.fields)
        self._plain = None if twins else PlainReader(api)
        self._readers = tuple((name, _reader(field, zone)) for name, field in api.fields.items())

    def read(self, row: bytes) -> Reading:
        """Return a raw row as typed fields; never raises, whatever the row is."""
        plain = self._plain.read(row) if self._plain else None
        return plain or self._read_each(row)

    def read_plain(self, rows: Sequence[bytes]) -> Sequence[Values | None]:
        """Return the values of each row that stands in the snapshot's own forms already, None for any other."""
        return self._plain.read_all(rows) if self._plain else (None,) * len(rows)

    def _read_each(self, row: bytes) -> Reading:
        raw = _members(row)
        if raw is None:
            drift = Drift(field=_WHOLE_ROW, sample=_sample(row[:_LONGEST_SAMPLE].decode("utf-8", errors="replace")))
            return Reading(id="", fields={}, unknown=self._names, drifts=(drift,))
        known = self._with_twins(raw)
        fields: dict[str, Any] = {}
        unknown: set[str] = set()
        drifts: list[Drift] = []
        for name, read in self._readers:
            value = known.get(name, _ABSENT)
            try:
                fields[name] = self._omitted(name) if value is _ABSENT else read(value)
            except _Unknown:
                unknown.add(name)
            except _Undocumented as strange:
                fields[name] = strange.args[0]
                drifts.append(Drift(field=name, sample=_sample(value)))
            except (ValueError, TypeError):
                unknown.add(name)
                drifts.append(Drift(field=name, sample=_sample(value)))
        if not raw.keys() <= self._names:
            fields.update((name, value) for name, value in raw.items() if name not in self._names)
        return Reading(
            id=str(fields.get("id") or "").strip(),
            fields=fields,
            unknown=frozenset(unknown),
            absent=self._names - raw.keys(),
            drifts=tuple(drifts),
        )

    def _with_twins(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        winners = {name: raw[twin] for name, twin in self._twins.items() if raw.get(twin)}
        return {**raw, **winners} if winners else raw

    def _omitted(self, name: str) -> Any:
        """A terse API leaves out counts that are 0 and flags that are false; anything else absent stays unknown."""
        kind = self._api.fields[name].kind
        if self._api.omits_empty and kind in _EMPTY:
            return _EMPTY[kind]
        raise _Unknown


def _reader(field: Field, zone: tzinfo) -> Callable[[Any], Any]:
    """Return the function that reads a field's values, which raises where a value is not what it should be."""
    if field.kind is FieldKind.INSTANT:
        return lambda value: read_instant(value, zone, end_of_day=field.end_of_day)
    if field.kind is FieldKind.CHOICE:
        return lambda value: _choice(value, field.choices)
    return _READERS[field.kind]


def _members(row: bytes) -> dict[str, Any] | None:
    try:
        members = msgspec.json.decode(row)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        members = _members_anyhow(row)
    return members if isinstance(members, dict) else None


def _members_anyhow(row: bytes) -> Any:
    """Read what msgspec refuses but the standard library takes: lone surrogates, numbers beyond a float."""
    try:
        text = row.decode("utf-8", errors="replace")
        loaded = json.loads(text, parse_float=_finite, parse_constant=str)
        return msgspec.json.decode(_HALVES.sub("\N{REPLACEMENT CHARACTER}", json.dumps(loaded, ensure_ascii=False)))
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def _finite(written: str) -> float | str:
    number = float(written)
    return number if math.isfinite(number) else written


def _text(value: Any) -> str:
    if type(value) is str:  # most are, and there are many
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    raise TypeError("no text")


def _flag(value: Any) -> bool:
    if value is True or value is False:
        return value
    word = _text(value).strip().lower()
    if not word:
        raise _Unknown
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError("no flag")


def _count(value: Any) -> int:
    if type(value) is int and 0 <= value <= _LARGEST_COUNT:
        return value
    number = _number(value)
    if number is None or number < 0:  # OSN answers nUnread -1 where it does not know
        raise _Unknown
    if number != int(number) or number > _LARGEST_COUNT:
        raise ValueError("no count")
    return int(number)


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool):
        raise TypeError("no number")
    text = _text(value).strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError("no number")
    if text.lstrip("+-").isdigit():
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no finite number")
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number


def _choice(value: Any, choices: tuple[str, ...]) -> str | None:
    if type(value) is str and value in choices:
        return value
    text = _text(value).strip()
    if not text:
        return None
    documented = next((choice for choice in choices if choice.casefold() == text.casefold()), None)
    if documented is None:
        raise _Undocumented(text)
    return documented


def _sample(value: Any) -> str:
    text = value if isinstance(value, str) else ascii(value)
    line = "".join(char if char.isprintable() else "·" for char in text[: _LONGEST_SAMPLE + 1])
    return line if len(line) <= _LONGEST_SAMPLE else line[: _LONGEST_SAMPLE - 1] + "…"


_READERS: Mapping[FieldKind, Callable[[Any], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.COUNT: _count,
    FieldKind.NUMBER: _number,
    FieldKind.FLAG: _flag,
    FieldKind.OTHER: lambda value: value,
}
_EMPTY: Mapping[FieldKind, Any] = {FieldKind.COUNT: 0, FieldKind.FLAG: False}
