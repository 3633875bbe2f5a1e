"""Pairs: two ways of doing the same, timed in turns, so that what disturbs the machine disturbs both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

Act = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The seconds that the reference and the subject took, one right after the other."""

    reference_s: float
    subject_s: float

    @property
    def ratio(self) -> float:
        """How many times the reference the subject took."""
        return self.subject_s / self.reference_s


def in_turns(reference: Act, subject: Act, repetitions: int, prepare: Act | None = None) -> list[Pair]:
    """Time both as often as asked, each going first in every other round; `prepare` goes before a round, untimed."""
    pairs = []
    for turn in range(repetitions):
        if prepare:
            prepare()
        first, second = (reference, subject) if turn % 2 == 0 else (subject, reference)
        times = (seconds_of(first), seconds_of(second))
        reference_s, subject_s = times if turn % 2 == 0 else times[::-1]
        pairs.append(Pair(reference_s=reference_s, subject_s=subject_s))
    return pairs


def seconds_of(act: Act) -> float:
    """Do something and return how long it took."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
