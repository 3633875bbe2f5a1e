"""What can be derived from a sighting: one function a kind of event, all of them listed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from watcher.domain.api import Role
from watcher.domain.events.activity import COUNTERS, derive_cleared, derive_rises
from watcher.domain.events.lifecycle import derive_change, derive_return, derive_state
from watcher.domain.events.registration import SEATS, derive_reschedule, derive_room, derive_status
from watcher.domain.sighting import Derivation, Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A function that derives events, and the roles whose change it looks at.

    A row that was known and changed in none of them need not be shown to it. `looks_at` is empty for one that must see
    every row that changed at all, or is back.
    """

    derive: Callable[[Sighting], Derivation]
    looks_at: frozenset[Role] = frozenset()


DERIVATIONS: tuple[Kind, ...] = (
    Kind(derive=derive_return),
    Kind(derive=derive_state),
    Kind(derive=derive_status, looks_at=frozenset({Role.REGISTRATION})),
    Kind(derive=derive_reschedule, looks_at=frozenset({Role.REGISTRATION_CLOSES})),
    Kind(derive=derive_room, looks_at=SEATS),
    Kind(derive=derive_rises, looks_at=COUNTERS),
    Kind(derive=derive_cleared, looks_at=frozenset({Role.OPEN_QUESTIONS})),
    Kind(derive=derive_change),
)
"""in the order in which their events are stored"""
