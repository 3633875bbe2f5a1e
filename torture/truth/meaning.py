"""Meaning: what a row of the simulated APIs says, read from their documents and not from the product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from watcher.lab import Row

Values = Mapping[str, object]


class Nothing(Enum):
    """A value that says nothing, so that what was known before stays; a strange one is told of once a field."""

    SILENT = "silent"
    STRANGE = "strange"


_LAST_OF_DAY = timedelta(hours=23, minutes=59, seconds=59)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What the fields of one API mean.

    `words`: what a state is called. `rises`: the event that a counter's rise is. `dates`: the field that each kind of
    deadline waits for. `quiet`: fields that change by themselves or have events of their own.
    """

    state: str
    words: Mapping[str, tuple[str, str | None]]
    rises: Mapping[str, str]
    dates: Mapping[str, str]
    quiet: frozenset[str]
    counts: frozenset[str]
    ends_of_day: frozenset[str] = frozenset()
    explains_absence: bool = False

    def read(self, row: Row, *, dates_only: bool = False, unread_unknown: bool = False) -> dict[str, object]:
        """Return what a row of the world says, as it is served."""
        said = {name: self._value(name, value, dates_only=dates_only) for name, value in row.items()}
        if unread_unknown and "nUnread" in said:
            said["nUnread"] = Nothing.SILENT
        named = self.words.get(str(row.get(self.state)))
        if named is None:
            said[self.state] = Nothing.STRANGE
        word, reason = named or (Nothing.SILENT, Nothing.SILENT)
        return {**said, "(state)": word, "(reason)": reason}

    def _value(self, name: str, value: object, *, dates_only: bool) -> object:
        if name in self.counts:
            return value if isinstance(value, int) else Nothing.STRANGE
        if name.endswith("_on"):
            return self._instant(name, value, dates_only=dates_only)
        if value is None or isinstance(value, bool):
            return "" if value is None else value
        return value if isinstance(value, list) else str(value)

    def _instant(self, name: str, value: object, *, dates_only: bool) -> object:
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(str(value)).astimezone(UTC)
        except ValueError:
            return Nothing.STRANGE
        if not dates_only:
            return at
        midnight = at.replace(hour=0, minute=0, second=0)
        return midnight + _LAST_OF_DAY if name in self.ends_of_day else midnight


_OSN_MOVING = """
    modifiedByID modifiedByUserName modifiedByUserDisplayName modifiedDate isNew nChats nMarkableChats
    hierarchicalMembersInfo url conversationURL allMembershipsURL archiveURL collectionURL createdByURL folderURL
    gadgetsURL membersURL messagesURL latitude longitude altitude
"""
_ONQ_COUNTS = """
    max_count max_user_count max_facilitator_count registered_user_count registered_facilitator_count
    open_questions_count to_facilitator_count
"""
ONQ = Meaning(
    state="status",
    words={word: (word, None) for word in ("open", "started", "ended")},
    rises={"open_questions_count": "questions.new", "to_facilitator_count": "messages.new"},
    dates={
        "registration.closing": "close_on",
        "registration.opening": "start_register_on",
        "conversation.ending": "end_on",
        "conversation.starting": "start_on",
    },
    quiet=frozenset("status register_status open_questions_count to_facilitator_count close_on".split())
    | frozenset("last_updated_on registered_user_count registered_facilitator_count".split()),
    counts=frozenset(_ONQ_COUNTS.split()),
    ends_of_day=frozenset({"end_on", "close_on"}),
)
OSN = Meaning(
    state="state",
    words={
        "OPEN_ACTIVE": ("open", None),
        **{f"CLOSED_{why.upper()}": ("ended", why) for why in ("chained", "disabled", "dropped", "resolved")},
    },
    rises={"nUnread": "unread.new", "nFollowups": "followups.new", "nOutsiders": "outsiders.joined"},
    dates={},
    quiet=frozenset("state nUnread nFollowups nOutsiders isRemoved".split()) | frozenset(_OSN_MOVING.split()),
    counts=frozenset("nUnread nFollowups nOutsiders nChats nMarkableChats".split()),
    explains_absence=True,
)


def settle(said: Values, before: Values | None) -> Values:
    """Return what is known after a row was read: what says nothing leaves what was known before."""
    known = before or {}
    return {name: known.get(name) if isinstance(value, Nothing) else value for name, value in said.items()}


def is_full(values: Values) -> bool | None:
    """Return whether no seat is left, None where there are no seats to speak of."""
    users, seats, places = (values.get(f) for f in ("registered_user_count", "max_user_count", "max_count"))
    if not isinstance(users, int):
        return None
    people = users + number(values, "registered_facilitator_count")
    return bool(isinstance(seats, int) and 0 < seats <= users) or bool(isinstance(places, int) and 0 < places <= people)


def number(values: Values, name: str) -> int:
    """Return a counter, 0 where it is not known."""
    value = values.get(name)
    return value if isinstance(value, int) else 0
