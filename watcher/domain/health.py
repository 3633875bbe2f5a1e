"""Health: whether a source or a channel works, and when to say that it does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from watcher.domain.event import EventType, stamp
from watcher.domain.sighting import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Failures in a row, since when, what the last one was, and whether it has been told."""

    failures: int = 0
    failing_since: datetime | None = None
    error: str = ""
    is_told: bool = False


def after_failure(
    health: Health, error: str, now: datetime, *, limit: int, kind: EventType
) -> tuple[Health, tuple[Fact, ...]]:
    """Return the health after a failure and, when it is the one that reaches the limit, the event to tell."""
    since = health.failing_since or now
    worse = replace(health, failures=health.failures + 1, failing_since=since, error=error)
    if worse.failures < limit or worse.is_told:
        return worse, ()
    fact = Fact(type=kind, details={"error": error, "since": stamp(since)}, version=_episode(kind, since))
    return replace(worse, is_told=True), (fact,)


def after_success(health: Health, *, kind: EventType) -> tuple[Health, tuple[Fact, ...]]:
    """Return the health after a success and, where a failure had been told, the event that it is over."""
    if not health.is_told or health.failing_since is None:
        return Health(), ()
    details = {"error": health.error, "since": stamp(health.failing_since)}
    return Health(), (Fact(type=kind, details=details, version=_episode(kind, health.failing_since)),)


def _episode(kind: EventType, since: datetime) -> str:
    return f"{kind.value}/{since.isoformat()}"
