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

    Rows are aligned by position first; only those whose digest differs there are looked up by id, so that an
    unchanged page costs nothing and a shifted list costs one look-up a row.
    """
    old_ids = remembered.outline.ids[remembered.overlap :] if remembered else ()
    new_ids = page.outline.ids[page.overlap :]
    came, left = _moves(old_ids, new_ids)
    if page.rows is None:
        return PageDelta(came=came, left=left)
    differing = _differing(page, remembered)
    stored = stored_digests([page.outline.ids[place] for place in differing])
    # a row that stands twice on one page counts once: the later one is the fresher
    latest = {page.outline.ids[place]: place for place in differing}
    changed = tuple(
        ChangedRow(id=row_id, digest=page.outline.row_digests[place], body=page.rows[place])
        for row_id, place in latest.items()
        if stored.get(row_id) != page.outline.row_digests[place]
    )
    return PageDelta(changed=changed, came=came, left=left)


def _moves(old_ids: tuple[str, ...], new_ids: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    if old_ids == new_ids:
        return frozenset(), frozenset()
    old, new = frozenset(old_ids), frozenset(new_ids)
    return new - old, old - new


def _differing(page: Page, remembered: Remembered | None) -> list[int]:
    """Return the places of the rows that are not, byte for byte, where they were."""
    outline = page.outline
    if remembered is None:
        return list(range(len(outline.ids)))
    old = remembered.outline
    aligned = zip(outline.row_digests, old.row_digests, outline.ids, old.ids, strict=False)
    same = {place for place, (new, was, new_id, old_id) in enumerate(aligned) if new == was and new_id == old_id}
    return [place for place in range(len(outline.ids)) if place not in same]
