"""Rows of a first read: told apart by their hashes, written down only when that is asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from watcher.domain.listing import RawRow
from watcher.store import draft_tables
from watcher.store.chunks import Pile, Spill
from watcher.store.newcomers import Newcomers


@pytest.fixture
def spill(tmp_path: Path) -> Iterator[Spill]:
    held = Spill(tmp_path)
    yield held
    held.close()


@pytest.fixture
def tables() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    draft_tables.create(connection)
    yield connection
    connection.close()


def taken(spill: Spill, *chunks: range) -> tuple[Newcomers, Pile]:
    pile = Pile(spill)
    newcomers = Newcomers(pile, spill)
    for numbers in chunks:
        rows = [RawRow(str(number), b"d%d" % number, b"{}") for number in numbers]
        newcomers.hold(rows, pile.put(rows))
    return newcomers, pile


def test_rows_that_are_all_different_are_counted(spill: Spill) -> None:
    newcomers, _ = taken(spill, range(1000), range(1000, 1500))

    assert newcomers.are_different()
    assert newcomers.count == 1500


@pytest.mark.parametrize("again", [0, 77, 999])
def test_a_row_that_came_twice_is_noticed(spill: Spill, again: int) -> None:
    newcomers, _ = taken(spill, range(1000), range(1000, 1500), range(again, again + 1))

    assert not newcomers.are_different()


def test_a_row_that_came_twice_is_noticed_also_among_more_than_lie_in_memory(spill: Spill) -> None:
    chunks = [range(first, first + 10_000) for first in range(0, 400_000, 10_000)]
    newcomers, _ = taken(spill, *chunks)
    twice, _ = taken(spill, *chunks, range(5, 6))

    assert newcomers.are_different()
    assert not twice.are_different()


def test_what_is_written_down_is_where_each_row_lies_and_how_often_it_came(
    spill: Spill, tables: sqlite3.Connection
) -> None:
    newcomers, _ = taken(spill, range(3), range(2, 4))

    newcomers.write(tables)

    sighted = tables.execute("SELECT id, net, chunk, digest FROM temp.draft_sighted").fetchall()
    assert sighted == [("0", 1, 1, b"d0"), ("1", 1, 1, b"d1"), ("2", 2, 2, b"d2"), ("3", 1, 2, b"d3")]
    assert newcomers.count == 0


def test_rows_of_a_kept_read_are_written_down_as_its_base(spill: Spill, tables: sqlite3.Connection) -> None:
    newcomers, _ = taken(spill, range(2))

    newcomers.keep()
    newcomers.write(tables)

    assert tables.execute("SELECT id FROM temp.draft_base").fetchall() == [("0",), ("1",)]
    assert not tables.execute("SELECT id FROM temp.draft_sighted").fetchall()
