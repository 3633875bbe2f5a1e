"""A commit of few rows may keep the pages that it writes in memory; one of many new ones an index."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from watcher.store.chunks import Kind, Pile, Spill
from watcher.store.commit import room


def piles(spill: Spill, rows: int, of: Kind = Kind.NEXT_VALUES) -> Mapping[Kind, Pile]:
    made = {kind: Pile(spill) for kind in Kind}
    for number in range(rows):
        made[of].add((number,))
    return made


def cache_size(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA cache_size").fetchone()[0])


def test_few_rows_have_room_for_the_transaction_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    usual = cache_size(connection)
    with closing(Spill(tmp_path)) as spill, room(connection, piles(spill, 700)):
        assert abs(cache_size(connection)) > abs(usual)
    assert cache_size(connection) == usual
    connection.close()


def test_many_rows_have_not(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    usual = cache_size(connection)
    with closing(Spill(tmp_path)) as spill, room(connection, piles(spill, 5000)):
        assert cache_size(connection) == usual
    connection.close()


def test_many_new_rows_have_as_much_as_their_index_takes_and_not_more_than_there_is(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    rooms = []
    for rows in (5_000, 100_000, 1_000_000):
        with closing(Spill(tmp_path)) as spill, room(connection, piles(spill, rows, Kind.FIRST)):
            rooms.append(-cache_size(connection) / 1000)
    assert rooms == pytest.approx([2.1, 4.5, 10], abs=0.1)
    connection.close()
