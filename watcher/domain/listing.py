"""A listing: what one poll read page by page, and the proof that it is complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from watcher.domain.errors import SourceError


class TornError(SourceError):
    """The list moved, looped or contradicted itself while it was read; reading it once more may help."""

    def __init__(self, text: str, *, remedy: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(text, remedy=remedy, retry_after=retry_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutline:
    """What is remembered of a page, so that the same bytes need no parsing next time.

    `digest` is of the whole body; `ids` and `row_digests` (16 bytes each) are of every row on it, in order;
    `total` and `has_more` are what the envelope said, None where it said nothing.
    """

    digest: bytes
    ids: tuple[str, ...]
    row_digests: tuple[bytes, ...]
    total: int | None = None
    has_more: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a listing as it arrived.

    `position` counts from 0. `rows` are the raw rows (one JSON object each) in the outline's order, None where the
    page is, byte for byte, the remembered one. `overlap` leading rows repeat the end of the page before, by design.
    `note` is a remark for the user about how the API pages, empty on most pages.
    """

    position: int
    outline: PageOutline
    rows: Sequence[bytes] | None
    overlap: int = 0
    note: str = ""


def find_page_one_moved(first: Sequence[str], again: Sequence[str]) -> str | None:
    """Return why page 1, asked again at the end, says that the list moved; None where it says it did not.

    Ids and their order count, not bytes: a counter may change while a list is read, its order may not.
    """
    if tuple(first) == tuple(again):
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
