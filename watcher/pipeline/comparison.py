"""A comparison: what two sets of rules would have told of the same events, message by message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from watcher.domain.delivery import DeliveryState
from watcher.domain.stage import Stage
from watcher.domain.wording import plural
from watcher.pipeline.posted import Posted
from watcher.pipeline.replay import Outcome

Fate = tuple[str, int, Stage]
"""a channel, the place of an event, and a stage of it"""
Way = tuple[str, str]
"""a rule and a channel"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What one set of rules came to on one way: `events` is how many its messages tell."""

    messages: int = 0
    events: int = 0
    silenced: int = 0
    obsolete: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One rule on one channel, by the old rules and by the new ones.

    `moved`: messages that both send, at another time.
    """

    rule: str
    channel: str
    old: Count
    new: Count
    gained: int = 0
    lost: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is gained and what is lost; a message is the same if it tells the same events on the same channel.

    `unheard`, `news`: pairs of channel and place, of events of which a channel is no longer told at all, or was not
    before.
    """

    gained: tuple[Posted, ...]
    lost: tuple[Posted, ...]
    moved: tuple[Posted, ...]
    unheard: frozenset[tuple[str, int]]
    news: frozenset[tuple[str, int]]


def compare(old: Outcome, new: Outcome, since: datetime) -> Comparison:
    """Compare the messages from an instant on; one that only moves across it is the same all the same."""
    before, after = _by_content(old.posted), _by_content(new.posted)
    gained, lost, moved = [], [], []
    for content in dict.fromkeys((*before, *after)):
        olds, news = before.get(content, []), after.get(content, [])
        moved += [to for was, to in zip(olds, news, strict=False) if was.at != to.at and to.at >= since]
        lost += [one for one in olds[len(news) :] if one.at >= since]
        gained += [one for one in news[len(olds) :] if one.at >= since]
    return Comparison(
        gained=_in_time(gained),
        lost=_in_time(lost),
        moved=_in_time(moved),
        unheard=frozenset(_told_of(lost) - _reached(new)),
        news=frozenset(_told_of(gained) - _reached(old)),
    )


def tally(old: Outcome, new: Outcome, difference: Comparison, since: datetime) -> tuple[Tally, ...]:
    """Return the numbers from an instant on, for every rule and channel that either sent or kept back anything."""
    olds, news = _count(old, since), _count(new, since)
    gained, lost, moved = (Counter(map(_way, each)) for each in (difference.gained, difference.lost, difference.moved))
    return tuple(
        Tally(
            rule=way[0],
            channel=way[1],
            old=olds.get(way, Count()),
            new=news.get(way, Count()),
            gained=gained[way],
            lost=lost[way],
            moved=moved[way],
        )
        for way in sorted({*olds, *news})
    )


def fates(outcome: Outcome) -> dict[Fate, str]:
    """Return what became of each stage of each event on each channel that it was owed to, in words."""
    ended = {(one.channel, one.place, one.stage): one.reason for one in outcome.untold}
    waits = {(one.channel, one.place, one.stage): "waits still" for one in outcome.waiting}
    told = {
        (one.channel, part.place, part.stage): _say_company(len(one.parts) - 1)
        for one in outcome.posted
        for part in one.parts
    }
    return {**ended, **waits, **told}


def _say_company(others: int) -> str:
    return f"told with {plural(others, 'other', 'others')}" if others else "told alone"


def _by_content(posted: Iterable[Posted]) -> dict[tuple[str, frozenset[tuple[int, Stage]]], list[Posted]]:
    """Sort messages by what they say to whom; several that say the same are in the order of time."""
    found: dict[tuple[str, frozenset[tuple[int, Stage]]], list[Posted]] = {}
    for one in posted:
        content = frozenset((part.place, part.stage) for part in one.parts)
        found.setdefault((one.channel, content), []).append(one)
    return found


def _in_time(told: Iterable[Posted]) -> tuple[Posted, ...]:
    return tuple(sorted(told, key=lambda one: (one.at, one.channel, one.places)))


def _told_of(told: Iterable[Posted]) -> set[tuple[str, int]]:
    return {(one.channel, place) for one in told for place in one.places}


def _reached(outcome: Outcome) -> set[tuple[str, int]]:
    """Return what was told of, or may still be: its time has not come yet."""
    return _told_of(outcome.posted) | {(one.channel, one.place) for one in outcome.waiting}


def _way(one: Posted) -> Way:
    return one.rule, one.channel


def _count(outcome: Outcome, since: datetime) -> dict[Way, Count]:
    told = [one for one in outcome.posted if one.at >= since]
    messages = Counter(map(_way, told))
    events = Counter(_way(one) for one in told for _ in one.parts)
    ended = Counter((one.rule, one.channel, one.state) for one in outcome.untold if one.at >= since)
    waiting = Counter((one.rule, one.channel) for one in outcome.waiting)
    ways = {*messages, *waiting, *((rule, channel) for rule, channel, _ in ended)}
    return {
        way: Count(
            messages=messages[way],
            events=events[way],
            silenced=ended[*way, DeliveryState.SILENCED],
            obsolete=ended[*way, DeliveryState.OBSOLETE],
            waiting=waiting[way],
        )
        for way in ways
    }
