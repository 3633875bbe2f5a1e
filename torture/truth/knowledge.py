"""Knowledge: what an ideal reader knows of one conversation, and what it tells when it sees it or time passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from torture.truth.meaning import Meaning, Values, is_full, number, settle

Told = tuple[object, ...]
"""an event: its type, and what it must say"""

_NO_TIME = timedelta(0)
Leads = Mapping[str, tuple[timedelta, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An instant that is told ahead, and the leads of it that are over."""

    at: datetime
    over: frozenset[timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known of one conversation; `values` is None while it was never seen.

    `absent`: complete reads in a row without it, the first of them at `absent_since`. `closes`: when registration
    closes, if that is still to be told; `is_close_told`: it was told already.
    """

    values: Values | None = None
    is_removed: bool = False
    absent: int = 0
    absent_since: datetime | None = None
    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    closes: datetime | None = None
    is_close_told: bool = False
    waiting_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The ideal reader of one API."""

    meaning: Meaning
    leads: Leads

    def see(self, known: Knowledge, said: Values, now: datetime, *, is_silent: bool) -> tuple[Knowledge, list[Told]]:
        """Return what is known after a row was seen, and what is told; `is_silent`: nothing of one never seen."""
        values = settle(said, known.values)
        is_first = known.values is None
        told = [] if is_first and is_silent else list(self._tell(known, values))
        waiting = (known.waiting_since or now) if number(values, "open_questions_count") else None
        after = Knowledge(
            values=values,
            alarms=self._alarms(known, values, waiting, now, is_silent=is_first and is_silent),
            closes=_closes(known, values, now),
            is_close_told=_is_close_told(known, values, now),
            waiting_since=waiting,
        )
        return after, told

    def miss(self, known: Knowledge, now: datetime) -> Knowledge:
        """Return what is known after a complete read without the row."""
        return replace(known, absent=known.absent + 1, absent_since=known.absent_since or now)

    def remove(self, known: Knowledge) -> tuple[Knowledge, list[Told]]:
        """Return what is known of a row that is concluded to be gone; its deadlines are off."""
        return replace(known, is_removed=True, alarms={}, closes=None), [("conversation.removed",)]

    def ring(self, known: Knowledge, now: datetime) -> tuple[Knowledge, list[Told]]:
        """Return what is known, and told, when time has passed."""
        told: list[Told] = []
        alarms = dict(known.alarms)
        for kind, alarm in known.alarms.items():
            due = [lead for lead in self.leads[kind] if alarm.at - lead <= now and lead not in alarm.over]
            if due:
                alarms[kind] = replace(alarm, over=alarm.over | frozenset(due))
                if self._is_worth_telling(known, kind, alarm.at, now):
                    told.append((kind, alarm.at) if kind == "questions.waiting" else (kind, alarm.at, min(due)))
        closes, is_told = known.closes, known.is_close_told
        if closes is not None and closes <= now:
            told += [] if is_told else [("registration.closed", "deadline", closes)]
            closes, is_told = None, True
        return replace(known, alarms=alarms, closes=closes, is_close_told=is_told), told

    def _tell(self, known: Knowledge, values: Values) -> Iterator[Told]:
        before = known.values
        if known.is_removed:
            yield ("conversation.returned",)
        if values["(state)"] is not None and (before is None or before["(state)"] != values["(state)"]):
            word = {"open": "opened"}.get(str(values["(state)"]), str(values["(state)"]))
            yield (f"conversation.{word}", before is None, values["(reason)"])
        for name, kind in self.meaning.rises.items():
            yield from _rise(kind, name, {name: 0} if before is None else before, values)
        if before is not None:
            yield from _tell_registration(known, before, values)
            yield from self._changed(before, values)

    def _changed(self, before: Values, values: Values) -> Iterator[Told]:
        if number(before, "open_questions_count") > 0 and values.get("open_questions_count") == 0:
            yield ("questions.cleared", "open_questions_count", before["open_questions_count"], 0)
        names = values.keys() - self.meaning.quiet - {"(state)", "(reason)"}
        moved = frozenset((n, _plain(before.get(n)), _plain(values[n])) for n in names if before.get(n) != values[n])
        if moved:
            yield ("conversation.changed", moved)

    def _alarms(
        self, known: Knowledge, values: Values, waiting: datetime | None, now: datetime, *, is_silent: bool
    ) -> Mapping[str, Alarm]:
        alarms = {}
        for kind, name in self.meaning.dates.items():
            at, old = values.get(name), known.alarms.get(kind)
            if isinstance(at, datetime) and old is not None and old.at == at:
                alarms[kind] = old
            elif isinstance(at, datetime) and at > now:
                alarms[kind] = Alarm(at=at, over=_over(self.leads[kind], at, now, is_silent=is_silent))
        if waiting is not None:
            old = known.alarms.get("questions.waiting")
            alarms["questions.waiting"] = old if old and old.at == waiting else Alarm(at=waiting, over=frozenset())
        return alarms

    def _is_worth_telling(self, known: Knowledge, kind: str, at: datetime, now: datetime) -> bool:
        values = known.values or {}
        state, registration = values["(state)"], values.get("register_status")
        ended = state == "ended"
        match kind:
            case "questions.waiting":
                return known.waiting_since is not None
            case "registration.closing":
                return now < at and registration != "closed" and not ended
            case "registration.opening":
                return now < at and registration != "open" and not ended
            case "conversation.starting":
                return now < at and state != "started" and not ended
            case _:
                return now < at and not ended


def _rise(kind: str, name: str, before: Values, values: Values) -> Iterator[Told]:
    old, new = before.get(name), values[name]
    if isinstance(old, int) and isinstance(new, int) and new > old:
        yield (kind, name, old, new)


def _tell_registration(known: Knowledge, before: Values, values: Values) -> Iterator[Told]:
    old, new = before.get("register_status"), values.get("register_status")
    if old != new and new == "open":
        yield ("registration.opened", old, new)
    if old != new and new == "closed" and not known.is_close_told:
        yield ("registration.closed", "status", old, new)
    if before.get("close_on") != values.get("close_on"):
        yield ("registration.rescheduled", before.get("close_on"), values.get("close_on"))
    was, now_full = is_full(before), is_full(values)
    if None not in {was, now_full} and was != now_full:
        yield ("registration.full" if now_full else "registration.available",)


def _is_close_told(known: Knowledge, values: Values, now: datetime) -> bool:
    """A close is told once, until its date moves to the future or the status leaves `closed`."""
    closes, status = values.get("close_on"), values.get("register_status")
    is_past = isinstance(closes, datetime) and closes <= now
    if known.values is None:
        return status == "closed" or is_past
    was_status, was_closes = known.values.get("register_status"), known.values.get("close_on")
    if status != was_status and status == "closed":
        return True
    is_put_off = closes != was_closes and isinstance(closes, datetime) and not is_past
    has_reopened = status != was_status and was_status == "closed"
    return known.is_close_told and not is_put_off and not has_reopened


def _closes(known: Knowledge, values: Values, now: datetime) -> datetime | None:
    """A close in the future is waited for; one that was put forward into the past closes now."""
    closes = values.get("close_on")
    is_waited_for = isinstance(closes, datetime) and (closes > now or known.closes is not None)
    return closes if is_waited_for and isinstance(closes, datetime) else None


def _over(leads: tuple[timedelta, ...], at: datetime, now: datetime, *, is_silent: bool) -> frozenset[timedelta]:
    """Return the leads that have passed when an instant is learnt; the nearest of them is told all the same."""
    passed = [lead for lead in leads if at - lead <= now]
    return frozenset(passed if is_silent else sorted(passed)[1:])


def _plain(value: object) -> object:
    return str(value) if isinstance(value, list) else value
