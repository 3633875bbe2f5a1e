"""The outbox in SQLite: deliveries claimed under a lease, and settled with all that an attempt leaves behind."""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime, timedelta
from typing import Any

from watcher.domain.channel_health import ChannelHealth
from watcher.domain.delivery import DeliveryState, after_death
from watcher.domain.stage import FIRST, StageKind, read_stage
from watcher.domain.waiting import Part
from watcher.pipeline.arranging import Decider
from watcher.pipeline.outbox import Claim, Settlement
from watcher.store.arrangements import arrange
from watcher.store.channels import read_health, write_health
from watcher.store.database import Database
from watcher.store.due import WAITING, decide_anew, end_outage, find_due, note_lost
from watcher.store.events import insert_owed, remember_ruleset
from watcher.store.follow_ups import drop_late, follow
from watcher.store.handovers import store_handover
from watcher.store.readdressing import Decide, readdress
from watcher.store.rows import EVENT_COLUMNS, event_of, from_ms, instant, to_ms
from watcher.store.silences import CompilePattern, has_active


class SqliteOutbox:
    """The Outbox port over a Database; `ruleset` is the text of the rules that owed events are routed by.

    `compile_pattern` makes the regexes of silences.
    """

    def __init__(self, database: Database, *, ruleset: str = "", compile_pattern: CompilePattern = re.compile) -> None:
        self._database = database
        self._ruleset = ruleset
        self._compile = compile_pattern

    def claim_due(
        self, channel: str, now: datetime, lease: timedelta, owner: str, decider: Decider | None = None
    ) -> Claim | None:
        """Claim the delivery of a channel that has been due the longest, None where none is (see the port)."""
        if find_due(self._database.connection(), channel, now) is None:
            return None  # looked at first without the write lock: most calls end here
        with self._database.write() as connection:
            return self._claim(connection, channel, now, lease, owner, decider)

    def settle(self, claim: Claim, settlement: Settlement) -> bool:
        """Store what became of a claim; False, and nothing stored, where the lease was lost to another owner."""
        with self._database.write() as connection:
            return self._settle(connection, claim, settlement)

    def settle_and_claim(
        self,
        claim: Claim,
        settlement: Settlement,
        now: datetime,
        lease: timedelta,
        decider: Decider | None = None,
    ) -> tuple[bool, Claim | None]:
        """Settle, and claim what is due next for the same channel and owner, as one transaction (see the port).

        One commit, and so one fsync a message instead of two.
        """
        with self._database.write() as connection:
            if not self._settle(connection, claim, settlement):
                return False, None
            return True, self._claim(connection, claim.channel, now, lease, claim.owner, decider)

    def give_back(self, claim: Claim, now: datetime) -> None:
        """Undo a claim of which nothing was sent (see the port); nothing where another owner has claimed it since.

        One that had been interrupted before goes on being so: its earlier attempt stays unknown.
        """
        state = DeliveryState.UNKNOWN if claim.state is DeliveryState.SENDING else claim.state
        with self._database.write() as connection:
            undone = connection.execute(
                """UPDATE deliveries SET state = ?, attempts = attempts - 1, owner = '', lease_until_ms = NULL,
                    due_at_ms = min(created_at_ms, ?)
                    WHERE id = ? AND owner = ? AND attempts - forgiven = ? AND state = 'sending'
                    RETURNING attempts""",
                (state.value, to_ms(now), claim.delivery_id, claim.owner, claim.attempt),
            ).fetchone()
            if undone is not None:
                begun = (claim.delivery_id, undone["attempts"] + 1)
                connection.execute("DELETE FROM attempts WHERE delivery = ? AND number = ?", begun)

    def take_over(self, now: datetime) -> int:
        """Make what a process that died was sending due anew; only for who holds the state, so that nobody sends it.

        Returns how many deliveries that were. They are claimed as after a lease that ran out: under the same id, as
        repetitions, each in its place in line. One that was under way at several deaths waits as after failures: it may
        be what kills, and a process that dies every second for another reason must not use up its attempts.
        """
        with self._database.write() as connection:
            found = connection.execute(_UNDER_WAY).fetchall()
            for row in found:
                wait = after_death(row["deaths"])
                due = min(row["created_at_ms"], to_ms(now)) if not wait else to_ms(now + wait)
                connection.execute(_TAKE_OVER, (due, to_ms(now), row["id"]))
            return len(found)

    def readdress(self, decide: Decide, now: datetime) -> int:
        """Let escalations that wait follow the rules as they are now; return how many go to others, or end."""
        with self._database.write() as connection:
            return readdress(connection, decide, now)

    def shift(self, moved: timedelta) -> None:
        """Move with a clock that was set back all that waits, the pauses of channels, and those that APIs asked for.

        What a rule holds keeps its instant: the end of quiet hours and the time of a digest are the wall clock's. But
        a repeat and an escalation come a span after what was told.
        """
        by_ms = moved // timedelta(milliseconds=1)
        with self._database.write() as connection:
            connection.execute(
                f"""UPDATE deliveries SET due_at_ms = due_at_ms + :by, lease_until_ms = lease_until_ms + :by,
                    arranged_until_ms = NULL
                    WHERE {WAITING} AND (state <> 'held' OR held_by IN ('repeat', 'escalation'))""",
                {"by": by_ms},
            )
            connection.execute("UPDATE channels SET paused_until_ms = paused_until_ms + ?", (by_ms,))
            connection.execute("UPDATE sources SET not_before_ms = not_before_ms + ?", (by_ms,))

    def next_due(self, channel: str) -> datetime | None:
        """Return when claim_due next has something for a channel, None where nothing waits."""
        query = f"SELECT MIN(due_at_ms) FROM deliveries WHERE channel = ? AND {WAITING}"
        return from_ms(self._database.connection().execute(query, (channel,)).fetchone()[0])

    def next_due_of_all(self) -> dict[str, datetime]:
        """Return next_due of every channel that has something waiting."""
        query = f"SELECT channel, MIN(due_at_ms) FROM deliveries WHERE {WAITING} GROUP BY channel"
        return {channel: instant(due) for channel, due in self._database.connection().execute(query)}

    def channel_health(self, channel: str) -> ChannelHealth:
        """Return what is remembered of a channel; of an unknown one, the defaults."""
        return read_health(self._database.connection(), channel)

    def _claim(
        self,
        connection: sqlite3.Connection,
        channel: str,
        now: datetime,
        lease: timedelta,
        owner: str,
        decider: Decider | None,
    ) -> Claim | None:
        is_arranged = self._arrange(connection, channel, now, decider)
        while (found := find_due(connection, channel, now, is_arranged=is_arranged)) is not None:
            is_news = found["stage"] == _FIRST
            # A follow-up, and what a rule held that is none any more or holds nothing now, is never told undecided.
            is_held = not is_news or found["state"] == DeliveryState.HELD
            if is_held and not is_arranged and decider is not None:
                arrange(connection, channel, now, decider, self._compile)
                is_arranged = True
            elif is_news or not found["attempts"] or not drop_late(connection, found["id"], now):
                break
        if found is None or not _take(connection, found, now, now + lease, owner):
            return None
        return _to_claim(connection, found, owner, now + lease)

    def _arrange(self, connection: sqlite3.Connection, channel: str, now: datetime, decider: Decider | None) -> bool:
        """Have it decided over what is due; False where nothing needs to be: all of it goes out as it is."""
        if decider is None or (decider.is_plain and not has_active(connection, now)):
            return False
        arrange(connection, channel, now, decider, self._compile)
        return True

    def _settle(self, connection: sqlite3.Connection, claim: Claim, settlement: Settlement) -> bool:
        if not _finish(connection, claim, settlement):
            return False
        _record_attempt(connection, claim.delivery_id, settlement)
        write_health(connection, claim.channel, settlement.health)
        if settlement.ends_outage:
            end_outage(connection, claim.channel, settlement.attempt.ended_at)
        if settlement.attempt.is_sent and claim.stage.kind is StageKind.ESCALATION:
            decide_anew(connection, claim.channel, claim.rule, str(claim.stage))
        ruleset = remember_ruleset(connection, self._ruleset) if settlement.owed else None
        for owed in settlement.owed:
            insert_owed(connection, owed, None, ruleset)
        follow(connection, claim.channel, settlement.followed, settlement.attempt.ended_at)
        if settlement.handover is not None:
            store_handover(connection, claim.delivery_id, settlement.handover, settlement.attempt.ended_at)
        return True


