"""An event: something that happened to a conversation, a source or a channel, worth telling."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from watcher.domain.conversation import Conversation


class EventType(StrEnum):
    """Every type of event there is."""

    __hash__ = str.__hash__  # an enum's own is no C function, and types are looked up for every row

    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_STARTED = "conversation.started"
    CONVERSATION_ENDED = "conversation.ended"
    CONVERSATION_REMOVED = "conversation.removed"
    CONVERSATION_RETURNED = "conversation.returned"
    CONVERSATION_CHANGED = "conversation.changed"
    CONVERSATION_STARTING = "conversation.starting"
    CONVERSATION_ENDING = "conversation.ending"
    REGISTRATION_OPENING = "registration.opening"
    REGISTRATION_OPENED = "registration.opened"
    REGISTRATION_CLOSING = "registration.closing"
    REGISTRATION_CLOSED = "registration.closed"
    REGISTRATION_RESCHEDULED = "registration.rescheduled"
    REGISTRATION_FULL = "registration.full"
    REGISTRATION_AVAILABLE = "registration.available"
    QUESTIONS_NEW = "questions.new"
    QUESTIONS_CLEARED = "questions.cleared"
    QUESTIONS_WAITING = "questions.waiting"
    MESSAGES_NEW = "messages.new"
    UNREAD_NEW = "unread.new"
    FOLLOWUPS_NEW = "followups.new"
    OUTSIDERS_JOINED = "outsiders.joined"
    SOURCE_BASELINE = "source.baseline"
    SOURCE_FAILING = "source.failing"
    SOURCE_RECOVERED = "source.recovered"
    SOURCE_SUSPECT = "source.suspect"
    SOURCE_GROWN = "source.grown"
    SOURCE_DRIFT = "source.drift"
    CHANNEL_FAILING = "channel.failing"
    CHANNEL_RECOVERED = "channel.recovered"


class Severity(StrEnum):
    """How much an event matters to somebody who reads many."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """The two reads that something happened between."""

    after: datetime
    before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as it is stored and routed.

    `source`: the source's name; for channel.* events the channel's.
    `subject`: the conversation's id, or the source's or channel's name.
    `time`: when it was noticed. `between`: the reads it happened between, None on deadline, source and channel events.
    `details`: what the type adds (`change`, `changes`, `deadline`, `late`, `reason`, …), JSON values only.
    `conversation`: what was known when it was noticed, None for source.* and channel.* events.
    """

    id: str
    source: str
    type: EventType
    subject: str
    time: datetime
    severity: Severity
    between: Between | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    conversation: Conversation | None = None

    @property
    def is_late(self) -> bool:
        """Whether its instant was known and had passed well before it was noticed."""
        return bool(self.details.get("late"))

    def data(self) -> dict[str, Any]:
        """Return the event's `data`: what matchers see and what users read."""
        head: dict[str, Any] = {}
        if self.conversation is not None:
            shown = self.conversation
            head["conversation"] = {
                "id": shown.id,
                "name": shown.name,
                "url": shown.url,
                "state": shown.state,
                "fields": dict(shown.fields),
            }
        tail: dict[str, Any] = {"severity": self.severity.value}
        if self.between is not None:
            tail = {"between": {"after": stamp(self.between.after), "before": stamp(self.between.before)}, **tail}
        return {**head, **self.details, **tail}

    def cloud_event(self) -> dict[str, Any]:
        """Return the CloudEvents 1.0 form (https://github.com/cloudevents/spec, JSON format)."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type.value,
            "subject": self.subject,
            "time": stamp(self.time),
            "datacontenttype": "application/json",
            "data": self.data(),
        }


def event_id(source: str, event_type: EventType, subject: str, version: str) -> str:
    """Return the id of an event: the same for the same source, type, subject and version, 32 hex digits.

    `version` tells this occurrence from the next: the row's version or a deadline's instant and lead.
    """
    whole = f"{source}\x1f{event_type.value}\x1f{subject}\x1f{version}"
    return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def stamp(instant: datetime) -> str:
    """Return an aware instant as ISO 8601 in UTC with a Z, to the second."""
    # Elsewhere the two 02:30 of a night in which clocks go back count as equal, and would share what is remembered.
    return _stamp(instant) if instant.tzinfo is UTC else _stamp(instant.astimezone(UTC))


@lru_cache(maxsize=1024)  # the events of one poll have their instants in common, and each of them is written with them
def _stamp(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
