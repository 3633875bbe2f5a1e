"""Reading: a whole listing page by page, with the proof that nothing shifted while it was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from enum import StrEnum
from types import TracebackType
from typing import Self

from watcher.domain.errors import SourceError
from watcher.domain.listing import Page, PageOutline, TornError, find_page_one_moved
from watcher.pipeline.ports import PageMemory
from watcher.sources._cut import Cut

Fetch = Callable[[int, PageOutline | None], Cut]
"""asks for the page at one of the API's own positions, with what is remembered of it"""

_WORTH_A_THREAD_S = 0.002
IGNORED = "the server ignores `page`: every page is the first one, so its rows are all that can be read"


class Paging(StrEnum):
    """What a listing's position means."""

    PAGE = "page"
    OFFSET = "offset"


class Walk:
    """One read under way: counts its pages, fetches one ahead, and knows when a list runs in circles.

    A context manager: on leaving it waits for the page that is still being fetched. `monotonic` is a clock in seconds;
    without one nothing is fetched ahead.
    """

    def __init__(
        self, fetch: Fetch, memory: PageMemory, page_limit: int, monotonic: Callable[[], float] | None = None
    ) -> None:
        self._fetch, self._memory, self._page_limit = fetch, memory, page_limit
        self._monotonic = monotonic
        self._given_at: float | None = None
        self._compared_s = 0.0
        self._requests = 0
        self._position = 0
        self._first: tuple[int, Cut] | None = None
        self._last: Cut | None = None
        self._seen: set[bytes] = set()
        self._is_first_repeated = False
        self._fetcher: ThreadPoolExecutor | None = None
        self._ahead: tuple[int, Future[Cut]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fetcher is not None:
            self._fetcher.shutdown(wait=True, cancel_futures=True)

    def look_ahead(self, start: int) -> None:
        """Begin to fetch the page that follows the present one while that is being compared, if that takes a while.

        Another thread costs a page half a millisecond, which one that is as it was does not take to be compared.
        """
        if self._requests >= self._page_limit or self._compared_s < _WORTH_A_THREAD_S:
            return
        if self._fetcher is None:
            self._fetcher = ThreadPoolExecutor(1, thread_name_prefix="page ahead")
        known = self._memory.recall(self._position + 1)  # here: what is remembered belongs to this thread
        self._ahead = (start, self._fetcher.submit(self._fetch, start, known.at_hand() if known else None))

    def settled(self) -> None:
        """Block until the page that is being fetched ahead, if there is one, has come (or failed)."""
        if self._ahead is not None:
            wait([self._ahead[1]])

    def ask(self, start: int) -> Cut:
        """Fetch a page; raises SourceError when the list never ends."""
        if self._requests >= self._page_limit:
            raise SourceError(
                f"the list did not end within {self._page_limit} pages", remedy="raise page_size, or narrow the filter"
            )
        self._requests += 1
        if self._monotonic is not None and self._given_at is not None:
            self._compared_s = self._monotonic() - self._given_at
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] == start:
            cut = ahead[1].result()
        else:
            cut = self._fetch(start, self._memory.recall(self._position))
        if self._first is None:
            self._first = (start, cut)
        return cut

    def page(self, cut: Cut, *, overlap: int = 0, note: str = "") -> Page:
        """Return a cut as the next page of the listing."""
        page = Page(
            position=self._position,
            outline=cut.outline,
            fresh=cut.fresh,
            overlap=overlap,
            note=note,
            moves=cut.moves,
        )
        self._position += 1
        if overlap == cut.size and self._first is not None:
            self._is_first_repeated |= cut.ids == self._first[1].ids
        self._seen.add(cut.outline.digest)
        self._last = cut
        self._given_at = self._monotonic() if self._monotonic is not None else None
        return page

    def has_news(self, cut: Cut, overlap: int = 0) -> bool:
        """Whether a page may hold rows that no page before it held.

        Only whole pages are compared, with all before it by their bytes and with the first and the last by their ids:
        remembering every id would take memory for every row. What else comes twice is counted by the draft, and a list
        that never ends by its pages.
        """
        if cut.size <= overlap or cut.outline.digest in self._seen:
            return False
        before = (self._last, self._first[1] if self._first else None)
        return not any(page is not None and _is_repeated(page, cut) for page in before)

    def check_page_one(self) -> None:
        """Ask page 1 again where there was more than one; raises TornError when its rows moved."""
        if self._first is None or self._requests == 1 or self._is_first_repeated:
            return
        start, first = self._first
        again = self._fetch(start, first.outline)
        if moved := find_page_one_moved(first.ids, again.ids):
            raise TornError(moved)


