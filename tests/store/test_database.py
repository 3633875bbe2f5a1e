import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from watcher.store.database import CHECKPOINT_PAGES, Database


def _in_a_thread(database: Database) -> sqlite3.Connection:
    found: list[sqlite3.Connection] = []
    thread = threading.Thread(target=lambda: found.append(database.connection()))
    thread.start()
    thread.join(10)
    return found[0]


def test_the_connections_of_threads_that_ended_are_closed(database: Database) -> None:
    first = _in_a_thread(database)
    second = _in_a_thread(database)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        first.execute("SELECT 1")
    assert second.execute("SELECT 1").fetchone()[0] == 1  # until the next one is opened
    assert database.connection().execute("SELECT 1").fetchone()[0] == 1


def test_a_thread_that_leaves_takes_its_connection_along_and_may_come_back(database: Database) -> None:
    here = database.connection()

    def come_and_go() -> sqlite3.Connection:
        first = database.connection()
        database.leave()
        assert database.connection().execute("SELECT 1").fetchone()[0] == 1
        database.leave()
        database.leave()
        return first

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(come_and_go).result(10)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        first.execute("SELECT 1")
    assert here.execute("SELECT 1").fetchone()[0] == 1


def test_the_wal_is_folded_back_after_so_many_pages_and_not_with_every_poll(database: Database) -> None:
    wal = database.path.with_name(f"{database.path.name}-wal")
    with database.write() as connection:
        connection.execute("CREATE TABLE filling(page BLOB)")

    def fill(pages: int) -> int:
        with database.write() as connection:
            connection.executemany("INSERT INTO filling VALUES(zeroblob(?))", [(4000,)] * pages)
        return wal.stat().st_size

    before = fill(1500)
    grown = fill(CHECKPOINT_PAGES)  # folded back at the end, so that the next write begins it anew
    assert before < fill(1) == grown


def test_the_wal_stays_below_16_mb_where_polls_write_up_to_a_thousand_pages(database: Database) -> None:
    wal = database.path.with_name(f"{database.path.name}-wal")
    with database.write() as connection:
        connection.execute("CREATE TABLE filling(page BLOB)")
    for _ in range(9):
        with database.write() as connection:
            connection.executemany("INSERT INTO filling VALUES(zeroblob(?))", [(4000,)] * 900)
        assert wal.stat().st_size < 16_000_000
