"""Layout: where on a page its rows lie, block by block, so that only the blocks that changed are parsed.

What is proven, and how: a page is remembered as what stands before its first row, blocks of some rows each, and what
stands after its last row, each with its length and digest. Of a new body, the parts with equal digests are, byte for
byte, those that were parsed once as whole rows of the list; a stretch between two of them is parsed as whole rows
between commas. So the new body is the same kind of text, element after element, as a parser would have found by
reading all of it. Wherever anything else stands, there is no answer, and the whole body is parsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import msgspec

from watcher.pipeline.ports import Digest
from watcher.sources._parts import TOGETHER

_ROWS = 8
"""rows of a block: fewer cost more digests, more cost more parsing around each change"""
_HEAD = 24
"""bytes by which a block is looked for where it may have moved to; its digest is the proof"""
_AHEAD = 4
"""blocks in a row that may all have changed before the rest of the page counts as changed"""
_MOST_BLOCKS = 2
"""times the blocks of a page that is laid out anew: a list that shifts splits them, until its pages are parsed whole"""
_LONGEST_EDGE = 4096
_SPACE = b" \t\r\n"


class _Blocks(msgspec.Struct, array_like=True, frozen=True):
    """`counts` rows and `lengths` bytes of each block, up to where the next one begins; `heads` are their first bytes.

    `before` and `after`: length and digest of what stands before the first row and after the last.
    """

    before: tuple[int, bytes]
    after: tuple[int, bytes]
    counts: list[int]
    lengths: list[int]
    digests: list[bytes]
    heads: list[bytes]

    def copy(self) -> _Blocks:
        """Return one that can be changed block by block."""
        return _Blocks(self.before, self.after, self.counts, list(self.lengths), list(self.digests), list(self.heads))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Rows that stand where others stood: those from place `first` up to, not including, `end` of the old page."""

    first: int
    end: int
    rows: Sequence[bytes]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Blocks).decode
_decode_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode


def lay_out(body: bytes, rows: Sequence[bytes], digest: Digest) -> bytes:
    """Return the layout of a page whose rows are known; empty where they do not stand in the body one after another."""
    starts = _starts(body, rows)
    if not starts:
        return b""
    end = starts[-1] + len(rows[-1])
    if starts[0] > _LONGEST_EDGE or len(body) - end > _LONGEST_EDGE:
        return b""
    edges = [*starts[::_ROWS], end]
    before, after = body[: starts[0]], body[end:]
    view = memoryview(body)
    pieces = [view[start:stop] for start, stop in pairwise(edges)]
    blocks = _Blocks(
        before=(len(before), digest(before)),
        after=(len(after), digest(after)),
        counts=[min(_ROWS, len(rows) - first) for first in range(0, len(rows), _ROWS)],
        lengths=[len(piece) for piece in pieces],
        digests=[digest(piece) for piece in pieces],
        heads=[bytes(piece[:_HEAD]) for piece in pieces],
    )
    return _encode(blocks)


