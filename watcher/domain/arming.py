"""Arming in silence: the deadlines of rows that are learnt without a word, an instant with all its leads at a time.

It is what `rearm` makes of a row with no deadlines yet when it `is_silent`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import add
from typing import Any

from watcher.domain.api import Role
from watcher.domain.deadline import ANCHORS, Leads
from watcher.domain.event import EventType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_US_OF_SECOND = 1_000_000
_SECONDS_OF_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """The leads of an instant when it is learnt: those still to come, and those that have passed and count as told.

    Each is made once for a moment and is itself alone, so that looking up what belongs to one costs nothing.
    """

    kind: EventType
    armed: tuple[timedelta, ...]
    told: tuple[timedelta, ...]


Alarm = tuple[int, Split]
"""one instant, in microseconds since 1970, with its leads"""


class SilentArming:
    """Arms the deadlines of rows that are learnt at one moment.

    `now_text` is that moment as rows write theirs, to the second: an instant of a plain row is over when its text is
    not greater. `waiting` are the alarms of a row that has open questions.
    """

    def __init__(self, leads: Leads, now: datetime) -> None:
        self._now_us = (now - _EPOCH) // _US
        self.now_text = now.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"
        self._splits = {
            role: _Splits(kind, leads.get(kind, ()))
            for kind, role in ANCHORS.items()
            if leads.get(kind) or role is Role.REGISTRATION_CLOSES
        }
        self.roles = tuple(self._splits)
        spans = tuple(-span for span in leads.get(EventType.QUESTIONS_WAITING, ()))
        waiting = _Splits(EventType.QUESTIONS_WAITING, spans)
        self.waiting = (waiting.at(self._now_us, self._now_us),) if spans else ()

    def alarms(self, columns: Mapping[Role, Sequence[Any]], count: int) -> Sequence[tuple[Alarm, ...]]:
        """Return the alarms of some rows, whose instants are given by their role, but for `waiting`."""
        by_role = [self._of_role(role, column) for role, column in columns.items()]
        joined: list[tuple[Alarm, ...]] = [()] * count
        for alarms in by_role:
            joined = list(map(add, joined, alarms))
        return joined

    def _of_role(self, role: Role, instants: Sequence[Any]) -> list[tuple[Alarm, ...]]:
        now, now_us, splits = self.now_text, self._now_us, self._splits[role]
        bounds, leads, read = splits.bounds_us, splits.all, datetime.fromisoformat
        closed = (_CLOSED,) if role is Role.REGISTRATION_CLOSES else ()
        choices = [((split, *closed) if splits.are_some else closed) for split in leads]
        alarms: list[tuple[Alarm, ...]] = []
        for written in instants:
            if written is None or written <= now:
                alarms.append(())
                continue
            since = read(written) - _EPOCH  # to the second; `timestamp` takes longer
            at_us = (since.days * _SECONDS_OF_DAY + since.seconds) * _US_OF_SECOND
            choice = choices[bisect_left(bounds, at_us - now_us)]
            # most have one, and a list on the way to a tuple takes as long as the rest
            alarms.append(((at_us, choice[0]),) if len(choice) == 1 else tuple([(at_us, split) for split in choice]))
        return alarms


class _Splits:
    """Every way in which the leads of a kind can be split, made once: by how far away the instant is.

    A lead that is as long as the instant is away has passed.
    """

    def __init__(self, kind: EventType, leads: Sequence[timedelta]) -> None:
        self.are_some = bool(leads)
        self.bounds_us = sorted(lead // _US for lead in leads)
        self.all = [
            Split(
                kind=kind,
                armed=tuple(lead for lead in leads if bound is None or lead // _US < bound),
                told=tuple(lead for lead in leads if bound is not None and lead // _US >= bound),
            )
            for bound in (*self.bounds_us, None)
        ]

    def at(self, at_us: int, now_us: int) -> Alarm:
        """Return an instant with its leads."""
        return at_us, self.all[bisect_left(self.bounds_us, at_us - now_us)]


_CLOSED = Split(kind=EventType.REGISTRATION_CLOSED, armed=(timedelta(0),), told=())
