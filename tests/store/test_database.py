import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from watcher.store.database import Database


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
