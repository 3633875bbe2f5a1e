"""Absences: what becomes of the known rows that a complete read did not have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from watcher.domain.absence import Belief, Census, Verdict, judge
from watcher.domain.deadline import Deadline
from watcher.domain.errors import SourceError
from watcher.domain.snapshot import Presence, Row
from watcher.pipeline.compare import ChangedRow
from watcher.pipeline.ports import Digest, Fate
from watcher.pipeline.reading import ReadResult
from watcher.pipeline.sightings import Findings, Taking, remove, take_row

MAX_LOOKS = 500
"""questions a poll, so that a list that turns up empty does not become as many requests as it had rows"""
MAX_UNANSWERED = 3


def take_absences(taking: Taking, findings: Findings, read: ReadResult, digest: Digest) -> Verdict:
    """Conclude from the rows that did not come, and return the verdict about the read as a whole.

    1. Where the API explains absences, each is asked after by id, then hidden rows again, within the budget.
    2. What stays unexplained is judged by its number. 3. Each row is counted, held or removed.
    """
    unexplained = _explain(taking, findings, digest) if taking.stance.api.explains_absence else None
    verdict = _judge(taking, read, unexplained)
    for batch in taking.draft.absent_rows():
        deadlines = taking.draft.deadlines_of([stored.conversation.id for stored in batch])
        for stored in batch:
            if unexplained is None or stored.conversation.id in unexplained:
                _conclude(taking, findings, stored, verdict, deadlines.get(stored.conversation.id, ()))
    return verdict


def _judge(taking: Taking, read: ReadResult, unexplained: frozenset[str] | None) -> Verdict:
    tally, record = read.tally, taking.record
    explained = tally.absent - len(unexplained) if unexplained is not None else 0
    census = Census(
        known=tally.known,
        arrived=tally.rows + explained,
        absent=tally.absent - explained,
        newly_absent=max(0, tally.newly_absent - explained),
        is_proven=read.is_proven,
    )
    return judge(census, taking.plan.guard, record.suspect_since, taking.now, is_accepted=record.is_accepted)


def _conclude(taking: Taking, findings: Findings, stored: Row, verdict: Verdict, deadlines: Sequence[Deadline]) -> None:
    """Count one more read without a row; remove it when there are enough and the read is believed."""
    standing = stored.standing
    missing = replace(
        standing,
        presence=Presence.MISSING,
        absent_reads=standing.absent_reads + 1,
        absent_since=standing.absent_since or taking.now,
        known_at=standing.known_at or taking.record.last_read_at,
    )
    row = replace(stored, standing=missing)
    if _is_gone(taking, row, verdict):
        remove(taking, findings, row, deadlines)
    else:
        taking.draft.put_row(row, is_same_version=True)


def _is_gone(taking: Taking, row: Row, verdict: Verdict) -> bool:
    """Where the API explains absences its silence proves nothing, however often; a believed suspicion decides."""
    if verdict.belief is Belief.RELEASE:
        return _was_absent_throughout(row, taking.record.suspect_since, is_accepted=taking.record.is_accepted)
    if verdict.belief is Belief.HOLD or taking.stance.api.explains_absence:
        return False
    return row.standing.absent_reads >= verdict.sightings


def _was_absent_throughout(row: Row, suspect_since: datetime | None, *, is_accepted: bool) -> bool:
    """Return whether a row was missing since the suspicion began; one that was accepted beforehand begins now."""
    if suspect_since is None:
        return is_accepted
    absent_since = row.standing.absent_since
    return absent_since is not None and absent_since <= suspect_since


def _explain(taking: Taking, findings: Findings, digest: Digest) -> frozenset[str]:
    """Ask after absent and hidden rows, and return the ids of the absent ones that nothing explains."""
    unexplained: set[str] = set()
    looks = _Looks(taking, findings, digest)
    for batch in taking.draft.absent_rows():
        unexplained |= {stored.conversation.id for stored in batch if not looks.explain(stored)}
    for stored in taking.draft.hidden_rows(taking.plan.look_budget):
        looks.explain(stored)
    return frozenset(unexplained)


class _Looks:
    """Counts the questions of a poll; after a few in a row without an answer no more are asked."""

    def __init__(self, taking: Taking, findings: Findings, digest: Digest) -> None:
        self._taking, self._findings, self._digest = taking, findings, digest
        self._asked = 0
        self._unanswered = 0

    def explain(self, stored: Row) -> bool:
        """Ask what became of a row; False where nobody said."""
        if self._asked >= MAX_LOOKS or self._unanswered >= MAX_UNANSWERED:
            return False
        self._asked += 1
        is_answered = _look(self._taking, self._findings, stored, self._digest)
        self._unanswered = 0 if is_answered else self._unanswered + 1
        return is_answered


def _look(taking: Taking, findings: Findings, stored: Row, digest: Digest) -> bool:
    """Ask the API what became of a row and take its answer in; False where it said nothing."""
    row_id = stored.conversation.id
    try:
        look = taking.source.look(row_id)
    except SourceError:
        return False
    deadlines = taking.draft.deadlines_of([row_id]).get(row_id, ())
    if look.fate is Fate.GONE:
        remove(taking, findings, _known(taking, stored), deadlines)
    elif look.row is not None:
        changed = ChangedRow(id=row_id, digest=digest(look.row), body=look.row)
        take_row(taking, findings, changed, _known(taking, stored), deadlines, Presence.HIDDEN)
    return True


def _known(taking: Taking, stored: Row) -> Row:
    """A row that has just left the list was known until the last complete read."""
    if stored.standing.known_at is not None:
        return stored
    return replace(stored, standing=replace(stored.standing, known_at=taking.record.last_read_at))
