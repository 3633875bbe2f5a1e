"""The net effect: what a reader needs to know of a list of events, and what became of each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.domain.condition import clears
from watcher.domain.event import Event, EventType
from watcher.domain.paths import is_about_conversation
from watcher.domain.strand import Dropped, Line, join, strand_of


@dataclass(frozen=True, slots=True, kw_only=True)
class NetEffect:
    """The lines to tell, and the events that need none.

    Every event is in one of both, once: in `stands_for` of one line, or in `dropped`. The order is that of the events.
    """

    lines: tuple[Line, ...]
    dropped: tuple[Dropped, ...]


def net_effect(events: Sequence[Event], now: datetime) -> NetEffect:
    """Return the net effect of events as they were noticed; what has come to nothing, or is over, needs no line.

    1. Events about different conversations, sources and channels have nothing to do with each other.
    2. Those that tell of one thing in turn are joined (see strand).
    3. A line that a later one of the same conversation, source or channel has ended is dropped.
    """
    places: dict[str, int] = {}
    dropped: list[Dropped] = []
    subjects: dict[tuple[bool, str, str], list[Event]] = {}
    for event in events:
        if event.id in places:
            dropped.append(Dropped(event=event, reason="the same event again"))
            continue
        places[event.id] = len(places)
        subjects.setdefault((is_about_conversation(event.type), event.source, event.subject), []).append(event)
    lines: list[Line] = []
    for of_subject in subjects.values():
        left, without = _net_of_subject(of_subject, places, now)
        lines += left
        dropped += without
    return NetEffect(
        lines=tuple(sorted(lines, key=lambda line: places[line.event.id])),
        dropped=tuple(sorted(dropped, key=lambda each: places[each.event.id])),
    )


def _net_of_subject(
    events: Sequence[Event], places: Mapping[str, int], now: datetime
) -> tuple[list[Line], list[Dropped]]:
    strands: dict[str, list[Event]] = {}
    for event in events:
        strands.setdefault(strand_of(event), []).append(event)
    lines: list[Line] = []
    dropped: list[Dropped] = []
    for strand in strands.values():
        line, without = join(strand, now)
        lines += [line] if line else []
        dropped += without
    lines.sort(key=lambda line: places[line.event.id])
    if _came_and_went(events, lines):
        return [], dropped + list(_drop(lines, "it came and went"))
    left: list[Line] = []
    for place, line in enumerate(lines):
        ending = next(
            (later.event for later in lines[place + 1 :] if line.event.type in clears(later.event.type)), None
        )
        if ending is None:
            left.append(line)
        else:
            dropped += _drop([line], f"over since {ending.type.value}")
    return left, dropped


def _came_and_went(events: Iterable[Event], lines: Iterable[Line]) -> bool:
    """Whether a conversation was seen for the first time and is gone: nobody has heard of it, nobody misses it."""
    is_new = any(event.details.get("first_seen") for event in events)
    return is_new and any(line.event.type is EventType.CONVERSATION_REMOVED for line in lines)


def _drop(lines: Iterable[Line], reason: str) -> Iterable[Dropped]:
    return (Dropped(event=event, reason=reason) for line in lines for event in line.stands_for)
