"""The data paths that each type of event has: what a matcher may name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from watcher.domain.crossing import CROSSES
from watcher.domain.event import EventType

FIELDS = "conversation.fields."
"""what the path of a conversation's own field begins with; the API's name of the field follows"""

ENVELOPE: frozenset[str] = frozenset({"type", "source", "subject"})
"""what every event has beside its data"""


def has_path(event_type: EventType, path: str, fields: Collection[str]) -> bool:
    """Say whether events of a type have a path; `fields` are the documented fields of the APIs that can emit them."""
    if path.startswith(FIELDS):
        return is_about_conversation(event_type) and path.removeprefix(FIELDS) in fields
    return path in _PATHS[event_type]


def can_have(event_type: EventType, path: str) -> bool:
    """Say whether some event of a type may have a path, whatever the API's fields are called."""
    if path.startswith(FIELDS):
        return is_about_conversation(event_type)
    return path in _PATHS[event_type]


def all_paths(fields: Collection[str]) -> tuple[str, ...]:
    """Return every path that some event has, sorted."""
    known = {path for paths in _PATHS.values() for path in paths}
    return tuple(sorted(known | {FIELDS + field for field in fields}))


def is_about_conversation(event_type: EventType) -> bool:
    """Say whether events of a type are about a conversation, not a source or a channel."""
    return not event_type.value.startswith(("source.", "channel."))


_CONVERSATION = {"conversation.id", "conversation.name", "conversation.url", "conversation.state"}
_BETWEEN = {"between.after", "between.before"}
_CHANGE = {"change.field", "change.before", "change.after", "change.delta"}
_RISE = {CROSSES} | _CHANGE
"""a change of a number that may rise"""
_DEADLINE = {"deadline.at", "deadline.lead", "deadline.seconds_left", "late"}

_OWN: Mapping[EventType, set[str]] = {
    EventType.CONVERSATION_OPENED: {"first_seen", "reopened"} | _CHANGE | _BETWEEN,
    EventType.CONVERSATION_STARTED: {"first_seen"} | _CHANGE | _BETWEEN,
    EventType.CONVERSATION_ENDED: {"first_seen", "reason"} | _CHANGE | _BETWEEN,
    EventType.CONVERSATION_REMOVED: _BETWEEN,
    EventType.CONVERSATION_RETURNED: _BETWEEN,
    EventType.CONVERSATION_CHANGED: {"changes.field", "changes.before", "changes.after", "changes.delta"} | _BETWEEN,
    EventType.CONVERSATION_STARTING: _DEADLINE,
    EventType.CONVERSATION_ENDING: _DEADLINE,
    EventType.REGISTRATION_OPENING: _DEADLINE,
    EventType.REGISTRATION_OPENED: _CHANGE | _BETWEEN,
    EventType.REGISTRATION_CLOSING: _DEADLINE,
    EventType.REGISTRATION_CLOSED: {"reason"} | _CHANGE | _DEADLINE | _BETWEEN,
    EventType.REGISTRATION_RESCHEDULED: _CHANGE | _BETWEEN,
    EventType.REGISTRATION_FULL: _RISE | _BETWEEN,
    EventType.REGISTRATION_AVAILABLE: _RISE | _BETWEEN,
    EventType.QUESTIONS_NEW: _RISE | _BETWEEN,
    EventType.QUESTIONS_CLEARED: _CHANGE | _BETWEEN,
    EventType.QUESTIONS_WAITING: {"waiting_since", "late"},
    EventType.MESSAGES_NEW: _RISE | _BETWEEN,
    EventType.UNREAD_NEW: _RISE | _BETWEEN,
    EventType.FOLLOWUPS_NEW: _RISE | _BETWEEN,
    EventType.OUTSIDERS_JOINED: _RISE | _BETWEEN,
    EventType.SOURCE_BASELINE: {"count", "deadlines_ahead"},
    EventType.SOURCE_FAILING: {"error", "since"},
    EventType.SOURCE_RECOVERED: {"error", "since"},
    EventType.SOURCE_SUSPECT: {"would_remove"},
    EventType.SOURCE_GROWN: {"count", "sample"},
    EventType.SOURCE_DRIFT: {"field", "sample"},
    EventType.CHANNEL_FAILING: {"error", "since"},
    EventType.CHANNEL_RECOVERED: {"error", "since"},
}


def _whole(event_type: EventType) -> frozenset[str]:
    about = _CONVERSATION if is_about_conversation(event_type) else set()
    return ENVELOPE | {"severity"} | about | _OWN[event_type]


_PATHS: Mapping[EventType, frozenset[str]] = {event_type: _whole(event_type) for event_type in EventType}
