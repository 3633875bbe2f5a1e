"""The plan of a poll: everything about one source that its polls need and the config decides."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from watcher.domain.absence import Guard
from watcher.domain.deadline import Leads
from watcher.domain.duration import write_duration
from watcher.domain.event import Event, EventType
from watcher.domain.rule import Match
from watcher.pipeline.outbox import Owed

Route = Callable[[Event], tuple[Match, ...]]
"""returns the deliveries that are owed for an event"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one source is polled.

    `identity` changes when another list is read (address, account, filter). `zone` names the zone of dates that carry
    none. `ignore`: fields that
    `conversation.changed` leaves out beside the usual ones. `look_budget`: how many hidden rows a poll asks after.
    `ruleset` is the canonical text of the rules behind `route`. `now` is the clock. `hold` keeps a source's rows
    from being written by its deadlines while a poll concludes. `on_page` is told the pages and rows so far.
    """

    identity: str
    interval: timedelta
    leads: Leads
    route: Route
    ruleset: str
    now: Callable[[], datetime]
    zone: str = ""
    link: str = ""
    guard: Guard = Guard()
    failing_after: int = 3
    ignore: frozenset[str] = frozenset()
    look_budget: int = 100
    hold: Callable[[str], AbstractContextManager[object]] = field(default=lambda _source: nullcontext())
    on_page: Callable[[int, int], None] = field(default=lambda _pages, _rows: None)

    def owe(self, event: Event) -> Owed:
        """Return an event with the deliveries that the rules owe for it."""
        return Owed(event=event, deliveries=self.route(event))

    @property
    def leads_text(self) -> str:
        """The leads in one canonical line, to see whether they were configured anew."""
        return _write_leads(tuple((kind, tuple(leads)) for kind, leads in self.leads.items()))


@lru_cache(maxsize=256)
def _write_leads(leads: Collection[tuple[EventType, Collection[timedelta]]]) -> str:
    """Write leads in one canonical line; each poll asks twice, and the sources of a config have theirs in common."""
    parts = (f"{kind}={','.join(write_duration(lead) for lead in sorted(spans))}" for kind, spans in leads)
    return ";".join(sorted(parts))
