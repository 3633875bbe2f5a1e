"""Words: instants, states and events as the tables of every command say them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import click

from watcher.cli.table import Style
from watcher.domain.calendar import in_zone, say_day, say_left, say_time
from watcher.domain.deadline import Deadline
from watcher.domain.duration import parse_duration, write_duration
from watcher.domain.event import Event, Severity, stamp
from watcher.domain.inert import shorten
from watcher.domain.wording import Reader, headline

VALUE_LENGTH = 200
_INSTANT = re.compile(
    r"(?:(?<=until )|(?<=since )|(?<=begins at )|(?<=moved to ))\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII
)
ID_DIGITS = 8
"""of an id that a table shows; enough to name it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Says things for one reader: in his zone, seen from `now`."""

    zone: tzinfo
    now: datetime

    def time(self, instant: datetime | None) -> str:
        """Return `11-23 08:15`, of another year `2025-11-23`, or `–`."""
        if instant is None:
            return "–"
        local = in_zone(instant, self.zone)
        is_present = local.year == in_zone(self.now, self.zone).year
        return local.strftime("%m-%d %H:%M" if is_present else "%Y-%m-%d")

    def date(self, instant: datetime) -> str:
        """Return `08:15:02 Mon 23 Nov`."""
        seconds = in_zone(instant, self.zone).second
        return f"{say_time(instant, self.zone)}:{seconds:02} {say_day(instant, self.zone, self.now)}"

    def local(self, text: str) -> str:
        """Return a reason, which is kept for everybody with instants in UTC, with those in the reader's zone."""
        return _INSTANT.sub(self._minute, text)

    def _minute(self, found: re.Match[str]) -> str:
        try:
            instant = datetime.fromisoformat(found[0])
        except ValueError:  # somebody's own words, in which 24:00 stands
            return found[0]
        return f"{say_time(instant, self.zone)} {say_day(instant, self.zone, self.now)}"

    def left(self, instant: datetime | None) -> str:
        """Return `in 23 h`, `2 h ago` or `–`."""
        return "–" if instant is None else say_left(instant, self.now)

    def headline(self, event: Event) -> str:
        """Return the first line that a message about an event would have, seen from when it was noticed."""
        return headline(event, Reader(zone=self.zone, now=event.time))


class Since(click.ParamType[timedelta | datetime]):
    """`7d`, `90m` or an instant in ISO 8601; becomes a span or an instant, which may have no zone yet."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | datetime:
        """Read what was written, or say what would be right."""
        if isinstance(value, timedelta | datetime):
            return value
        try:
            return parse_duration(value)
        except ValueError:
            pass
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is neither a duration like 7d or 90m nor an instant like 2026-11-23T08:15Z", param, ctx
            )


def start_of(since: timedelta | datetime | None, now: datetime, zone: tzinfo) -> datetime | None:
    """Return the instant that a `--since` means; one without a zone is in the reader's."""
    if isinstance(since, timedelta):
        return now - since
    return since if since is None or since.tzinfo else since.replace(tzinfo=zone)


def quote(name: str) -> str:
    """Return a name in quotes, or words for an empty one."""
    return f"“{name}”" if name else "without a name"


def say_changes(event: Event) -> list[str]:
    """Return what an event says that a row's fields were and became, each like `open_questions_count: 2 → 5`."""
    change = event.details.get("change")
    changes = event.details.get("changes") or ([change] if change else [])
    return [f"{one['field']}: {say(one['before'])} → {say(one['after'])}" for one in changes]


def say(value: Any) -> str:
    """Return a field's value as a person reads it; unlike in a message, links and mentions stay as they are."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shorten(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), VALUE_LENGTH)


def say_lead(deadline: Deadline) -> str:
    """Return how long before its instant a deadline fires, `after 1d` for one that fires after it, or nothing."""
    if not deadline.lead:
        return ""
    return ("after " if deadline.lead < timedelta() else "") + write_duration(abs(deadline.lead))


def iso(instant: datetime | None) -> str | None:
    """Return an instant for JSON."""
    return None if instant is None else stamp(instant)


def severity_style(event: Event) -> Style:
    """Return the style of an event's type in a table."""
    return {Severity.WARNING: Style.WARNING, Severity.INFO: Style.DIM}.get(event.severity, Style.PLAIN)
