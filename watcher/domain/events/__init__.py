"""What can be derived from a sighting: one function a kind of event, all of them listed here."""

from __future__ import annotations

from collections.abc import Callable

from watcher.domain.events.activity import derive_cleared, derive_rises
from watcher.domain.events.lifecycle import derive_change, derive_return, derive_state
from watcher.domain.events.registration import derive_reschedule, derive_room, derive_status
from watcher.domain.sighting import Derivation, Sighting

DERIVATIONS: tuple[Callable[[Sighting], Derivation], ...] = (
    derive_return,
    derive_state,
    derive_status,
    derive_reschedule,
    derive_room,
    derive_rises,
    derive_cleared,
    derive_change,
)
"""in the order in which their events are stored"""
