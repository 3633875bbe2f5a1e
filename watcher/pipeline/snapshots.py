"""The snapshot store: the port to what is stored of a source, and to the draft of one poll."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from watcher.domain.conversation import Drift
from watcher.domain.deadline import Deadline
from watcher.domain.health import Health
from watcher.domain.snapshot import Row

if TYPE_CHECKING:  # who only looks at what is stored needs none of the polling
    from watcher.domain.listing import PageOutline, RawRow, Remembered
    from watcher.domain.plain import FirstSight, Known, Shown
    from watcher.pipeline.compare import PageDelta
    from watcher.pipeline.outbox import Owed


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """What is remembered of a source.

    `epoch` counts its baselines. `baseline_at` is None until the first complete read; `last_read_at` is the end of the
    last complete one. `leads` is the canonical text of the leads that its deadlines are armed with.
    `zone` is the one that its rows were read in.
    `is_accepted`: the user said to believe a suspect read. `not_before`: no poll before, the server asked for it.
    `is_renewed`: it is another list (address, account, filter) than the stored one, which stays until the first
    complete read of this one: a mistyped address must not cost what is known.
    """

    key: int
    name: str
    epoch: int
    link: str = ""
    leads: str = ""
    zone: str = ""
    baseline_at: datetime | None = None
    last_read_at: datetime | None = None
    last_poll_at: datetime | None = None
    health: Health = Health()
    suspect_since: datetime | None = None
    suspect_reason: str = ""
    is_accepted: bool = False
    not_before: datetime | None = None
    api: str = ""
    identity: str = ""
    is_renewed: bool = False

    @property
    def rows_key(self) -> int:
        """The key of the stored rows that a poll is compared with; one without rows where the list is another."""
        return -self.key if self.is_renewed else self.key


class PollOutcome(StrEnum):
    """How a poll ended."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRecord:
    """One poll, for the record."""

    started_at: datetime
    ended_at: datetime
    outcome: PollOutcome
    pages: int = 0
    rows: int = 0
    changed: int = 0
    events: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The counts of a read that the draft has taken in, against the stored snapshot.

    `rows`: distinct rows; `repeated`: ids that came on more than one page (other than by overlap).
    `known`: rows listed or missing before; `first_seen`: rows that were never stored.
    `absent`: known rows that did not come; `newly_absent`: those that the last complete read still had.
    """

    rows: int
    repeated: int
    known: int
    first_seen: int
    absent: int
    newly_absent: int


Decide = Callable[[Row, Sequence[Deadline]], Sequence[Deadline]]
"""what the deadlines of a row, given with it, become"""


class Stored(Protocol):
    """A stored row, taken apart as far as it is asked for."""

    @property
    def key(self) -> int:
        """What the store knows it by."""
        ...

    @property
    def row(self) -> Row:
        """The row."""
        ...

    @property
    def known(self) -> Known | None:
        """What is known of a row that is plain and stands as a complete read left it, in the list; None for others."""
        ...


class Draft(Protocol):
    """One poll's work in temporary tables: invisible, and gone without a trace, until it is committed.

    Rows of a source are written by nobody else while a draft of it is open.
    """

    def remembered(self, position: int) -> Remembered | None:
        """Return a page of the read that this one is compared with, None where nothing is remembered."""
        ...

    def recall(self, position: int) -> PageOutline | None:
        """Return the outline of `remembered` (the PageMemory port)."""
        ...

    def knows_more_than(self, rows: int) -> bool:
        """Whether more rows than so many were in the last complete read (the PageMemory port)."""
        ...

    def start_read(self, *, is_union: bool) -> None:
        """Begin to read (again). `is_union`: what was kept stays; otherwise what was taken in is dropped."""
        ...

    def keep(self) -> None:
        """Keep a complete read as the base that the next one, its union, is compared with."""
        ...

    def stored_digests(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """Return the digests of rows as they were last read; a row that was never stored is left out."""
        ...

    def take(self, position: int, page: Remembered, delta: PageDelta) -> None:
        """Take in a page of the listing."""
        ...

    def tally(self) -> Tally:
        """Count what was taken in since start_read; once, when no more pages come."""
        ...

    def changed_rows(self, names: Sequence[str]) -> Iterator[Sequence[tuple[RawRow, Stored | None]]]:
        """Yield the rows whose bytes differ, each with the stored row, in batches, in list order, each id once.

        `names` are the fields of a plain row, in order.
        """
        ...

    def returned_rows(self, batch: int = 500) -> Iterator[Sequence[Row]]:
        """Yield the stored rows that came unchanged but were not listed before, in batches."""
        ...

    def absent_rows(self, batch: int = 500) -> Iterator[Sequence[Row]]:
        """Yield the known rows that did not come, in batches."""
        ...

    def hidden_rows(self, limit: int) -> Sequence[Row]:
        """Return the hidden rows that did not come, those asked after the longest ago first."""
        ...

    def deadlines_of(self, ids: Collection[str]) -> Mapping[str, Sequence[Deadline]]:
        """Return the stored deadlines of some conversations."""
        ...

    def put_digest(self, conversation_id: str, digest: bytes) -> None:
        """Remember the bytes of a row whose values are the same."""
        ...

    def put_digests(self, rows: Sequence[tuple[RawRow, Stored]]) -> None:
        """Remember the bytes of rows whose values are the same."""
        ...

    def put_quiet_changes(self, rows: Sequence[tuple[RawRow, Stored, Shown]]) -> None:
        """Store the values of plain rows as their next version, which no event shows; all else of them stays."""
        ...

    def put_first_sights(self, rows: Sequence[tuple[RawRow, FirstSight]], now: datetime) -> None:
        """Store plain rows that were never stored, as they were learnt at a moment."""
        ...

    def put_row(
        self, row: Row, *, is_same_version: bool, deadlines: Sequence[Deadline] | None = None, is_shown: bool = False
    ) -> None:
        """Store a row with all its deadlines, None where these stay as they are.

        `is_same_version`: its values are those that are stored already. `is_shown`: an event is about to show them.
        """
        ...

    def put_owed(self, owed: Owed) -> None:
        """Store an event with the deliveries that are owed for it; one that is stored already is not stored again."""
        ...

    def commit(self, record: SourceRecord, poll: PollRecord, drifts: Collection[Drift], ruleset: str) -> int:
        """Move everything into the database in one transaction; return how many events were new.

        The remembered pages are replaced after a complete poll and dropped after an incomplete one.
        `ruleset` is the canonical text of the rules that routed the events.
        """
        ...


class SnapshotStore(Protocol):
    """What is stored of the sources."""

    def open_source(self, name: str, *, api: str, identity: str, link: str, interval: timedelta) -> SourceRecord:
        """Return what is remembered of a source; of another list (by its identity) nothing, in a new epoch.

        What is stored stays until the first complete read of the other list is committed.
        """
        ...

    def draft(self, record: SourceRecord) -> AbstractContextManager[Draft]:
        """Give the draft of one poll."""
        ...

    def rearm(self, record: SourceRecord, leads: str, decide: Decide) -> None:
        """Arm the deadlines of every row anew, in one transaction, and remember `leads` with the source."""
        ...

    def forget_bytes(self, record: SourceRecord) -> None:
        """Forget what the rows looked like on the wire, so that the next read takes each of them value by value."""
        ...

    def drifts(self, record: SourceRecord) -> Mapping[str, tuple[Drift, bool]]:
        """Return the drifts found in this epoch by field, each with whether it has been told."""
        ...

    def record_poll(self, record: SourceRecord, poll: PollRecord, owed: Sequence[Owed], ruleset: str) -> None:
        """Store a poll that read nothing, with the health and the events that follow from it, in one transaction."""
        ...
