"""Lifecycle events: a conversation opened, started, ended, was removed, returned or changed."""

from __future__ import annotations

from watcher.domain.api import Role
from watcher.domain.event import EventType
from watcher.domain.sighting import Derivation, Fact, Sighting
from watcher.domain.snapshot import Presence
from watcher.domain.state import State

_BECAME = {
    State.OPEN: EventType.CONVERSATION_OPENED,
    State.STARTED: EventType.CONVERSATION_STARTED,
    State.ENDED: EventType.CONVERSATION_ENDED,
}


def derive_state(sighting: Sighting) -> Derivation:
    """Yield what the state became; a state that cannot be read is no news."""
    before, after = sighting.before, sighting.after
    if after.state is None or (before is not None and before.state == after.state):
        return
    details: dict[str, object] = {"first_seen": sighting.is_first}
    change = sighting.change_of(Role.STATE)
    if change is not None and not sighting.is_first:
        details["change"] = change.as_dict()
    if after.state is State.OPEN:
        details["reopened"] = before is not None and before.state is not None
    if after.state is State.ENDED and after.reason:
        details["reason"] = after.reason
    yield Fact(type=_BECAME[after.state], details=details)


def derive_return(sighting: Sighting) -> Derivation:
    """Yield that a removed conversation is back."""
    if sighting.before is not None and sighting.standing.presence is Presence.REMOVED:
        yield Fact(type=EventType.CONVERSATION_RETURNED)


def derive_change(sighting: Sighting) -> Derivation:
    """Yield one event for all other watched fields that changed."""
    if sighting.is_first:
        return
    unwatched, api = sighting.unwatched, sighting.api
    told = [
        change.as_dict() for change in sighting.changes if change.field not in unwatched and not api.moves(change.field)
    ]
    if told:
        yield Fact(type=EventType.CONVERSATION_CHANGED, details={"changes": told})
