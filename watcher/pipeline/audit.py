"""The audit: what the rules owed is there, what is owed moves, and what is wrong is said once.

One look goes over the events that were stored since the last one, and over the channels for which something waits:

    unseen events → what their rules owe → what of it is missing → owed anew
    glimpses of channels → watches → lapses → those that begin and those that end are told

What a look changes is one transaction; a crash before it leaves the look to be taken again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from watcher.domain import lapse as telling
from watcher.domain.audit import Glimpse, Watch, is_still_said, judge, resume, watch
from watcher.domain.channel_health import ChannelHealth
from watcher.domain.event import Event
from watcher.domain.lapse import Key, Lapse, LapseKind, is_telling
from watcher.domain.message import short_id
from watcher.domain.wording import plural
from watcher.pipeline.outbox import Owed
from watcher.pipeline.plan import Route

AT_ONCE = 500
"""events of one look; where there are more, the next one comes at once"""
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """An event that no look has seen, at its place in the log; `ruleset` names its rules, None where none are known."""

    seq: int
    event: Event
    ruleset: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a look leaves behind, stored as a whole.

    `mark`: the place in the log up to which was looked, None where it stays. `missing`: what is owed anew.
    `open`: every lapse there is now. `owed`: the events that tell of those that begin and end.
    """

    mark: int | None
    missing: Sequence[Owed]
    open: Sequence[Lapse]
    owed: Sequence[Owed]


