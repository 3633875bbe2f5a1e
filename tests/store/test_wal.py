"""The WAL file is folded back, begun anew and never left large, whoever reads meanwhile."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from watcher.store import wal as module
from watcher.store.database import Database
from watcher.store.wal import CHECKPOINT_PAGES, LARGEST_BYTES

MB = 2**20
ROOT = Path(__file__).parents[2]


@pytest.fixture
def wal(database: Database) -> Path:
    with database.write() as connection:
        connection.execute("CREATE TABLE filling(page BLOB)")
    return database.path.with_name(f"{database.path.name}-wal")


def fill(database: Database, pages: int) -> None:
    with database.write() as connection:
        connection.executemany("INSERT INTO filling VALUES(zeroblob(?))", [(4000,)] * pages)


def test_it_is_folded_back_after_so_many_pages_and_not_with_every_poll(database: Database, wal: Path) -> None:
    fill(database, 1500)
    before = wal.stat().st_size
    fill(database, CHECKPOINT_PAGES - 1450)  # folded back at the end, so that the next write begins it anew
    grown = wal.stat().st_size
    fill(database, 1)
    assert before < wal.stat().st_size == grown < LARGEST_BYTES


def test_it_stays_below_16_mb_where_polls_write_up_to_a_thousand_pages(database: Database, wal: Path) -> None:
    for _ in range(9):
        fill(database, 900)
        assert wal.stat().st_size < 16 * MB


def test_one_large_transaction_does_not_leave_it_large(database: Database, wal: Path) -> None:
    fill(database, 6000)
    assert wal.stat().st_size == 0
    fill(database, 1)
    assert 0 < wal.stat().st_size < MB


def largest_beside_readers(database: Database, wal: Path, *, readers: int, read_s: float) -> int:
    """Return the largest size of the file beside readers whose reads overlap, which begin one after the other."""
    is_over = threading.Event()

    def read_on(first_pause_s: float) -> None:
        with closing(sqlite3.connect(database.path, timeout=30, isolation_level=None)) as connection:
            is_over.wait(first_pause_s)
            while not is_over.is_set():
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sources").fetchall()
                is_over.wait(read_s)
                connection.execute("COMMIT")

    threads = [threading.Thread(target=read_on, args=(read_s * place / readers,)) for place in range(readers)]
    for thread in threads:
        thread.start()
    largest = 0
    for _ in range(150):
        fill(database, 70)
        largest = max(largest, wal.stat().st_size)
    is_over.set()
    for thread in threads:
        thread.join()
    return largest


def test_readers_that_overlap_do_not_let_it_grow(database: Database, wal: Path) -> None:
    assert largest_beside_readers(database, wal, readers=4, read_s=0.01) < 16 * MB


def test_a_reader_who_takes_his_time_is_waited_for_more_patiently(database: Database, wal: Path) -> None:
    """Each read takes longer than the first attempt waits, and another one begins before it ends."""
    assert largest_beside_readers(database, wal, readers=2, read_s=0.12) < 16 * MB


def test_a_long_reader_is_waited_for_less_and_less_often(
    database: Database, wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_MS", 1)
    monkeypatch.setattr(module, "_MOST_PATIENCE_MS", 20)
    database.wal._begin()
    tried: list[int] = []
    with closing(sqlite3.connect(database.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM filling").fetchall()
        for _ in range(100):
            fill(database, 50)
            tried += [database.wal.try_at_bytes] if database.wal.try_at_bytes not in tried else []
        assert wal.stat().st_size > 16 * MB
    assert len(tried) == 7  # not yet, and then six times in some fifty commits, each after twice as many
    fill(database, 1)  # the last one that is written behind what the reader kept
    left = wal.stat().st_size
    fill(database, 1)  # which begins it anew, as nobody reads: smaller it would not get by itself
    assert wal.stat().st_size == 0 < left
    fill(database, 10)
    assert database.wal.try_at_bytes == LARGEST_BYTES
    assert database.connection().execute("PRAGMA busy_timeout").fetchone()[0] == 30_000
    assert database.connection().execute("SELECT count(*) FROM filling").fetchone()[0] == 5012


def test_two_processes_that_write_much_do_not_keep_each_other_from_emptying_it(
    database: Database, wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite refuses at once to empty it while another process waits to; who then writes on keeps that one waiting."""
    sizes: list[int] = []

    def size() -> int:
        sizes.append(wal.stat().st_size)
        return sizes[-1]

    monkeypatch.setattr(database.wal, "_size", size)
    command = [sys.executable, "-c", _WRITE_ON, str(database.path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        for _ in range(100):
            fill(database, 200)
        written, _ = other.communicate("enough\n")
    assert int(written) > 10
    assert LARGEST_BYTES < max(sizes) < 16 * MB


_WRITE_ON = """
import sys, threading
from pathlib import Path
from watcher.store.database import Database

database, enough, written = Database(Path(sys.argv[1])), threading.Event(), 0
threading.Thread(target=lambda: (sys.stdin.readline(), enough.set())).start()
print("ready", flush=True)
while not enough.is_set():
    with database.write() as connection:
        connection.executemany("INSERT INTO filling VALUES(zeroblob(?))", [(4000,)] * 200)
    written += 1
database.close()
print(written)
"""


@pytest.mark.parametrize("is_emptied", [False, True])
def test_one_that_another_process_is_emptying_is_waited_for(
    database: Database, wal: Path, monkeypatch: pytest.MonkeyPatch, *, is_emptied: bool
) -> None:
    shared = wal.with_name(f"{database.path.name}-shm")
    command = [sys.executable, "-c", _HOLD, str(shared)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        said: list[str] = []

        class Moment:
            def wait(self, _for_s: float) -> None:
                said.append("waited")
                other.communicate("let go\n")
                if is_emptied:
                    with closing(sqlite3.connect(database.path)) as connection:
                        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

        monkeypatch.setattr(module, "_PATIENCE_MS", 600_000)
        database.wal._begin()
        monkeypatch.setattr(module, "Event", Moment)
        database.connection().set_trace_callback(said.append)
        fill(database, 6000)
    tried = "PRAGMA wal_checkpoint(TRUNCATE)"
    assert [one for one in said if one in (tried, "waited")] == [tried, "waited"] + [tried] * (not is_emptied)
    assert wal.stat().st_size == 0
    assert database.wal.try_at_bytes == LARGEST_BYTES


_HOLD = """
import fcntl, sys

with open(sys.argv[1], "r+b") as shared:
    # the lock of whoever folds the WAL back: WAL_CKPT_LOCK, the second from byte 120 on (walformat.html, WAL Locks)
    fcntl.lockf(shared, fcntl.LOCK_EX, 1, 121)
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_what_goes_wrong_with_it_does_not_undo_the_commit(
    database: Database, wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, 3000)
    with database.path.open("r+b") as file:
        file.truncate(MB)  # a checkpoint finds the database shorter than it must be
    monkeypatch.setattr(module, "LARGEST_BYTES", MB)
    database.wal.try_at_bytes = MB
    fill(database, 700)
    assert database.wal.try_at_bytes > wal.stat().st_size


def test_one_that_cannot_be_looked_at_is_let_alone(
    database: Database, wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, 10)
    assert wal.exists()

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    fill(database, 10)
    monkeypatch.undo()
    assert database.connection().execute("SELECT count(*) FROM filling").fetchone()[0] == 20
