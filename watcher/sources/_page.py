"""Page: one body as raw rows, with their ids and what the envelope says beside them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import msgspec

from watcher.domain.errors import SourceError
from watcher.sources._answer import clean
from watcher.sources._parts import parts

LIST_KEYS = ("data", "items", "content", "conversations", "results", "rows")
TOTAL_KEYS = ("total", "totalElements", "total_count", "totalCount", "count")
_ERROR_KEYS = frozenset({"error", "errors", "message", "title", "resourcemessage", "exceptionmessage", "statusmessage"})
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
"""both halves of a character, one half alone (RFC 8259, 8.2), or any other escape"""
_PORTION = 65_536
_OPENING = ord("{")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Raw rows in order, and what the envelope says beside them."""

    rows: Sequence[bytes]
    total: int | None = None
    has_more: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """How an API wraps its list.

    `is_list_optional`: an object without a list is an empty list, unless it speaks of an error.
    `more_key` is the flag that says that more follows, None where there is none. `size` is what was asked for.
    """

    list_keys: tuple[str, ...] = LIST_KEYS
    total_keys: tuple[str, ...] = TOTAL_KEYS
    more_key: str | None = None
    is_list_optional: bool = False
    size: int


def split_json(body: bytes, envelope: Envelope) -> Sheet:
    """Split a bare array, or an object that holds one; raises SourceError for anything else."""
    if body.lstrip()[:1] == b"[":
        return Sheet(rows=_rows(body))
    members = _decode(body, dict[str, msgspec.Raw])
    listed = next((key for key in envelope.list_keys if _is_list(members.get(key))), None)
    if listed is None and not _is_empty(members, envelope):
        raise SourceError("the answer holds no list of conversations", remedy="check the url")
    array = bytes(members[listed]) if listed else b"null"
    rows = _rows(array) if array != b"null" else []
    more = members.get(envelope.more_key) if envelope.more_key else None
    has_more = _flag(more) if envelope.more_key else None
    return Sheet(rows=rows, total=_total(members, envelope, len(rows)), has_more=has_more)


def row_id(row: bytes) -> str:
    """Return a raw row's id as text; raises SourceError where there is none."""
    try:
        written = _read(row, _Row).id
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise SourceError(f"a listing row without a usable id: {clean(str(error))}") from error
    text = str(written).strip().replace("\0", "\N{REPLACEMENT CHARACTER}")  # SQLite's JSON ends a text at a NUL
    if not text:
        raise SourceError("a listing row without a usable id: it is empty")
    return text


def as_utf8(body: bytes, content_type: str) -> bytes:
    """Return a body in UTF-8 without a byte order mark; raises SourceError where it is not in its encoding."""
    mark, encoding = next(((m, e) for m, e in _MARKS if body.startswith(m)), (b"", _charset(content_type)))
    body = body.removeprefix(mark)
    try:
        return _checked(body) if encoding == "utf-8" else body.decode(encoding).encode()  # not all can be written
    except (ValueError, LookupError) as error:  # a UnicodeError is a ValueError
        raise SourceError(f"the answer is not in its encoding ({clean(encoding)}, {type(error).__name__})") from error


class _Row(msgspec.Struct):
    id: int | str


_decode_ids = msgspec.json.Decoder(list[_Row]).decode


def row_ids(rows: Sequence[bytes]) -> list[str]:
    """Return the ids of some rows: read many at once, and one by one where one of them is unusual."""
    return [row_id for part in parts(rows) for row_id in _ids_together(part)]


def _ids_together(rows: Sequence[bytes]) -> list[str]:
    try:
        ids = [str(row.id) for row in _decode_ids(b"[%b]" % b",".join(rows))]
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        ids = []
    letters = "".join(ids)
    if len(ids) == len(rows) and all(ids) and letters.isprintable() and " " not in letters:
        return ids
    return [row_id(row) for row in rows]


def _rows(array: bytes) -> list[bytes]:
    rows = list(map(bytes, _decode(array, list[msgspec.Raw])))
    if not all(rows) or not {_OPENING}.issuperset(map(itemgetter(0), rows)):
        raise SourceError("the list holds something that is no object", remedy="check the url")
    return rows


def _decode(body: bytes, shape: Any) -> Any:
    try:
        return _read(body, shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise SourceError(f"the answer is not whole JSON: {clean(str(error))}") from error


def _read(body: bytes, shape: Any) -> Any:
    """Decode JSON, also with halves of characters, as a server leaves them that cuts names in the middle of an emoji.

    msgspec refuses the whole body for one of them; each becomes a replacement character.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError:
        mended = _ESCAPE.sub(lambda escape: b"\\ufffd" if escape[1] else escape[0], body)
        if mended == body:
            raise
    return msgspec.json.decode(mended, type=shape)


def _is_list(raw: msgspec.Raw | None) -> bool:
    return raw is not None and bytes(memoryview(raw)[:4]).startswith((b"[", b"null"))


def _is_empty(members: dict[str, msgspec.Raw], envelope: Envelope) -> bool:
    return envelope.is_list_optional and not any(key.lower() in _ERROR_KEYS for key in members)


def _flag(raw: msgspec.Raw | None) -> bool:
    return raw is not None and bytes(raw).strip(b'" ').lower() in {b"true", b"1"}


def _total(members: dict[str, msgspec.Raw], envelope: Envelope, received: int) -> int | None:
    """Return the first believable total.

    `count` is what some APIs call the number of rows of this page, others an echo of what was asked for: it is
    believed only where it is larger than either, which no count of a page can be.
    """
    for key in envelope.total_keys:
        total = _whole_number(members.get(key))
        if total is None or (key == "count" and total <= max(received, envelope.size)):
            continue
        return total
    return None


def _whole_number(raw: msgspec.Raw | None) -> int | None:
    text = bytes(raw).strip(b'" ') if raw is not None else b""
    return int(text) if text.isdigit() and len(text) < 16 else None  # noqa: PLR2004 - beyond any list


def _checked(body: bytes) -> bytes:
    """Return a body that is in UTF-8, else raise UnicodeError; as one text it would need up to four times its room."""
    if not body.isascii():
        decoder = codecs.getincrementaldecoder("utf-8")()
        for start in range(0, len(body), _PORTION):
            decoder.decode(body[start : start + _PORTION])
        decoder.decode(b"", final=True)
    return body


def is_utf8(content_type: str) -> bool:
    """Whether a body of this type is UTF-8, as far as its header says."""
    return _charset(content_type) == "utf-8"


def _charset(content_type: str) -> str:
    _, _, charset = content_type.lower().partition("charset=")
    name = charset.split(";")[0].strip(" \"'")
    return "utf-8" if name in {"", "utf8", "us-ascii", "ascii"} else name
