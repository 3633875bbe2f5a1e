"""A listing: what one poll read page by page, and the proof that it is complete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, Self, overload

from watcher.domain.errors import SourceError
from watcher.domain.making import maker


class TornError(SourceError):
    """The list moved, looped or contradicted itself while it was read; reading it once more may help."""

    def __init__(self, text: str, *, remedy: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(text, remedy=remedy, retry_after=retry_after)


class RawRow(NamedTuple):
    """One row as it arrived: its id, the digest of its bytes, and the bytes (one JSON object)."""

    id: str
    digest: bytes
    body: bytes


_raw_row = maker(RawRow)


class Moves(NamedTuple):
    """The ids that only a page has, and those that only the page remembered of its position has."""

    came: frozenset[str]
    left: frozenset[str]


NO_MOVES = Moves(frozenset(), frozenset())


class Digests(Sequence[bytes]):
    """The digests of a page's rows (16 bytes each), in order, one after another in one text of bytes."""

    SIZE = 16

    def __init__(self, joined: bytes) -> None:
        self.joined = joined

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> Digests: ...
    def __getitem__(self, place: int | slice) -> bytes | Digests:
        if isinstance(place, slice):
            first, stop, _ = place.indices(len(self))
            return Digests(self.joined[first * self.SIZE : stop * self.SIZE])
        start = range(len(self))[place] * self.SIZE
        return self.joined[start : start + self.SIZE]

    def __len__(self) -> int:
        return len(self.joined) // self.SIZE

    def __iter__(self) -> Iterator[bytes]:
        return iter([self.joined[start : start + self.SIZE] for start in range(0, len(self.joined), self.SIZE)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digests) and self.joined == other.joined

    def __hash__(self) -> int:
        return hash(self.joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutline:
    """What is remembered of a page, so that the same bytes need no parsing next time.

    `digest` is of the whole body; `ids` and `row_digests` are of every row on it, in order;
    `total` and `has_more` are what the envelope said, None where it said nothing.
    `layout` is the source's own note of where on the page its rows lie, which nobody else reads; empty for none.
    """

    digest: bytes
    ids: Sequence[str]
    row_digests: Digests
    total: int | None = None
    has_more: bool | None = None
    layout: bytes = b""

    @property
    def size(self) -> int:
        """How many rows the page has."""
        return len(self.row_digests)

    def at_hand(self) -> Self:
        """Return it with all that is remembered loaded, so that another thread can look at it."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A page of the last complete read; its first `overlap` rows repeat the page before."""

    outline: PageOutline
    overlap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a listing as it arrived.

    `position` counts from 0. `fresh` are the rows that the remembered page does not have byte for byte, each id once
    (the later of two is the fresher); all of them where nothing is remembered. `overlap` leading rows repeat the end
    of the page before, by design. `note` is a remark for the user about how the API pages, empty on most pages.
    `moves` are those against the remembered page, overlap and all, None where they were not found out on the way.
    """

    position: int
    outline: PageOutline
    fresh: Sequence[RawRow]
    overlap: int = 0
    note: str = ""
    moves: Moves | None = None


def find_fresh(outline: PageOutline, bodies: Sequence[bytes], known: PageOutline | None) -> list[RawRow]:
    """Return the rows of a page that a known one does not have byte for byte; `bodies` are the rows in order."""
    ids, digests = outline.ids, list(outline.row_digests)
    if len(set(ids)) == len(ids):
        every = map(_raw_row, zip(ids, digests, bodies, strict=True))
        if known is None:
            return list(every)
        if tuple(known.ids) == tuple(ids):
            return [row for row, before in zip(every, known.row_digests, strict=True) if row.digest != before]
    before = dict(zip(known.ids, known.row_digests, strict=True)) if known else {}
    places = dict(zip(ids, range(len(ids)), strict=True))
    return [
        RawRow(row_id, digests[place], bodies[place])
        for row_id, place in places.items()
        if before.get(row_id) != digests[place]
    ]


def find_page_one_moved(first: Sequence[str], again: Sequence[str]) -> str | None:
    """Return why page 1, asked again at the end, says that the list moved; None where it says it did not.

    Ids and their order count, not bytes: a counter may change while a list is read, its order may not.
    """
    if first is again or tuple(first) == tuple(again):
        return None
    new, gone = len(set(again) - set(first)), len(set(first) - set(again))
    return f"page 1 changed while the list was read ({new} new, {gone} gone, the order of the rest may differ)"


def find_bad_total(totals: Sequence[int], distinct_rows: int) -> str | None:
    """Return why the totals of the envelopes contradict what came, None where they do not."""
    if not totals:
        return None
    other = next((total for total in totals if total != totals[0]), None)
    if other is not None:
        return f"the total changed from {totals[0]} to {other} while the list was read"
    if totals[-1] != distinct_rows:
        return f"the list says that it has {totals[-1]} rows, but {distinct_rows} came"
    return None
