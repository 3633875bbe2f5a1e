"""A batch: which of the deliveries that are to be told now go in one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from watcher.domain.event import stamp
from watcher.domain.stage import StageKind
from watcher.domain.timing import Timing
from watcher.domain.waiting import HeldBy, Waiting

STALE_AFTER = timedelta(hours=1)
"""after an outage, messages that are overdue by as much are told together, also those that were refused meanwhile"""
FEWEST_STALE = 3
"""fewer of them are told one by one"""
OVERDUE = "told together: overdue after an outage"

TimingOf = Callable[[str], Timing]
"""the timing of a rule, by its name"""


def find_batches(
    awake: Sequence[Waiting], timing_of: TimingOf, storm: int, now: datetime, refused: Sequence[Waiting] = ()
) -> Iterator[tuple[list[Waiting], str]]:
    """Yield what goes in one message, each with the words for it; of what one cause made, up to `storm` go alone.

    `refused`: what is not to be tried again yet, but goes with others that are overdue.
    """
    storms = _storms(awake, timing_of, storm)
    groups: dict[tuple[str, ...], list[Waiting]] = {}
    for one in awake:
        groups.setdefault(_key(one, timing_of(one.rule), storms, now), []).append(one)
    for one in refused:
        if (group := groups.get(_key(one, timing_of(one.rule), storms, now))) is not None:
            group.append(one)
    for key, group in groups.items():
        if key[0] == _STALE and len(group) < FEWEST_STALE:
            yield from (([one], "") for one in group if one.is_due)
        else:
            yield group, "" if key[0] in _AGAIN and len(group) == 1 else _WORDS.get(key[0], "")


_GATHERED = frozenset({HeldBy.DIGEST, HeldBy.QUIET, HeldBy.THROTTLE})
_AGAIN = frozenset({StageKind.REPEAT.value, StageKind.ESCALATION.value})
_ALONE, _STALE, _STORM = "alone", "stale", "storm"
_WORDS: Mapping[str, str] = {
    HeldBy.DIGEST.value: "gathered in a digest",
    HeldBy.QUIET.value: "gathered over the quiet hours",
    HeldBy.THROTTLE.value: "gathered: there were more than the throttle lets pass",
    _STORM: "told together: one cause made many",
    _STALE: OVERDUE,
    StageKind.REPEAT.value: "told together: all of it is still true",
    StageKind.ESCALATION.value: "escalated together",
}


def _key(one: Waiting, timing: Timing, storms: frozenset[tuple[str, datetime]], now: datetime) -> tuple[str, ...]:
    """Return what the deliveries of one message have in common; messages of one stage stay apart from others."""
    if one.is_formed and (not one.is_refused or one.stage.is_reminder):
        return _ALONE, one.id
    if one.stage.kind is StageKind.ESCALATION:
        return StageKind.ESCALATION.value, one.rule, str(one.stage)
    if one.stage.kind is StageKind.REPEAT:
        return StageKind.REPEAT.value, one.rule
    return *_key_of_news(one, timing, storms, now), one.stage.kind.value


def _key_of_news(
    one: Waiting, timing: Timing, storms: frozenset[tuple[str, datetime]], now: datetime
) -> tuple[str, ...]:
    if one.held_by in _GATHERED and not one.is_formed:
        of_rule = () if one.held_by is HeldBy.QUIET else (one.rule,)
        of_digest = timing.group_of(one.event, one.rule) if one.held_by is HeldBy.DIGEST else ()
        return one.held_by.value, *of_rule, *of_digest
    if timing.is_urgent(one.event):
        return _ALONE, one.id
    if one.is_formed:
        return (_STALE, one.rule) if now - one.created_at > STALE_AFTER else (_ALONE, one.id)
    if _cause(one) in storms:
        return _STORM, one.event.source, stamp(one.event.time)
    if now - one.due_at > STALE_AFTER:
        return _STALE, one.rule
    return _ALONE, one.id


def _storms(awake: Sequence[Waiting], timing_of: TimingOf, storm: int) -> frozenset[tuple[str, datetime]]:
    """Return the causes (one poll of one source each) that made more messages than one may."""
    if not storm or len(awake) <= storm:
        return frozenset()
    counts = Counter(
        _cause(one)
        for one in awake
        if one.held_by is HeldBy.NOTHING
        and not one.is_formed
        and not one.stage.is_reminder
        and not timing_of(one.rule).is_urgent(one.event)
    )
    return frozenset(cause for cause, number in counts.items() if number > storm)


def _cause(one: Waiting) -> tuple[str, datetime]:
    return one.event.source, one.event.time
