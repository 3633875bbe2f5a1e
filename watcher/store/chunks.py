"""Chunks: what a draft piles up, kept in memory while it is little and in a file without a name beyond that."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from watcher.domain.errors import StateError

CHUNK_ROWS = 128
"""what lies in memory at a time, of each kind"""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[Any, ...]]).decode

Entry = tuple[Any, ...]


class Kind(StrEnum):
    """What a pile holds."""

    TAKEN = "taken"
    """rows as they arrived: RawRow"""
    NEW_VALUES = "new values"
    NEXT_VALUES = "next values"
    """those of rows that are stored, by the row's key"""
    SAME_VALUES = "same values"
    DIGESTS = "digests"
    FIRST = "first sights"
    """plain rows that were never stored"""
    QUIET = "quiet changes"
    """values of plain rows, by the row's key"""
    BYTES = "bytes"
    """digests, by the row's key"""
    EVENTS = "events"
    PAGES = "pages"


class Spill:
    """A file beside the database that is gone when the process is: opened when the first chunk comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: BinaryIO | None = None
        self._end = 0

    def close(self) -> None:
        """Let go of the file, which is gone then."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def put(self, content: bytes) -> tuple[int, int]:
        """Write down some bytes and return where they lie; raises StateError where there is no room."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - closed on leaving
            self._file.seek(self._end)
            written = 0
            while written < len(content):
                written += self._file.write(memoryview(content)[written:])
        except OSError as error:
            text = f"a poll's rows cannot be put aside in {self._folder}: {error.strerror}"
            raise StateError(text, remedy="make room on the disk") from error
        place = (self._end, len(content))
        self._end += len(content)
        return place

    def get(self, place: tuple[int, int]) -> bytes:
        """Return what lies at a place."""
        if self._file is None:
            raise AssertionError(place)
        start, size = place
        self._file.seek(start)
        parts: list[bytes] = []
        while size > 0 and (part := self._file.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


class Pile:
    """Entries of one kind in the order in which they were added."""

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._waiting: list[Entry] = []
        self._places: list[tuple[int, int]] = []

    def add(self, entry: Entry) -> None:
        """Put an entry on top."""
        self._waiting.append(entry)
        if len(self._waiting) >= CHUNK_ROWS:
            waiting, self._waiting = self._waiting, []
            self.put(waiting)

    def extend(self, entries: Sequence[Entry]) -> None:
        """Put entries on top that are as many as a chunk already, or few."""
        self._waiting += entries
        if len(self._waiting) >= CHUNK_ROWS // 2:
            waiting, self._waiting = self._waiting, []
            self.put(waiting)

    def put(self, entries: Sequence[Entry]) -> int:
        """Put a whole chunk aside and return its number, from 1."""
        self._places.append(self._spill.put(_encode(entries)))
        return len(self._places)

    def chunks(self) -> Iterator[tuple[int, Sequence[Entry]]]:
        """Yield every chunk with its number, the one in memory last."""
        for number, place in enumerate(self._places, 1):
            yield number, _decode(self._spill.get(place))
        if self._waiting:
            yield len(self._places) + 1, self._waiting

    def __len__(self) -> int:
        """At most how many entries there are: as many as the chunks can hold."""
        return len(self._places) * CHUNK_ROWS + len(self._waiting)

    def clear(self) -> None:
        """Forget everything."""
        self._waiting, self._places = [], []
