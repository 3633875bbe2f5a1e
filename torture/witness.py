"""Witness: what the simulated APIs know to have happened, held against what the daemon stored of it.

Judged is every change between two neighbouring complete polls of a source where it is certain which of them could see
it: none that fell into the middle of a poll. What was done and undone between two polls is nothing, and so judged.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from torture import deadlines
from torture.polls import Poll, Told
from watcher.lab import Row, Truth, What

SOURCES = {"onq": "campus", "osn": "staff"}
"""the source that watches each simulated API"""
QUERY_POLLS = """SELECT s.name, p.started_at_ms, p.ended_at_ms, p.outcome FROM polls p
    JOIN sources s ON s.key = p.source ORDER BY p.started_at_ms"""
QUERY_TOLD = "SELECT source, type, subject, time_ms, after_ms, before_ms, details FROM events ORDER BY seq"
_RISES = {
    What.QUESTIONS_NEW: "questions.new",
    What.QUESTIONS_ANSWERED: "questions.new",
    What.QUESTIONS_CLEARED: "questions.new",
    What.MESSAGES_NEW: "messages.new",
    What.MESSAGES_READ: "messages.new",
    What.UNREAD_NEW: "unread.new",
    What.UNREAD_READ: "unread.new",
    What.FOLLOWUPS_NEW: "followups.new",
    What.FOLLOWUPS_DONE: "followups.new",
    What.OUTSIDERS_JOINED: "outsiders.joined",
    What.OUTSIDERS_LEFT: "outsiders.joined",
}
"""by each change of a counter, the event that tells when it has risen"""
_SLACK_MS = 1_000
_LIVES = {What.OPENED, What.STARTED, What.ENDED}
_COMINGS = {What.REMOVED, What.RETURNED}
_ALONE = {
    What.CHANGED,
    What.REGISTRATION_OPENED,
    What.REGISTRATION_CLOSED,
    What.REGISTRATION_RESCHEDULED,
    What.REGISTRATION_FULL,
    What.REGISTRATION_AVAILABLE,
}
"""judged only where nothing else happened to the conversation between the two polls"""
_OPENING = {What.OPENED, What.REGISTRATION_OPENED}
_CAUSES: Mapping[str, set[What]] = {
    **{kind: {what for what, rises in _RISES.items() if rises == kind} for kind in _RISES.values()},
    **{what.value: {what} for what in (*_LIVES, *_COMINGS, What.REGISTRATION_FULL, What.REGISTRATION_AVAILABLE)},
    "registration.opened": _OPENING,
    "registration.closed": {What.REGISTRATION_CLOSED, What.ENDED},
    "registration.rescheduled": {*_OPENING, What.REGISTRATION_RESCHEDULED},
    "questions.cleared": {What.QUESTIONS_CLEARED, What.QUESTIONS_ANSWERED},
}
"""by event type, what can have made it true"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of holding one against the other; each list should be empty."""

    judged: int
    lost: Sequence[str]
    twice: Sequence[str]
    unfounded: Sequence[str]


@dataclass(slots=True)
class _Findings:
    judged: int = 0
    lost: list[str] = field(default_factory=list)

    def take(self, owed: Iterable[deadlines.Owed], told: Sequence[Told], where: str) -> None:
        """Judge what the dates of one conversation owed."""
        for one in owed:
            self.judged += 1
            self.lost += [] if one.is_told(told) else [f"{where} {one}"]


Rows = Callable[[str], list[tuple[Any, ...]]]
"""asks the daemon's database"""


def hear(truth: Sequence[Truth], rows: Rows, before: Iterable[Row] = ()) -> Verdict:
    """Hold a story's truth against a database; `before` are the rows of OnQ as they stood when it began."""
    polls: dict[str, list[Poll]] = defaultdict(list)
    for name, started_ms, ended_ms, outcome in rows(QUERY_POLLS):
        polls[name].append(Poll(started_ms=started_ms, ended_ms=ended_ms, is_complete=outcome == "complete"))
    told = [
        Told(source=s, type=t, subject=i, time_ms=at, after_ms=after, before_ms=before, details=json.loads(details))
        for s, t, i, at, after, before, details in rows(QUERY_TOLD)
    ]
    return judge(truth, polls, told, {str(row["id"]): row for row in before})


