"""CSV: an export cut into records, each turned into a JSON object so that everything after it is the same."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import chain

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
    first = next(records, None)
    if first is None:
        return Sheet(rows=[])
    if _is_header(first, columns):
        names = [cell.strip() for cell in first]
        return Sheet(rows=[_object(names, record) for record in records])
    return Sheet(rows=[_object(columns, record) for record in chain([first], records)])


def _records(body: bytes) -> Iterator[list[str]]:
    """Yield the records one by one: a list of all would hold many times what their text does."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(StringIO(body.decode("utf-8"), newline=""), strict=True)
    try:
        yield from (record for record in reader if record)
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
