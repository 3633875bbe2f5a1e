"""Deadlines: which warnings and closings a story owed by the dates its rows had, held against what was told.

Owed is a warning whose date stood, and was read in a complete poll, before it was due, and that stood on, worth
telling, over the next few complete polls: whoever was killed when it fell due has had time to tell it late. So is the
nearest lead of a date that was moved to where this lead is already over. Not judged is what dates owe of conversations
that come, or come back.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import inf

from torture.polls import Poll, Told
from watcher.lab import Row, Truth

_H_MS = 3_600_000
LEADS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "registration.closing": (("7d", 7 * 24 * _H_MS), ("24h", 24 * _H_MS), ("1h", _H_MS)),
    "conversation.ending": (("24h", 24 * _H_MS),),
}
"""as they are unless they are configured: what a lead is called, and how long it is, in ms"""
CLOSED = "registration.closed"
_FIELDS = {"registration.closing": "close_on", "conversation.ending": "end_on", CLOSED: "close_on"}
_REOPENING = {"registration.opened", "registration.rescheduled"}
_LATEST_POLLS = 3
_SLACK_MS = 1_500
"""dates are of whole seconds, and what is due is looked for each second"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A warning, or the close itself, which has no lead; `by_ms`: when it must have been told, in ms since 1970."""

    kind: str
    date: str
    lead: str
    by_ms: float

    def __str__(self) -> str:
        return f"{self.kind} of {self.date} {self.lead} by {self.by_ms:.0f}"

    def is_told(self, told: Sequence[Told]) -> bool:
        """Whether it was told in time; a close may also have been told by its status."""
        for event in told:
            deadline = _deadline(event)
            is_same = (deadline.get("at"), deadline.get("lead")) == (self.date, self.lead or "0s")
            is_by_status = self.kind == CLOSED and not deadline and event.time_ms >= to_ms(self.date)
            if event.type == self.kind and (is_same or is_by_status) and event.time_ms <= self.by_ms:
                return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time, [from, to) in ms since 1970, over which a conversation stood as `row`; None: it was not there."""

    from_ms: float
    to_ms: float
    row: Row | None


def owed(before: Row | None, changes: Sequence[Truth], polls: Sequence[Poll]) -> Iterator[Owed]:
    """Yield what the dates of one conversation owed."""
    stretches = list(_stretches(before, changes))
    complete = [poll for poll in polls if poll.is_complete]
    for kind, leads in LEADS.items():
        for run in _runs(stretches, kind):
            date = _date(run, kind)
            for name, lead_ms in leads:
                by_ms = _told_by(run.from_ms, to_ms(date) - lead_ms, complete)
                if by_ms < min(run.to_ms, to_ms(date)):
                    yield Owed(kind=kind, date=date, lead=name, by_ms=by_ms)
            yield from _passed_when_learnt(stretches, run, kind, complete)
    for run in _runs(stretches, CLOSED):
        date = _date(run, CLOSED)
        by_ms = _told_by(run.from_ms, to_ms(date), complete)
        # It may well be closed by its organisers afterwards; only its date must not have been moved.
        if to_ms(date) < run.to_ms and by_ms < inf and _stays(stretches, run, by_ms):
            yield Owed(kind=CLOSED, date=date, lead="", by_ms=by_ms)


def twice(told: Sequence[Told]) -> Iterator[Told]:
    """Yield warnings that were told before, and closes that were told though nothing had opened since the last one."""
    warned: set[tuple[object, ...]] = set()
    for event in told:
        deadline = _deadline(event)
        key = (event.type, deadline.get("at"), deadline.get("lead"))
        if deadline and key in warned:
            yield event
        warned.add(key)
    closes = [event for event in told if event.type == CLOSED or event.type in _REOPENING]
    for one, other in pairwise(closes):
        if one.type == other.type == CLOSED:
            yield other


def unfounded(
    before: Row | None, changes: Sequence[Truth], polls: Sequence[Poll], told: Sequence[Told]
) -> Iterator[Told]:
    """Yield what was told too early, too late, of a date that the conversation never had, or no longer had."""
    stretches = list(_stretches(before, changes))
    complete = [poll for poll in polls if poll.is_complete]
    for event in told:
        deadline = _deadline(event)
        if event.type not in _FIELDS or not deadline:
            continue
        date_ms = to_ms(str(deadline["at"]))
        leads = dict(LEADS.get(event.type, [("0s", 0)]))
        from_ms = date_ms - leads.get(str(deadline["lead"]), -1)
        is_in_time = from_ms <= event.time_ms < (inf if event.type == CLOSED else date_ms)
        if not is_in_time or not _may_be_known(stretches, complete, event, str(deadline["at"])):
            yield event


def to_ms(written: str) -> float:
    """Return a date of a row in ms since 1970."""
    return datetime.fromisoformat(written).timestamp() * 1000


def _may_be_known(stretches: Sequence[Stretch], complete: Sequence[Poll], event: Told, date: str) -> bool:
    """Whether a row with that date was, or may have been, what the last complete poll before an event had seen."""
    last = bisect_left(complete, event.time_ms, key=lambda poll: poll.ended_ms) - 1
    seen_ms = complete[last].started_ms if last >= 0 else -inf
    near = [one for one in stretches if one.to_ms > seen_ms and one.from_ms <= event.time_ms]
    # One that is not there is believed to be for a while, as it was.
    return any(one.row is None or one.row[_FIELDS[event.type]] == date for one in near)


def _stretches(before: Row | None, changes: Sequence[Truth]) -> Iterator[Stretch]:
    marks = [(-inf, before), *((change.at.timestamp() * 1000, change.row) for change in changes)]
    for (from_ms, row), (to, _) in pairwise([*marks, (inf, None)]):
        yield Stretch(from_ms=from_ms, to_ms=to, row=row)


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
    if row is None or row["status"] == "ended" or not row[_FIELDS[kind]]:
        return False
    return kind == "conversation.ending" or row["register_status"] == "open"


def _stays(stretches: Sequence[Stretch], run: Stretch, until_ms: float) -> bool:
    """Whether it is there, with the same closing date, until some time."""
    near = [one for one in stretches if one.to_ms > run.from_ms and one.from_ms < until_ms]
    return all(one.row is not None and one.row["close_on"] == _date(run, CLOSED) for one in near)


def _passed_when_learnt(
    stretches: Sequence[Stretch], run: Stretch, kind: str, complete: Sequence[Poll]
) -> Iterator[Owed]:
    """Yield the nearest lead of a date that was moved to where it is already over; it is told at once."""
    date, by_ms = _date(run, kind), _nth_after(run.from_ms, complete)
    if by_ms >= min(run.to_ms, to_ms(date)) or not _was_known_otherwise(stretches, run, kind, complete):
        return
    due = [(name, to_ms(date) - lead_ms) for name, lead_ms in LEADS[kind]]
    is_still = not any(run.from_ms - _SLACK_MS < at < by_ms for _, at in due)
    passed = [name for name, at in due if at < run.from_ms]
    if passed and is_still:
        yield Owed(kind=kind, date=date, lead=passed[-1], by_ms=by_ms)


def _was_known_otherwise(stretches: Sequence[Stretch], run: Stretch, kind: str, complete: Sequence[Poll]) -> bool:
    """Whether a poll had seen the conversation, which then was there until its date was moved."""
    earlier = [one for one in stretches if one.to_ms <= run.from_ms]
    since_ms = max((one.to_ms for one in earlier if one.row is None), default=-inf)
    is_seen = any(since_ms < poll.started_ms and poll.ended_ms < run.from_ms for poll in complete)
    last = earlier[-1].row if earlier else None
    return is_seen and last is not None and last[_FIELDS[kind]] != _date(run, kind)


def _told_by(from_ms: float, due_ms: float, complete: Sequence[Poll]) -> float:
    """Return when something must have been told, if it was known before it was due; else never."""
    is_known = any(from_ms < poll.started_ms and poll.ended_ms + _SLACK_MS < due_ms for poll in complete)
    return _nth_after(due_ms, complete) if is_known else inf


def _nth_after(at_ms: float, complete: Sequence[Poll]) -> float:
    """Return when what was due at some time must have been told: a few complete polls later."""
    place = bisect_right(complete, at_ms, key=lambda poll: poll.started_ms) + _LATEST_POLLS - 1
    return complete[place].ended_ms + _SLACK_MS if place < len(complete) else inf


def _date(run: Stretch, kind: str) -> str:
    return str(run.row and run.row[_FIELDS[kind]])


def _deadline(event: Told) -> Mapping[str, object]:
    found = event.details.get("deadline")
    return found if isinstance(found, dict) else {}
