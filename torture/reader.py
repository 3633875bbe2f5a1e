"""Reader: the real source of one API, its pipeline and store in this process, and what they hold after each poll."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from watcher.domain.secret import Secret
from watcher.pipeline.plan import Plan
from watcher.pipeline.poll import PollReport, poll_source
from watcher.sources.registry import SOURCES
from watcher.sources.settings import SourceSettings
from watcher.store.database import FILE_NAME, Database
from watcher.store.snapshots import SqliteSnapshots

MEMORY = Path("/dev/shm")
"""where a state that need not outlive anything is fastest"""
START = datetime(2026, 11, 23, 8, tzinfo=UTC)
_EVERY = timedelta(minutes=5)


class Reader:
    """Polls one source under a clock that goes on by five minutes a poll."""

    def __init__(self, database: Database, api: str, options: dict[str, Any], patience: timedelta) -> None:
        self.now = START
        self._database = database
        self._hand = ThreadPoolExecutor(1)
        kind = SOURCES[api]
        settings = SourceSettings(
            timezone=UTC, now=lambda: self.now, monotonic=time.monotonic, request_timeout=patience, page_limit=200
        )
        self.source = kind.build("campus", kind.options.model_validate(options), settings, database.digest)

    def poll(self) -> PollReport:
        """Poll; what goes wrong beside the source is raised."""
        return self.attempt().result()

    def attempt(self) -> Future[PollReport]:
        """Poll, and return what came of it, whatever that is."""
        attempt = self._hand.submit(self._poll)
        wait([attempt])
        return attempt

    def close(self) -> None:
        self.source.close()
        self._hand.submit(self._database.leave).result()
        self._hand.shutdown()

    def _poll(self) -> PollReport:
        self.now += _EVERY
        plan = Plan(
            identity="", interval=_EVERY, leads={}, route=lambda _: (), ruleset="", now=lambda: self.now, zone="UTC"
        )
        return poll_source(self.source, SqliteSnapshots(self._database), plan, self._database.digest)

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the whole snapshot."""
        return [tuple(row) for row in self._database.connection().execute("SELECT * FROM rows ORDER BY source, id")]

    def events(self) -> int:
        """Return how many events of conversations there are."""
        query = "SELECT count(*) FROM events WHERE type NOT LIKE 'source.%'"
        return int(self._database.connection().execute(query).fetchone()[0])


@contextmanager
def open_reader(api: str, options: dict[str, Any], patience: timedelta = timedelta(seconds=30)) -> Iterator[Reader]:
    """Give a reader with a state of its own."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        database = Database(Path(folder) / FILE_NAME)
        reader = Reader(database, api, options, patience)
        try:
            yield reader
        finally:
            reader.close()
            database.close()


def secret(text: str) -> Secret:
    """Return a secret of the trial's own."""
    return Secret("the trial", lambda: text)
