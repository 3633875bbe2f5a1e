"""OSN on the wire: rows, envelopes and errors as the dialect writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import quote

from watcher.lab.dialect import OsnDialect, Types
from watcher.lab.osn_row import OSN_TWINS
from watcher.lab.rows import Row


def encode_row(row: Row, dialect: OsnDialect) -> bytes:
    """A row as a JSON object."""
    spoken = {**row, "nUnread": -1} if dialect.unread_unknown else dict(row)
    for field, twin in OSN_TWINS.items():
        spoken.pop(twin, None)
        if dialect.iso_twins and (written := _twin(str(row.get(field)))):
            spoken[twin] = written
    return json.dumps(_spoken(spoken, dialect), ensure_ascii=False).encode()


def list_page(
    rows: Sequence[bytes],
    *,
    dialect: OsnDialect,
    has_more: bool,
    total: int,
    next_url: str | None,
    previous_url: str | None,
) -> bytes:
    """The list envelope; rows are already encoded."""
    rest: Row = {
        "hasMore": has_more,
        "nextURL": next_url,
        "previousURL": previous_url,
        "total": total if dialect.total else None,
    }
    tail = json.dumps(_spoken(rest, dialect)).encode()
    if dialect.items_absent and not rows:
        return tail
    items = b'{"items":[' + b",".join(rows) + b"]"
    return items + b"}" if tail == b"{}" else items + b"," + tail[1:]


def encode_object(value: Row, dialect: OsnDialect) -> bytes:
    """Any other object."""
    return json.dumps(_spoken(value, dialect)).encode()


def error_body(status: int, text: str) -> bytes:
    """The documented keys of an error."""
    return json.dumps(
        {
            "title": f"Error {status}",
            "statusMessage": text,
            "resourceMessage": text,
            "exceptionMessage": f"oracle.social.WebException: {text}",
        }
    ).encode()


def page_url(base: str, offset: int, count: int, condition: str | None) -> str:
    """The address of a page of the list."""
    tail = "" if condition is None else f"&filter={quote(condition)}"
    return f"{base}?offset={offset}&count={count}{tail}"


def _spoken(value: Row, dialect: OsnDialect) -> Row:
    if dialect.terse:
        value = {field: part for field, part in value.items() if not _is_left_out(part)}
    if dialect.types is Types.STRINGS:
        value = {field: _quoted(part) for field, part in value.items()}
    return value


def _is_left_out(part: object) -> bool:
    return part is False or (isinstance(part, int) and part == 0)


def _quoted(part: object) -> object:
    if isinstance(part, bool):
        return str(part).lower()
    return str(part) if isinstance(part, int | float) else part


@lru_cache(maxsize=10_000)
def _twin(date: str) -> str | None:
    try:
        return parsedate_to_datetime(date).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    except ValueError:
        return None
