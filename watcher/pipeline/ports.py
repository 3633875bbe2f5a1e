"""The ports: what the steps of the pipeline need from the rooms that do I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from watcher.domain.api import Api
from watcher.domain.conversation import Reading
from watcher.domain.listing import Page, PageOutline
from watcher.domain.message import Message
from watcher.domain.plain import Values


class Digest(Protocol):
    """A seeded digest of 16 bytes; equal digests prove equal bytes, unequal ones prove nothing."""

    def __call__(self, body: bytes | memoryview, /) -> bytes:
        """Return the digest of some bytes."""
        ...


class PageMemory(Protocol):
    """What is remembered of the last complete read, page by page."""

    def recall(self, position: int) -> PageOutline | None:
        """Return the outline of the page at a position (from 0), None where nothing is remembered."""
        ...

    def knows_more_than(self, rows: int) -> bool:
        """Whether more rows than so many were in the last complete read; that is known though no page is remembered."""
        ...


class Fate(StrEnum):
    """What became of a row that left the list."""

    PRESENT = "present"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The answer to a question after one row; `row` is the raw row where the API gave one."""

    fate: Fate
    row: bytes | None = None


class Source(Protocol):
    """A configured API, ready to be read."""

    @property
    def name(self) -> str:
        """The name from the config."""
        ...

    @property
    def api(self) -> Api:
        """The API's description."""
        ...

    def read(self, memory: PageMemory) -> Iterator[Page]:
        """Yield the pages of one whole listing, in order; the iteration ends only when the source proved the end.

        Raises TornError when the list moved or looped while it was read, SourceError when it could not be read.
        Pages that were yielded before either are whole.
        """
        ...

    def interpret(self, row: bytes) -> Reading:
        """Return a raw row (as in Page.rows or Look.row) as typed fields; never raises for a bad value."""
        ...

    def interpret_plain(self, rows: Sequence[bytes]) -> Sequence[Values | None]:
        """Return what `interpret` finds in each row, as values, or None for one that it must be asked about.

        A row with values has exactly the documented fields, nothing unknown and no drift.
        """
        ...

    def look(self, conversation_id: str) -> Look:
        """Ask what became of one row. Raises SourceError where the answer says nothing (the fate stays unknown)."""
        ...

    def close(self) -> None:
        """Log out and let go of connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a channel knows of a message that went out.

    `status`: the service's status code where it gave one. `is_confirmed`: False where the service cannot acknowledge.
    """

    status: int | None = None
    is_confirmed: bool = True


class Channel(Protocol):
    """A configured way out."""

    @property
    def name(self) -> str:
        """The name from the config."""
        ...

    @property
    def pace(self) -> timedelta:
        """The least time from one send to the next that the service is known to want."""
        ...

    def send(self, message: Message, delivery_id: str) -> Receipt:
        """Try once to send; `delivery_id` is the same for each repetition. Raises ChannelError."""
        ...

    def close(self) -> None:
        """Let go of connections; a later send makes new ones."""
        ...
