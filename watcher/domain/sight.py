"""Sight: what matchers see of an event, and which names globs match."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from typing import Any

from watcher.domain.event import Event


def sight(event: Event) -> dict[str, Any]:
    """Return what matchers see of an event: its data, type, source and subject."""
    return {**event.data(), "type": event.type.value, "source": event.source, "subject": event.subject}


def matching(globs: Iterable[str], names: Collection[str]) -> tuple[str, ...]:
    """Return the names that one of some globs matches, in the names' order."""
    globs = tuple(globs)
    return tuple(name for name in names if is_any(name, globs))


def is_any(name: str, globs: Iterable[str]) -> bool:
    """Say whether one of some globs matches a name."""
    return any(fnmatchcase(name, glob) for glob in globs)
