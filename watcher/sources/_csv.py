"""CSV: an export cut into records, each turned into a JSON object so that everything after it is the same."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

import msgspec

from watcher.domain.errors import SourceError
from watcher.sources._answer import clean
from watcher.sources._page import Sheet

_LONGEST_CELL = 1_000_000


def split_csv(body: bytes, columns: Sequence[str]) -> Sheet:
    """Split a comma separated export by its header, or by the documented `columns` where its first row is none.

    Raises SourceError for a record that has more or fewer cells than there are columns.
    """
    records = _records(body)
    if not records:
        return Sheet(rows=[])
    names = list(columns)
    if _is_header(records[0], columns):
        names = [cell.strip() for cell in records.pop(0)]
    return Sheet(rows=[_object(names, record) for record in records])


def _records(body: bytes) -> list[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(StringIO(body.decode("utf-8"), newline=""), strict=True)
    try:
        return [record for record in reader if record]
    except csv.Error as error:
        raise SourceError(f"the answer is not whole CSV: {clean(str(error))}") from error


def _is_header(record: Sequence[str], columns: Sequence[str]) -> bool:
    """A header names the id and mostly documented columns; a row of values never does."""
    cells = [cell.strip() for cell in record]
    return "id" in cells and 2 * len(set(cells) & set(columns)) > len(cells)


def _object(names: Sequence[str], record: Sequence[str]) -> bytes:
    if len(record) != len(names):
        raise SourceError(
            f"a CSV record has {len(record)} cells where {len(names)} belong", remedy='use format = "json"'
        )
    return msgspec.json.encode(dict(zip(names, record, strict=True)))
