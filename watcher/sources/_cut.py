"""Cut: one body cut into raw rows with their ids and digests, parsing as little as can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from watcher.domain.listing import NO_MOVES, Digests, Moves, PageOutline, RawRow, find_fresh
from watcher.pipeline.ports import Digest
from watcher.sources._layout import Stretch, find_stretches, lay_out
from watcher.sources._page import Sheet, row_ids

_FEW = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A page that was cut; `fresh` are the rows that the remembered page does not have byte for byte (see Page).

    `moves` are the ids that came and left against that page, None where they were not found out. `is_known`: it is,
    byte for byte, the page that is remembered of its position.
    """

    outline: PageOutline
    fresh: Sequence[RawRow]
    moves: Moves | None = None
    is_known: bool = False

    @property
    def ids(self) -> Sequence[str]:
        """The ids on the page, in order."""
        return self.outline.ids

    @property
    def has_known_ids(self) -> bool:
        """Whether it has the ids of the page that is remembered of its position, and no others."""
        return self.is_known or self.moves == NO_MOVES

    @property
    def size(self) -> int:
        """How many rows the page has."""
        return self.outline.size


def cut_page(
    body: bytes,
    split: Callable[[bytes], Sheet],
    digest: Digest,
    known: PageOutline | None,
    *,
    is_verbatim: bool = False,
) -> Cut:
    """Cut a body into rows; what `known` remembers of it is neither decoded nor parsed again.

    `is_verbatim`: the rows stand in the body as they are parsed, as in JSON in UTF-8.
    Raises SourceError for a body without a list, or with a row that has no id.
    """
    whole = digest(body)
    if known is not None and known.digest == whole:
        return Cut(outline=known, fresh=(), is_known=True)
    if known is not None and known.layout and is_verbatim:
        cut = _cut_stretches(body, whole, digest, known)
        if cut is not None:
            return cut
    sheet = split(body)
    digests = tuple(map(digest, sheet.rows))
    ids = _ids(sheet.rows, digests, known)
    can_be_laid_out = is_verbatim and len(set(ids)) == len(ids)  # of two rows with one id the later one counts
    outline = PageOutline(
        digest=whole,
        ids=ids,
        row_digests=Digests(b"".join(digests)),
        total=sheet.total,
        has_more=sheet.has_more,
        layout=lay_out(body, sheet.rows, digest) if can_be_laid_out else b"",
    )
    return Cut(outline=outline, fresh=find_fresh(outline, sheet.rows, known))


def _cut_stretches(body: bytes, whole: bytes, digest: Digest, known: PageOutline) -> Cut | None:
    """Cut only what is not as it was; None where that cannot be told from the rest."""
    found = find_stretches(body, known.layout, digest)
    if found is None:
        return None
    stretches, layout = found
    if sum(len(each.rows) for each in stretches) != sum(each.end - each.first for each in stretches):
        return None  # what an envelope's `count` means depends on how many rows came
    rows = [row for each in stretches for row in each.rows]
    made = list(map(digest, rows))
    places = [place for each in stretches for place in range(each.first, each.end)]
    before = [known.row_digests[place] for place in places]
    if all(len(each.rows) == each.end - each.first for each in stretches):
        new = [number for number, (old, now) in enumerate(zip(before, made, strict=True)) if old != now]
        named = row_ids([rows[number] for number in new])
        if all(known.ids[places[number]] == row_id for number, row_id in zip(new, named, strict=True)):
            joined = bytearray(known.row_digests.joined)
            for number in new:
                start = places[number] * Digests.SIZE
                joined[start : start + Digests.SIZE] = made[number]
            outline = _after(known, whole, known.ids, bytes(joined), layout)
            fresh = [RawRow(row_id, made[number], rows[number]) for number, row_id in zip(new, named, strict=True)]
            return Cut(outline=outline, fresh=fresh, moves=NO_MOVES)
    return _cut_moved(whole, known, _Moved(stretches, layout, rows, made, places, before))


class _Moved(NamedTuple):
    """What a page has where it is not as it was: rows, their digests, and the places and digests of those before."""

    stretches: Sequence[Stretch]
    layout: bytes
    rows: Sequence[bytes]
    made: Sequence[bytes]
    places: Sequence[int]
    before: Sequence[bytes]


def _cut_moved(whole: bytes, known: PageOutline, moved: _Moved) -> Cut | None:
    """Cut a page on which rows stand elsewhere, too; None where an id would stand there twice."""
    stood = {digest: known.ids[place] for digest, place in zip(moved.before, moved.places, strict=True)}
    missing = iter(row_ids([row for row, digest in zip(moved.rows, moved.made, strict=True) if digest not in stood]))
    named = [stood.get(digest) or next(missing) for digest in moved.made]
    there, here = frozenset(stood.values()), frozenset(named)
    came, left = here - there, there - here
    # which of two rows counts depends on the whole page
    if len(here) != len(named) or _stand_elsewhere(came, known.ids):
        return None
    ids: list[str] = []
    digests: list[bytes] = []
    kept = first = 0
    for each in moved.stretches:
        end = first + len(each.rows)
        ids += [*known.ids[kept : each.first], *named[first:end]]
        digests += [known.row_digests[kept : each.first].joined, *moved.made[first:end]]
        kept, first = each.end, end
    ids += known.ids[kept:]
    digests.append(known.row_digests[kept:].joined)
    outline = _after(known, whole, tuple(ids), b"".join(digests), moved.layout)
    rows = zip(named, moved.made, moved.rows, strict=True)
    fresh = [RawRow(*row) for row in rows if stood.get(row[1]) != row[0]]
    return Cut(outline=outline, fresh=fresh, moves=Moves(came=came, left=left))


def _stand_elsewhere(came: frozenset[str], ids: Sequence[str]) -> bool:
    """Whether ids that came to a part of a page stand on it already; a few are looked for one by one."""
    if len(came) > _FEW:
        return not came.isdisjoint(ids)
    known = ids[:]
    return any(one in known for one in came)


def _after(known: PageOutline, whole: bytes, ids: Sequence[str], digests: bytes, layout: bytes) -> PageOutline:
    """Return the outline of a page that has the envelope of a known one."""
    return PageOutline(
        digest=whole,
        ids=ids,
        row_digests=Digests(digests),
        total=known.total,
        has_more=known.has_more,
        layout=layout,
    )


def _ids(rows: Sequence[bytes], digests: Sequence[bytes], known: PageOutline | None) -> tuple[str, ...]:
    if known is None:
        return tuple(row_ids(rows))
    before = dict(zip(known.row_digests, known.ids, strict=True))
    missing = [row for row, digest in zip(rows, digests, strict=True) if digest not in before]
    read = iter(row_ids(missing))
    return tuple([before.get(digest) or next(read) for digest in digests])