_FIRST = str(FIRST)
_UNDER_WAY = """SELECT d.id, d.created_at_ms, (SELECT COUNT(*) FROM attempts a WHERE a.delivery = d.id
    AND a.number > d.forgiven AND (a.outcome = 'unknown' OR a.number = d.attempts)) AS deaths
    FROM deliveries d WHERE d.state = 'sending'"""
_TAKE_OVER = "UPDATE deliveries SET due_at_ms = ?, lease_until_ms = ? WHERE id = ?"


def _take(connection: sqlite3.Connection, found: Any, now: datetime, lease_until: datetime, owner: str) -> bool:
    """Put a due row under a lease; False where it is no longer as it was found.

    A crash after this leaves the row `sending` and an attempt without an end; the next claim calls that one unknown.
    """
    taken = connection.execute(
        """UPDATE deliveries SET state = 'sending', attempts = attempts + 1, owner = ?, lease_until_ms = ?,
            due_at_ms = ? WHERE id = ? AND state = ? AND attempts = ? AND owner = ?""",
        (
            owner,
            to_ms(lease_until),
            to_ms(lease_until),
            found["id"],
            found["state"],
            found["attempts"],
            found["owner"],
        ),
    )
    if taken.rowcount != 1:
        return False
    if found["attempts"]:
        note_lost(connection, [found["id"]])
    connection.execute(
        "INSERT INTO attempts(delivery, number, started_at_ms) VALUES(?, ?, ?)",
        (found["id"], found["attempts"] + 1, to_ms(now)),
    )
    return True


