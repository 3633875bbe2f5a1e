"""A telling: how events are told, at which stage and in whose place, and the words that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.domain.duration import say_duration
from watcher.domain.event import Event
from watcher.domain.inert import inert
from watcher.domain.stage import FIRST, Stage, StageKind
from watcher.domain.waiting import Part

_HOUR = timedelta(hours=1)
_HOURS_UP_TO = timedelta(days=2)
_TITLES = {StageKind.REPEAT: "Still: ", StageKind.ESCALATION: "Escalated: ", StageKind.CLEARED: "Cleared: "}
_VERBS = {
    StageKind.FIRST: "happened",
    StageKind.REPEAT: "are still so",
    StageKind.ESCALATION: "are escalated",
    StageKind.CLEARED: "are cleared",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How the events of one message are told.

    `notes`: about their way. `findings`: by an event's id, whether it was found to be still true.
    """

    stage: Stage = FIRST
    notes: tuple[str, ...] = ()
    findings: Mapping[str, str] = field(default_factory=dict)

    def title(self, headline: str) -> str:
        """Return the first line of a message about one event."""
        return _TITLES.get(self.stage.kind, "") + headline

    def count(self, number: str) -> str:
        """Return the beginning of the first line of a message about several: `4 things are still so`."""
        return f"{number} {_VERBS[self.stage.kind]}"

    def finding(self, event: Event) -> str:
        """Return whether what an event told was found to be still true, empty where nobody asked."""
        return inert(self.findings.get(event.id, ""))

    def opening(self, events: Sequence[Event], now: datetime) -> tuple[str, ...]:
        """Return what the second line begins with, part by part; nothing for what is told first and on its own way."""
        return (*self.reminder(events, now), *self.notes)

    def reminder(self, events: Sequence[Event], now: datetime) -> tuple[str, ...]:
        """Return the words for the stage, and for one event whether it is still true."""
        finding = self.finding(events[0]) if len(events) == 1 else ""
        return tuple(part for part in (self._say_stage(events, now), finding) if part)

    def _say_stage(self, events: Sequence[Event], now: datetime) -> str:
        match self.stage.kind:
            case StageKind.REPEAT:
                return f"reminder {self.stage.number}"
            case StageKind.ESCALATION:
                return f"escalated after {say_wait(now - max(event.time for event in events))}"
            case StageKind.CLEARED:
                return "ends what was told before"
            case StageKind.FIRST:
                return ""


NEWS = Telling()
"""what is told first, and on its own way"""


def telling_of(parts: Sequence[Part]) -> Telling:
    """Return how a message's parts are told; they are of one kind, and of several repeats the latest counts."""
    stage = max((part.stage for part in parts), key=lambda stage: stage.number)
    return Telling(
        stage=stage,
        notes=tuple(dict.fromkeys(inert(part.note) for part in parts if part.note)),
        findings={part.event.id: part.finding for part in parts if part.finding},
    )


def say_wait(span: timedelta) -> str:
    """Return a wait in words, in hours up to two days, as people write it in a rule: `24 h`."""
    return f"{span // _HOUR} h" if _HOUR <= span < _HOURS_UP_TO else say_duration(span)
