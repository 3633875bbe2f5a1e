"""The demo's engine: what the daemon does, on a thread beside the one that tells of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from watcher.bootstrap.app import App, open_app
from watcher.cli.cycle import polling
from watcher.config.model import Config

_PAUSE_S = 1.0
_START_S = 30.0


class Engine:
    """Polls, fires and delivers until it is stopped."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stopping = threading.Event()
        self._has_baseline = threading.Event()
        self._running: Future[None] | None = None

    def start(self, pool: ThreadPoolExecutor) -> None:
        """Run on a thread of its own."""
        self._running = pool.submit(self._run)
        self._running.add_done_callback(lambda _: self._has_baseline.set())

    def wait_for_baseline(self) -> None:
        """Block until every source was read once."""
        self._has_baseline.wait(_START_S)

    def check(self) -> None:
        """Raise what ended it, where something did."""
        if self._running is not None and self._running.done():
            self._running.result()

    def stop(self) -> None:
        """Let it end after the cycle under way."""
        self._stopping.set()

    def _run(self) -> None:
        with open_app(self._config) as app:
            while not self._stopping.is_set():
                self._cycle(app)
                self._has_baseline.set()
                self._stopping.wait(_PAUSE_S)

    def _cycle(self, app: App) -> None:
        with polling(app, list(self._config.sources), lambda _name, _pages, _rows: None) as reports:
            list(reports)
        app.fire_deadlines()
        app.deliver_due(lambda span: not self._stopping.wait(span.total_seconds()))


@contextmanager
def running(config: Config) -> Iterator[Engine]:
    """Give a running engine, and stop it afterwards."""
    engine = Engine(config)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="demo") as pool:
        engine.start(pool)
        try:
            yield engine
        finally:
            engine.stop()
