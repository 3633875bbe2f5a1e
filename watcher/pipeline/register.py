"""The register: what one replay follows up, in memory; the decisions are those of domain.follow_up.

It holds what somebody may still have to hear the end of, as the store's table `followed` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.domain.event import Event, EventType
from watcher.domain.follow_up import Escalated, ends, follow, is_lasting
from watcher.domain.message import EVENT_PREFIX_LENGTH
from watcher.domain.stage import CLEARED, FIRST, Stage, StageKind
from watcher.domain.timing import Timing
from watcher.domain.waiting import Followed, FollowUp, HeldBy, Part, Waiting
from watcher.pipeline.waitlist import MemoryWaitlist

Placed = tuple[int, Event]
"""an event and its place in the log, which rises in storing order"""
Subject = tuple[str, str]
"""a source and the subject of its events"""
_Unended = tuple[int, EventType, datetime]
"""the place, type and time of an event that nothing has ended yet"""
_Key = tuple[int, str]
"""the place of an event, and a rule"""


@dataclass(slots=True, kw_only=True)
class _Followed:
    """An event that is followed; `is_over`: what it told is no longer true by itself.

    `is_away`: its conversation is gone, and it is followed again when that comes back.
    """

    event: Event
    is_over: bool = False
    is_away: bool = False


class Register:
    """What is followed; `timings`: of the rules that follow up, by name. Without any it does nothing."""

    def __init__(self, timings: Mapping[str, Timing], waitlists: Mapping[str, MemoryWaitlist]) -> None:
        self._timings, self._waitlists = timings, waitlists
        self._followed: dict[Subject, dict[_Key, _Followed]] = {}
        self._told: dict[_Key, list[tuple[datetime, str, Stage]]] = {}
        self._unended: dict[Subject, list[_Unended]] = {}
        self._late: dict[int, tuple[Placed, _Unended]] = {}

    def take_up(self, place: int, event: Event, rule: str, stage: Stage) -> None:
        """Note what is owed: what is escalated later is followed from now on."""
        if rule not in self._timings or not is_lasting(event.type):
            return
        subject = (event.source, event.subject)
        if stage.kind is StageKind.ESCALATION:
            self._followed.setdefault(subject, {}).setdefault((place, rule), _Followed(event=event))
        unended = self._unended.setdefault(subject, [])
        if not unended or unended[-1][0] != place:
            unended.append((place, event.type, event.time))

    def take_in(self, news: Sequence[Placed]) -> bool:
        """End what some new events end, and owe the news of it to whoever was told of it; False where they end nothing.

        Events of one instant end nothing of each other: they tell of one and the same state.
        """
        endings = [placed for placed in news if ends(placed[1].type)] if self._timings else []
        returned = [event for _, event in endings if event.type is EventType.CONVERSATION_RETURNED]
        for event in returned:
            self._forget_removal(event)
        for placed in endings:
            self._note_late(placed)
            self._end(placed)
        for event in returned:  # when all that came with it has ended what it ends
            self._take_back(event)
        return bool(endings)

    def follow(self, parts: Sequence[Part], places: Mapping[str, int], waitlist: MemoryWaitlist, now: datetime) -> None:
        """Note what was told to a channel, and owe what follows."""
        if not self._timings:
            return
        for part in parts:
            if part.rule in self._timings and part.stage.kind is not StageKind.CLEARED:
                key = (places[part.event.id], part.rule)
                self._told.setdefault(key, []).append((now, waitlist.channel, part.stage))
        for one in follow(parts, self._timings, now):
            self.follow_one(one, places[one.event.id], waitlist, now)

    def note_over(self, place: int, event: Event) -> None:
        """Note that what an event told is over by itself: no event has to say so."""
        for key, one in self._of(event).items():
            if key[0] == place:
                one.is_over = True

    def find_escalated(self, channel: str, one: Waiting, place: int) -> Escalated | None:
        """Return when the escalation of an earlier event about the same was told to a channel by its rule."""
        event = one.event
        for (other, rule), past in sorted(self._of(event).items(), reverse=True, key=lambda item: item[0]):
            if other >= place or rule != one.rule or past.event.type is not event.type or past.is_over or past.is_away:
                continue
            told = [at for at, to, stage in self._told.get((other, rule), ()) if (to, stage) == (channel, one.stage)]
            if told:
                return Escalated(event_id=past.event.id, told_at=told[0])
        return None

    def _of(self, event: Event) -> dict[_Key, _Followed]:
        return self._followed.get((event.source, event.subject), {})

    def _note_late(self, placed: Placed) -> None:
        """Remember what ended before it was told: who is told of it all the same has to hear of the end."""
        ending = placed[1]
        subject = (ending.source, ending.subject)
        left = []
        for other, kind, time in self._unended.get(subject, ()):
            if not _is_ended(kind, other, time, placed):
                left.append((other, kind, time))
            elif any(waitlist.is_open(other) for waitlist in self._waitlists.values()):
                self._late[other] = placed, (other, kind, time)
        self._unended[subject] = left

    def _end(self, placed: Placed) -> None:
        ending = placed[1]
        followed = self._of(ending)
        ended = {key[0] for key, one in followed.items() if _is_ended(one.event.type, key[0], one.event.time, placed)}
        if not ended:
            return
        reason = f"over since {ending.type.value}, {ending.id[:EVENT_PREFIX_LENGTH]}"
        may_come_back = ending.type is EventType.CONVERSATION_REMOVED
        for waitlist in self._waitlists.values():
            for other in ended:
                waitlist.drop(waitlist.reminders(other), reason, ending.time, is_aside=may_come_back)
        told = [
            (at, key[0], channel, key[1])
            for key, one in followed.items()
            if key[0] in ended and not one.is_over and not one.is_away
            for at, channel, _ in self._told.get(key, ())
        ]
        for _, _, channel, rule in sorted(told):
            self._owe_end(placed, self._waitlists[channel], rule, ending.time)
        for key, one in [(key, one) for key, one in followed.items() if key[0] in ended]:
            if may_come_back and not one.is_over:
                one.is_away = True
            else:
                del followed[key]

    def _take_back(self, returned: Event) -> None:
        """Follow again what the removal of a conversation that is back has ended; its reminders are judged when due."""
        for (place, _), one in self._of(returned).items():
            if one.is_away:
                one.is_away = False
                for waitlist in self._waitlists.values():
                    waitlist.take_back(place, returned.time)

    def _forget_removal(self, returned: Event) -> None:
        """What a removal ended before it was told goes on when the conversation is back."""
        subject = (returned.source, returned.subject)
        for place, ((_, ending), what) in list(self._late.items()):
            if ending.type is EventType.CONVERSATION_REMOVED and (ending.source, ending.subject) == subject:
                del self._late[place]
                self._unended.setdefault(subject, []).append(what)

    def _owe_end(self, placed: Placed, waitlist: MemoryWaitlist, rule: str, due_at: datetime) -> None:
        """Owe to a channel that something is over; where the event that ends it goes there anyway, it is the news."""
        place, ending = placed
        if not waitlist.knows(place, FIRST):
            waitlist.owe(place, FollowUp(event=ending, rule=rule, stage=CLEARED, due_at=due_at), ending.time)

    def follow_one(self, one: Followed, place: int, waitlist: MemoryWaitlist, now: datetime) -> None:
        """Owe what follows one that was told, or counts as told."""
        late = self._late.get(place)
        if late is not None:
            self._owe_end(late[0], waitlist, one.rule, now)
            return
        subject = (one.event.source, one.event.subject)
        self._followed.setdefault(subject, {}).setdefault((place, one.rule), _Followed(event=one.event))
        if one.next is not None and not self._replace_older(one, place, waitlist, now):
            waitlist.owe(place, one.next, now, HeldBy.REPEAT)

    def _replace_older(self, one: Followed, place: int, waitlist: MemoryWaitlist, now: datetime) -> bool:
        """End the repeats that wait for older events about the same; True where one waits for a newer event."""
        others = [
            key[0]
            for key, other in self._of(one.event).items()
            if key[0] != place and key[1] == one.rule and other.event.type is one.event.type
        ]
        waiting = {other: repeats for other in others if (repeats := waitlist.repeats(other, one.rule))}
        if any(other > place for other in waiting):
            return True
        reason = f"a newer one was told: {one.event.id[:EVENT_PREFIX_LENGTH]}"
        for repeats in waiting.values():
            waitlist.drop(repeats, reason, now)
        return False


def _is_ended(kind: EventType, place: int, time: datetime, ending: Placed) -> bool:
    """Say whether a stored event ends an earlier one about the same."""
    return kind in ends(ending[1].type) and place < ending[0] and time != ending[1].time
