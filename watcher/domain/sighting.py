"""A sighting: one conversation seen anew, with what was known of it before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from watcher.domain.api import Api, Role
from watcher.domain.change import Change
from watcher.domain.conversation import Conversation
from watcher.domain.event import EventType
from watcher.domain.snapshot import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that a sighting shows: an event before it has an id and a time.

    `version` tells it from the next of its kind; empty: the row's own version does.
    """

    type: EventType
    details: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One conversation before (None: never seen) and after; `changes` lead from one to the other.

    `unwatched` are the fields that `conversation.changed` leaves out.
    """

    api: Api
    before: Conversation | None
    after: Conversation
    standing: Standing
    changes: tuple[Change, ...] = ()
    unwatched: frozenset[str] = frozenset()

    @property
    def is_first(self) -> bool:
        """Whether the conversation was never seen before."""
        return self.before is None

    def change_of(self, role: Role) -> Change | None:
        """Return the change of the field that plays a role, None where it did not change."""
        if self.changes:
            name = self.api.roles.get(role)
            for change in self.changes:
                if change.field == name:
                    return change
        return None


Derivation = Iterator[Fact]


def value_of(api: Api, conversation: Conversation | None, role: Role) -> Any:
    """Return the value of the field that plays a role, None where there is none."""
    name = api.roles.get(role)
    return None if conversation is None or name is None else conversation.fields.get(name)


def instant_of(api: Api, conversation: Conversation, role: Role) -> datetime | None:
    """Return an instant field as an aware datetime in UTC to the millisecond, None where it holds none.

    Deadlines are stored to the millisecond: with further digits each would be another one when its row is seen again.
    """
    value = value_of(api, conversation, role)
    return _read_instant(value) if isinstance(value, str) else None


@lru_cache(maxsize=4096)  # a row's instants are asked for several times while it is looked at
def _read_instant(written: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(written)
    except ValueError:
        return None
    if instant.tzinfo is UTC and not instant.microsecond:
        return instant
    aware = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.replace(microsecond=aware.microsecond // 1000 * 1000)
