"""Timing: when a rule's messages go out, together with what, and what follows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from watcher.domain.digest import Digest
from watcher.domain.event import Event
from watcher.domain.quiet import QuietHours
from watcher.domain.subject import subject_of
from watcher.domain.throttle import Throttle


class Grouping(StrEnum):
    """What events of one digest have in common."""

    CONVERSATION = "conversation"
    """the source and the subject: an id alone may belong to two sources"""
    SOURCE = "source"
    TYPE = "type"
    SEVERITY = "severity"
    RULE = "rule"
    SUBJECT = "subject"
    """the conversations of all sources that a third system calls the same"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Who hears of an event as well if it is still true a while after it was noticed."""

    after: timedelta
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What a rule says about time; all the defaults: each event at once, alone, and never again.

    `group_by`: what the events of one digest have in common, nothing where it is empty.
    `hold`: how long an event must stay true before it is told. `stop`: no later rule is tried where this one holds.
    `is_fallback`: tried only for events that no other rule holds for.
    `repeat`: the spans after which what is still true is told again, the last one goes on; `escalate`: to whom else it
    is told then, the earliest first.
    """

    digest: Digest | None = None
    group_by: tuple[Grouping, ...] = ()
    quiet: QuietHours | None = None
    throttle: Throttle | None = None
    hold: timedelta | None = None
    stop: bool = False
    is_fallback: bool = False
    repeat: tuple[timedelta, ...] = ()
    escalate: tuple[Escalation, ...] = ()

    @property
    def follows_up(self) -> bool:
        """Whether anything follows what was told."""
        return bool(self.repeat or self.escalate)

    def group_of(self, event: Event, rule: str) -> tuple[str, ...]:
        """Return what tells the digest of an event that a rule sends from the rule's other ones."""
        return tuple(part for by in self.group_by for part in _parts(by, event, rule))


def _parts(by: Grouping, event: Event, rule: str) -> tuple[str, ...]:
    match by:
        case Grouping.CONVERSATION:
            return event.source, event.subject
        case Grouping.SOURCE:
            return (event.source,)
        case Grouping.TYPE:
            return (event.type.value,)
        case Grouping.SEVERITY:
            return (event.severity.value,)
        case Grouping.RULE:
            return (rule,)
        case Grouping.SUBJECT:
            return subject_of(event)