def read_by_start(walk: Walk, previous: Cut, start: int, is_last: Callable[[Cut], bool]) -> Iterator[Page]:
    """Yield the pages after `previous`, which began at row `start`: each begins with the row that ended the one before.

    That row proves that nothing was inserted or removed in front of it. Where it is another one the list shifted: the
    rest is read all the same, since what arrived whole still tells of known conversations, and TornError is raised at
    the end. Steps go by the rows received, since a server may give fewer than were asked for. A page of one row cannot
    overlap and move on: then the next one follows it.
    """
    tear: TornError | None = None
    while previous.size and not is_last(previous):
        overlap = _overlap_after(previous)
        start += previous.size - overlap
        cut = walk.ask(start)
        if overlap and (found := _find_shift(previous, cut)):
            tear, overlap = tear or found, 0
        if not walk.has_news(cut, overlap):
            if tear:
                raise tear
            if not overlap and cut.size:
                raise TornError("the list runs in circles: a page holds only rows that were there before")
            return
        if not is_last(cut):
            walk.look_ahead(start + cut.size - _overlap_after(cut))
        yield walk.page(cut, overlap=overlap)
        previous = cut
    if tear:
        raise tear


def read_by_number(walk: Walk, previous: Cut, number: int, size: int) -> Iterator[Page]:
    """Yield the pages after `previous`, the page of that number, until one is not full."""
    while previous.size >= size:
        number += 1
        previous = walk.ask(number)
        if not previous.size:
            return
        if not walk.has_news(previous):
            raise TornError(f"the list runs in circles: page {number} holds only rows that were there before")
        if previous.size >= size:
            walk.look_ahead(number + 1)
        yield walk.page(previous)


def recognise_paging(first: Cut, second: Cut) -> Paging | None:
    """Return what `page` means, by page 1, which was full, and what came for page=2; None where it is ignored.

    Raises TornError where neither reading explains both.
    """
    if second.size == first.size and tuple(second.ids) == tuple(first.ids):
        return None
    if first.size == 1:  # a page number and a start position are the same here
        return Paging.OFFSET
    if tuple(second.ids[: first.size - 1]) == tuple(first.ids[1:]):
        return Paging.OFFSET
    if not set(first.ids) & set(second.ids):
        return Paging.PAGE
    raise TornError("pages 1 and 2 overlap in a way that neither a page number nor a start position explains")


def _is_repeated(page: Cut, cut: Cut) -> bool:
    """Whether two pages have the same ids; two of a complete read never have, and need not be unpacked for that."""
    return page.size == cut.size and not (page.has_known_ids and cut.has_known_ids) and page.ids == cut.ids


def _overlap_after(cut: Cut) -> int:
    return 1 if cut.size > 1 else 0


def _find_shift(previous: Cut, cut: Cut) -> TornError | None:
    """Return what is wrong where a page does not begin with the row that ended the one before."""
    if cut.ids and cut.ids[0] == previous.ids[-1]:
        return None
    if cut.ids and cut.ids == previous.ids:
        return TornError("a page was repeated: the server answered the next page with the same rows")
    return TornError("a page does not begin with the row that ended the one before: the list shifted while it was read")
