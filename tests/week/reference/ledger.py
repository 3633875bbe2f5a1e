"""A ledger: what was told of what lasts, to whom, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from tests.week.record import Json
from tests.week.reference.net import ENDS, FOREVER
from tests.week.reference.owed import CLEARED, ESCALATION, FIRST, REPEAT, Owed
from tests.week.reference.rules import Plan

LASTING = (
    "conversation.starting", "conversation.ending", "conversation.removed", "registration.opening",
    "registration.closing", "registration.full", "questions.new", "questions.waiting", "messages.new", "unread.new",
    "followups.new", "outsiders.joined", "source.failing", "source.suspect", "channel.failing",
)  # fmt: skip


class Room(Protocol):
    """What the ledger does to the mail room of a channel."""

    def owe(self, one: Owed) -> bool: ...

    def has(self, event: Json, stage: str) -> bool: ...

    def pending(self) -> list[Owed]: ...

    def drop(self, one: Owed, now: datetime) -> None: ...

    def take_back(self, one: Owed, now: datetime) -> None: ...


@dataclass
class Entry:
    """Something told to a channel."""

    event: Json
    plan: Plan
    channel: str
    stage: str
    at: datetime


@dataclass
class Ledger:
    """`told`: by source and subject. `followed`: events, each with the rule that follows it up. `over`: by itself.

    `away`: what was followed of a conversation that is gone; `aside`: the reminders of that.
    """

    rooms: Mapping[str, Room]
    events: Sequence[Json]
    told: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)
    followed: set[tuple[str, str]] = field(default_factory=set)
    over: set[str] = field(default_factory=set)
    away: set[tuple[str, str]] = field(default_factory=set)
    aside: list[tuple[Room, Owed]] = field(default_factory=list)
    about: dict[tuple[str, str], list[Json]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for event in self.events:
            self.about.setdefault((event["source"], event["subject"]), []).append(event)

    def store(self, events: Sequence[Json], now: datetime) -> None:
        """Take in new events: some end what was told before; those of one instant end nothing of each other."""
        for event in events:
            ended = self._followed_that_end(event)
            if ended:
                self._end(event, ended, now)
        for event in events:
            if event["type"] == "conversation.returned":
                self._take_back({each["id"] for each in self.about[event["source"], event["subject"]]}, now)

    def tell(self, channel: str, parts: Sequence[Owed], now: datetime) -> None:
        """Note what a channel was told, and owe what follows: of several events about the same the last counts."""
        for part in parts:
            entry = Entry(part.event, part.plan, channel, part.stage, now)
            self.told.setdefault(part.about[:2], []).append(entry)
        last: dict[tuple[str, tuple[str, str, str]], Owed] = {}
        for part in sorted(parts, key=lambda each: each.event["seq"]):
            if part.event["type"] in LASTING and part.kind != CLEARED and (part.plan.repeat or part.plan.escalate):
                last[part.plan.name, part.about] = part
        for part in last.values():
            later = self._later(part.event, now)
            back = max((one["seq"] for one in later if one["type"] == "conversation.returned"), default=0)
            endings = [one for one in later if _ends(one, part.event)]
            lasting = [one for one in endings if one["type"] != "conversation.removed" or one["seq"] > back]
            ending = lasting[0] if lasting else None
            if ending is not None:
                self._say_cleared(ending, channel, part.plan, now)
                continue
            self.followed.add((part.event["id"], part.plan.name))
            if part.plan.repeat and part.kind != ESCALATION:
                self.remind(channel, part, now)

    def remind(self, channel: str, part: Owed, now: datetime) -> None:
        """Owe the next repeat, unless a newer event about the same is repeated already."""
        if self.replace_older(channel, part):
            number = part.number + 1
            spans = part.plan.repeat
            due = now + spans[min(number, len(spans)) - 1]
            self.rooms[channel].owe(Owed(part.event, part.plan, due, REPEAT, number))

    def replace_older(self, channel: str, part: Owed) -> bool:
        """End the repeats of older events about the same; False where there is one of a newer event."""
        waiting = [
            one
            for one in self.rooms[channel].pending()
            if one.kind == REPEAT and one.plan.name == part.plan.name and one.about == part.about
            and one.event["id"] != part.event["id"] and (one.event["id"], one.plan.name) in self.followed
        ]  # fmt: skip
        if any(one.event["seq"] > part.event["seq"] for one in waiting):
            return False
        for one in waiting:
            self.rooms[channel].drop(one, one.due)
        return True

    def is_escalated_already(self, channel: str, one: Owed, after: timedelta, now: datetime) -> bool:
        """Whether an earlier event of the same episode was escalated to the channel."""
        before = [
            entry
            for entry in self.told.get(one.about[:2], [])
            if entry.channel == channel and entry.stage == one.stage and entry.plan.name == one.plan.name
            and (entry.event["source"], entry.event["subject"], entry.event["type"]) == one.about
            and entry.event["seq"] < one.event["seq"] and entry.event["id"] not in self.over
            and (entry.event["id"], one.plan.name) in self.followed
        ]  # fmt: skip
        if not before:
            return False
        has_end = any(one.event["type"] in ended for ended in ENDS.values())
        return has_end or now - max(before, key=lambda entry: entry.event["seq"]).at < after

    def _followed_that_end(self, event: Json) -> set[str]:
        """The followed ones among the earlier events about the same that an event ends."""
        about = self.about[event["source"], event["subject"]]
        ended = {other["id"] for other in about if other["seq"] < event["seq"] and _ends(event, other)}
        return ended.intersection(identity for identity, _ in self.followed | self.away) if ended else ended

    def _later(self, event: Json, now: datetime) -> list[Json]:
        """The later events about the same, up to now."""
        about = self.about[event["source"], event["subject"]]
        return [one for one in about if one["seq"] > event["seq"] and datetime.fromisoformat(one["time"]) <= now]

    def _end(self, ending: Json, ended: set[str], now: datetime) -> None:
        may_return = ending["type"] == "conversation.removed"
        for room in self.rooms.values():
            for one in room.pending():
                if one.is_reminder and one.event["id"] in ended:
                    room.drop(one, now)
                    self.aside += [(room, one)] * may_return
        for entry in self.told.get((ending["source"], ending["subject"]), []):
            is_followed = (entry.event["id"], entry.plan.name) in self.followed
            if entry.event["id"] in ended - self.over and is_followed and entry.stage != CLEARED:
                self._say_cleared(ending, entry.channel, entry.plan, now)
        gone = {(identity, rule) for identity, rule in self.followed | self.away if identity in ended}
        self.followed, self.away = self.followed - gone, self.away - gone
        if may_return:
            self.away |= {(identity, rule) for identity, rule in gone if identity not in self.over}

    def _take_back(self, back: set[str], now: datetime) -> None:
        """Follow again what the removal of a conversation that is back has ended."""
        followed = {(identity, rule) for identity, rule in self.away if identity in back}
        self.followed, self.away = self.followed | followed, self.away - followed
        for room, one in [(room, one) for room, one in self.aside if one.event["id"] in back]:
            self.aside.remove((room, one))
            if (one.event["id"], one.plan.name) in followed:
                room.take_back(one, now)

    def _say_cleared(self, ending: Json, channel: str, plan: Plan, now: datetime) -> None:
        if not self.rooms[channel].has(ending, FIRST):
            self.rooms[channel].owe(Owed(ending, plan, now, CLEARED))


def _ends(event: Json, other: Json) -> bool:
    """Whether an event ends what another one told, about the same."""
    kind = other["type"]
    if event["time"] == other["time"] or kind not in LASTING:
        return False
    if event["type"] == "conversation.removed":
        return kind not in FOREVER and not kind.startswith(("source.", "channel."))
    return kind in ENDS.get(event["type"], ())
