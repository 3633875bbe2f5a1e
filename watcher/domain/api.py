"""An API as a description: its fields, what each of them means, and what moves by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from watcher.domain.state import State


class FieldKind(StrEnum):
    """How a field's value is read; whatever the wire says, the snapshot holds one form a kind."""

    TEXT = "text"
    """str"""
    COUNT = "count"
    """int, 0 or more; a negative number means unknown"""
    NUMBER = "number"
    """int or float"""
    FLAG = "flag"
    """bool"""
    INSTANT = "instant"
    """str: ISO 8601 in UTC with a trailing Z, to the second (microseconds only where they are not 0)"""
    CHOICE = "choice"
    """str out of `Field.choices`"""
    OTHER = "other"
    """any JSON value, kept as it came"""


class Role(StrEnum):
    """What a field means to the events, whatever the API calls it."""

    __hash__ = str.__hash__  # an enum's own is no C function, and roles are looked up for every row

    NAME = "name"
    STATE = "state"
    REGISTRATION = "registration"
    STARTS = "starts"
    ENDS = "ends"
    REGISTRATION_OPENS = "registration_opens"
    REGISTRATION_CLOSES = "registration_closes"
    OPEN_QUESTIONS = "open_questions"
    MESSAGES = "messages"
    UNREAD = "unread"
    FOLLOWUPS = "followups"
    OUTSIDERS = "outsiders"
    USERS = "users"
    FACILITATORS = "facilitators"
    MAX_USERS = "max_users"
    MAX_TOTAL = "max_total"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One documented field.

    `end_of_day`: a bare date means the end of that day (when something closes or ends), not its start.
    `is_watched`: whether `conversation.changed` tells of it.
    """

    kind: FieldKind
    choices: tuple[str, ...] = ()
    end_of_day: bool = False
    is_watched: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the domain must know of an API.

    `states` maps each value of the state field to a state and, where it ended, the reason.
    `omits_empty`: rows may leave out fields that are false, 0 or empty, so that an absent one is no drift.
    `explains_absence`: a row that left the list can be asked for by its id.
    """

    name: str
    fields: Mapping[str, Field]
    roles: Mapping[Role, str]
    states: Mapping[str, tuple[State, str | None]]
    omits_empty: bool = False
    explains_absence: bool = False
    own_events: frozenset[str] = field(default_factory=frozenset)
    """fields whose changes have events of their own, so that `conversation.changed` leaves them out"""
    moving_names: re.Pattern[str] | None = None
    """what whole names look like that move by themselves, of fields that nobody has documented"""

    def moves(self, name: str) -> bool:
        """Whether a field, by its name, is one that moves by itself."""
        return self.moving_names is not None and self.moving_names.fullmatch(name) is not None

    def field_of(self, role: Role) -> str | None:
        """Return the field that plays a role, or None where the API has none."""
        return self.roles.get(role)
