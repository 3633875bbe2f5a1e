"""The severity of each type of event."""

from __future__ import annotations

from watcher.domain.event import EventType, Severity

_INFO = {
    EventType.CONVERSATION_CHANGED,
    EventType.QUESTIONS_CLEARED,
    EventType.CONVERSATION_RETURNED,
    EventType.REGISTRATION_AVAILABLE,
    EventType.SOURCE_BASELINE,
    EventType.SOURCE_RECOVERED,
    EventType.CHANNEL_RECOVERED,
}
_WARNING = {
    EventType.REGISTRATION_CLOSING,
    EventType.CONVERSATION_ENDING,
    EventType.REGISTRATION_FULL,
    EventType.QUESTIONS_WAITING,
    EventType.CONVERSATION_REMOVED,
    EventType.OUTSIDERS_JOINED,
    EventType.SOURCE_FAILING,
    EventType.CHANNEL_FAILING,
    EventType.SOURCE_SUSPECT,
    EventType.SOURCE_GROWN,
    EventType.SOURCE_DRIFT,
}
SEVERITIES: dict[EventType, Severity] = {
    event_type: Severity.INFO
    if event_type in _INFO
    else Severity.WARNING
    if event_type in _WARNING
    else Severity.NOTICE
    for event_type in EventType
}
