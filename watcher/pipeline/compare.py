"""Comparing a page with what is remembered of it: which rows' bytes differ, which rows came and which left."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from watcher.domain.listing import Page, PageOutline


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A page of the last complete read; its first `overlap` rows repeat the page before."""

    outline: PageOutline
    overlap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRow:
    """A row whose bytes differ from the stored ones (or that was never stored)."""

    id: str
    digest: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDelta:
    """What a page changes: rows with other bytes, ids that only it has (`came`) or only the remembered one (`left`)."""

    changed: tuple[ChangedRow, ...] = ()
    came: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()


StoredDigests = Callable[[Collection[str]], Mapping[str, bytes]]


def compare(page: Page, remembered: Remembered | None, stored_digests: StoredDigests) -> PageDelta:
    """Return what a page changes against the page at the same position of the last complete read.

    Rows are compared with the same page as it was first; only those that it has not, or otherwise, are looked up in the
    snapshot, so that an unchanged page costs nothing and a shifted list one look-up a page.
    """
    old_ids = remembered.outline.ids[remembered.overlap :] if remembered else ()
    new_ids = page.outline.ids[page.overlap :]
    came, left = _moves(old_ids, new_ids)
    if page.rows is None:
        return PageDelta(came=came, left=left)
    differing = _differing(page, remembered)
    stored = stored_digests(differing.keys())
    digests = page.outline.row_digests
    changed = tuple(
        ChangedRow(id=row_id, digest=digests[place], body=page.rows[place])
        for row_id, place in differing.items()
        if stored.get(row_id) != digests[place]
    )
    return PageDelta(changed=changed, came=came, left=left)


def _moves(old_ids: tuple[str, ...], new_ids: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    if old_ids == new_ids:
        return frozenset(), frozenset()
    old, new = frozenset(old_ids), frozenset(new_ids)
    return new - old, old - new


def _differing(page: Page, remembered: Remembered | None) -> dict[str, int]:
    """Return the rows that the remembered page does not have byte for byte, by id, each with its place.

    A row that stands twice on one page counts once: the later one is the fresher.
    """
    ids, digests = page.outline.ids, page.outline.row_digests
    places = dict(zip(ids, range(len(ids)), strict=True))
    if remembered is None:
        return places
    old = dict(zip(remembered.outline.ids, remembered.outline.row_digests, strict=True))
    return {row_id: place for row_id, place in places.items() if old.get(row_id) != digests[place]}
