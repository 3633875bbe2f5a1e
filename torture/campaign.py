"""Campaign: what a daemon that is killed over and over went through, and what was found afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torture.witness import Verdict
from watcher.lab import Arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to send, as it was stored; one whose fate nobody knows has the outcome `unknown`."""

    started_ms: int
    outcome: str


@dataclass(slots=True, kw_only=True)
class Toll:
    """The kills so far: how many, when, and what was found damaged after some of them."""

    at_first_writes: int = 0
    at_later_writes: int = 0
    at_moments: int = 0
    deaths_ms: list[int] = field(default_factory=list)
    damages: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What was done, and what was found afterwards."""

    toll: Toll
    damages: Sequence[str]
    verdict: Verdict
    owed: Sequence[str]
    arrivals: Sequence[Arrival]
    """of messages that were taken"""
    refusals: Counter[str]
    attempts: dict[str, list[Attempt]]
    events: int
    untold: Sequence[str]
    doubted: Sequence[str]
    unexpected: int
    kept: Path | None
