"""Silences: the port to what is not told for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from watcher.domain.silence import Silence


class Silences(Protocol):
    """The stored silences, over which each call is one transaction."""

    def add(self, silence: Silence) -> None:
        """Store a new silence; one whose key is known already is the same one, and stays as it is."""
        ...

    def active(self, now: datetime) -> tuple[Silence, ...]:
        """Return the silences that mute at an instant, the earliest begun first."""
        ...

    def end(self, written: str, now: datetime) -> Silence:
        """End the silence whose key begins with what was written, and return it as it was.

        Raises NotFoundError where none begins so, where several do, and for one that is over or was ended before.
        """
        ...

    def record_hit(self, key: str, now: datetime) -> None:
        """Count one delivery that a silence has muted; of a silence that was forgotten meanwhile, nothing."""
        ...
