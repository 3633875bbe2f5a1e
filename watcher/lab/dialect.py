"""Dialects: every reading of the two API documents that a server could have chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from enum import Enum, StrEnum
from typing import Any, Self, get_type_hints


class Paging(StrEnum):
    """What OnQ's `page` means: a page number, a start position from 1, or nothing."""

    PAGE = "page"
    OFFSET = "offset"
    IGNORED = "ignored"


class Dates(StrEnum):
    """How OnQ writes an instant; the ones without a zone are UTC."""

    ISO_Z = "iso_z"
    ISO_OFFSET = "iso_offset"
    ISO_NAIVE = "iso_naive"
    SPACE = "space"
    DATE_ONLY = "date_only"
    EPOCH_S = "epoch_s"
    EPOCH_MS = "epoch_ms"


class MissingDates(StrEnum):
    """What stands where OnQ has no date."""

    NULL = "null"
    EMPTY = "empty"


class Ids(StrEnum):
    """The JSON type of OnQ's ids."""

    INT = "int"
    STR = "str"


class Types(StrEnum):
    """Whether numbers and booleans are themselves or quoted."""

    NATIVE = "native"
    STRINGS = "strings"


class SessionLost(StrEnum):
    """How OSN says that a session is over."""

    UNAUTHORIZED = "401"
    STATUS_470 = "470"
    STATUS_499 = "499"
    REDIRECT = "redirect"
    LOGIN_PAGE = "login_page"


class Spelling(StrEnum):
    """Which spelling of filter names OSN understands; the other is ignored in silence."""

    CAMEL = "camel"
    PASCAL = "pascal"


class RemovedLookup(StrEnum):
    """What looking up a removed OSN conversation gives: 404, or 200 with `isRemoved` true."""

    NOT_FOUND = "not_found"
    IS_REMOVED = "is_removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Base of both dialects: changed by name, with enum members given as their words."""

    def changed(self, **switches: object) -> Self:
        """A copy with some switches set; raises ValueError (unknown switch or word) or TypeError."""
        hints = get_type_hints(type(self))
        unknown = switches.keys() - hints.keys()
        if unknown:
            raise ValueError(f"unknown switch {min(unknown)!r}; there are: {', '.join(hints)}")
        values: dict[str, Any] = {name: _typed(hints[name], value) for name, value in switches.items()}
        return replace(self, **values)

    def switches(self) -> dict[str, object]:
        """Every switch and how it stands, as JSON values."""
        return {field.name: asdict(self)[field.name] for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnqDialect(Dialect):
    """Switches of the OnQ server.

    `envelope` None is a bare array, else the key of the list (`data items content conversations results rows`);
    `total` is the key of the count beside it (`total totalElements total_count totalCount count`) or None.
    """

    paging: Paging = Paging.PAGE
    envelope: str | None = None
    total: str | None = None
    dates: Dates = Dates.ISO_Z
    missing_dates: MissingDates = MissingDates.NULL
    ids: Ids = Ids.INT
    types: Types = Types.NATIVE
    csv_header: bool = True
    shuffled_keys: bool = False
    etag: bool = False
    gzip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OsnDialect(Dialect):
    """Switches of the OSN server.

    `session_requests` ends each session after that many requests; `unread_unknown` makes every `nUnread` -1.
    """

    types: Types = Types.NATIVE
    terse: bool = False
    iso_twins: bool = True
    items_absent: bool = False
    total: bool = False
    unread_unknown: bool = False
    spelling: Spelling = Spelling.CAMEL
    max_count: int = 1000
    session_lost: SessionLost = SessionLost.UNAUTHORIZED
    session_requests: int | None = None
    rotate_cookies: bool = True
    removed: RemovedLookup = RemovedLookup.NOT_FOUND
    gzip: bool = False


def _typed(hint: Any, value: object) -> object:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if not isinstance(value, hint):
        raise TypeError(f"{value!r} is not {hint}")
    return value
