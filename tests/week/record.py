"""A record: what happened in a simulated week, as plain data, and the messages that came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]
BUILT_IN = "(the built-in words)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message: when it went to which channel, by which rule, and a line for each thing that it tells.

    `title` is its first line where a rule words it, and empty otherwise.
    """

    at: datetime
    channel: str
    rule: str
    lines: tuple[str, ...]
    title: str = ""
    stage: str = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The rows of a source, by id, as its API gave them; that no row came of some poll is no sight."""

    at: datetime
    source: str
    rows: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """When a channel takes nothing: it fails, or (`asks_for_patience`) says that it is to be tried again later."""

    channel: str
    begins: datetime
    ends: datetime
    asks_for_patience: bool = False

    def hits(self, channel: str, at: datetime) -> bool:
        return channel == self.channel and self.begins <= at < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Quietude:
    """A silence: what its matchers hold for is not told."""

    begins: datetime
    ends: datetime
    matchers: Mapping[str, Any]

    def is_on(self, at: datetime) -> bool:
        return self.begins <= at < self.ends


@dataclass(slots=True, kw_only=True)
class Record:
    """A week: everything that the messages follow from, and those that were sent.

    `minutes`: at which the daemon ran. `events`: as CloudEvents, in the order in which they were stored.
    """

    config: str
    minutes: Sequence[datetime]
    outages: Sequence[Outage]
    silences: Sequence[Quietude]
    sights: list[Sight] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


def line_of(event: Mapping[str, Any]) -> str:
    """Return what a reader learns of one event, in a form that is easily compared."""
    data = event["data"]
    changes = data.get("changes") or ([data["change"]] if data.get("change") else [])
    said = ", ".join(f"{one['field']} {one['before']!r}→{one['after']!r}" for one in sorted(changes, key=_field))
    return f"{event['type']} {event['source']}/{event['subject']} [{event['id'][:8]}] {said}".rstrip()


def _field(change: Mapping[str, Any]) -> str:
    return str(change["field"])
