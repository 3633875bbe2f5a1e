"""A cron expression: five fields in the standard meaning, spelt out so that any scheduler reads them alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """When to poll, by the clock on the wall.

    Each field is `*` or a comma-separated list. Weekdays are names: the standard counts them from Sunday,
    APScheduler from Monday.
    """

    written: str
    minute: str
    hour: str
    day: str
    month: str
    day_of_week: str

    def fields(self) -> Mapping[str, str]:
        """Return the fields under the names of APScheduler's CronTrigger."""
        return {
            "minute": self.minute,
            "hour": self.hour,
            "day": self.day,
            "month": self.month,
            "day_of_week": self.day_of_week,
        }

    def shortest_gap(self) -> timedelta:
        """Return the shortest time between two polls of one day, a day where there is one a day."""
        minutes = [hour * 60 + minute for hour in _numbers(self.hour, 0, 23) for minute in _numbers(self.minute, 0, 59)]
        gaps = [after - before for before, after in pairwise(minutes)]
        return timedelta(minutes=min(gaps, default=24 * 60))


def parse_cron(text: str) -> Cron:
    """Read minute, hour, day, month, weekday (crontab(5)). Raises ValueError, whose text says what would be right.

    A day and a weekday at once are refused: cron takes either, most schedulers both.
    """
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f"{text[:80]!r} has {len(parts)} fields, not 5; write minute hour day month weekday: {_EXAMPLE}"
        )
    minute, hour, day, month, weekday = (field.read(part) for field, part in zip(_FIELDS, parts, strict=True))
    if day != "*" and weekday != "*":
        raise ValueError("names days of the month and of the week at once; leave one of them *")
    if min(_numbers(day, 1, 31)) > max(_LONGEST[number - 1] for number in _numbers(month, 1, 12)):
        raise ValueError("names a day that never comes: the months that it names are shorter")
    return Cron(written=text, minute=minute, hour=hour, day=day, month=month, day_of_week=weekday)


_EXAMPLE = "*/5 7-19 * * mon-fri"
_PART = re.compile(r"(?:\*|(?P<first>[0-9a-z]{1,3})(?:-(?P<last>[0-9a-z]{1,3}))?)(?:/(?P<step>[0-9]{1,3}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One of the five: its bounds, and names for its values from the lowest."""

    word: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    shows_names: bool = False

    def read(self, text: str) -> str:
        """Return `*` or the list of values."""
        values = {value for part in text.lower().split(",") for value in self._values(part)}
        if self.shows_names:
            values = {value % len(self.names) for value in values}
        if len(values) == (len(self.names) or self.high - self.low + 1):
            return "*"
        return ",".join(self.names[value] if self.shows_names else str(value) for value in sorted(values))

    def _values(self, part: str) -> range:
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError(f"{part[:40]!r} is no {self.word}; write it like {_EXAMPLE}")
        step = int(found["step"] or 1)
        if found["first"] is None:
            first, last = self.low, self.high - self.shows_names
        else:
            first = self._value(found["first"])
            ends_open = found["step"] is not None and found["last"] is None
            last = self.high if ends_open else self._value(found["last"] or found["first"])
        if first > last and self.shows_names and last == 0:
            last = self.high
        if first > last or not step:
            raise ValueError(f"{part[:40]!r} is an empty range of {self.word}s; write the lower end first")
        return range(first, last + 1, step)

    def _value(self, text: str) -> int:
        if text in self.names:
            return self.names.index(text) + self.low
        if text.isdigit() and self.low <= int(text) <= self.high:
            return int(text)
        names = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        raise ValueError(f"{text!r} is no {self.word}; it goes from {self.low} to {self.high}{names}")


_FIELDS = (
    _Field(word="minute", low=0, high=59),
    _Field(word="hour", low=0, high=23),
    _Field(word="day", low=1, high=31),
    _Field(word="month", low=1, high=12, names=_MONTHS),
    _Field(word="weekday", low=0, high=7, names=_DAYS, shows_names=True),
)


_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""how many days each month can have"""


def _numbers(field: str, low: int, high: int) -> list[int]:
    return list(range(low, high + 1)) if field == "*" else [int(value) for value in field.split(",")]