def find_stretches(body: bytes, layout: bytes, digest: Digest) -> tuple[list[Stretch], bytes] | None:
    """Return the stretches of a body that differ from the page of a layout, and the body's own layout.

    None where the difference cannot be found out this way.
    """
    blocks = _decode(layout)
    end = len(body) - blocks.after[0]
    if end < blocks.before[0] or digest(body[: blocks.before[0]]) != blocks.before[1]:
        return None
    if digest(body[end:]) != blocks.after[1]:
        return None
    gaps = _Search(body, blocks, end, digest).gaps()
    return None if gaps is None else _parse(body, blocks, gaps, digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """Bytes from `start` to `stop` that stand for the blocks from `first` up to `end`."""

    first: int
    end: int
    start: int
    stop: int


class _Search:
    """Finds the blocks of a layout in a body, in order, and what lies between them."""

    def __init__(self, body: bytes, blocks: _Blocks, end: int, digest: Digest) -> None:
        self._body, self._view, self._blocks, self._end, self._digest = body, memoryview(body), blocks, end, digest

    def gaps(self) -> list[_Gap] | None:
        """Return the gaps; None where more blocks changed than is worth looking for."""
        lengths, digests, view, digest = self._blocks.lengths, self._blocks.digests, self._view, self._digest
        place, block, gaps = self._blocks.before[0], 0, []
        last, end = len(lengths), self._end
        while block < last:
            stop = place + lengths[block]
            if stop <= end and digest(view[place:stop]) == digests[block]:
                place, block = stop, block + 1
                continue
            found = self._next(block, place)
            if found is None:
                return None
            gaps.append(_Gap(first=block, end=found[0], start=place, stop=found[1]))
            block, place = found
        if place < end:  # rows were added after the last one
            gaps.append(_Gap(first=block, end=block, start=place, stop=self._end))
        return gaps

    def _next(self, block: int, place: int) -> tuple[int, int] | None:
        """Return the next block that is found again, and where; the end of the rows counts as one."""
        lengths, last = self._blocks.lengths, len(self._blocks.lengths)
        guess = place
        for ahead in range(block, min(block + 1 + _AHEAD, last)):
            at = self._find(ahead, place, guess)
            if at is not None:
                return ahead, at
            guess += lengths[ahead]
        return (last, self._end) if last - block <= _AHEAD else None

    def _find(self, block: int, place: int, guess: int) -> int | None:
        if self._is_at(block, guess):
            return guess
        at = self._body.find(self._blocks.heads[block], place, guess + self._blocks.lengths[block])
        return at if at >= 0 and self._is_at(block, at) else None

    def _is_at(self, block: int, at: int) -> bool:
        stop = at + self._blocks.lengths[block]
        return stop <= self._end and self._digest(self._view[at:stop]) == self._blocks.digests[block]


def _parse(body: bytes, blocks: _Blocks, gaps: Sequence[_Gap], digest: Digest) -> tuple[list[Stretch], bytes] | None:
    places = [0, *accumulate(blocks.counts)]
    together = _parse_together(body, blocks, gaps, places, digest)
    if together is not None:
        return together
    stretches: list[Stretch] = []
    made = _Blocks(before=blocks.before, after=blocks.after, counts=[], lengths=[], digests=[], heads=[])
    kept = 0
    for gap in gaps:
        text = body[gap.start : gap.stop]
        is_last = gap.end == len(blocks.counts)
        rows = _rows(text, is_last=is_last)
        _keep(made, blocks, kept, gap.first)
        if rows is None or not _add(made, text, rows, digest):
            return None
        kept = gap.end
        stretches.append(Stretch(first=places[gap.first], end=places[gap.end], rows=rows))
    _keep(made, blocks, kept, len(blocks.counts))
    if len(made.counts) > _MOST_BLOCKS * (places[-1] // _ROWS + 1):
        return None
    return stretches, _encode(made)


def _parse_together(
    body: bytes, blocks: _Blocks, gaps: Sequence[_Gap], places: Sequence[int], digest: Digest
) -> tuple[list[Stretch], bytes] | None:
    """Parse all gaps at once, where in each there are as many rows as there were; None where it is not so.

    A row that begins exactly where a gap does, in all gaps but the first, shows that each of them holds whole rows.
    """
    joined = b"".join([body[gap.start : gap.stop] for gap in gaps])
    rows = _rows(joined, is_last=bool(gaps) and gaps[-1].end == len(blocks.counts))
    if not rows or len(rows) != sum(places[gap.end] - places[gap.first] for gap in gaps):
        return None
    starts = _starts(joined, rows)
    if not starts or starts[0] != 0:
        return None
    starts.append(len(joined))
    made = blocks.copy()
    row = at = 0
    stretches: list[Stretch] = []
    for gap in gaps:
        first = row
        if starts[row] != at:
            return None
        for block in range(gap.first, gap.end):
            end = row + blocks.counts[block]
            piece = joined[starts[row] : starts[end]]
            made.lengths[block], made.digests[block], made.heads[block] = len(piece), digest(piece), piece[:_HEAD]
            row = end
        at += gap.stop - gap.start
        stretches.append(Stretch(first=places[gap.first], end=places[gap.end], rows=rows[first:row]))
    return (stretches, _encode(made)) if starts[row] == at else None


def _rows(text: bytes, *, is_last: bool) -> list[bytes] | None:
    """Return the rows of a stretch: whole objects, each followed by a comma unless it is the list's last."""
    inner = text if is_last else text.rstrip(_SPACE)
    if not is_last:
        if inner and not inner.endswith(b","):
            return None
        inner = inner[:-1]
    try:
        inner.decode()  # raw rows are cut without looking at their letters
        rows = [bytes(raw) for raw in _decode_rows(b"[%b]" % inner)]
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return rows if (rows or not is_last) and all(row[:1] == b"{" for row in rows) else None


def _keep(made: _Blocks, blocks: _Blocks, first: int, end: int) -> None:
    made.counts.extend(blocks.counts[first:end])
    made.lengths.extend(blocks.lengths[first:end])
    made.digests.extend(blocks.digests[first:end])
    made.heads.extend(blocks.heads[first:end])


def _add(made: _Blocks, text: bytes, rows: Sequence[bytes], digest: Digest) -> bool:
    """Lay out the rows of a stretch; False where they do not fill it."""
    if not rows:
        return not text.strip(_SPACE)
    starts = _starts(text, rows)
    if not starts or starts[0] != 0:
        return False
    edges = [*starts[::_ROWS], len(text)]
    for number, (start, stop) in enumerate(pairwise(edges)):
        piece = text[start:stop]
        made.counts.append(min(_ROWS, len(rows) - number * _ROWS))
        made.lengths.append(len(piece))
        made.digests.append(digest(piece))
        made.heads.append(piece[:_HEAD])
    return True


def _starts(body: bytes, rows: Sequence[bytes]) -> list[int]:
    """Return where each row begins; none where they do not stand one after another, with a comma between, only once."""
    if not rows:
        return []
    first = body.find(rows[0])
    starts = _even_starts(body, rows, first) or _uneven_starts(body, rows, first)
    return starts if starts and body.find(rows[0], starts[-1] + len(rows[-1])) < 0 else []


def _even_starts(body: bytes, rows: Sequence[bytes], first: int) -> list[int]:
    """Return where each row begins if the same stands between any two, as most servers write it; none otherwise."""
    if first < 0 or len(rows) == 1:
        return [first] if first >= 0 else []
    after = first + len(rows[0])
    between = body[after : body.find(b"{", after)]  # between rows there are only commas and space
    step = len(between)
    starts = [first, *(start + first for start in accumulate(len(row) + step for row in rows[:-1]))]
    for number in range(0, len(rows), TOGETHER):
        joined = between.join(rows[number : number + TOGETHER])
        if not body.startswith(joined if number == 0 else between + joined, starts[number] - (step if number else 0)):
            return []
    return starts


def _uneven_starts(body: bytes, rows: Sequence[bytes], first: int) -> list[int]:
    place = first
    starts: list[int] = []
    for row in rows:
        place = body.find(b"{", place) if starts else place
        if place < 0 or not body.startswith(row, place):
            return []
        starts.append(place)
        place += len(row)
    return starts
