"""A stage: in which of its messages an event reaches a channel; in each of them at most once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class StageKind(StrEnum):
    """What a message is to the one before it."""

    FIRST = "first"
    REPEAT = "repeat"
    """the same again, because it is still true"""
    ESCALATION = "escalation"
    """the same to others, because it is still true"""
    CLEARED = "cleared"
    """the event ends what was told before"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A kind, and of repeats and escalations the number, counted from 1; the others have 0."""

    kind: StageKind = StageKind.FIRST
    number: int = 0

    def __str__(self) -> str:
        return f"{self.kind.value} {self.number}" if self.number else self.kind.value

    @property
    def is_reminder(self) -> bool:
        """Whether it tells again what was told, as long as it is true."""
        return self.kind in {StageKind.REPEAT, StageKind.ESCALATION}


FIRST = Stage()
CLEARED = Stage(kind=StageKind.CLEARED)


def repeat(number: int) -> Stage:
    """Return the stage of the n-th repeat."""
    return Stage(kind=StageKind.REPEAT, number=number)


def escalation(number: int) -> Stage:
    """Return the stage of the n-th escalation."""
    return Stage(kind=StageKind.ESCALATION, number=number)


@cache  # there are few, and one is read with every delivery
def read_stage(written: str) -> Stage:
    """Return the stage that str() wrote. Raises ValueError for any other text."""
    kind, _, number = written.partition(" ")
    return Stage(kind=StageKind(kind), number=int(number or 0))
