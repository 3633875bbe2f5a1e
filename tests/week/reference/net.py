"""The net effect of several events: a line for each thing that a reader needs to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.week.record import Json
from tests.week.reference.present import AHEAD, COUNTERS, instant

STATES = ("conversation.opened", "conversation.started", "conversation.ended")
UNDOING = {  # each of two leads to where the other led from
    "conversation.removed": "presence",
    "conversation.returned": "presence",
    "registration.full": "seats",
    "registration.available": "seats",
    "registration.opened": "registration",
    "registration.closed": "registration",
}
FOREVER = ("conversation.removed", "conversation.ended", "registration.closed", "questions.cleared")
ENDS = {  # what is over once something else has happened
    "conversation.opened": ["conversation.started", "conversation.ended"],
    "conversation.started": ["conversation.opened", "conversation.ended", "conversation.starting"],
    "conversation.ended": [
        "conversation.opened", "conversation.started", "conversation.starting", "conversation.ending",
        "registration.opening", "registration.closing", "questions.new", "questions.waiting",
    ],
    "conversation.returned": ["conversation.removed"],
    "registration.opened": ["registration.opening", "registration.closed"],
    "registration.closed": ["registration.opened", "registration.closing"],
    "registration.rescheduled": ["registration.closing"],
    "registration.full": ["registration.available"],
    "registration.available": ["registration.full"],
    "questions.new": ["questions.cleared"],
    "questions.cleared": ["questions.new", "questions.waiting"],
    "source.recovered": ["source.failing"],
    "source.failing": ["source.recovered"],
    "channel.recovered": ["channel.failing"],
    "channel.failing": ["channel.recovered"],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to tell: the last event about it, saying what all of them say, and the events that it stands for."""

    event: Json
    stands_for: tuple[str, ...]


def net(events: Sequence[Json], now: datetime) -> list[Line]:
    """Return the lines for some events, in the order of the events."""
    ordered = sorted(events, key=lambda event: (event["time"], event["seq"]))
    subjects: dict[tuple[bool, str, str], list[Json]] = {}
    for event in ordered:
        is_health = event["type"].startswith(("source.", "channel."))
        subjects.setdefault((is_health, event["source"], event["subject"]), []).append(event)
    lines = [line for of_one in subjects.values() for line in _net_of_one(of_one, now)]
    return sorted(lines, key=lambda line: line.event["seq"])


def _net_of_one(events: Sequence[Json], now: datetime) -> list[Line]:
    things: dict[str, list[Json]] = {}
    for event in events:
        things.setdefault(_thing(event["type"]), []).append(event)
    told = [line for of_thing in things.values() if (line := _net_of_thing(of_thing, now))]
    told.sort(key=lambda line: line.event["seq"])
    is_new = any(event["data"].get("first_seen") for event in events)
    if is_new and any(line.event["type"] == "conversation.removed" for line in told):
        return []  # it came and went, and nobody has heard of it
    return [line for place, line in enumerate(told) if not _is_ended(line, told[place + 1 :])]


def _is_ended(line: Line, later: Sequence[Line]) -> bool:
    kind = line.event["type"]
    kinds = [each.event["type"] for each in later]
    if "conversation.removed" in kinds and kind not in FOREVER:
        return True
    return any(kind in ENDS.get(other, ()) for other in kinds)


def _thing(kind: str) -> str:
    """Name what an event is about: events of one name tell of one thing in turn."""
    if kind in STATES:
        return "state"
    if kind in {"questions.new", "questions.cleared"}:
        return "questions"
    if kind.endswith((".failing", ".recovered")):
        return "health"
    return UNDOING.get(kind, kind)


def _net_of_thing(events: Sequence[Json], now: datetime) -> Line | None:
    kind = events[0]["type"]
    thing = _thing(kind)
    ways: list[tuple[bool, Callable[[], Line | None]]] = [
        (thing == "state", lambda: _state(events)),
        (kind in UNDOING, lambda: _undoing(events)),
        (thing == "questions" or kind in COUNTERS, lambda: _counter(events)),
        (kind in {"conversation.changed", "registration.rescheduled"}, lambda: _fields(events)),
        (kind in AHEAD, lambda: _warning(events, now)),
        (thing == "health", lambda: _health(events)),
    ]
    way = next((way for applies, way in ways if applies), lambda: _whole([events[-1]]))
    return way()


def _whole(events: Sequence[Json], **said: Any) -> Line:
    last = events[-1]
    data = {**last["data"], **said}
    return Line({**last, "data": data}, tuple(event["id"] for event in events))


def _state(events: Sequence[Json]) -> Line | None:
    first, last = events[0]["data"], events[-1]["data"]
    if first["first_seen"]:
        return _whole(events, change=None)
    if first["change"]["before"] == last["change"]["after"]:
        return None  # it went to and fro
    return _whole(events, change={**last["change"], "before": first["change"]["before"]})


def _undoing(events: Sequence[Json]) -> Line | None:
    """What can be so or not so: an even number of turns leads back, but to a registration that was only announced."""
    first, last = events[0]["data"].get("change"), events[-1]["data"].get("change")
    was_announced = bool(first) and first["before"] == "available"
    if events[0]["type"] != events[-1]["type"] and not was_announced:
        return None
    if first and last and first["field"] == last["field"]:
        return _whole(events, change={**last, "before": first["before"]})
    return _whole(events)


def _counter(events: Sequence[Json]) -> Line | None:
    changes = [event["data"]["change"] for event in events]
    began, now = changes[0]["before"] or 0, changes[-1]["after"]
    lowest = min([now, *(change["before"] or 0 for change in changes)])
    if now > lowest:
        return _whole(events, change={**changes[-1], "before": lowest})
    return None if began == now else _whole(events, change={**changes[-1], "before": began})


def _fields(events: Sequence[Json]) -> Line | None:
    """Each field by itself: where it began and where it is; nothing where that is the same."""
    began: dict[str, Any] = {}
    now: dict[str, Any] = {}
    for event in events:
        for change in _changes(event):
            began.setdefault(change["field"], change["before"])
            now[change["field"]] = change["after"]
    moved = [name for name in began if began[name] != now[name]]
    telling = [event for event in events if any(change["field"] in moved for change in _changes(event))]
    if not telling:
        return None
    changes = [{"field": name, "before": began[name], "after": now[name]} for name in moved]
    return _whole(telling, **({"changes": changes} if "changes" in telling[-1]["data"] else {"change": changes[0]}))


def _changes(event: Json) -> list[Json]:
    data = event["data"]
    return data["changes"] if "changes" in data else [data["change"]]


def _warning(events: Sequence[Json], now: datetime) -> Line | None:
    """The last one, if its instant is still ahead."""
    return _whole([events[-1]]) if instant(events[-1]["data"]["deadline"]["at"]) > now else None


def _health(events: Sequence[Json]) -> Line | None:
    """What works again is told; what worked for a while and fails again is as it was."""
    if events[-1]["type"].endswith(".failing") and events[0]["type"].endswith(".recovered"):
        return None
    return _whole(events)
