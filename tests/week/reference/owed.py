"""What a channel is owed: an event, by a rule, at a stage; and the letters that it goes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from tests.week.record import Json
from tests.week.reference.net import Line
from tests.week.reference.rules import Plan

FIRST, REPEAT, ESCALATION, CLEARED = "first", "repeat", "escalation", "cleared"
FRESH, PROOF, DIGEST, QUIET, THROTTLED, REFUSED = "fresh", "proof", "digest", "quiet", "throttled", "refused"
OVERDUE = "overdue"


@dataclass(slots=True, eq=False)
class Owed:
    """An event that is owed to a channel by a rule; what it waits for, since when, and until when.

    `kind` and `number`: its stage. `attempts`: how often it was tried; `forgiven`: as another message than now.
    """

    event: Json
    plan: Plan
    due: datetime
    kind: str = FIRST
    number: int = 0
    waits: str = FRESH
    since: datetime | None = None
    attempts: int = 0
    forgiven: int = 0

    @property
    def tries(self) -> int:
        return self.attempts - self.forgiven

    @property
    def happened(self) -> datetime:
        return datetime.fromisoformat(self.event["time"])

    @property
    def stage(self) -> str:
        return f"{self.kind} {self.number}" if self.number else self.kind

    @property
    def is_reminder(self) -> bool:
        return self.kind in {REPEAT, ESCALATION}

    @property
    def about(self) -> tuple[str, str, str]:
        """What it tells of: one reminder is enough for that."""
        return self.event["source"], self.event["subject"], self.event["type"]

    @property
    def is_urgent(self) -> bool:
        quiet = self.plan.quiet
        return quiet is not None and any(fnmatchcase(self.event["type"], glob) for glob in quiet.urgent)

    @property
    def digest(self) -> tuple[str, ...]:
        """Name the digest that it is gathered in."""
        event = self.event
        parts = {
            "conversation": (event["source"], event["subject"]),
            "source": (event["source"],),
            "type": (event["type"],),
            "severity": (event["data"]["severity"],),
            "rule": (self.plan.name,),
        }
        return self.plan.name, *(part for by in self.plan.group_by for part in parts[by])

    def wait(self, waits: str, since: datetime, until: datetime) -> bool:
        """Go on waiting; never to be told now."""
        self.waits, self.since, self.due = waits, since, until
        return False


@dataclass(slots=True, eq=False)
class Letter:
    """A message that is made; what carries several events goes out whole, however often that takes.

    `is_overdue`: but for this one, which is made anew when the outage that has brought its parts together is over.
    """

    parts: Sequence[Owed]
    lines: Sequence[Line]
    made: datetime
    due: datetime
    is_overdue: bool = False

    @property
    def lead(self) -> Owed:
        return self.parts[0]

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands in line: as its first event was stored."""
        return self.lead.event["seq"], self.lead.stage

    @property
    def stage(self) -> str:
        """The stage of its parts; of several repeats the latest counts."""
        number = max(part.number for part in self.parts)
        return f"{self.lead.kind} {number}" if number else self.lead.kind
