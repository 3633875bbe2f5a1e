"""Timing: when a rule's messages go out, and together with what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from watcher.domain.digest import Digest
from watcher.domain.event import Event
from watcher.domain.quiet import QuietHours
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What a rule says about time; all the defaults: each event at once, alone, and never again.

    `group_by`: what the events of one digest have in common, nothing where it is empty.
    `hold`: how long an event must stay true before it is told. `stop`: no later rule is tried where this one holds.
    `is_fallback`: tried only for events that no other rule holds for.
    """

    digest: Digest | None = None
    group_by: tuple[Grouping, ...] = ()
    quiet: QuietHours | None = None
    throttle: Throttle | None = None
    hold: timedelta | None = None
    stop: bool = False
    is_fallback: bool = False

    @property
    def longest_wait(self) -> timedelta:
        """How long an event may wait to be told: for its proof, its digest, the end of quiet hours, once a throttle."""
        spans = (
            self.hold,
            self.digest.longest if self.digest else None,
            self.quiet.longest if self.quiet else None,
            self.throttle.span if self.throttle else None,
        )
        return sum((span for span in spans if span is not None), timedelta())

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
            return (event.subject,)