def judge(
    truth: Sequence[Truth],
    polls: Mapping[str, Sequence[Poll]],
    told: Sequence[Told],
    before: Mapping[str, Row] = MappingProxyType({}),
) -> Verdict:
    """Judge every conversation by itself."""
    happened: dict[tuple[str, str], list[Truth]] = defaultdict(list)
    for one in truth:
        happened[SOURCES[one.api], one.id].append(one)
    heard: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for event in told:
        heard[event.source, event.subject].append(event)
    findings = _Findings()
    twice = [event for key, events in heard.items() for event in _unique(_twice(events, happened.get(key, ())))]
    unfounded = [event for key, events in heard.items() for event in _unfounded(events, happened.get(key, ()))]
    for key, changes in happened.items():
        _Case(key, changes, polls.get(key[0], ()), heard.get(key, ()), findings).judge()
    dated = SOURCES["onq"]
    for identity in {*before, *(identity for source, identity in (*happened, *heard) if source == dated)}:
        row, changes, events = before.get(identity), happened[dated, identity], heard[dated, identity]
        findings.take(deadlines.owed(row, changes, polls.get(dated, ())), events, f"{dated}/{identity}")
        unfounded += deadlines.unfounded(row, changes, polls.get(dated, ()), events)
    return Verdict(
        judged=findings.judged,
        lost=findings.lost,
        twice=[str(event) for event in twice],
        unfounded=[str(event) for event in unfounded],
    )


class _Case:
    """One conversation."""

    def __init__(
        self,
        key: tuple[str, str],
        changes: Sequence[Truth],
        polls: Sequence[Poll],
        told: Sequence[Told],
        findings: _Findings,
    ) -> None:
        self.key, self.changes, self.polls, self.told, self.findings = key, changes, polls, told, findings
        self.starts = [poll.started_ms for poll in polls]

    def judge(self) -> None:
        for strand in (*sorted(set(_RISES.values())), "life"):
            own = [change for change in self.changes if _strand(change) == strand]
            for first, second, between in self._spans(own, own):
                if not self._among(first.started_ms, second.ended_ms, _is_coming):
                    self._judge_value(strand, between, first, second)
        for first, second, between in self._spans(self.changes, [c for c in self.changes if c.what in _ALONE]):
            if len(between) == 1 and _is_owed(between[0], second):
                self._expect([between[0].what.value], first, second)
        self._judge_comings()

    def _judge_value(self, strand: str, between: Sequence[Truth], first: Poll, second: Poll) -> None:
        """A counter, or the state, as it stood at two polls: what it came to must have been told."""
        before, after = between[0].before, between[-1].after
        if strand == "life":
            was, became = _life(before), _life(after)
            if was != became:
                self._expect([f"conversation.{became}"], first, second)
        elif _number(after) > _number(before):
            self._expect([strand], first, second, before=_number(before), after=_number(after))
        elif strand == "questions.new" and _number(before) > 0 == _number(after):
            self._expect(["questions.cleared"], first, second)

    def _judge_comings(self) -> None:
        """A removal is told after two complete polls, what comes is told at the first."""
        for index, change in enumerate(filter(_is_coming, self.changes)):
            place = bisect_left(self.starts, _ms(change))
            polls = self.polls[max(place - 1, 0) : place + 2]
            is_calm = len(polls) == 3 and all(poll.is_complete for poll in polls) and polls[0].ended_ms < _ms(change)
            if not is_calm or self._count(polls[0].started_ms, polls[2].ended_ms, _is_coming) != 1:
                continue
            if change.what is What.REMOVED:
                self._expect(["conversation.removed"], polls[0], polls[2])
            elif change.what is What.RETURNED and self._was_gone(change):
                self._expect(["conversation.returned"], polls[0], polls[1])
            elif index == 0 and change.what in _LIVES:
                self._expect(["conversation.opened", "conversation.started", "conversation.ended"], polls[0], polls[1])

    def _was_gone(self, change: Truth) -> bool:
        """Whether the conversation's last removal had been told when it came back."""
        told = [event for event in self.told if event.type in {"conversation.removed", "conversation.returned"}]
        last = [event for event in told if event.time_ms < _ms(change)]
        return bool(last) and last[-1].type == "conversation.removed"

    def _spans(self, strand: Sequence[Truth], asked: Sequence[Truth]) -> Iterator[tuple[Poll, Poll, list[Truth]]]:
        """Yield neighbouring complete polls with what happened on a strand between them, where none fell into one."""
        places = sorted({bisect_left(self.starts, _ms(change)) for change in asked})
        for first, second in ((self.polls[p - 1], self.polls[p]) for p in places if 0 < p < len(self.polls)):
            near = [change for change in strand if first.started_ms <= _ms(change) <= second.ended_ms + 1]
            between = [change for change in near if first.ended_ms + 1 < _ms(change) <= second.started_ms]
            if first.is_complete and second.is_complete and near and near == between:
                yield first, second, between

    def _expect(self, types: Sequence[str], first: Poll, second: Poll, **values: int) -> None:
        """One of these must have been told by the second poll."""
        self.findings.judged += 1
        for event in self.told:
            if event.type in types and first.started_ms <= event.time_ms <= second.ended_ms + 1:
                change = event.details.get("change", {})
                if all(change.get(name) == value for name, value in values.items()):
                    return
        self.findings.lost.append(f"{'/'.join(self.key)} {types[0]} {values or ''} by {second.ended_ms}")

    def _among(self, from_ms: int, to_ms: int, fits: Callable[[Truth], bool]) -> bool:
        return self._count(from_ms, to_ms, fits) > 0

    def _count(self, from_ms: int, to_ms: int, fits: Callable[[Truth], bool]) -> int:
        return sum(fits(change) and from_ms <= _ms(change) <= to_ms + 1 for change in self.changes)


