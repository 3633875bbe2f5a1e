"""Values: what a template sees of an event, as plain values that have nothing but themselves.

    JSON null → None · number, true, false → the same · ISO 8601 with a zone → datetime · other text → str, cut
    array → list, cut · object → Table

A Table is no mapping: what it holds is made plain when it is asked for, and nothing else can be asked of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from types import NoneType
from typing import Any

from watcher.domain.calendar import read_instant, say_date
from watcher.domain.duration import say_duration
from watcher.domain.inert import TEXT_LENGTH, shorten
from watcher.domain.wording import Reader
from watcher.templates._budget import TroubleError, check_length

LIST_LIMIT = 1_000
_NESTED_LIMITS = (LIST_LIMIT, 20)
"""elements of a list, and of a list in a list"""

_BREAK = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""only a template's own text begins a line"""

_SHOWN_KEYS = 10
_DEPTH_LIMIT = 16
_DECIMALS = 3
_INSTANT_LENGTH = 40


class Made(str):
    """A text made here, such as an address, that is harmless as it stands."""

    __slots__ = ()


class Table:
    """An object of an API's answer, or a part of an event."""

    __slots__ = ("_raw", "_seen")

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw
        self._seen: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """Return one value, None where there is none."""
        if name not in self._seen:
            self._seen[name] = plain(self._raw.get(name))
        return self._seen[name]

    def names(self) -> list[str]:
        """Return the names of its values, cut to as many as a list may have."""
        return [str(name) for name in islice(self._raw, LIST_LIMIT)]

    def __bool__(self) -> bool:
        return bool(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


def plain(value: Any, depth: int = 0) -> Any:
    """Return a JSON value, or one of ours, as a template may see it."""
    if value is None or isinstance(value, bool | int | float | datetime | timedelta | Made | Table):
        return value
    if isinstance(value, str):
        text = str(value)
        instant = read_instant(text) if len(text) <= _INSTANT_LENGTH else None
        return instant or shorten(_BREAK.sub(" ", text[: TEXT_LENGTH + 1]), TEXT_LENGTH)
    if isinstance(value, Mapping):
        return Table(value)
    if isinstance(value, list | tuple):
        limit = _NESTED_LIMITS[depth] if depth < len(_NESTED_LIMITS) else 0
        return [plain(one, depth + 1) for one in value[:limit]] if limit else "…"
    return ""


def pick(value: Any, path: str) -> Any:
    """Return what lies below a value at a dotted path, None where nothing does."""
    for step in path.split(".", _DEPTH_LIMIT):
        if not isinstance(value, Table):
            return None
        value = value.get(step)
    return value


def say(value: Any, reader: Reader) -> str:
    """Return a value in words: nothing for None, instants by the reader's clock."""
    if isinstance(value, list | tuple):
        return join([say(one, reader) for one in value], ", ")
    for kind, phrase in _PHRASES.items():
        if isinstance(value, kind):
            return phrase(value, reader)
    raise TroubleError("shows what is no value")


_PHRASES: Mapping[type[Any], Callable[[Any, Reader], str]] = {
    NoneType: lambda _, __: "",
    bool: lambda value, _: "yes" if value else "no",
    str: lambda value, _: str(value),
    int: lambda value, _: str(value),
    float: lambda value, _: f"{value:.{_DECIMALS}f}".rstrip("0").rstrip("."),
    datetime: lambda value, reader: say_date(value, reader.zone, reader.now),
    timedelta: lambda value, _: say_duration(abs(value)),
    Table: lambda value, _: "{" + ", ".join(value.names()[:_SHOWN_KEYS]) + "}",
}
"""bool before int, which it is"""


def join(texts: list[str], separator: str) -> str:
    """Return some texts as one. Raises TroubleError where it would be too long."""
    check_length(sum(map(len, texts)) + len(separator) * max(0, len(texts) - 1))
    return separator.join(texts)