def _to_claim(connection: sqlite3.Connection, found: Any, owner: str, lease_until: datetime) -> Claim:
    event = connection.execute(f"SELECT {EVENT_COLUMNS} WHERE e.seq = ?", (found["event"],)).fetchone()
    members = connection.execute(
        f"""SELECT d.rule, d.stage, d.note, d.finding, {EVENT_COLUMNS} JOIN deliveries d ON d.event = e.seq
            WHERE d.lead = ? ORDER BY e.seq""",
        (found["id"],),
    ).fetchall()
    lost = (
        found["attempts"]
        and connection.execute(
            "SELECT 1 FROM attempts WHERE delivery = ? AND outcome = 'unknown' LIMIT 1", (found["id"],)
        ).fetchone()
    )
    return Claim(
        delivery_id=found["id"],
        event=event_of(event),
        rule=found["rule"],
        channel=found["channel"],
        attempt=found["attempts"] + 1 - found["forgiven"],
        was_interrupted=bool(lost),
        created_at=instant(found["created_at_ms"]),
        state=DeliveryState(found["state"]),
        owner=owner,
        lease_until=lease_until,
        stage=read_stage(found["stage"]),
        note=found["note"],
        finding=found["finding"],
        members=tuple(map(_to_part, members)),
    )


def _to_part(row: Any) -> Part:
    return Part(
        event=event_of(row),
        rule=row["rule"],
        stage=read_stage(row["stage"]),
        note=row["note"],
        finding=row["finding"],
    )


def _finish(connection: sqlite3.Connection, claim: Claim, settlement: Settlement) -> bool:
    """Move a claimed row to its next state; False where another owner has claimed it since."""
    outcome, ended_ms = settlement.outcome, to_ms(settlement.attempt.ended_at)
    settled = connection.execute(
        """UPDATE deliveries SET state = ?, due_at_ms = ?, reason = ?, settled_at_ms = ?, owner = '',
            lease_until_ms = NULL WHERE id = ? AND owner = ? AND attempts - forgiven = ? AND state = 'sending'""",
        (
            outcome.state.value,
            to_ms(outcome.due_at),
            outcome.reason,
            ended_ms if outcome.state.is_final else None,
            claim.delivery_id,
            claim.owner,
            claim.attempt,
        ),
    )
    return settled.rowcount == 1


def _record_attempt(connection: sqlite3.Connection, delivery_id: str, settlement: Settlement) -> None:
    attempt = settlement.attempt
    connection.execute(
        """UPDATE attempts SET started_at_ms = ?, ended_at_ms = ?, status = ?, error = ?, outcome = ?
            WHERE delivery = ? AND outcome = ''""",
        (
            to_ms(attempt.started_at),
            to_ms(attempt.ended_at),
            attempt.status,
            attempt.error,
            settlement.outcome.state.value if attempt.is_sent else DeliveryState.FAILED.value,
            delivery_id,
        ),
    )
