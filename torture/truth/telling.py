"""Telling: what an event says, reduced to what the oracle says too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from torture.truth.knowledge import Told
from watcher.domain.event import Event

_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
_STATES = frozenset({"conversation.opened", "conversation.started", "conversation.ended"})
_MOVED = frozenset({"registration.opened", "registration.rescheduled"})
_COUNTED = frozenset("questions.new questions.cleared messages.new unread.new followups.new outsiders.joined".split())


def told_of(event: Event) -> Told:
    """Return the type of an event and what it must say."""
    return event.type.value, *_said(event.type.value, event.details)


def _said(kind: str, said: Mapping[str, Any]) -> Told:
    if kind in _STATES:
        return said["first_seen"], said.get("reason")
    if kind == "conversation.changed":
        return (frozenset(_change(change) for change in said["changes"]),)
    if kind == "registration.closed":
        by = said["reason"]
        return by, *(_instant(said["deadline"]["at"]) if by == "deadline" else _change(said["change"])[1:])
    if kind in _MOVED:
        return _change(said["change"])[1:]
    if kind in _COUNTED:
        return _change(said["change"])
    return _named(said)


def _named(said: Mapping[str, Any]) -> Told:
    if "waiting_since" in said:
        return _instant(said["waiting_since"])
    if "deadline" in said:
        return *_instant(said["deadline"]["at"]), _span(said["deadline"]["lead"])
    return (said["field"],) if "field" in said else ()


def _instant(written: str) -> tuple[datetime]:
    return (datetime.fromisoformat(written),)


def _change(change: Mapping[str, Any]) -> tuple[object, object, object]:
    name = change["field"]
    return name, _value(name, change["before"]), _value(name, change["after"])


def _value(name: str, value: object) -> object:
    if name.endswith("_on") and isinstance(value, str):
        return datetime.fromisoformat(value)
    return str(value) if isinstance(value, list) else value


def _span(written: str) -> timedelta:
    parts, number = timedelta(), ""
    for letter in written:
        if letter.isdigit():
            number += letter
        else:
            parts, number = parts + int(number) * _UNITS[letter], ""
    return parts
