"""A waitlist in memory: what waits for one channel in a replay, where every message goes out at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush

from watcher.domain.delivery import DeliveryState
from watcher.domain.event import Event
from watcher.domain.stage import FIRST, Stage, StageKind
from watcher.domain.waiting import Arrangement, Ended, Followed, FollowUp, HeldBy, Parcel, Part, Waiting
from watcher.pipeline.arranging import DUE_AT_A_TIME, LATER_AT_A_TIME
from watcher.pipeline.posted import Posted, PostedPart, StillWaiting, Untold

Turn = tuple[datetime, int, str]
"""when a delivery is due, its event's place in the log, and its id, which ends in the stage"""


Thing = tuple[str, str, str, str]
"""a rule, and the source, subject and type of its events"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A parcel that goes out at the next claim; the lead's delivery is the first."""

    members: list[Waiting]
    reason: str


@dataclass(slots=True, kw_only=True)
class MemoryWaitlist:
    """The Waitlist port in memory: what may go out is ready to be claimed, what ends is noted.

    `note_over` is told of each event that is over by itself, and its place, `resume` of each that is followed though it
    was not told. `posted`: what went out; `untold`: what did not; `sent`: when messages went out, or are ready to, by
    their rule.
    """

    channel: str
    note_over: Callable[[int, Event], None]
    resume: Callable[[Followed, int, MemoryWaitlist, datetime], None]
    posted: list[Posted] = field(default_factory=list)
    untold: list[Untold] = field(default_factory=list)
    sent: dict[str, list[datetime]] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)
    _open: dict[str, Waiting] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _turns: list[Turn] = field(default_factory=list)
    _drawn: list[Turn] = field(default_factory=list)
    _held: dict[tuple[str, HeldBy], dict[str, Waiting]] = field(default_factory=dict)
    _ready: list[tuple[Turn, _Ready]] = field(default_factory=list)
    _reminders: dict[int, dict[str, str]] = field(default_factory=dict)
    _findings: dict[str, str] = field(default_factory=dict)
    _aside: dict[int, list[tuple[Waiting, Untold]]] = field(default_factory=dict)
    _fates: dict[Thing, list[tuple[int, bool]]] = field(default_factory=dict)

    def owe(self, place: int, what: FollowUp, since: datetime, held_by: HeldBy = HeldBy.NOTHING) -> None:
        """Let a stage of an event wait since an instant, once; `place` is the event's own in the log."""
        name = name_of(place, what.stage)
        if name not in self._known:
            self._known.add(name)
            self._places[name] = place
            if what.stage.is_reminder:
                self._reminders.setdefault(place, {})[name] = what.rule
            self._put(_waiting(name, place, what, since, held_by))

    def knows(self, place: int, stage: Stage) -> bool:
        """Say whether a stage of an event was ever owed here."""
        return name_of(place, stage) in self._known

    def is_open(self, place: int) -> bool:
        """Say whether an event waits, to be told first or once more."""
        return name_of(place, FIRST) in self._open or place in self._reminders

    def place_of(self, one: Waiting) -> int:
        """Return the place in the log of the event of one that waits."""
        return self._places[one.id]

    def was_told(self, one: Waiting) -> bool:
        """Say whether what the event before one said, of its rule, subject and type, went out (see the Books port)."""
        place = self._places[one.id]
        before = [fate for fate in self._fates.get(_thing(one), ()) if fate[0] < place]
        return max(before)[1] if before else False

    def next_due(self) -> datetime | None:
        """Return when the next delivery is due, None where nothing waits."""
        while self._turns and not self._is_current(self._turns[0]):
            heappop(self._turns)
        return self._turns[0][0] if self._turns else None

    def waiting(self) -> Iterator[StillWaiting]:
        """Yield what waits."""
        for name, one in self._open.items():
            yield StillWaiting(channel=self.channel, rule=one.rule, place=self._places[name], stage=one.stage)

    def reminders(self, place: int) -> list[str]:
        """Return the ids of the reminders of an event that wait, or are ready to go out."""
        return sorted(self._reminders.get(place, ()))

    def repeats(self, place: int, rule: str) -> list[str]:
        """Return the ids of those among them that are repeats of a rule."""
        ruled = self._reminders.get(place, {})
        return sorted(name for name, by in ruled.items() if by == rule and f" {StageKind.REPEAT.value} " in name)

    def due(self, now: datetime) -> Sequence[Waiting]:
        """Return what is due, the longest due first (see the port)."""
        found: dict[str, Waiting] = {}
        turns = self._turns
        while turns and turns[0][0] <= now and len(found) < DUE_AT_A_TIME:
            turn = heappop(turns)
            # What is put off to the instant at which it was due anyway has two turns that are the same.
            if self._is_current(turn) and turn[2] not in found:
                self._drawn.append(turn)
                found[turn[2]] = self._open[turn[2]]
        return list(found.values())

    def later(self, rule: str, held_by: HeldBy, now: datetime) -> Sequence[Waiting]:
        """Return what a rule holds for the same thing and is not due yet (see the port)."""
        held = [one for one in self._held.get((rule, held_by), {}).values() if one.due_at > now]
        held.sort(key=lambda one: (one.due_at, self._places[one.id]))
        return held[:LATER_AT_A_TIME]

    def refused(self, rule: str, now: datetime) -> Sequence[Waiting]:  # noqa: ARG002 — every message arrives
        """Return nothing: no send fails here (see the port)."""
        return ()

    def apply(self, made: Arrangement, now: datetime) -> None:
        """Move everything to where an arrangement says that it belongs (see the port)."""
        for each in made.postponed:
            one = self._take(each.id)
            self._put(_moved(one, each.until, each.held_by))
        follows = bool(made.renewed or made.resumed)
        places = {self._open[each.id].event.id: self._places[each.id] for each in made.ended} if follows else {}
        for end in made.ended:
            self._end(end, now)
        for renewed in made.renewed:
            self.owe(places[renewed.event.id], renewed, now, HeldBy.REPEAT)
        for resumed in made.resumed:
            self.resume(resumed, places[resumed.event.id], self, now)
        self._findings.update(made.findings)
        for parcel in made.parcels:
            self._make_ready(parcel, now)
        for turn in self._drawn:  # what is where it was is due again
            if self._is_current(turn):
                heappush(self._turns, turn)
        self._drawn.clear()

    def claim(self, now: datetime) -> tuple[list[Part], Mapping[str, int]] | None:
        """Send the parcel that was due the longest; return its parts and the places of their events, None for none."""
        if not self._ready:
            return None
        _, ready = heappop(self._ready)
        told = ready.members
        places = {one.event.id: self._leave(one) for one in told}
        for one in told:
            self._note_fate(one, places[one.event.id], is_told=True)
        findings = [self._findings.pop(one.id, "") for one in told]
        parts = tuple(
            PostedPart(places[one.event.id], one.rule, one.stage, finding)
            for one, finding in zip(told, findings, strict=True)
        )
        self.posted.append(Posted(channel=self.channel, at=now, parts=parts, reason=ready.reason))
        return [Part(event=one.event, rule=one.rule, stage=one.stage) for one in told], places

    def drop(self, names: Iterable[str], reason: str, now: datetime, *, is_aside: bool = False) -> None:
        """End deliveries, those that are ready included; what they would have carried goes on by itself.

        `is_aside`: they may be taken back.
        """
        for name in names:
            for entry in [entry for entry in self._ready if any(one.id == name for one in entry[1].members)]:
                self._undo(entry, name, now)
            one, place = self._open[name], self._places[name]
            self._end(Ended(id=name, state=DeliveryState.OBSOLETE, reason=reason), now)
            if is_aside:
                self._aside.setdefault(place, []).append((one, self.untold[-1]))

    def take_back(self, place: int, now: datetime) -> None:
        """Let what of an event was put aside wait again until it is due."""
        for one, untold in self._aside.pop(place, ()):
            self.untold.remove(untold)
            self._places[one.id] = place
            self._reminders.setdefault(place, {})[one.id] = one.rule
            due_at = max(one.due_at, now)
            self._put(_moved(one, due_at, one.held_by))

    def _note_fate(self, one: Waiting, place: int, *, is_told: bool) -> None:
        if one.stage == FIRST:
            self._fates.setdefault(_thing(one), []).append((place, is_told))

    def _end(self, end: Ended, now: datetime) -> None:
        one = self._take(end.id)
        place = self._leave(one)
        if end.state is not DeliveryState.OBSOLETE:
            self._note_fate(one, place, is_told=False)
        if end.is_over:
            self.note_over(place, one.event)
        self.untold.append(
            Untold(
                channel=self.channel,
                rule=one.rule,
                at=now,
                place=place,
                stage=one.stage,
                state=end.state,
                reason=end.reason,
            )
        )

    def _make_ready(self, parcel: Parcel, now: datetime) -> None:
        told = [self._take(name) for name in (parcel.lead, *parcel.members)]
        lead = told[0]
        turn = (min(lead.due_at, now), self._places[lead.id], lead.id)
        heappush(self._ready, (turn, _Ready(members=told, reason=parcel.reason)))
        self.sent.setdefault(lead.rule, []).append(now)

    def _undo(self, entry: tuple[Turn, _Ready], name: str, now: datetime) -> None:
        """Take one delivery out of a parcel that is ready; without its lead the parcel is none any more."""
        members = entry[1].members
        one = next(one for one in members if one.id == name)
        members.remove(one)
        self._put(one)
        if entry[0][2] == name:
            self._ready.remove(entry)
            heapify(self._ready)
            self.sent[one.rule].pop()
            for each in members:
                self._put(_moved(each, now, each.held_by))

    def _put(self, one: Waiting) -> None:
        self._open[one.id] = one
        heappush(self._turns, (one.due_at, self._places[one.id], one.id))
        if one.held_by is not HeldBy.NOTHING:
            later = _moved(one, one.due_at, one.held_by, is_due=False)
            self._held.setdefault((one.rule, one.held_by), {})[one.id] = later

    def _leave(self, one: Waiting) -> int:
        """Let go of a delivery for good, and return the place of its event."""
        place = self._places.pop(one.id)
        if one.stage.is_reminder:
            left = self._reminders[place]
            left.pop(one.id, None)
            if not left:
                del self._reminders[place]
        return place

    def _take(self, name: str) -> Waiting:
        one = self._open.pop(name)
        if one.held_by is not HeldBy.NOTHING:
            del self._held[one.rule, one.held_by][name]
        return one

    def _is_current(self, turn: Turn) -> bool:
        """Whether a turn is of a delivery that still waits, and until then."""
        one = self._open.get(turn[2])
        return one is not None and one.due_at == turn[0]


def name_of(place: int, stage: Stage) -> str:
    """Return the id of the delivery of a stage of an event."""
    return f"{place} {stage}"


def _waiting(name: str, place: int, what: FollowUp, created_at: datetime, held_by: HeldBy) -> Waiting:
    return Waiting(
        id=name,
        place=place,
        event=what.event,
        rule=what.rule,
        created_at=created_at,
        due_at=what.due_at,
        is_due=True,
        held_by=held_by,
        stage=what.stage,
    )


def _moved(one: Waiting, due_at: datetime, held_by: HeldBy, *, is_due: bool = True) -> Waiting:
    """Return a delivery that waits until another instant; by hand, as `replace` takes long."""
    return Waiting(
        id=one.id,
        place=one.place,
        event=one.event,
        rule=one.rule,
        created_at=one.created_at,
        due_at=due_at,
        is_due=is_due,
        held_by=held_by,
        stage=one.stage,
    )


def _thing(one: Waiting) -> Thing:
    return one.rule, one.event.source, one.event.subject, one.event.type.value
