"""Acts: what can happen to a conversation in the story, and the true record of what did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random

from watcher.lab.rows import Row


class What(StrEnum):
    """What truly happened; those that a watcher has an event type for are named like it."""

    OPENED = "conversation.opened"
    STARTED = "conversation.started"
    ENDED = "conversation.ended"
    REMOVED = "conversation.removed"
    RETURNED = "conversation.returned"
    CHANGED = "conversation.changed"
    REGISTRATION_OPENED = "registration.opened"
    REGISTRATION_CLOSED = "registration.closed"
    REGISTRATION_RESCHEDULED = "registration.rescheduled"
    REGISTRATION_FULL = "registration.full"
    REGISTRATION_AVAILABLE = "registration.available"
    QUESTIONS_NEW = "questions.new"
    QUESTIONS_CLEARED = "questions.cleared"
    QUESTIONS_ANSWERED = "questions.answered"
    MESSAGES_NEW = "messages.new"
    MESSAGES_READ = "messages.read"
    UNREAD_NEW = "unread.new"
    UNREAD_READ = "unread.read"
    FOLLOWUPS_NEW = "followups.new"
    FOLLOWUPS_DONE = "followups.done"
    OUTSIDERS_JOINED = "outsiders.joined"
    OUTSIDERS_LEFT = "outsiders.left"
    USERS_JOINED = "users.joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One thing that truly happened; `before` and `after` are None where a whole row came or went.

    `row` is the row as it stood then, if the story keeps rows and it was not removed.
    """

    at: datetime
    api: str
    id: str
    what: What
    before: object
    after: object
    row: Row | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One change of a row: what it means, the field it shows in, and every field that changes with it."""

    what: What
    field: str
    fields: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that can happen to a row that fits; a heavier one happens more often."""

    weight: int
    fits: Callable[[Row, datetime], bool]
    play: Callable[[Row, Random, datetime], Turn]


def turn(what: What, field: str, value: object, **others: object) -> Turn:
    """A turn whose main field takes `value`."""
    return Turn(what=what, field=field, fields={field: value, **others})


def number(row: Row, field: str) -> int:
    """A counter of a row; 0 where there is none."""
    value = row.get(field)
    return value if isinstance(value, int) else 0
