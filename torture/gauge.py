"""Gauge: the least memory and descriptors that a process had in a span of time, and the most of its WAL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

from torture.trial import TrialError

_LOOK_S = 0.1
_GONE = (FileNotFoundError, ProcessLookupError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen in a span: memory (RssAnon) and `descriptors` at their least, `most_mb` and `wal_mb` at most."""

    memory_mb: float
    most_mb: float
    descriptors: int
    wal_mb: float


class Gauge:
    """Looks at a process and at a file again and again, on a thread of its own; see `watched`."""

    def __init__(self, pid: int, wal: Path, folder: Path = Path("/proc")) -> None:
        self._process, self._wal, self._lock = folder / str(pid), wal, Lock()
        self._seen: Seen | None = None

    def look(self) -> None:
        """Look once; a process that is gone is not looked at, a file that is not there is of no size."""
        with suppress(*_GONE):
            now = self._read()
            with self._lock:
                self._seen = _joined(self._seen, now) if self._seen else now

    def take(self) -> Seen:
        """Return what was seen since this was last asked for. Raises TrialError for a process that has been gone."""
        self.look()
        with self._lock:
            seen, self._seen = self._seen, None
        if seen is None:
            raise TrialError("the process is gone")
        return seen

    def _read(self) -> Seen:
        status = (self._process / "status").read_text(encoding="ascii")
        if "RssAnon:" not in status:
            raise ProcessLookupError  # it is dead, and nobody has asked for its exit status
        size = self._wal.stat().st_size if self._wal.exists() else 0
        memory_mb = int(status.partition("RssAnon:")[2].split()[0]) / 1024
        return Seen(
            memory_mb=memory_mb,
            most_mb=memory_mb,
            descriptors=len(list((self._process / "fd").iterdir())),
            wal_mb=size / 2**20,
        )


@contextmanager
def watched(gauge: Gauge) -> Iterator[Gauge]:
    """Look ten times a second until the end of the block."""
    is_over = Event()

    def go_on() -> None:
        while not is_over.wait(_LOOK_S):
            gauge.look()

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield gauge
    finally:
        is_over.set()
        thread.join()


def _joined(one: Seen, other: Seen) -> Seen:
    return Seen(
        memory_mb=min(one.memory_mb, other.memory_mb),
        most_mb=max(one.most_mb, other.most_mb),
        descriptors=min(one.descriptors, other.descriptors),
        wal_mb=max(one.wal_mb, other.wal_mb),
    )
