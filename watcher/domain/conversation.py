"""A conversation: one row of an API, read into one typed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from watcher.domain.api import Api, Role
from watcher.domain.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A value that even the tolerant reader cannot take for what it should be.

    `sample` is a short, printable form of the first such value.
    """

    field: str
    sample: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One raw row as the tolerant reader understood it.

    `fields`: typed values under the API's own names (see FieldKind for the forms), documented fields first.
    `unknown`: the fields whose value says nothing (unreadable, negative count, absent though documented):
    what was known of them before stays.
    `absent`: the documented fields that the row does not have at all.
    """

    id: str
    fields: Mapping[str, Any]
    unknown: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    drifts: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What is known of one conversation.

    `state` is None while the API has never named one that is known. `reason` says how it ended, where the API tells.
    `fields` are typed values under the API's own names. `url` is None where no link template is set.
    """

    id: str
    name: str
    state: State | None
    reason: str | None
    fields: Mapping[str, Any]
    url: str | None = None


def settle(api: Api, reading: Reading, before: Conversation | None) -> Conversation:
    """Return what is known after a reading: a value that says nothing leaves the last known one in place."""
    fields = reading.fields
    if reading.unknown:
        fields = {**fields, **{name: before.fields.get(name) if before else None for name in reading.unknown}}
    state, reason = _state(api, fields, before)
    name_field = api.roles.get(Role.NAME)
    title = fields.get(name_field) if name_field else None
    return Conversation(id=reading.id, name=str(title or ""), state=state, reason=reason, fields=fields)


def _state(api: Api, fields: Mapping[str, Any], before: Conversation | None) -> tuple[State | None, str | None]:
    field = api.roles.get(Role.STATE)
    named = api.states.get(str(fields.get(field))) if field else None
    if named is not None:
        return named
    return (before.state, before.reason) if before else (None, None)
