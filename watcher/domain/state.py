"""The states of a conversation and of its registration, the same for every API."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a conversation is in its life, the same for every API."""

    OPEN = "open"
    STARTED = "started"
    ENDED = "ended"


class Registration(StrEnum):
    """The values of a registration status."""

    AVAILABLE = "available"
    OPEN = "open"
    CLOSED = "closed"
