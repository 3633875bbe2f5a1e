"""Probe: what a source shows when it is asked for its first pages, for `watcher check --online`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Protocol, runtime_checkable

from watcher.domain.errors import WatcherError
from watcher.domain.listing import PageOutline
from watcher.pipeline.ports import Source
from watcher.sources._failure import skew_text

_ENOUGH_PAGES = 2
"""the second one shows what a position means"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a check."""

    is_ok: bool
    text: str


@runtime_checkable
class Probeable(Protocol):
    """What a source may tell beside its pages."""

    @property
    def paging(self) -> str:
        """What a position in the list means, as far as it is known."""
        ...

    @property
    def clock_skew(self) -> timedelta | None:
        """How far this machine's clock is ahead of the server's."""
        ...


def check(source: Source) -> list[Finding]:
    """Log in and read two pages at most; never raises for a source that cannot be read."""
    pages = source.read(_Nothing())
    try:
        seen = list(islice(pages, _ENOUGH_PAGES))
    except WatcherError as error:
        return [Finding(is_ok=False, text=str(error)), *_clock(source, is_read=False)]
    outline = seen[0].outline
    total = "" if outline.total is None else f", {outline.total} in all"
    findings = [Finding(is_ok=True, text=f"logged in; {len(outline.ids)} rows on page 1{total}")]
    if isinstance(source, Probeable):
        findings.append(_paging(seen[1].note, source.paging) if len(seen) > 1 else _ONE_PAGE)
    return [*findings, *_clock(source, is_read=True)]


_ONE_PAGE = Finding(is_ok=True, text="paging: not seen, the list is one page")


class _Nothing:
    """No page is remembered."""

    def recall(self, position: int) -> PageOutline | None:  # noqa: ARG002 - a port
        return None

    def knows_more_than(self, rows: int) -> bool:  # noqa: ARG002 - a port
        return False


def _paging(note: str, paging: str) -> Finding:
    return Finding(is_ok=not note, text=note or f"paging: {paging}")


def _clock(source: Source, *, is_read: bool) -> list[Finding]:
    """Say that the clock is wrong; that it is right only of a source that could be read."""
    if not isinstance(source, Probeable):
        return []
    if wrong := skew_text(source.clock_skew):
        return [Finding(is_ok=False, text=f"{wrong}; set this machine's clock")]
    is_known = source.clock_skew is not None
    right = "as the server's, within half a minute" if is_known else "not seen, the server does not tell its time"
    return [Finding(is_ok=True, text=f"clock: {right}")] if is_read else []