class AuditBooks(Protocol):
    """What is stored of deliveries and of the looks before."""

    def unseen(self, limit: int) -> Sequence[Unseen]:
        """Return the first events that no look has seen, in storing order."""
        ...

    def ruleset(self, key: int) -> str:
        """Return the canonical text of the rules that events were routed by."""
        ...

    def missing(self, owed: Sequence[Owed]) -> Sequence[Owed]:
        """Return those of some events that are stored without a delivery that is owed at once, with what is missing."""
        ...

    def glimpses(self, now: datetime, channels: Collection[str]) -> Mapping[str, Glimpse]:
        """Return what is to be seen of each channel for which something waits; `channels` are configured."""
        ...

    def health(self, channel: str) -> ChannelHealth:
        """Return what is remembered of a channel, also of one for which nothing waits."""
        ...

    def lapses(self) -> Sequence[Lapse]:
        """Return the lapses that the last look found."""
        ...

    def store(self, findings: Findings, now: datetime, signed: timedelta) -> None:
        """Store what a look found; `signed` is its monotonic time."""
        ...

    def rest(self) -> None:
        """Note that nobody looks any more, on purpose."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a look is taken with, beside the books.

    `passed`: the time since the last look, 0 after a start; `monotonic`: the present time by a clock that only runs on.
    `channels`: those that are configured. `route_by` returns where events go by the text of some rules, `route` where
    they go now. `stalled`: parts of the daemon that do not get on.
    """

    now: datetime
    monotonic: timedelta
    passed: timedelta
    channels: Collection[str]
    route_by: Callable[[str], Route]
    route: Route
    stalled: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look came to.

    `has_more`: there are further events that it has not come to. `is_owing`: there is something new to send.
    """

    watches: Mapping[str, Watch]
    open: tuple[Lapse, ...] = ()
    begun: tuple[Lapse, ...] = ()
    ended: tuple[Lapse, ...] = ()
    has_more: bool = False
    is_owing: bool = False


def look(books: AuditBooks, view: View, watches: Mapping[str, Watch]) -> Look:
    """Look once, store what was found, and return it; `watches` is what the last look remembered."""
    unseen = books.unseen(AT_ONCE)
    missing = books.missing(_owed(unseen, books, view))
    seen = books.glimpses(view.now, view.channels)
    before = {lapse.key: lapse for lapse in books.lapses()}
    kept = {name: _watch(name, glimpse, before, watches, view) for name, glimpse in seen.items()}
    found = {key: lapse for key, lapse in before.items() if is_still_said(lapse, view.now)}
    found |= {lapse.key: _as_before(lapse, before) for lapse in _find(missing, seen, kept, view)}
    found |= {key: lapse for key, lapse in before.items() if key not in found and _is_in_trouble(lapse, books, view)}
    begun = {key: _as_told(lapse, seen) for key, lapse in found.items() if key not in before}
    ended = tuple(lapse for key, lapse in before.items() if key not in found)
    owed = [*_begin(begun.values(), view), *_end(ended, books, view)]
    lapses = tuple({**found, **begun}.values())
    mark = unseen[-1].seq if unseen else None
    books.store(Findings(mark=mark, missing=missing, open=lapses, owed=owed), view.now, view.monotonic)
    return Look(
        watches=kept,
        open=lapses,
        begun=tuple(begun.values()),
        ended=ended,
        has_more=len(unseen) == AT_ONCE,
        is_owing=bool(missing or owed),
    )


def _as_before(lapse: Lapse, before: Mapping[Key, Lapse]) -> Lapse:
    """Return a lapse as one that goes on, where it was found before."""
    known = before.get(lapse.key)
    return lapse if known is None else replace(lapse, since=known.since, is_told=known.is_told)


def _owed(unseen: Iterable[Unseen], books: AuditBooks, view: View) -> list[Owed]:
    """Return what the rules that events were routed by owe for them at once."""
    routes: dict[int, Route] = {}
    owed = []
    for each in unseen:
        if each.ruleset is None:
            continue
        if each.ruleset not in routes:
            routes[each.ruleset] = view.route_by(books.ruleset(each.ruleset))
        owed.append(Owed(event=each.event, deliveries=routes[each.ruleset](each.event)))
    return owed


def _watch(
    channel: str,
    seen: Glimpse,
    before: Mapping[Key, Lapse],
    watches: Mapping[str, Watch],
    view: View,
) -> Watch:
    known = watches.get(channel)
    if known is None:
        lapses = (before.get((kind, channel)) for kind in (LapseKind.STUCK, LapseKind.PASSED))
        known = next((resume(lapse, seen) for lapse in lapses if lapse), Watch())
    return watch(known, seen, view.now, view.passed)


def _find(
    missing: Iterable[Owed], seen: Mapping[str, Glimpse], kept: Mapping[str, Watch], view: View
) -> Iterable[Lapse]:
    by_channel: dict[str, list[Event]] = {}
    for each in missing:
        for match in each.deliveries:
            by_channel.setdefault(match.channel, []).append(each.event)
    for channel, events in by_channel.items():
        yield Lapse(kind=LapseKind.MISSING, subject=channel, text=_say_missing(events), since=view.now)
    for channel, glimpse in seen.items():
        lapse = judge(channel, glimpse, kept[channel], view.now)
        if lapse is not None:
            yield lapse
    for part in view.stalled:
        yield Lapse(kind=LapseKind.STALLED, subject=part, text="it does not get on", since=view.now)


def _say_missing(events: Sequence[Event]) -> str:
    number = plural(len(events), "delivery was missing and is", "deliveries were missing and are")
    more = f" and {len(events) - _NAMED} more" if len(events) > _NAMED else ""
    return f"{number} owed anew: events {', '.join(map(short_id, events[:_NAMED]))}{more}"


def _as_told(lapse: Lapse, seen: Mapping[str, Glimpse]) -> Lapse:
    """Mark a lapse that begins as told, if it is: of a channel that is known to fail operators have heard already."""
    is_known = lapse.subject in seen and seen[lapse.subject].health.is_failing
    return replace(lapse, is_told=is_telling(lapse.kind) and not is_known)


def _begin(lapses: Iterable[Lapse], view: View) -> Iterable[Owed]:
    return [_owe(telling.begin(lapse, view.now), view) for lapse in lapses if lapse.is_told]


def _is_in_trouble(lapse: Lapse, books: AuditBooks, view: View) -> bool:
    """Say whether what a lapse told goes on: attempts move but fail, and the channel does not count as failing yet."""
    if not lapse.is_told or lapse.subject not in view.channels:
        return False
    health = books.health(lapse.subject)
    return health.failures > 0 and not health.is_failing


def _end(lapses: Iterable[Lapse], books: AuditBooks, view: View) -> Iterable[Owed]:
    """Of a channel that is gone nobody needs to hear that messages go out again; of one that fails it is not true."""
    return [
        _owe(telling.end(lapse, view.now), view)
        for lapse in lapses
        if lapse.is_told and lapse.subject in view.channels and not books.health(lapse.subject).is_failing
    ]


def _owe(event: Event, view: View) -> Owed:
    return Owed(event=event, deliveries=view.route(event))
