"""Deriving: from a sighting to the row as it now stands and the events that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from watcher.domain.api import Api, Role
from watcher.domain.change import diff
from watcher.domain.conversation import Conversation
from watcher.domain.event import Between, Event, event_id
from watcher.domain.events import DERIVATIONS, Kind
from watcher.domain.severity import SEVERITIES
from watcher.domain.sighting import Fact, Sighting, instant_of, value_of
from watcher.domain.snapshot import LISTED, Presence, Row, Standing
from watcher.domain.state import Registration


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """What a poll derives with: the source's name, its API, and what is left out of `conversation.changed`.

    `epoch` counts the baselines of the source: the versions of rows start again with each.
    """

    source: str
    api: Api
    epoch: int
    unwatched: frozenset[str]


def unwatched_fields(api: Api, ignore: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the fields that `conversation.changed` leaves out: those with own events, self-moving and ignored ones."""
    moving = {name for name, field in api.fields.items() if not field.is_watched}
    return frozenset(api.own_events | moving | ignore)


def silent_fields(api: Api, unwatched: frozenset[str]) -> frozenset[str]:
    """Return the fields that no event looks at: a row that changed in nothing else has nothing to tell."""
    return unwatched - api.own_events - frozenset(api.roles.values())


def see(api: Api, before: Row | None, after: Conversation, unwatched: frozenset[str] = frozenset()) -> Sighting:
    """Return the sighting of a conversation that was stored as `before` (None: never)."""
    old = before.conversation if before else None
    changes = diff(old.fields, after.fields) if old else ()
    standing = before.standing if before else Standing()
    return Sighting(api=api, before=old, after=after, standing=standing, changes=changes, unwatched=unwatched)


def derive_facts(sighting: Sighting) -> tuple[Fact, ...]:
    """Return everything that a sighting shows, in storing order."""
    kinds = DERIVATIONS if sighting.is_first else _concerned(sighting)
    return tuple([fact for kind in kinds for fact in kind.derive(sighting)])


def _concerned(sighting: Sighting) -> Sequence[Kind]:
    fields = {change.field for change in sighting.changes}
    return _looking_at(frozenset([role for role, field in sighting.api.roles.items() if field in fields]))


@lru_cache(maxsize=1024)  # rows change in the same few fields
def _looking_at(touched: frozenset[Role]) -> Sequence[Kind]:
    return [kind for kind in DERIVATIONS if not kind.looks_at or not kind.looks_at.isdisjoint(touched)]


def to_event(
    fact: Fact, *, stance: Stance, row: Row, now: datetime, between: Between | None, subject: str = ""
) -> Event:
    """Return a fact about a row as an event: with its id, time and severity."""
    version = fact.version or f"{stance.epoch}.{row.rev}"
    subject = subject or row.conversation.id
    return Event(
        id=event_id(stance.source, fact.type, subject, version),
        source=stance.source,
        type=fact.type,
        subject=subject,
        time=now,
        severity=SEVERITIES[fact.type],
        between=between,
        details=fact.details,
        conversation=row.conversation,
    )


def to_source_event(fact: Fact, *, source: str, now: datetime) -> Event:
    """Return a fact about a whole source as an event; `fact.version` must tell it from the next of its kind."""
    return Event(
        id=event_id(source, fact.type, source, fact.version),
        source=source,
        type=fact.type,
        subject=source,
        time=now,
        severity=SEVERITIES[fact.type],
        details=fact.details,
    )


def advance(sighting: Sighting, now: datetime) -> Standing:
    """Return where a row stands after it was seen in the list."""
    is_removed, is_closed = is_flagged_removed(sighting), _is_closed_told(sighting, now)
    waiting_since = _waiting_since(sighting, now)
    if not is_removed and waiting_since is None:
        return LISTED[is_closed]
    presence = Presence.REMOVED if is_removed else Presence.LISTED
    return Standing(presence=presence, is_closed_told=is_closed, waiting_since=waiting_since)


def is_flagged_removed(sighting: Sighting) -> bool:
    """Return whether the row itself says that it is removed."""
    return value_of(sighting.api, sighting.after, Role.REMOVED) is True


def _is_closed_told(sighting: Sighting, now: datetime) -> bool:
    """A close is told once, until its date moves to the future or the status leaves `closed`."""
    closes = instant_of(sighting.api, sighting.after, Role.REGISTRATION_CLOSES)
    is_closed = value_of(sighting.api, sighting.after, Role.REGISTRATION) == Registration.CLOSED
    if sighting.is_first:
        return is_closed or (closes is not None and closes <= now)
    status, moved = sighting.change_of(Role.REGISTRATION), sighting.change_of(Role.REGISTRATION_CLOSES)
    if status is not None and is_closed:
        return True
    has_reopened = status is not None and status.before == Registration.CLOSED
    is_put_off = moved is not None and closes is not None and closes > now
    return sighting.standing.is_closed_told and not has_reopened and not is_put_off


def _waiting_since(sighting: Sighting, now: datetime) -> datetime | None:
    count = value_of(sighting.api, sighting.after, Role.OPEN_QUESTIONS)
    if not isinstance(count, int) or count <= 0:
        return None
    return sighting.standing.waiting_since or now
