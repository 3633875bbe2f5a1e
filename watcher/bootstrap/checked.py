"""A checked source: one that asks at each step whether its poll is still wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from watcher.domain.api import Api
from watcher.domain.conversation import Reading
from watcher.domain.errors import SourceError
from watcher.domain.listing import Page
from watcher.domain.plain import Values
from watcher.pipeline.ports import Look, PageMemory, Source

Check = Callable[[], None]
"""is called at each step of a poll; what it raises ends the poll with nothing stored"""


class CheckedSource:
    """A source on which each page and each look is preceded and followed by a check."""

    def __init__(self, source: Source, check: Check) -> None:
        self._source = source
        self._check = check

    @property
    def name(self) -> str:
        """The name from the config."""
        return self._source.name

    @property
    def api(self) -> Api:
        """The API's description."""
        return self._source.api

    def read(self, memory: PageMemory) -> Iterator[Page]:
        """Yield the pages of the listing."""
        self._check()
        try:
            for page in self._source.read(memory):
                self._check()
                yield page
        except SourceError:
            self._check()  # a connection that was closed under its hands says nothing about the source
            raise
        self._check()

    def interpret(self, row: bytes) -> Reading:
        """Return a raw row as typed fields."""
        return self._source.interpret(row)

    def interpret_plain(self, rows: Sequence[bytes]) -> Sequence[Values | None]:
        """Return the values of each plain row."""
        return self._source.interpret_plain(rows)

    def look(self, conversation_id: str) -> Look:
        """Ask what became of one row."""
        self._check()
        return self._source.look(conversation_id)

    def close(self) -> None:
        """Log out and let go of connections."""
        self._source.close()
