"""Deadlines: which warnings and closings a story owed by the dates its rows had, held against what was told.

Owed is a warning whose date stood, and was read in a complete poll, before it was due, and that stood on, worth
telling, over the next few complete polls: whoever was killed when it fell due has had time to tell it late.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import inf

from torture.polls import Poll, Told
from watcher.lab import Row, Truth

Owed = tuple[str, str, str]
"""event type, date, and lead; the close itself has none"""
_H_MS = 3_600_000
LEADS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "registration.closing": (("7d", 7 * 24 * _H_MS), ("24h", 24 * _H_MS), ("1h", _H_MS)),
    "conversation.ending": (("24h", 24 * _H_MS),),
}
"""as they are unless they are configured: what a lead is called, and how long it is, in ms"""
_FIELDS = {"registration.closing": "close_on", "conversation.ending": "end_on"}
_CLOSED = "registration.closed"
_LATEST_POLLS = 3
_SLACK_MS = 1_500
"""dates are of whole seconds, and what is due is looked for each second"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time, [from, to) in ms since 1970, over which a conversation stood as `row`; None: it was not there."""

    from_ms: float
    to_ms: float
    row: Row | None


def owed(before: Row | None, changes: Sequence[Truth], polls: Sequence[Poll]) -> Iterator[Owed]:
    """Yield what one conversation's dates owed."""
    stretches = list(_stretches(before, changes))
    complete = [poll for poll in polls if poll.is_complete]
    for kind, leads in LEADS.items():
        for run in _runs(stretches, kind):
            date_ms = to_ms(str(run.row and run.row[_FIELDS[kind]]))
            for name, lead_ms in leads:
                last = _told_by(run.from_ms, date_ms - lead_ms, complete)
                if last is not None and last.ended_ms + _SLACK_MS < min(run.to_ms, date_ms):
                    yield kind, _date(run, kind), name
            yield from _passed_when_learnt(stretches, run, kind, complete)
    for run in _runs(stretches, _CLOSED):
        date_ms = to_ms(_date(run, _CLOSED))
        last = _told_by(run.from_ms, date_ms, complete)
        # It may well be closed by its organisers afterwards; only its date must not have been moved.
        if last is not None and date_ms < run.to_ms and _stays(stretches, run, last.ended_ms + _SLACK_MS):
            yield _CLOSED, _date(run, _CLOSED), ""


def _passed_when_learnt(
    stretches: Sequence[Stretch], run: Stretch, kind: str, complete: Sequence[Poll]
) -> Iterator[Owed]:
    """Yield the nearest lead of a date that was moved to where this lead is already over; it is told at once.

    Not of a date that the baseline, the first complete poll, was the first to show.
    """
    date, last = _date(run, kind), _nth_after(run.from_ms, complete)
    moved_from = next((one.row for one in stretches if one.to_ms == run.from_ms and one.row is not None), None)
    if last is None or moved_from is None or run.from_ms < complete[0].ended_ms or moved_from[_FIELDS[kind]] == date:
        return
    until_ms = last.ended_ms + _SLACK_MS
    passed = [name for name, lead_ms in LEADS[kind] if to_ms(date) - lead_ms + _SLACK_MS < run.from_ms]
    is_still = not any(run.from_ms - _SLACK_MS < to_ms(date) - lead_ms < until_ms for _, lead_ms in LEADS[kind])
    if passed and is_still and until_ms < min(run.to_ms, to_ms(date)):
        yield kind, date, passed[-1]


def is_told(one: Owed, told: Sequence[Told]) -> bool:
    """Whether a warning, or a close, was told of that date; each at some time, once."""
    kind, date, lead = one
    same = [event for event in told if event.type == kind]
    if kind == _CLOSED:
        return any(_deadline(event).get("at") == date or event.time_ms >= to_ms(date) for event in same)
    return any(_deadline(event).get("at") == date and _deadline(event).get("lead") == lead for event in same)


def unfounded(before: Row | None, changes: Sequence[Truth], told: Sequence[Told]) -> Iterator[Told]:
    """Yield warnings that came too early, too late, or of a date that the conversation never had."""
    stretches = list(_stretches(before, changes))
    for event in told:
        field, date = _FIELDS.get(event.type), str(_deadline(event).get("at"))
        if field is None:
            continue
        had = [s for s in stretches if s.row and s.row[field] == date and s.from_ms <= event.time_ms]
        lead_ms = dict(LEADS[event.type]).get(str(_deadline(event).get("lead")), -1)
        if not had or not to_ms(date) - lead_ms <= event.time_ms < to_ms(date):
            yield event


def _stretches(before: Row | None, changes: Sequence[Truth]) -> Iterator[Stretch]:
    marks = [(-inf, before), *((change.at.timestamp() * 1000, change.row) for change in changes)]
    for (from_ms, row), (to_ms, _) in pairwise([*marks, (inf, None)]):
        yield Stretch(from_ms=from_ms, to_ms=to_ms, row=row)


def _runs(stretches: Sequence[Stretch], kind: str) -> Iterator[Stretch]:
    """Yield the longest times over which a date stood still and was worth a warning."""
    run: Stretch | None = None
    for one in [*stretches, Stretch(from_ms=inf, to_ms=inf, row=None)]:
        if run is not None and _stands(one.row, kind) and _date(one, kind) == _date(run, kind):
            run = Stretch(from_ms=run.from_ms, to_ms=one.to_ms, row=run.row)
            continue
        if run is not None:
            yield run
        run = one if _stands(one.row, kind) else None


def _stands(row: Row | None, kind: str) -> bool:
    if row is None or row["status"] == "ended" or not row[_FIELDS.get(kind, "close_on")]:
        return False
    return kind == "conversation.ending" or row["register_status"] == "open"


def _stays(stretches: Sequence[Stretch], run: Stretch, until_ms: float) -> bool:
    """Whether it is there, with the same closing date, until some time."""
    near = [one for one in stretches if one.to_ms > run.from_ms and one.from_ms < until_ms]
    return all(one.row is not None and one.row["close_on"] == _date(run, _CLOSED) for one in near)


def _told_by(from_ms: float, due_ms: float, complete: Sequence[Poll]) -> Poll | None:
    """Return the poll by which something must have been told, if it was known before it was due."""
    is_known = any(from_ms < poll.started_ms and poll.ended_ms + _SLACK_MS < due_ms for poll in complete)
    return _nth_after(due_ms, complete) if is_known else None


def _nth_after(at_ms: float, complete: Sequence[Poll]) -> Poll | None:
    """Return the complete poll by whose end what was due at some time must have been told."""
    place = bisect_right(complete, at_ms, key=lambda poll: poll.started_ms) + _LATEST_POLLS - 1
    return complete[place] if place < len(complete) else None


def _date(run: Stretch, kind: str) -> str:
    return str(run.row and run.row[_FIELDS.get(kind, "close_on")])


def _deadline(event: Told) -> Mapping[str, object]:
    found = event.details.get("deadline")
    return found if isinstance(found, dict) else {}


def to_ms(written: str) -> float:
    """Return a date of a row in ms since 1970."""
    return datetime.fromisoformat(written).timestamp() * 1000
