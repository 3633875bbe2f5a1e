"""The snapshot: what is stored of each conversation of a source, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.domain.conversation import Conversation


class Presence(StrEnum):
    """Where a stored row was when its source was last read."""

    LISTED = "listed"
    MISSING = "missing"
    """not in the last complete read, and nothing has been concluded from it yet"""
    HIDDEN = "hidden"
    """out of the list, but the API says that it exists: a filter hides it"""
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is remembered of a row beside its values.

    `absent_reads`: complete reads in a row without it; `absent_since`: the time of the first of them.
    `known_at`: when its values were last confirmed, None where the source's last complete read did that; of a
    listed row the later of both counts.
    `is_closed_told`: its closed registration has been told of (or was so at the baseline).
    `waiting_since`: since when it has had open questions.
    """

    presence: Presence = Presence.LISTED
    absent_reads: int = 0
    absent_since: datetime | None = None
    known_at: datetime | None = None
    is_closed_told: bool = False
    waiting_since: datetime | None = None


LISTED = {is_closed: Standing(is_closed_told=is_closed) for is_closed in (False, True)}
"""how most rows stand, by whether their close was told; made once, since there are many"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stored row: `rev` counts its versions (values or presence) from 1; `digest` is of its bytes as last read."""

    conversation: Conversation
    rev: int
    digest: bytes
    standing: Standing
