"""Activity events: people wrote, asked, joined; each is a counter that rose or fell."""

from __future__ import annotations

from watcher.domain.api import Role
from watcher.domain.change import Change
from watcher.domain.event import EventType
from watcher.domain.sighting import Derivation, Fact, Sighting, value_of

_RISES = {
    Role.OPEN_QUESTIONS: EventType.QUESTIONS_NEW,
    Role.MESSAGES: EventType.MESSAGES_NEW,
    Role.UNREAD: EventType.UNREAD_NEW,
    Role.FOLLOWUPS: EventType.FOLLOWUPS_NEW,
    Role.OUTSIDERS: EventType.OUTSIDERS_JOINED,
}
COUNTERS = frozenset(_RISES)
"""the counters whose rise is an event"""


def derive_rises(sighting: Sighting) -> Derivation:
    """Yield each counter that rose; one seen for the first time counts from 0, one that was unknown tells nothing."""
    field_of, changed = sighting.api.roles.get, {change.field: change for change in sighting.changes}
    for role, event_type in _RISES.items():
        change = _from_zero(sighting, role) if sighting.is_first else changed.get(field_of(role, ""))
        if change is not None and (change.delta or 0) > 0:
            yield Fact(type=event_type, details={"change": change.as_dict()})


def derive_cleared(sighting: Sighting) -> Derivation:
    """Yield that no question is open any more."""
    change = sighting.change_of(Role.OPEN_QUESTIONS)
    if not sighting.is_first and change is not None and change.after == 0 and (change.delta or 0) < 0:
        yield Fact(type=EventType.QUESTIONS_CLEARED, details={"change": change.as_dict()})


def _from_zero(sighting: Sighting, role: Role) -> Change | None:
    name = sighting.api.field_of(role)
    return Change(field=name, before=0, after=value_of(sighting.api, sighting.after, role)) if name else None
