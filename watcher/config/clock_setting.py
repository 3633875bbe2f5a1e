"""The kinds of setting that speak of the clock and the week: times of day, spans of hours, weekdays."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any

from pydantic import BeforeValidator, InstanceOf

from watcher.domain.nearness import near

Hours = tuple[time, time]
"""from the first (included) to the second (excluded), past midnight where that is earlier"""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_END_OF_DAY = "24:00"
_HOURS_EXAMPLE = "write it like 22:00-08:00"
_DAYS_EXAMPLE = "write it like sat,sun or mon-fri"


def write_hours(hours: Hours) -> str:
    """Return hours as they are written: `22:00-08:00`."""
    return "-".join(write_time(edge) for edge in hours)


def write_time(at: time) -> str:
    """Return a time as it is written: `08:00`."""
    return f"{at.hour:02}:{at.minute:02}"


def _read_time(written: Any) -> Any:
    if isinstance(written, time):  # TOML has times of its own: 08:00:00
        if written.second or written.microsecond:
            raise ValueError(f"{written} is not a whole minute; write it like 08:00")
        return written
    if not isinstance(written, str):
        raise ValueError('is no time of day; write it in quotes, like "08:00"')  # noqa: TRY004  # pydantic's way
    found = _TIME.fullmatch(written.strip())
    if found is None:
        raise ValueError(f"{written[:40]!r} is no time of day; write it like 08:00, from 00:00 to 23:59")
    return time(int(found[1]), int(found[2]))


def _read_times(written: Any) -> Any:
    return (_read_time(written),) if isinstance(written, str | time) else written


def _read_hours(written: Any) -> Any:
    if not isinstance(written, str):
        raise ValueError('is no span of hours; write it in quotes, like "22:00-08:00"')  # noqa: TRY004  # pydantic's way
    parts = written.replace(_END_OF_DAY, "00:00").split("-")
    found = [_TIME.fullmatch(part.strip()) for part in parts]
    edges = [time(int(part[1]), int(part[2])) for part in found if part]
    if len(parts) != len(edges) or len(edges) != len(("start", "end")):
        raise ValueError(f"{written[:40]!r} is no span of hours; {_HOURS_EXAMPLE}")
    if edges[0] == edges[1]:
        raise ValueError(f"{written!r} ends when it starts; {_HOURS_EXAMPLE}, and name whole days in days")
    return edges[0], edges[1]


def _read_days(written: Any) -> Any:
    parts = written.split(",") if isinstance(written, str) else written
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError('is no list of weekdays; write it in quotes, like "sat,sun"')
    days = frozenset(day for part in parts for day in _days_of(part))
    if len(days) == len(WEEKDAYS):
        raise ValueError("names every day of the week; leave one out, or remove the channel from the rule")
    return days


def _days_of(part: str) -> range | list[int]:
    """Return the days of `sat` or `mon-fri`, 0 is Monday; a range may go past Sunday."""
    ends = [_day(name) for name in part.lower().split("-")]
    if len(ends) == 1:
        return ends
    if len(ends) != len(("first", "last")):
        raise ValueError(f"{part[:40]!r} is no range of weekdays; {_DAYS_EXAMPLE}")
    first, last = ends
    return [day % len(WEEKDAYS) for day in range(first, last + 1 if first <= last else last + 1 + len(WEEKDAYS))]


def _day(name: str) -> int:
    name = name.strip()
    if name not in WEEKDAYS:
        hint = near(name, WEEKDAYS) if name else _DAYS_EXAMPLE
        raise ValueError(f"{name[:40]!r} is no weekday; {hint}")
    return WEEKDAYS.index(name)


TimeSetting = Annotated[InstanceOf[time], BeforeValidator(_read_time)]
TimesSetting = Annotated[tuple[TimeSetting, ...], BeforeValidator(_read_times)]
"""one time or a list of them"""
HoursSetting = Annotated[Hours, BeforeValidator(_read_hours)]
DaysSetting = Annotated[frozenset[int], BeforeValidator(_read_days)]
"""a list, or one text with commas"""
