"""Filters: what a template may do with a value, all of them listed here.

Each takes the desk of the rendering first and treats None as an empty text or list, so that a value which is missing
does not cost the message. None keeps anything from one call to the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from watcher.domain import calendar, wording
from watcher.domain.calendar import read_instant
from watcher.domain.duration import parse_duration, say_duration
from watcher.domain.inert import shorten
from watcher.templates._budget import Desk, TroubleError, check_length
from watcher.templates._value import Made, Table, join, pick, say

LINK = re.compile(r"https?://[\w.-]+(?::\d{1,5})?[/?#][^\s{}<>\"`|\\]*\{\}[^\s{}<>\"`|\\]*")
"""an address with one place for a value, which cannot lead elsewhere"""

NUMBER_LIMIT = 10**15
_DECIMALS_LIMIT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter and how its use is written."""

    function: Callable[..., Any]
    usage: str


def _local(desk: Desk, value: Any, style: str = "date") -> str:
    instant = _instant(value)
    if instant is None:
        return ""
    reader = desk.reader
    match style:
        case "date":
            return calendar.say_date(instant, reader.zone, reader.now)
        case "day":
            return calendar.say_day(instant, reader.zone, reader.now)
        case "time":
            return calendar.say_time(instant, reader.zone)
    raise TroubleError('has a style of time that is none; write local("date"), local("day") or local("time")')


def _left(desk: Desk, value: Any) -> str:
    instant = _instant(value)
    return calendar.say_left(instant, desk.reader.now) if instant else ""


def _duration(_: Desk, value: Any) -> str:
    match value:
        case None | "":
            return ""
        case timedelta():
            return say_duration(abs(value))
        case str():
            return say_duration(parse_duration(value))
        case int() | float():
            return say_duration(timedelta(seconds=abs(value)))
    raise TroubleError("says a value that is no duration; give it seconds, or the difference of two instants")


def _link(desk: Desk, value: Any, address: str) -> str:
    text = say(value, desk.reader)
    if not LINK.fullmatch(address):
        raise TroubleError('makes no link; write an address with {} in it, as in link("https://host/{}")')
    check_length(len(text))
    made = address.replace("{}", quote(text, safe="", errors="replace"))
    check_length(len(made))
    return Made(made) if text else ""


def _plural(_: Desk, value: Any, one: str, many: str) -> str:
    return wording.plural(wording.count(value), _text(one), _text(many))


def _default(_: Desk, value: Any, other: Any) -> Any:
    return other if value is None or value == "" else value


def _join(desk: Desk, value: Any, separator: str = ", ") -> str:
    return join([say(one, desk.reader) for one in _items(value)], _text(separator))


