"""Rows keep their order, copy what passes, and encode again only what changed."""

import pytest

from watcher.lab import Row, Rows


def _rows(*identities: int) -> Rows:
    rows = Rows()
    rows.extend({"id": identity, "name": f"row {identity}"} for identity in identities)
    return rows


def test_rows_keep_the_order_they_are_given() -> None:
    rows = _rows(1, 2, 3)
    rows.insert(0, {"id": 4})
    rows.move(3, 1)
    rows.remove("1")
    assert rows.ids() == ["4", "3", "2"]


def test_a_row_put_again_keeps_its_place() -> None:
    rows = _rows(1, 2)
    rows.put({"id": 1, "name": "new"})
    assert [row.get("name") for row in rows] == ["new", "row 2"]


def test_an_id_may_be_a_number_or_text() -> None:
    assert _rows(1).get("1") == _rows(1).get(1) == {"id": 1, "name": "row 1"}


def test_an_update_gives_the_row_as_it_was() -> None:
    rows = _rows(1)
    assert rows.update(1, name="new") == {"id": 1, "name": "row 1"}
    assert rows.get(1) == {"id": 1, "name": "new"}


def test_a_row_read_is_a_copy() -> None:
    rows = _rows(1)
    (rows.get(1) or {})["name"] = "changed outside"
    assert rows.get(1) == {"id": 1, "name": "row 1"}


def test_a_removed_row_is_gone_until_it_is_put_again() -> None:
    rows = _rows(1)
    removed = rows.remove(1)
    assert (rows.get(1), rows.gone(1), 1 in rows) == (None, removed, False)
    rows.put(removed)
    assert (rows.gone(1), 1 in rows) == (None, True)


def test_removing_a_row_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        _rows(1).remove(2)


def test_hidden_facts_are_kept_apart_from_fields() -> None:
    rows = _rows(1)
    rows.mark(1, starred=True)
    assert (rows.get(1), rows.hidden(1)) == ({"id": 1, "name": "row 1"}, {"starred": True})


def test_only_a_changed_row_is_encoded_again() -> None:
    rows, encoded = _rows(1, 2, 3), []

    def encode(row: Row) -> bytes:
        encoded.append(row["id"])
        return str(row["name"]).encode()

    rows.encoded(["1", "2", "3"], "plain", encode)
    rows.update(2, name="new")
    assert rows.encoded(["1", "2", "3"], "plain", encode) == [b"row 1", b"new", b"row 3"]
    assert encoded == [1, 2, 3, 2]
    rows.encoded(["1"], "another dialect", encode)
    assert encoded[4:] == [1]
