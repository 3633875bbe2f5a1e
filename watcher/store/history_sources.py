"""Sources, read: how each stands, and the record of its polls."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.domain.errors import NotFoundError
from watcher.domain.health import Health
from watcher.pipeline.snapshots import PollOutcome, PollRecord
from watcher.store.rows import from_ms, instant, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How a source stands.

    `baseline_at` is None before the first complete read; `last_read_at` is the last complete one.
    `next_poll_at`: by the interval, not before the instant that the server asked for; None before the first poll.
    `suspect_since`: absences are held since then. `conversations`: those in the list; `removed`: those that are gone.
    """

    name: str
    api: str
    health: Health
    baseline_at: datetime | None
    last_read_at: datetime | None
    last_poll_at: datetime | None
    next_poll_at: datetime | None
    suspect_since: datetime | None
    suspect_reason: str
    is_accepted: bool
    conversations: int
    removed: int
    last_poll: PollRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSummary:
    """How many polls there were, how many of them failed or were incomplete, and when and why the last of those."""

    polls: int
    troubled: int
    last_at: datetime | None
    error: str


class SourceHistory:
    """The stored sources."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self) -> list[SourceStatus]:
        """Return how every source stands, by name."""
        return [self._status(row) for row in self._connection.execute("SELECT * FROM sources ORDER BY name").fetchall()]

    def apis(self) -> dict[str, str]:
        """Return the API of every source that was ever polled, by its name."""
        return {row["name"]: row["api"] for row in self._connection.execute("SELECT name, api FROM sources")}

    def find(self, name: str) -> SourceStatus:
        """Return how one source stands. Raises NotFoundError, which names the others."""
        row = self._connection.execute("SELECT * FROM sources WHERE name = ?", (name,)).fetchone()
        if row is None:
            names = [other["name"] for other in self._connection.execute("SELECT name FROM sources ORDER BY name")]
            known = f"there are: {', '.join(names)}" if names else "none was polled yet: run `watcher poll`"
            raise NotFoundError(f"there is no source {name!r}", remedy=known)
        return self._status(row)

    def polls(self, name: str, *, limit: int = 20) -> list[PollRecord]:
        """Return the last polls of a source, the newest first."""
        sql = """SELECT p.* FROM polls p JOIN sources s ON s.key = p.source WHERE s.name = ?
            ORDER BY p.key DESC LIMIT ?"""
        return [_poll_of(row) for row in self._connection.execute(sql, (name, limit))]

    def record_of_polls(self, name: str, since: datetime) -> PollSummary:
        """Return what became of a source's polls since an instant, as far as they are kept."""
        bound = {"name": name, "since": to_ms(since), "complete": PollOutcome.COMPLETE.value}
        polls, troubled = self._connection.execute(_POLLS_SINCE, bound).fetchone()
        last = self._connection.execute(_LAST_TROUBLED, bound).fetchone()
        return PollSummary(
            polls=polls,
            troubled=troubled or 0,
            last_at=from_ms(last["ended_at_ms"]) if last else None,
            error=last["error"] if last else "",
        )

    def _status(self, row: sqlite3.Row) -> SourceStatus:
        listed, removed = self._counts(row["key"])
        polls = self.polls(row["name"], limit=1)
        return SourceStatus(
            name=row["name"],
            api=row["api"],
            health=_health_of(row),
            baseline_at=from_ms(row["baseline_at_ms"]),
            last_read_at=from_ms(row["last_read_at_ms"]),
            last_poll_at=from_ms(row["last_poll_at_ms"]),
            next_poll_at=_next_poll(row),
            suspect_since=from_ms(row["suspect_since_ms"]),
            suspect_reason=row["suspect_reason"],
            is_accepted=bool(row["is_accepted"]),
            conversations=listed,
            removed=removed,
            last_poll=polls[0] if polls else None,
        )

    def _counts(self, key: int) -> tuple[int, int]:
        """Return how many conversations are listed and how many removed; the others are in between."""
        total = self._connection.execute("SELECT COUNT(*) FROM rows WHERE source = ?", (key,)).fetchone()[0]
        sql = "SELECT presence, COUNT(*) FROM rows WHERE source = ? AND presence <> 'listed' GROUP BY presence"
        away = dict(map(tuple, self._connection.execute(sql, (key,))))
        return total - sum(away.values()), away.get("removed", 0)


_OF_SOURCE = """FROM polls p JOIN sources s ON s.key = p.source
    WHERE s.name = :name AND p.ended_at_ms >= :since"""
_POLLS_SINCE = f"SELECT COUNT(*), SUM(p.outcome <> :complete) {_OF_SOURCE}"
_LAST_TROUBLED = f"SELECT p.* {_OF_SOURCE} AND p.outcome <> :complete ORDER BY p.key DESC LIMIT 1"


def _health_of(row: sqlite3.Row) -> Health:
    return Health(
        failures=row["failures"],
        failing_since=from_ms(row["failing_since_ms"]),
        error=row["error"],
        is_told=bool(row["is_failing_told"]),
    )


def _next_poll(row: sqlite3.Row) -> datetime | None:
    if row["last_poll_at_ms"] is None:
        return None
    by_interval = instant(row["last_poll_at_ms"]) + timedelta(milliseconds=row["interval_ms"])
    not_before = from_ms(row["not_before_ms"])
    return by_interval if not_before is None else max(by_interval, not_before)


def _poll_of(row: sqlite3.Row) -> PollRecord:
    return PollRecord(
        started_at=instant(row["started_at_ms"]),
        ended_at=instant(row["ended_at_ms"]),
        outcome=PollOutcome(row["outcome"]),
        pages=row["pages"],
        rows=row["rows"],
        changed=row["changed"],
        events=row["events"],
        error=row["error"],
    )
