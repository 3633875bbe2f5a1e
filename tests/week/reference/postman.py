"""A postman: sends the letters of one channel, again where the channel does not take them, or to its backup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.week.record import Json, Outage, Told, line_of
from tests.week.reference.owed import FRESH, OVERDUE, REFUSED, REPEAT, Letter, Owed
from tests.week.reference.walls import ends_being_quiet
from tests.week.reference.wording import title_of

if TYPE_CHECKING:
    from tests.week.reference.mail_room import MailRoom

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RETRIES = [timedelta(seconds=5), 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]
PATIENCE = 30 * MINUTE
OUTAGE = 5 * MINUTE


@dataclass
class Postman:
    """`trouble`: the channel's own events, as they were told. `sent`: when messages of each rule went out."""

    channel: str
    backup: str
    outages: Sequence[Outage]
    trouble: Sequence[Json]
    told: list[Told]
    sent: dict[str, list[datetime]] = field(default_factory=dict)
    pause_ends: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        return self.pause_ends is not None and now < self.pause_ends

    def send(self, room: MailRoom, now: datetime) -> bool:
        """Send what is due, the oldest first; True where an outage is over, so that all that waits is due."""
        is_over = False
        while not is_over and not self.is_paused(now) and (letter := _next(room.letters, now)):
            is_over = self._hand_in(letter, room, now)
        for letter in [each for each in room.letters if len(each.parts) == 1]:  # decided over again
            room.letters.remove(letter)
            room.waiting.append(letter.lead)
        if is_over:
            for letter in [each for each in room.letters if each.is_overdue and not _is_quiet(each, now)]:
                room.letters.remove(letter)
                for part in letter.parts:
                    part.wait(REFUSED if part.attempts else OVERDUE, now, min(part.happened, now))
                room.waiting += letter.parts
            for one in [one for one in room.waiting if one.attempts]:
                one.due = min(one.due, now)
            for letter in [letter for letter in room.letters if letter.lead.attempts]:
                letter.due = min(letter.due, now)
        return is_over

    def _hand_in(self, letter: Letter, room: MailRoom, now: datetime) -> bool:
        if letter.made < now and self._waits_for_quiet(letter, now):
            return False
        if letter.made < now and letter.lead.is_reminder and room.present.is_over(letter.lead.event, now):
            room.drop(letter.lead, now)
            return False
        outage = next((each for each in self.outages if each.hits(self.channel, now)), None)
        if outage is not None:
            self._fail(letter, room, outage, now)
            return False
        room.letters.remove(letter)
        self.sent.setdefault(letter.lead.plan.name, []).append(now)
        self.told.append(self._write(letter, now))
        room.ledger.tell(self.channel, letter.parts, now)
        return any(_is_so(each, "recovered", now) and now - _since(each) >= OUTAGE for each in self.trouble)

    def _write(self, letter: Letter, now: datetime) -> Told:
        shown = [line.event for line in letter.lines]
        rule = letter.lead.plan.name
        return Told(
            at=now,
            channel=self.channel,
            rule=rule,
            lines=tuple(map(line_of, shown)),
            title=title_of(rule, shown, len(letter.parts), now),
            stage=letter.stage,
        )

    def _fail(self, letter: Letter, room: MailRoom, outage: Outage, now: datetime) -> None:
        wait = RETRIES[letter.lead.tries]
        letter.lead.attempts += 1
        if outage.asks_for_patience:
            self.pause_ends, wait = now + PATIENCE, max(wait, PATIENCE)
        letter.due = now + wait
        if self.backup and self._is_failing(now):
            room.letters.remove(letter)
            self._hand_over(letter.parts, room, now)
        elif len(letter.parts) == 1:
            letter.lead.wait(REFUSED, now, letter.due)

    def _hand_over(self, parts: Iterable[Owed], room: MailRoom, now: datetime) -> None:
        """Owe what the channel does not take to its backup, at once; nothing that it has, or that is its own."""
        other = room.ledger.rooms[self.backup]
        for part in parts:
            is_own = part.event["type"].startswith("channel.") and part.event["subject"] == self.backup
            is_newer = part.kind == REPEAT and not room.ledger.replace_older(self.backup, part)
            if not is_own and not is_newer:
                other.owe(Owed(part.event, part.plan, now, part.kind, part.number, FRESH))

    def _waits_for_quiet(self, letter: Letter, now: datetime) -> bool:
        quiet = letter.lead.plan.quiet
        if quiet is None or letter.lead.is_urgent:
            return False
        awake = ends_being_quiet(quiet, now)
        letter.due = max(awake, letter.due)
        return awake > now

    def _is_failing(self, now: datetime) -> bool:
        past = [each for each in self.trouble if datetime.fromisoformat(each["time"]) <= now]
        return bool(past) and past[-1]["type"] == "channel.failing"


def _next(letters: Sequence[Letter], now: datetime) -> Letter | None:
    """Return what has been due the longest; what was refused goes before whatever came after it."""
    due = sorted((each for each in letters if each.due <= now), key=lambda each: (each.due, *each.place))
    refused = [each for each in due if each.lead.attempts]
    return min([*due[:1], *refused], key=lambda each: each.place, default=None)


def _is_quiet(letter: Letter, now: datetime) -> bool:
    quiet = letter.lead.plan.quiet
    return quiet is not None and ends_being_quiet(quiet, now) > now


def _is_so(event: Json, became: str, now: datetime) -> bool:
    return event["type"] == f"channel.{became}" and datetime.fromisoformat(event["time"]) == now


def _since(event: Json) -> datetime:
    return datetime.fromisoformat(event["data"]["since"])
