"""The audit, read: when the daemon last looked, and what it found wrong that still is."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.domain.audit import SIGN_LASTS
from watcher.domain.duration import say_duration
from watcher.domain.lapse import Lapse
from watcher.store.lapses import read_lapses
from watcher.store.rows import from_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditStatus:
    """When was looked last, by both clocks, and every lapse.

    `signed` is the monotonic time of the last look, None where no daemon runs, as far as it could say so.
    """

    looked_at: datetime | None
    signed: timedelta | None
    lapses: tuple[Lapse, ...]

    def silence(self, monotonic: timedelta) -> tuple[str, ...]:
        """Say that no daemon gives signs of life at a monotonic time, nothing where one does.

        The time is one that every process of the machine shares: it stands still while the machine sleeps, and does not
        follow the clock on the wall.
        """
        return _silence(self.signed, monotonic)

    def wrong(self, monotonic: timedelta) -> tuple[str, ...]:
        """Say what is wrong at a monotonic time, nothing where all is well."""
        return *self.silence(monotonic), *(lapse.say() for lapse in self.lapses)


class AuditHistory:
    """What the audit has stored."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self) -> AuditStatus:
        """Return how the audit stands; a database that this version has not written to yet was never looked at."""
        if not self._connection.execute(_IS_THERE).fetchone()[0]:
            return AuditStatus(looked_at=None, signed=None, lapses=())
        row = self._connection.execute("SELECT looked_at_ms, signed_ms FROM audit").fetchone()
        signed = None if row["signed_ms"] is None else timedelta(milliseconds=row["signed_ms"])
        lapses = tuple(read_lapses(self._connection))
        return AuditStatus(looked_at=from_ms(row["looked_at_ms"]), signed=signed, lapses=lapses)


def _silence(signed: timedelta | None, monotonic: timedelta) -> tuple[str, ...]:
    if signed is None:
        return ("the daemon does not run",)
    if monotonic < signed:
        return ("the daemon does not run: the machine was started anew since its last sign of life",)
    silent = monotonic - signed
    if silent <= SIGN_LASTS:
        return ()
    return (f"the daemon gave no sign of life for {say_duration(silent)}: it was killed, or is stuck",)


_IS_THERE = "SELECT EXISTS(SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'audit')"
