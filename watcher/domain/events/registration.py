"""Registration events: it opened, closed, moved, filled up or has room again."""

from __future__ import annotations

from typing import Any

from watcher.domain.api import Api, Role
from watcher.domain.change import Change
from watcher.domain.conversation import Conversation
from watcher.domain.event import EventType
from watcher.domain.sighting import Derivation, Fact, Sighting, value_of
from watcher.domain.state import Registration

SEAT_ROLES = (Role.USERS, Role.FACILITATORS, Role.MAX_USERS, Role.MAX_TOTAL)
SEATS = frozenset(SEAT_ROLES)
"""what decides whether there is room"""


def derive_status(sighting: Sighting) -> Derivation:
    """Yield that registration opened or closed by its status; a close that was told already is not told again."""
    change = sighting.change_of(Role.REGISTRATION)
    if sighting.is_first or change is None:
        return
    if change.after == Registration.OPEN:
        yield Fact(type=EventType.REGISTRATION_OPENED, details={"change": change.as_dict()})
    if change.after == Registration.CLOSED and not sighting.standing.is_closed_told:
        details = {"reason": "status", "late": False, "change": change.as_dict()}
        yield Fact(type=EventType.REGISTRATION_CLOSED, details=details)


def derive_reschedule(sighting: Sighting) -> Derivation:
    """Yield that the end of registration moved (or was set or dropped)."""
    change = sighting.change_of(Role.REGISTRATION_CLOSES)
    if not sighting.is_first and change is not None:
        yield Fact(type=EventType.REGISTRATION_RESCHEDULED, details={"change": change.as_dict()})


def derive_room(sighting: Sighting) -> Derivation:
    """Yield that the last seat was taken, or that there is room again."""
    if sighting.before is None:
        return
    was, now = is_full(sighting.api, sighting.before), is_full(sighting.api, sighting.after)
    if was is None or now is None or was == now:
        return
    moved = (sighting.change_of(role) for role in SEAT_ROLES)
    change = next((change for change in moved if change is not None), None) or Change(field="", before=None, after=None)
    event_type = EventType.REGISTRATION_FULL if now else EventType.REGISTRATION_AVAILABLE
    yield Fact(type=event_type, details={"change": change.as_dict()})


def is_full(api: Api, conversation: Conversation) -> bool | None:
    """Return whether no seat is left (a maximum of 0 is none), None where the counts are not known."""
    return is_without_seat(*[value_of(api, conversation, role) for role in SEAT_ROLES])


def is_without_seat(users: Any, facilitators: Any, max_users: Any, max_total: Any) -> bool | None:
    """Return `is_full` of the values of SEAT_ROLES."""
    if not isinstance(users, int) or (max_users is None and max_total is None):
        return None
    is_full_of_users = bool(max_users) and users >= max_users
    is_full_of_all = bool(max_total) and users + (facilitators or 0) >= max_total
    return is_full_of_users or is_full_of_all