def _replace(desk: Desk, value: Any, old: str, new: str) -> str:
    text = say(value, desk.reader)
    if not old:
        return text
    check_length(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _worded(change: Callable[[str], str], desk: Desk, value: Any) -> str:
    changed = change(say(value, desk.reader))
    check_length(len(changed))  # some letters become three
    return changed


def _capital(text: str) -> str:
    """Begin each word with a capital and leave its other letters as they are."""
    return re.sub(r"(?<!\S)\S", lambda sign: sign[0].upper(), text)


def _truncate(desk: Desk, value: Any, length: int) -> str:
    if not 1 <= length <= NUMBER_LIMIT:
        raise TroubleError("truncates to no length; write a number from 1 on, as in truncate(40)")
    return shorten(say(value, desk.reader), length)


def _round(_: Desk, value: Any, decimals: int = 0) -> Any:
    if value is None:
        return None
    if not 0 <= decimals <= _DECIMALS_LIMIT:
        raise TroubleError(f"rounds to no number of decimals; write one from 0 to {_DECIMALS_LIMIT}")
    rounded = round(number(value), decimals)
    return int(rounded) if decimals == 0 else rounded


def _int(_: Desk, value: Any) -> int:
    try:
        return int(float(value)) if value is not None else 0
    except (TypeError, ValueError, OverflowError):
        return 0


def _length(_: Desk, value: Any) -> int:
    return len(value) if isinstance(value, str | Table) else len(_items(value))


def _first(_: Desk, value: Any) -> Any:
    return next(iter(_sequence(value)), None)


def _last(_: Desk, value: Any) -> Any:
    return next(iter(_sequence(value)[-1:]), None)


def _sort(desk: Desk, value: Any, attribute: str = "", *, reverse: bool = False) -> list[Any]:
    items = _items(value)
    desk.budget.spend(len(items) * 4)  # comparing is the most of it
    return sorted(items, key=lambda one: _order(desk, _below(one, attribute)), reverse=bool(reverse))


def _unique(desk: Desk, value: Any) -> list[Any]:
    seen: dict[str, Any] = {}
    for one in _items(value):
        if isinstance(one, Table):
            raise TroubleError('cannot tell tables apart; write map("a.name") before unique')
        seen.setdefault(say(one, desk.reader), one)
    return list(seen.values())


def _map(desk: Desk, value: Any, attribute: str) -> list[Any]:
    desk.budget.spend(len(_items(value)))
    return [pick(one, _text(attribute)) for one in _items(value)]


def _pairs(desk: Desk, value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, Table):
        raise TroubleError("takes what is no table apart; items is for tables such as conversation.fields")
    desk.budget.spend(len(value.names()))
    return [[name, value.get(name)] for name in value.names()]


FILTERS: Mapping[str, Filter] = MappingProxyType({
    "default": Filter(function=_default, usage='default("nothing")'),
    "duration": Filter(function=_duration, usage="duration"),
    "first": Filter(function=_first, usage="first"),
    "int": Filter(function=_int, usage="int"),
    "items": Filter(function=_pairs, usage="items"),
    "join": Filter(function=_join, usage='join(", ")'),
    "last": Filter(function=_last, usage="last"),
    "left": Filter(function=_left, usage="left"),
    "length": Filter(function=_length, usage="length"),
    "link": Filter(function=_link, usage='link("https://host/{}")'),
    "local": Filter(function=_local, usage='local or local("day")'),
    "lower": Filter(function=partial(_worded, str.lower), usage="lower"),
    "map": Filter(function=_map, usage='map("field")'),
    "plural": Filter(function=_plural, usage='plural("question", "questions")'),
    "replace": Filter(function=_replace, usage='replace("old", "new")'),
    "round": Filter(function=_round, usage="round or round(1)"),
    "sort": Filter(function=_sort, usage='sort or sort("conversation.name", reverse=true)'),
    "title": Filter(function=partial(_worded, _capital), usage="title"),
    "trim": Filter(function=partial(_worded, str.strip), usage="trim"),
    "truncate": Filter(function=_truncate, usage="truncate(40)"),
    "unique": Filter(function=_unique, usage="unique"),
    "upper": Filter(function=partial(_worded, str.upper), usage="upper"),
})  # fmt: skip


def number(value: Any) -> int | float:
    """Return a number that is not too large to reckon with. Raises TroubleError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TroubleError("reckons with what is no number; check it with {% if … is number %} before")
    if not -NUMBER_LIMIT <= value <= NUMBER_LIMIT:
        raise TroubleError("reckons with a number that is too large")
    return value


def weigh(value: Any) -> int:
    """Return how many steps a value costs that a filter or a comparison looks through."""
    if isinstance(value, str):
        return 1 + len(value) // 16
    if isinstance(value, list | tuple):
        return 1 + sum(map(weigh, value))
    return 1


def _instant(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    instant = value if isinstance(value, datetime) else read_instant(value)
    if instant is None:
        raise TroubleError("takes a value for an instant that is none")
    return instant


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise TroubleError("takes a value for a list that is none")
    return list(value)


def _sequence(value: Any) -> Any:
    return value if isinstance(value, str) else _items(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TroubleError("is given an argument that is no text")
    return value


def _below(value: Any, attribute: str) -> Any:
    return pick(value, attribute) if attribute else value


def _order(desk: Desk, value: Any) -> tuple[int, float, str]:
    """Return what a value is sorted by: numbers, then instants, then texts, and what is nothing last."""
    match value:
        case None:
            return (3, 0.0, "")
        case int() | float():
            return (0, float(value), "")
        case datetime():
            return (1, value.timestamp(), "")
    return (2, 0.0, say(value, desk.reader).casefold())
