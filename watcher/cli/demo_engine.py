"""The demo's engine: the daemon, on a thread beside the one that tells of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from watcher.bootstrap import clock
from watcher.bootstrap.app import App
from watcher.bootstrap.configuration import database_path
from watcher.config.model import Config
from watcher.daemon.lifecycle import Daemon
from watcher.daemon.signals import Inbox, Request
from watcher.daemon.trouble import Trouble
from watcher.store.database import Database
from watcher.store.history import History

_LOOK_EVERY_S = 0.05


class Engine:
    """A daemon that runs, and the history of what it does, for the thread that made it."""

    def __init__(self, database: Database, running: Future[int]) -> None:
        self.history = History(database.connection())
        self._running = running

    def wait_for_baseline(self, sources: int, is_over: Callable[[], bool]) -> bool:
        """Block until every source was read once; False where it is over before that."""
        while not is_over():
            self.check()
            if sum(source.baseline_at is not None for source in self.history.sources.all()) == sources:
                return True
            threading.Event().wait(_LOOK_EVERY_S)
        return False

    def check(self) -> None:
        """Raise what ended the daemon, where something did."""
        if self._running.done():
            self._running.result()


@contextmanager
def running(config: Config) -> Iterator[Engine]:
    """Give a running engine, and stop it afterwards."""
    inbox = Inbox()
    # The database is left open: the daemon's last threads may still look into it while the command ends.
    database = Database(database_path(config))
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="demo") as pool:
        daemon = Daemon(App(config, database, sys.stdout), database, inbox, Trouble(clock.monotonic))
        try:
            yield Engine(database, pool.submit(daemon.run))
        finally:
            inbox.put(Request.STOP)
