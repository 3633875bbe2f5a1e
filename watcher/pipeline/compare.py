"""Comparing a page with what is remembered of it: which rows' bytes differ, which rows came and which left."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from watcher.domain.listing import NO_MOVES, Digests, Moves, Page, PageOutline, RawRow, Remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDelta:
    """What a page changes.

    `changed`: rows whose bytes differ from the stored ones, or that were never stored. `came` and `left`: the ids that
    only the page has, and that only the remembered one had.
    """

    changed: Sequence[RawRow] = ()
    came: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()


StoredDigests = Callable[[Collection[str]], Mapping[str, bytes]]

SAME = PageDelta()
"""of a page that is as it is remembered"""
_FEW = 16
"""rows by which a list may have shifted to be looked for on the page before"""


def compare(page: Page, remembered: Remembered | None, stored_digests: StoredDigests) -> PageDelta:
    """Return what a page changes against the page at the same position of the last complete read.

    A row that the remembered page has otherwise has changed: that page is stored together with its rows. Only rows that
    it has not are looked up in the snapshot, so that a page whose rows stayed costs nothing and a shifted list one
    look-up a page.
    """
    if remembered is not None and page.outline is remembered.outline and page.overlap == remembered.overlap:
        return SAME
    came, left = _moves(page, remembered)
    stored = stored_digests(_strangers(page, remembered))
    changed = [row for row in page.fresh if stored.get(row.id) != row.digest] if stored else page.fresh
    return PageDelta(changed=changed, came=came, left=left)


class Passing:
    """Stored digests, without asking for a row that stood on the page before: a list that shifts moves it to the next.

    A remembered page has its rows as they are stored, or as no row is (see `as_stored`).
    """

    def __init__(self, stored_digests: StoredDigests) -> None:
        self._stored_digests = stored_digests
        self._left: Mapping[str, bytes] = {}

    def __call__(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """Return the digests of rows as they were last read; a row that was never stored is left out."""
        near = {row_id: self._left[row_id] for row_id in ids if row_id in self._left}
        far = [row_id for row_id in ids if row_id not in near]
        return {**near, **self._stored_digests(far)} if far else near

    def turn(self, remembered: Remembered | None, delta: PageDelta) -> None:
        """Go on to the next page, with the rows that left this one."""
        self._left = {}
        if remembered is not None and 0 < len(delta.left) <= _FEW:  # of a page that is as it was nothing is loaded
            ids, digests = remembered.outline.ids[::-1], remembered.outline.row_digests  # of two the later one counts
            self._left = {row_id: digests[-1 - ids.index(row_id)] for row_id in delta.left}


def as_stored(page: Page, before: PageOutline | None) -> PageOutline:
    """Return what is to be remembered of a page that follows another one, so that no change of its rows is missed.

    A row that both have may have changed between them, and only one of both is stored. Where they differ, the page is
    remembered as if that row were unlike any other: so the next poll compares it by its values.
    """
    outline = page.outline
    if not page.overlap or before is None:
        return outline
    edge = dict(zip(before.ids[-page.overlap :], before.row_digests[-page.overlap :], strict=True))
    digests = list(outline.row_digests)
    odd = [place for place in range(page.overlap) if edge.get(outline.ids[place], digests[place]) != digests[place]]
    if not odd:
        return outline
    for place in odd:
        digests[place] = _UNLIKE_ANY
    return PageOutline(
        digest=_UNLIKE_ANY,
        ids=outline.ids,
        row_digests=Digests(b"".join(digests)),
        total=outline.total,
        has_more=outline.has_more,
    )


_UNLIKE_ANY = bytes(Digests.SIZE)


def _strangers(page: Page, remembered: Remembered | None) -> Sequence[str]:
    """Return the ids of the fresh rows that the remembered page does not have."""
    if remembered is None or not page.fresh:
        return [row.id for row in page.fresh]
    if page.moves is not None:
        return [row.id for row in page.fresh if row.id in page.moves.came]
    if page.outline.ids == remembered.outline.ids:
        return ()
    known = frozenset(remembered.outline.ids)
    return [row.id for row in page.fresh if row.id not in known]


def _moves(page: Page, remembered: Remembered | None) -> Moves:
    """Return the moves between what a page and the remembered one have beyond their overlaps."""
    if page.moves is not None and remembered is not None and _are_whole(page, remembered):
        return page.moves
    new_ids = page.outline.ids[page.overlap :]
    old_ids = remembered.outline.ids[remembered.overlap :] if remembered else ()
    if old_ids == new_ids:
        return NO_MOVES
    old, new = frozenset(old_ids), frozenset(new_ids)
    return Moves(came=new - old, left=old - new)


def _are_whole(page: Page, remembered: Remembered) -> bool:
    """Whether moves between whole pages are all there is: nothing is repeated, or the ids stayed."""
    if page.overlap != remembered.overlap:
        return False
    return not page.overlap or page.outline.ids is remembered.outline.ids
