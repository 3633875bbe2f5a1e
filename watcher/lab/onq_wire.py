"""OnQ on the wire: rows and envelopes as the dialect writes them."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from watcher.lab.dialect import Dates, Ids, MissingDates, OnqDialect, Types
from watcher.lab.onq_row import ONQ_DATES, ONQ_FIELDS
from watcher.lab.rows import Row

_CET = timezone(timedelta(hours=1))
_PATTERNS = {
    Dates.ISO_Z: "%Y-%m-%dT%H:%M:%SZ",
    Dates.ISO_NAIVE: "%Y-%m-%dT%H:%M:%S",
    Dates.SPACE: "%Y-%m-%d %H:%M:%S",
    Dates.DATE_ONLY: "%Y-%m-%d",
}


def encode_json(row: Row, dialect: OnqDialect, order: random.Random | None = None) -> bytes:
    """A row as a JSON object, its keys shuffled if `order` is given."""
    spoken = _spoken(row, dialect)
    if dialect.types is Types.STRINGS:
        spoken = {field: _quoted(value) for field, value in spoken.items()}
    if dialect.ids is Ids.STR:
        spoken["id"] = str(spoken["id"])
    if order is not None:
        spoken = dict(order.sample(list(spoken.items()), len(spoken)))
    return json.dumps(spoken, ensure_ascii=False).encode()


def encode_csv(row: Row, dialect: OnqDialect) -> bytes:
    """A row as a CSV line, fields in the documented order."""
    spoken = _spoken(row, dialect)
    return _csv_line([_quoted(spoken.get(field)) or "" for field in ONQ_FIELDS])


def csv_page(rows: Sequence[bytes], dialect: OnqDialect) -> bytes:
    """Lines, under a header if the dialect has one."""
    return b"".join([_csv_line(ONQ_FIELDS) if dialect.csv_header else b"", *rows])


def json_page(rows: Sequence[bytes], total: int, dialect: OnqDialect) -> bytes:
    """Objects as a bare array or in the dialect's envelope, with the total beside them if it has one."""
    array = b"[" + b",".join(rows) + b"]"
    if dialect.envelope is None:
        return array
    head = b"{" + json.dumps(dialect.envelope).encode() + b":" + array
    if dialect.total is None:
        return head + b"}"
    count = f'"{total}"' if dialect.types is Types.STRINGS else str(total)
    return head + f",{json.dumps(dialect.total)}:{count}}}".encode()


def _spoken(row: Row, dialect: OnqDialect) -> Row:
    dates = {field: _date(row[field], dialect) for field in ONQ_DATES if field in row}
    return {**row, **dates}


def _date(value: object, dialect: OnqDialect) -> object:
    if value is None:
        return None if dialect.missing_dates is MissingDates.NULL else ""
    if dialect.dates is Dates.ISO_Z and str(value).endswith("Z"):
        return value  # as it stands: the most frequent case, a hundred thousand times
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return value  # a test wrote something that is no date on purpose
    return _written(at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC), dialect.dates)


def _written(at: datetime, dates: Dates) -> object:
    match dates:
        case Dates.ISO_OFFSET:
            return at.astimezone(_CET).isoformat(timespec="seconds")
        case Dates.EPOCH_S:
            return int(at.timestamp())
        case Dates.EPOCH_MS:
            return int(at.timestamp()) * 1000
        case _:
            return at.strftime(_PATTERNS[dates])


def _quoted(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _csv_line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
