"""A list behind an API that moves while it is read, and what was ever true of it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from enum import StrEnum

from tests.pipeline.fakes_source import Fields, digest, raw, row
from watcher.domain.api import Api
from watcher.domain.conversation import Reading
from watcher.domain.errors import SourceError
from watcher.domain.listing import Page, PageOutline
from watcher.domain.plain import Values
from watcher.pipeline.ports import Fate, Look, PageMemory
from watcher.sources._cut import Cut, cut_page
from watcher.sources._page import Envelope, split_json
from watcher.sources._reading import Walk, read_by_number, read_by_start
from watcher.sources._tolerant import TolerantReader
from watcher.sources.onq import ONQ

STATUSES = ("open", "started", "ended")
FEWEST = 2


class Deed(StrEnum):
    """What can happen to a list between two requests."""

    REMOVE = "remove"
    INSERT = "insert"
    MOVE = "move"
    STATUS = "status"
    REVERSE = "reverse"


EXPLAINING = replace(ONQ, explains_absence=True)
"""an API that can be asked for one row"""

Move = tuple[Deed, int, int]
Moment = Sequence[Move]


class Paging(StrEnum):
    """How a list is asked for."""

    NUMBER = "number"
    START = "start"
    SINGLE = "single"


@dataclass
class MovingList:
    """Rows in an order, and for each id that ever was there every status it ever had.

    `gone` are the ids that ever left. Rows never come back under their old id.
    """

    order: list[str] = field(default_factory=list)
    status: dict[str, str] = field(default_factory=dict)
    ever: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    gone: set[str] = field(default_factory=set)
    removals_left: int = 1_000

    @classmethod
    def of(cls, statuses: Sequence[str]) -> "MovingList":
        """A list of one row for each status."""
        made = cls()
        for place, status in enumerate(statuses):
            made.grow(place, status)
        return made

    @property
    def shown(self) -> dict[str, str]:
        """The status of each row that the list has now."""
        return {row_id: self.status[row_id] for row_id in self.order}

    def grow(self, place: int, status: str) -> None:
        row_id = str(len(self.ever))
        self.order.insert(place % (len(self.order) + 1), row_id)
        self.become(row_id, status)

    def become(self, row_id: str, status: str) -> None:
        self.status[row_id] = status
        self.ever[row_id].append(status)

    def move(self, deed: Deed, one: int, other: int) -> None:
        if deed is Deed.INSERT:
            self.grow(one, STATUSES[other % 3])
        elif deed is Deed.MOVE:
            self.order.insert(other % len(self.order), self.order.pop(one % len(self.order)))
        elif deed is Deed.STATUS:
            self.become(self.order[one % len(self.order)], STATUSES[other % 3])
        elif deed is Deed.REVERSE:
            start = one % len(self.order)
            self.order[start:] = reversed(self.order[start:])
        elif len(self.order) > FEWEST and self.removals_left > 0:
            self.removals_left -= 1
            self.gone.add(self.order.pop(one % len(self.order)))


@dataclass
class MovingSource:
    """Reads a moving list as the real sources do; the next of `moments` happens before each request."""

    listed: MovingList
    paging: Paging
    size: int
    name: str
    moments: list[Moment] = field(default_factory=list)
    api: Api = ONQ

    def read(self, memory: PageMemory) -> Iterator[Page]:
        with Walk(self._fetch, memory, 1_000) as walk:
            first = walk.ask(0)
            yield walk.page(first)
            if self.paging is Paging.NUMBER:
                yield from read_by_number(walk, first, 0, self.size)
            elif self.paging is Paging.START:
                yield from read_by_start(walk, first, 0, lambda cut: cut.size < self.size)
            walk.check_page_one()

    def interpret(self, body: bytes) -> Reading:
        return TolerantReader(self.api, UTC, {}).read(body)

    def interpret_plain(self, bodies: Sequence[bytes]) -> Sequence[Values | None]:
        return TolerantReader(self.api, UTC, {}).read_plain(bodies)

    def look(self, conversation_id: str) -> Look:
        if not self.api.explains_absence:
            raise SourceError("one conversation cannot be asked for")
        if conversation_id in self.listed.gone:
            return Look(fate=Fate.GONE)
        return Look(fate=Fate.PRESENT, row=raw(self._row(conversation_id)))

    def close(self) -> None:
        """Nothing to let go of."""

    def _fetch(self, position: int, known: PageOutline | None) -> Cut:
        for move in self.moments.pop(0) if self.moments else ():
            self.listed.move(*move)
        start = position * self.size if self.paging is Paging.NUMBER else position
        stop = None if self.paging is Paging.SINGLE else start + self.size
        body = b"[" + b",".join(raw(self._row(row_id)) for row_id in self.listed.order[start:stop]) + b"]"
        envelope = Envelope(size=self.size)
        return cut_page(body, lambda whole: split_json(whole, envelope), digest, known, is_verbatim=True)

    def _row(self, row_id: str) -> Fields:
        return row(row_id, status=self.listed.status[row_id])
