"""The demo's engine: the daemon, on a thread beside the one that tells of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from watcher.bootstrap.app import App, open_state
from watcher.config.model import Config
from watcher.daemon.lifecycle import Daemon
from watcher.daemon.signals import Inbox, Request
from watcher.domain.errors import StateError
from watcher.store.database import Database
from watcher.store.history import History

_LOOK_EVERY_S = 0.05
_LOOKS = 600


class Engine:
    """A daemon that runs, and the history of what it does, for the thread that made it."""

    def __init__(self, database: Database, running: Future[int]) -> None:
        self.history = History(database.connection())
        self._running = running

    def wait_for_baseline(self, sources: int) -> None:
        """Block until every source was read once. Raises StateError where that takes too long."""
        for _ in range(_LOOKS):
            self.check()
            if sum(source.baseline_at is not None for source in self.history.sources.all()) == sources:
                return
            threading.Event().wait(_LOOK_EVERY_S)
        raise StateError("the simulated APIs could not be read", remedy="say what went wrong: watcher -v demo")

    def check(self) -> None:
        """Raise what ended the daemon, where something did."""
        if self._running.done():
            self._running.result()


@contextmanager
def running(config: Config) -> Iterator[Engine]:
    """Give a running engine, and stop it afterwards."""
    inbox = Inbox()
    with open_state(config) as database, ThreadPoolExecutor(max_workers=1, thread_name_prefix="demo") as pool:
        daemon = Daemon(App(config, database, sys.stdout), database, inbox)
        try:
            yield Engine(database, pool.submit(daemon.run))
        finally:
            inbox.put(Request.STOP)
