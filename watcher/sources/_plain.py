"""Plain reader: rows whose values all stand in the snapshot's own forms already, read in one go."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from watcher.domain.api import Api, Field, FieldKind
from watcher.domain.conversation import Reading
from watcher.domain.plain import Values
from watcher.sources._dates import CANONICAL_LENGTH, FIRST_YEAR, is_canonical
from watcher.sources._parts import parts

_LARGEST = 2**63 - 1
_TYPES: Mapping[FieldKind, Any] = {
    FieldKind.TEXT: str | int,
    FieldKind.COUNT: Annotated[int, msgspec.Meta(ge=0, le=_LARGEST)],
    FieldKind.NUMBER: Annotated[int, msgspec.Meta(ge=-_LARGEST, le=_LARGEST)] | None,
    FieldKind.FLAG: bool,
    FieldKind.INSTANT: str | None,
    FieldKind.OTHER: Any,
}
_FEW = 25
"""rows that are read one by one where one of them is not plain"""
_MARKS = tuple(zip((4, 7, 10, 13, 16, 19), "--T::Z", strict=True))


class PlainReader:
    """Reads most rows of an API that writes JSON as it should, several times as fast as field by field.

    What it reads is what the tolerant reader would make of it: for anything else it has no answer.
    """

    def __init__(self, api: Api) -> None:
        self._names = tuple(api.fields)
        self._texts = _places(api, FieldKind.TEXT)
        self._instants = _places(api, FieldKind.INSTANT)
        self._id = self._names.index("id")
        shape = [(name, _type(field)) for name, field in api.fields.items()]
        plain = msgspec.defstruct("Plain", shape, forbid_unknown_fields=True, gc=False)  # values never hold a row
        self._decode = msgspec.json.Decoder(plain).decode
        self._decode_all = msgspec.json.Decoder(list[plain]).decode  # type: ignore[valid-type]  # it is made here

    def read(self, row: bytes) -> Reading | None:
        """Return a raw row as typed fields; None where it is not plain."""
        try:
            values = msgspec.structs.astuple(self._decode(row))
            for place in self._instants:
                written = values[place]
                if written is not None and not is_canonical(written):
                    return None
        except (ValueError, RecursionError):  # msgspec's errors and an undecodable text are ValueErrors
            return None
        fields = dict(zip(self._names, values, strict=True))
        for place in self._texts:
            if values[place].__class__ is int:
                fields[self._names[place]] = str(values[place])
        return Reading(id=fields["id"].strip(), fields=fields)

    def read_all(self, rows: Sequence[bytes]) -> Sequence[Values | None]:
        """Return the values of each row, None for one that is not plain; together a row costs a third as much."""
        return [values for part in parts(rows) for values in self._read_together(part)]

    def _read_together(self, rows: Sequence[bytes]) -> Sequence[Values | None]:
        try:
            read = list(map(msgspec.structs.astuple, self._decode_all(b"[%b]" % b",".join(rows))))
            columns = list(zip(*read, strict=True))
            if len(read) == len(rows) and all(_are_canonical(columns[place]) for place in self._instants):
                return self._as_texts(read, columns)
        except (ValueError, RecursionError):  # as in `read`; one row is enough
            pass
        if len(rows) > _FEW:
            return [values for part in parts(rows, _FEW) for values in self._read_together(part)]
        readings = map(self.read, rows)
        return [None if reading is None else tuple(reading.fields.values()) for reading in readings]

    def _as_texts(self, read: Sequence[Values], columns: list[tuple[Any, ...]]) -> Sequence[Values]:
        written = [place for place in self._texts if int in set(map(type, columns[place]))]
        if not written:
            return read
        for place in written:
            columns[place] = tuple(map(str, columns[place]))
        return list(zip(*columns, strict=True))


def _are_canonical(column: Sequence[str | None]) -> bool:
    """Whether every text of a column is an instant as `is_canonical` wants it; raises ValueError as that does.

    Joined, the texts show their punctuation as one slice each.
    """
    written = [text for text in column if text is not None]
    if not written:
        return True
    count, joined = len(written), "".join(written)
    is_aligned = set(map(len, written)) == {CANONICAL_LENGTH} and all(
        joined[place::CANONICAL_LENGTH] == mark * count for place, mark in _MARKS
    )
    if not is_aligned:
        return False
    deque(map(datetime.fromisoformat, written), maxlen=0)
    return int(min(written)[:4]) >= FIRST_YEAR


def _places(api: Api, kind: FieldKind) -> tuple[int, ...]:
    return tuple(place for place, field in enumerate(api.fields.values()) if field.kind is kind)


def _type(field: Field) -> Any:
    return Literal[field.choices] | None if field.kind is FieldKind.CHOICE else _TYPES[field.kind]