def _overlapping(events: Sequence[Told]) -> Iterator[Told]:
    """Yield events that tell of a span of which another one of their type has told: the same change, twice."""
    by_type: dict[str, list[Told]] = defaultdict(list)
    for event in events:
        if event.after_ms is not None:
            by_type[event.type].append(event)
    for same in by_type.values():
        for one, other in pairwise(sorted(same, key=lambda event: event.after_ms or 0)):
            if (other.after_ms or 0) < (one.before_ms or 0):
                yield other


def _twice(events: Sequence[Told], changes: Sequence[Truth]) -> Iterator[Told]:
    yield from _overlapping(events)
    yield from deadlines.twice(events)
    yield from [event for event in events if event.type == "source.baseline"][1:]
    for kind in sorted(set(_RISES.values())):
        for one, other in pairwise(event for event in events if event.type == kind):
            if _change(other, "before") < _change(one, "after") and not _has_fallen(kind, changes, one, other):
                yield other


def _unique(events: Iterable[Told]) -> Iterable[Told]:
    return {id(event): event for event in events}.values()


def _has_fallen(kind: str, changes: Sequence[Truth], one: Told, other: Told) -> bool:
    """Whether a counter went down, or left with its row, between two events that tell of its rise."""
    near = [change for change in changes if (one.after_ms or 0) <= _ms(change) <= other.time_ms]
    falls = [c for c in near if _strand(c) == kind and _number(c.after) < _number(c.before)]
    return bool(falls) or any(map(_is_coming, near))


def _unfounded(events: Sequence[Told], changes: Sequence[Truth]) -> Iterator[Told]:
    """Yield events of which nothing was true: nothing that could have made them happened since the read before."""
    for event in events:
        causes = _CAUSES.get(event.type, set())
        is_seen = event.details.get("first_seen") or not causes or "deadline" in event.details
        since_ms = (event.after_ms or 0) - _SLACK_MS
        near = [change for change in changes if since_ms <= _ms(change) <= event.time_ms]
        if not is_seen and not any(change.what in causes or _is_coming(change) for change in near):
            yield event


def _change(event: Told, side: str) -> int:
    return _number(event.details.get("change", {}).get(side))


def _is_owed(change: Truth, seen: Poll) -> bool:
    """Whether it is certain that this, alone, is told: a close is not, if its date may have told it before."""
    if change.what is not What.REGISTRATION_CLOSED:
        return True
    return change.row is not None and deadlines.to_ms(str(change.row["close_on"])) > seen.ended_ms


def _strand(change: Truth) -> str:
    if change.what in _RISES:
        return _RISES[change.what]
    return "life" if change.what in _LIVES and change.before is not None else ""


def _is_coming(change: Truth) -> bool:
    """Whether a whole row came or went."""
    return change.before is None and change.after is None


def _life(word: object) -> str:
    text = str(word)
    if text.startswith("CLOSED"):
        return "ended"
    return {"OPEN_ACTIVE": "opened", "open": "opened"}.get(text, text)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _ms(change: Truth) -> int:
    return int(change.at.timestamp() * 1000)
