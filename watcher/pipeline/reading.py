"""Reading: a whole listing into a draft, with the proof that it is complete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from watcher.domain.errors import SourceError
from watcher.domain.listing import PageOutline, Remembered, TornError, find_bad_total
from watcher.pipeline.compare import SAME, Passing, as_stored, compare
from watcher.pipeline.ports import Source
from watcher.pipeline.snapshots import Draft, PollOutcome, Tally

MAX_BASELINE_READS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """What reading came to.

    `is_proven`: no row can have been skipped unseen: one page is atomic. Neither totals nor overlapping pages prove as
    much: one row removed and another added, or moved up past the reader, leave both as they were.
    `error` is None after a complete read.
    """

    outcome: PollOutcome
    pages: int
    tally: Tally
    is_proven: bool = False
    error: SourceError | None = None
    notes: tuple[str, ...] = ()


class _Progress:
    """Counts the pages of the read that is under way, also for the case that it breaks off."""

    def __init__(self, on_page: Callable[[int, int], None]) -> None:
        self.on_page = on_page
        self.restart()

    def restart(self) -> None:
        self.pages = 0
        self.rows = 0
        self.totals: list[int] = []
        self.notes: list[str] = []


def read_listing(source: Source, draft: Draft, *, is_baseline: bool, on_page: Callable[[int, int], None]) -> ReadResult:
    """Read a listing into a draft; once more when it was torn, and until two reads agree when it is the baseline.

    A baseline of several pages is the union of its reads: a row that one read skipped is not taken for new later.
    Never raises SourceError: what could not be read is a failed (no page came) or an incomplete result.
    """
    progress = _Progress(on_page)
    result = _read_twice(source, draft, progress, is_union=False)
    reads = 1
    while is_baseline and result.outcome is PollOutcome.COMPLETE and result.pages > 1 and reads < MAX_BASELINE_READS:
        draft.keep()
        result = _read_twice(source, draft, progress, is_union=True)
        reads += 1
        if result.outcome is PollOutcome.COMPLETE and result.tally.newly_absent == 0:
            break
    return result


def _read_twice(source: Source, draft: Draft, progress: _Progress, *, is_union: bool) -> ReadResult:
    """Read once, and once more when the list moved meanwhile."""
    result = _read(source, draft, progress, is_union=is_union)
    if isinstance(result.error, TornError):
        result = _read(source, draft, progress, is_union=is_union)
    return result


def _read(source: Source, draft: Draft, progress: _Progress, *, is_union: bool) -> ReadResult:
    progress.restart()
    draft.start_read(is_union=is_union)
    error = _take_pages(source, draft, progress, is_union=is_union)
    tally = draft.tally()
    error = error or _find_contradiction(progress, tally)
    if error is not None:
        outcome = PollOutcome.INCOMPLETE if progress.pages else PollOutcome.FAILED
        return ReadResult(outcome=outcome, pages=progress.pages, tally=tally, error=error)
    return ReadResult(
        outcome=PollOutcome.COMPLETE,
        pages=progress.pages,
        tally=tally,
        is_proven=progress.pages == 1,
        notes=tuple(progress.notes),
    )


def _take_pages(source: Source, draft: Draft, progress: _Progress, *, is_union: bool) -> SourceError | None:
    """Take in page after page; return what ended the read before its end."""
    stored = Passing(draft.stored_digests)
    before: PageOutline | None = None
    was_same = False
    try:
        for page in source.read(draft):
            remembered = draft.remembered(page.position)
            delta = compare(page, remembered, stored)
            if not is_union:  # whose pages are not all stored
                stored.turn(remembered, delta)
            is_same = delta is SAME
            # Two pages that are as they are remembered were looked at then; to look again would load both.
            outline = page.outline if is_same and was_same else as_stored(page, before)
            draft.take(page.position, Remembered(outline=outline, overlap=page.overlap), delta)
            before, was_same = page.outline, is_same
            _count(progress, page.overlap, page.outline.size, page.outline.total, page.note)
    except SourceError as error:
        return _bare(error)
    return None


def _bare(error: SourceError) -> SourceError:
    """Let go of where an error came from.

    Those frames hold the answer, up to 16 MB, and are themselves held by the result that this error becomes part of: a
    ring, which stays until the next collection of all garbage, once for each failed poll.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _count(progress: _Progress, overlap: int, rows: int, total: int | None, note: str) -> None:
    progress.pages += 1
    progress.rows += rows - overlap
    if total is not None:
        progress.totals.append(total)
    if note:
        progress.notes.append(note)
    progress.on_page(progress.pages, progress.rows)


def _find_contradiction(progress: _Progress, tally: Tally) -> TornError | None:
    """Return how what came contradicts itself, None where it does not."""
    if tally.repeated:
        return TornError(f"{tally.repeated} conversations came twice: the list moved while it was read")
    bad_total = find_bad_total(progress.totals, tally.rows)
    if bad_total is None:
        return None
    return TornError(bad_total, remedy="if this API counts otherwise, set check_total = false for the source")
