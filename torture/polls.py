"""Polls and events as the daemon has stored them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One poll as it was stored."""

    started_ms: int
    ended_ms: int
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event as it was stored."""

    source: str
    type: str
    subject: str
    time_ms: int
    after_ms: int | None
    before_ms: int | None
    details: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.source}/{self.subject} {self.type} at {self.time_ms}"
