"""Scene: the simulated APIs with their story, a receiver, and the daemon between them."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from torture.daemon import DaemonProcess, audience, daemon_process, sources, wait_until
from torture.witness import SOURCES
from watcher.lab import Lab, Receiver
from watcher.store.database import FILE_NAME
from watcher.store.due import WAITING

CONVERSATIONS = 40
SPEED = 300.0
"""five beats a second, each of one to four changes"""
_POLLS_MORE = 4
_SETTLING_S = 120.0
_COMPLETE = """SELECT s.name, COUNT(*) FROM polls p JOIN sources s ON s.key = p.source WHERE p.outcome = 'complete'
    GROUP BY s.name"""
_WAITING = f"SELECT COUNT(*) FROM deliveries WHERE {WAITING}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that a trial needs; the story does not run by itself."""

    folder: Path
    lab: Lab
    receiver: Receiver
    daemon: DaemonProcess

    def begin(self) -> None:
        """Start the daemon and wait until both baselines have been told; the receiver then forgets them."""
        self.daemon.start()
        self.receiver.wait_for(2, 20)
        self.receiver.clear()

    def settle(self, timeout_s: float = _SETTLING_S) -> None:
        """Wait until both sources were polled a few more times and everything that is owed has arrived."""
        before = self._polled()
        wait_until(
            self.receiver,
            lambda: self._is_polled_since(before, _POLLS_MORE) and self.daemon.rows(_WAITING) == [(0,)],
            timeout_s,
        )

    def catch_up(self) -> None:
        """Start the daemon, let it poll both sources once, and kill it."""
        before = self._polled()
        self.daemon.start()
        wait_until(self.receiver, lambda: self._is_polled_since(before, 1), _SETTLING_S)
        self.daemon.kill()

    def _polled(self) -> dict[str, int]:
        return dict(self.daemon.rows(_COMPLETE))

    def _is_polled_since(self, before: Mapping[str, int], times: int) -> bool:
        polled = self._polled()
        return all(polled.get(name, 0) >= before.get(name, 0) + times for name in SOURCES.values())

    def ask(self) -> str:
        """Let one more question be asked; return the conversation's id."""
        rows = self.lab.onq.rows
        with rows.lock:
            row = next(row for row in rows if row["status"] == "started")
            rows.update(row["id"], open_questions_count=int(str(row["open_questions_count"])) + 1)
        return str(row["id"])

    def answer(self, identity: str) -> None:
        """Take one question back."""
        rows = self.lab.onq.rows
        with rows.lock:
            row = rows.get(identity) or {}
            rows.update(identity, open_questions_count=int(str(row["open_questions_count"])) - 1)

    def keys(self) -> list[str]:
        """Return the id of each message that has arrived."""
        return [arrival.headers["idempotency-key"] for arrival in self.receiver.arrivals()]


@contextmanager
def scene(
    *, state: Path | None = None, speed: float = SPEED, conversations: int = CONVERSATIONS, storm: int = 0
) -> Iterator[Scene]:
    """Give a scene in which nothing has begun yet."""
    with (
        scratch() as folder,
        Lab(story=False, conversations=conversations, speed=speed) as lab,
        Receiver() as receiver,
        daemon_process(folder, state=state) as daemon,
    ):
        daemon.configure(sources(lab) + audience(json=receiver), storm=storm)
        yield Scene(folder=folder, lab=lab, receiver=receiver, daemon=daemon)


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a directory that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="watcher-torture-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def inspect(state: Path) -> str:
    """Return what SQLite finds wrong with a copy of a state's database, empty where it finds nothing."""
    with copied(state) as database:
        return check(database)


@contextmanager
def copied(state: Path) -> Iterator[Path]:
    """Give a copy of a state's database: whoever opens one after a crash mends it, and that is left to the daemon."""
    with scratch() as folder:
        for file in state.glob(f"{FILE_NAME}*"):
            shutil.copyfile(file, folder / file.name)
        yield folder / FILE_NAME


def check(database: Path) -> str:
    """Return what SQLite finds wrong with a database, which it may write to."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            found += [f"a row of {row[0]} has no parent" for row in connection.execute("PRAGMA foreign_key_check")]
            return "; ".join(found)
    except sqlite3.DatabaseError as error:
        return str(error)
