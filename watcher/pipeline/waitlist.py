"""A waitlist in memory: what waits for one channel in a replay, where every message goes out at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

from watcher.domain.delivery import DeliveryState
from watcher.domain.event import Event
from watcher.domain.waiting import Arrangement, HeldBy, Waiting
from watcher.pipeline.arranging import DUE_AT_A_TIME, LATER_AT_A_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A message that would have gone out. `events`: the places in the log of those that it tells, its lead first."""

    channel: str
    rule: str
    at: datetime
    events: tuple[int, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A delivery of which nothing was sent; `at` is when that was decided."""

    channel: str
    rule: str
    at: datetime
    event: int
    state: DeliveryState
    reason: str


@dataclass(slots=True, kw_only=True)
class MemoryWaitlist:
    """The Waitlist port in memory: what may go out is told at once, and noted in `told`, what ends in `untold`.

    `sent`: when messages went out, by their rule.
    """

    channel: str
    told: list[Telling] = field(default_factory=list)
    sent: dict[str, list[datetime]] = field(default_factory=dict)
    untold: list[Untold] = field(default_factory=list)
    _open: dict[str, Waiting] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _turns: list[tuple[datetime, int, str]] = field(default_factory=list)
    _drawn: list[tuple[datetime, int, str]] = field(default_factory=list)
    _held: dict[tuple[str, HeldBy], dict[str, Waiting]] = field(default_factory=dict)

    def owe(self, event: Event, rule: str, place: int) -> None:
        """Let an event wait for the channel, due at once; `place` is its own in the log."""
        name = str(place)
        at = event.time
        self._places[name] = place
        self._put(_waiting(name, event, rule, at, at, HeldBy.NOTHING))

    def next_due(self) -> datetime | None:
        """Return when the next delivery is due, None where nothing waits."""
        while self._turns and not self._is_current(self._turns[0]):
            heappop(self._turns)
        return self._turns[0][0] if self._turns else None

    def waiting(self) -> Iterator[tuple[str, int]]:
        """Yield what waits: the rule, and the event's place in the log."""
        return ((one.rule, self._places[name]) for name, one in self._open.items())

    def due(self, now: datetime) -> Sequence[Waiting]:
        """Return what is due, the longest due first (see the port)."""
        found: list[Waiting] = []
        turns = self._turns
        while turns and turns[0][0] <= now and len(found) < DUE_AT_A_TIME:
            turn = heappop(turns)
            if self._is_current(turn):
                self._drawn.append(turn)
                found.append(self._open[turn[2]])
        return found

    def later(self, rule: str, held_by: HeldBy, now: datetime) -> Sequence[Waiting]:
        """Return what a rule holds for the same thing and is not due yet (see the port)."""
        held = [one for one in self._held.get((rule, held_by), {}).values() if one.due_at > now]
        held.sort(key=lambda one: (one.due_at, self._places[one.id]))
        return held[:LATER_AT_A_TIME]

    def apply(self, made: Arrangement, now: datetime) -> None:
        """Move everything to where an arrangement says that it belongs (see the port)."""
        for each in made.postponed:
            one = self._take(each.id)
            self._put(_waiting(one.id, one.event, one.rule, one.created_at, each.until, each.held_by))
        for end in made.ended:
            one = self._take(end.id)
            self.untold.append(
                Untold(
                    channel=self.channel,
                    rule=one.rule,
                    at=now,
                    event=self._places.pop(end.id),
                    state=end.state,
                    reason=end.reason,
                )
            )
        for parcel in made.parcels:
            told = [self._take(name) for name in (parcel.lead, *parcel.members)]
            places = tuple(self._places.pop(one.id) for one in told)
            rule = told[0].rule
            self.told.append(Telling(channel=self.channel, rule=rule, at=now, events=places, reason=parcel.reason))
            self.sent.setdefault(rule, []).append(now)
        for turn in self._drawn:  # what is where it was is due again
            if self._is_current(turn):
                heappush(self._turns, turn)
        self._drawn.clear()

    def _put(self, one: Waiting) -> None:
        self._open[one.id] = one
        heappush(self._turns, (one.due_at, self._places[one.id], one.id))
        if one.held_by is not HeldBy.NOTHING:
            # what a look at later ones finds is not due yet
            later = _waiting(one.id, one.event, one.rule, one.created_at, one.due_at, one.held_by, is_due=False)
            self._held.setdefault((one.rule, one.held_by), {})[one.id] = later

    def _take(self, name: str) -> Waiting:
        one = self._open.pop(name)
        if one.held_by is not HeldBy.NOTHING:
            del self._held[one.rule, one.held_by][name]
        return one

    def _is_current(self, turn: tuple[datetime, int, str]) -> bool:
        """Whether a turn is of a delivery that still waits, and until then."""
        one = self._open.get(turn[2])
        return one is not None and one.due_at == turn[0]


def _waiting(
    name: str,
    event: Event,
    rule: str,
    created_at: datetime,
    due_at: datetime,
    held_by: HeldBy,
    *,
    is_due: bool = True,
) -> Waiting:
    return Waiting(
        id=name, event=event, rule=rule, created_at=created_at, due_at=due_at, is_due=is_due, held_by=held_by
    )
