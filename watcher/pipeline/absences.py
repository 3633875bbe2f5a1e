"""Absences: what becomes of the known rows that a complete read did not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from zlib import crc32

from watcher.domain.absence import Belief, Census, Verdict, judge
from watcher.domain.errors import SourceError
from watcher.domain.listing import RawRow
from watcher.domain.snapshot import Presence, Row
from watcher.pipeline.ports import Digest, Fate, Look, Source
from watcher.pipeline.reading import ReadResult
from watcher.pipeline.sightings import Findings, Taking, known_at, remove, take_row
from watcher.pipeline.snapshots import Draft

MAX_LOOKS = 500
"""questions a poll, so that a list that turns up empty does not become as many requests as it had rows"""
MAX_UNANSWERED = 3

Looks = Mapping[str, Look]
"""what the API said of some rows; of one that is not in it, it said nothing"""


def ask_after(source: Source, draft: Draft, hidden_budget: int, now: datetime) -> Looks:
    """Ask by id what became of the absent rows of a complete read, then of hidden ones again.

    Which are asked first changes with each poll: a few that are never answered keep nobody else from being asked.
    """
    absent = (
        stored.conversation.id for batch in draft.absent_rows() for stored in sorted(batch, key=partial(_turn, now))
    )
    hidden = (stored.conversation.id for stored in draft.hidden_rows(hidden_budget))
    return {**_ask(source, absent), **_ask(source, hidden)}


def take_absences(taking: Taking, findings: Findings, read: ReadResult, looks: Looks, digest: Digest) -> Verdict:
    """Conclude from the rows that did not come, and return the verdict about the read as a whole.

    1. Where the API explains absences, its answers are taken in. 2. What stays unexplained is judged by its number.
    3. Each row is counted, held or removed.
    """
    unexplained = _explain(taking, findings, looks, digest) if taking.stance.api.explains_absence else None
    verdict = _judge(taking, read, unexplained)
    for batch in taking.draft.absent_rows():
        for stored in batch:
            if unexplained is None or stored.conversation.id in unexplained:
                _conclude(taking, findings, stored, verdict)
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
    # where the API explains absences, time alone explains nothing: they are held until it does, or the user decides
    guard = replace(taking.plan.guard, hold=timedelta.max) if unexplained is not None else taking.plan.guard
    return judge(census, guard, record.suspect_since, taking.now, is_accepted=record.is_accepted)


def _conclude(taking: Taking, findings: Findings, stored: Row, verdict: Verdict) -> None:
    """Count one more read without a row; remove it when there are enough and the read is believed."""
    standing = stored.standing
    missing = replace(
        standing,
        presence=Presence.MISSING,
        absent_reads=standing.absent_reads + 1,
        absent_since=standing.absent_since or taking.now,
        known_at=known_at(taking, stored),
    )
    row = replace(stored, standing=missing)
    if _is_gone(taking, row, verdict):
        remove(taking, findings, row)
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


def _explain(taking: Taking, findings: Findings, looks: Looks, digest: Digest) -> frozenset[str]:
    """Take in what the API said, and return the ids of the absent rows that nothing explains."""
    unexplained: set[str] = set()
    for batch in taking.draft.absent_rows():
        unexplained |= {stored.conversation.id for stored in batch} - looks.keys()
        _take_looks(taking, findings, batch, looks, digest)
    _take_looks(taking, findings, taking.draft.hidden_rows(taking.plan.look_budget), looks, digest)
    return frozenset(unexplained)


def _take_looks(taking: Taking, findings: Findings, rows: Iterable[Row], looks: Looks, digest: Digest) -> None:
    for stored in rows:
        look = looks.get(stored.conversation.id)
        if look is not None:
            _take_look(taking, findings, _known(taking, stored), look, digest)


def _take_look(taking: Taking, findings: Findings, stored: Row, look: Look, digest: Digest) -> None:
    row_id = stored.conversation.id
    if look.fate is Fate.GONE:
        remove(taking, findings, stored)
    elif look.row is not None:
        changed = RawRow(row_id, digest(look.row), look.row)
        take_row(taking, findings, changed, stored, Presence.HIDDEN)


def _known(taking: Taking, stored: Row) -> Row:
    """A row that has just left the list was known until the last read that had it."""
    return replace(stored, standing=replace(stored.standing, known_at=known_at(taking, stored)))


def _ask(source: Source, ids: Iterable[str]) -> Looks:
    """Ask after some rows; after a few in a row without an answer no more are asked."""
    looks: dict[str, Look] = {}
    unanswered = 0
    for row_id in islice(ids, MAX_LOOKS):
        try:
            looks[row_id] = source.look(row_id)
        except SourceError:
            unanswered += 1
        else:
            unanswered = 0
        if unanswered >= MAX_UNANSWERED:
            break
    return looks


def _turn(now: datetime, stored: Row) -> int:
    """Return a number that orders rows otherwise in each poll."""
    return crc32(f"{now.timestamp()} {stored.conversation.id}".encode("utf-8", "surrogatepass"))
